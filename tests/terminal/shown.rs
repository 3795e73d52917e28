//! A process on a pseudo-terminal, read by a terminal emulator.

use std::num::NonZero;
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty};

use super::CHILD;
use super::pty::{self, Pty};

/// How long something may take that must happen; what takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process on a terminal.
pub(crate) struct Shown {
    terminal: Pty,
    /// Everything that was written to the terminal.
    pub(crate) all: Vec<u8>,
    master: Box<dyn MasterPty + Send>,
}

impl Shown {
    /// This test program as the child that shows a screen.
    pub(crate) fn start(what: &str) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.env(CHILD, what);
        command.env("TERM", "xterm-256color");
        Self::run(command)
    }

    /// The same on a terminal that is not its session's own, so that no signal tells that it is gone.
    pub(crate) fn start_foreign(what: &str) -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.env(CHILD, what);
        command.env("TERM", "xterm-256color");
        command.set_controlling_tty(false);
        Self::run(command)
    }

    /// slipway on the practice cluster, in a state folder of its own, with nothing set but what is named.
    pub(crate) fn slipway(state: &std::path::Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_slipway"));
        command.args(arguments);
        command.env_clear();
        command.env("HOME", state);
        command.env("SLIPWAY_STATE_DIR", state);
        command.cwd(state);
        for (name, value) in environment {
            command.env(name, value);
        }
        Self::run(command)
    }

    fn run(command: CommandBuilder) -> Self {
        let (terminal, master) = Pty::start(command, pty::size(80, 24)).unwrap();
        Self { terminal, all: Vec::new(), master }
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.terminal.screen.screen()
    }

    /// Reads once; false when nothing comes for a while.
    pub(crate) fn read(&mut self, patience: Duration) -> bool {
        let Ok((bytes, _)) = self.terminal.read(patience) else { return false };
        self.all.extend(bytes);
        true
    }

    /// Reads until the screen holds a text.
    pub(crate) fn until(&mut self, text: &str) {
        while !self.contents().contains(text) {
            assert!(self.read(PATIENCE), "{text:?} never came:\n{}", self.contents());
        }
    }

    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.terminal.press(keys).unwrap();
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.screen.screen_mut().set_size(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        self.master.resize(pty::size(columns, rows)).unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.terminal.child.process_id().unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// The child has ended; the terminal is as it was. Its exit code.
    pub(crate) fn is_given_back(&mut self) -> u32 {
        while self.read(PATIENCE) {}
        let code = self.terminal.child.wait().unwrap().exit_code();
        let screen = self.terminal.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let all = String::from_utf8_lossy(&self.all);
        let times = |sequence: &str| all.matches(sequence).count();
        assert_eq!(times("\u{1b}[?1049h"), times("\u{1b}[?1049l"), "left as often as entered");
        assert_eq!(times("\u{1b}[?1000h") + times("\u{1b}[?1003h"), 0, "the mouse is the terminal's own");
        code
    }

    pub(crate) fn contents(&self) -> String {
        self.terminal.screen.screen().contents()
    }
}

/// The state of a process as the kernel names it: `S` asleep, `T` stopped, `Z` ended; nothing when it is gone.
pub(crate) fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim().chars().next()
}

/// Looks until a process is as wanted. Bounded by a count of looks, not judged by time.
pub(crate) fn until_state(pid: u32, wanted: impl Fn(Option<char>) -> bool) {
    for _ in 0..6_000 {
        if wanted(state_of(pid)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the process is {:?}", state_of(pid));
}
