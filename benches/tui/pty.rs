//! slipway on a pseudo-terminal, read by a terminal emulator.

use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty};

use super::terminal::{self, Pty};
use super::{milliseconds, percentile};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A process on a terminal of its own.
pub(crate) struct Shown {
    terminal: Pty,
    pub(crate) began: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Shown {
    pub(crate) fn start(program: &str, arguments: &[&str], environment: &[(&str, &str)], state: &Path) -> Self {
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(state);
        for name in ["CI", "NO_COLOR", "KUBECONFIG", "ACCESSIBLE"] {
            command.env_remove(name);
        }
        let own = state.display().to_string();
        let usual = [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("SLIPWAY_STATE_DIR", own.as_str()),
            ("HOME", own.as_str()),
        ];
        for (name, value) in usual.iter().chain(environment) {
            command.env(name, value);
        }
        let began = Instant::now();
        let (terminal, master) = Pty::start(command, terminal::size(COLUMNS, ROWS)).unwrap();
        Self { terminal, began, _master: master }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.terminal.child.process_id().unwrap()
    }

    pub(crate) fn contents(&self) -> String {
        self.terminal.screen.screen().contents()
    }

    /// Reads what comes within a time; when it came.
    pub(crate) fn read(&mut self, patience: Duration) -> Option<Instant> {
        Some(self.terminal.read(patience).ok()?.1)
    }

    /// Reads until the screen is as wanted; when it was.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Instant {
        let mut at = Instant::now();
        while !wanted(&self.contents()) {
            at = self
                .read(Duration::from_secs(120))
                .unwrap_or_else(|| panic!("{what} never came:\n{}", self.contents()));
        }
        at
    }

    /// Reads until nothing more comes for a while.
    pub(crate) fn rest(&mut self) {
        while self.read(Duration::from_millis(300)).is_some() {}
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.press(keys.as_bytes()).unwrap();
    }

    /// Ends the process that was started here.
    pub(crate) fn end(mut self) {
        self.terminal.child.kill().unwrap();
        self.terminal.child.wait().unwrap();
    }
}

/// The first and the last row hold something: the frame is there.
fn framed(contents: &str) -> bool {
    let lines: Vec<&str> = contents.lines().collect();
    lines.len() >= usize::from(ROWS) && lines.first().is_some_and(|line| line.contains("slipway"))
}

/// A kubeconfig whose cluster never answers.
pub(crate) fn kubeconfig(folder: &Path, server: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: far\nclusters:\n- name: far\n  cluster: {{server: \"{server}\"}}\n\
         users:\n- name: far\n  user: {{token: none}}\ncontexts:\n- name: far\n  context: {{cluster: far, user: far}}\n"
    );
    let path = folder.join("kubeconfig");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A frame is there before a cluster answered.
pub(crate) fn first_frames() {
    let state = tempfile::tempdir().unwrap();
    let far = kubeconfig(state.path(), "https://127.0.0.1:1");
    let cases: [(&str, &[&str], &str); 3] = [
        ("slipway", &[], &far),
        ("slipway install inngest --context far", &["install", "inngest", "--context", "far"], &far),
        ("slipway --practice", &["--practice"], ""),
    ];
    for (title, arguments, config) in cases {
        let environment: &[(&str, &str)] = if config.is_empty() { &[] } else { &[("KUBECONFIG", config)] };
        let mut times = Vec::new();
        for _ in 0..21 {
            let mut shown = Shown::start(env!("CARGO_BIN_EXE_slipway"), arguments, environment, state.path());
            let at = shown.until("the first frame", framed);
            times.push(milliseconds(at.saturating_duration_since(shown.began)));
            shown.end();
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{:>10.1}  ms to the first frame, median of {} (aim 30): {title}",
            percentile(&times, 0.5),
            times.len()
        );
    }
}

/// From a key to what it draws, in Inngest's own form.
pub(crate) fn keys() {
    let state = tempfile::tempdir().unwrap();
    let mut shown =
        Shown::start(env!("CARGO_BIN_EXE_slipway"), &["--practice", "install", "inngest"], &[], state.path());
    shown.until("the first frame", framed);
    for _ in 0..60 {
        shown.rest();
        if shown.contents().contains("Storage") && !shown.contents().contains("environment") {
            break;
        }
        shown.press("\r");
    }
    let mut waits = Vec::new();
    for n in 0..300 {
        while shown.read(Duration::from_millis(30)).is_some() {}
        let pressed = Instant::now();
        shown.press(if n % 2 == 0 { "\u{1b}[B" } else { "\u{1b}[A" });
        if let Some(at) = shown.read(Duration::from_secs(2)) {
            waits.push(milliseconds(at.saturating_duration_since(pressed)));
        }
    }
    waits.sort_by(f64::total_cmp);
    println!(
        "{:>10.2}  ms from a key to what it draws in the form, median of {}",
        percentile(&waits, 0.5),
        waits.len()
    );
    println!("{:>10.2}  ms at the 99th percentile (aim 5)", percentile(&waits, 0.99));
    shown.end();
}
