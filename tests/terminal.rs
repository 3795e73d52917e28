//! The terminal is given back as it was, whatever happens: a real pseudo-terminal, read by a terminal emulator. Each
//! behaviour runs this test program again as the child that shows a screen.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test with a harness of its own: clippy takes it for a program"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use slipway::event::{Event, EventKind, RunInfo, VERSION};
use slipway::view::tui::{ColorChoice, Theme, progress};

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();
/// Tells the child what to do.
const CHILD: &str = "SLIPWAY_TEST_CHILD";

fn child(what: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let watched = runtime.block_on(async {
        let (sender, mut events) = tokio::sync::mpsc::channel(10);
        let run = RunInfo {
            verb: "install".into(),
            title: "Inngest".into(),
            product_version: "v1".into(),
            release: "inngest".into(),
            namespace: "inngest".into(),
            context: "pretend".into(),
            server: "s".into(),
            practice: true,
            usual_seconds: None,
            steps: vec![],
            ..RunInfo::default()
        };
        let kind = EventKind::RunStarted { run };
        let at = jiff::Timestamp::UNIX_EPOCH;
        sender.send(Event { version: VERSION, at, elapsed: Duration::ZERO, step: None, kind }).await.unwrap();
        if what == "panics" {
            tokio::spawn(async {
                // Once the screen is up: the parent says so.
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1()).unwrap().recv().await;
                panic!("a fault on purpose");
            });
        }
        let (stops, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let theme = Theme::choose(ColorChoice::Never, |_| None);
        let watched = progress::follow(&mut events, |choice| stops.send(choice).unwrap(), None, theme).await;
        if let Ok(choice) = asked.try_recv() {
            println!("asked {choice:?}");
        }
        watched
    });
    match watched {
        Ok(watched) => println!("left by {:?}", watched.left_by),
        Err(error) => println!("ended: {error}"),
    }
    ExitCode::SUCCESS
}

/// A child on a pseudo-terminal.
struct Shown {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    all: Vec<u8>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Shown {
    fn start(what: &str) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.env(CHILD, what);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (sender, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, bytes, screen: vt100::Parser::new(ROWS, COLUMNS, 0), all: Vec::new(), _master: pair.master }
    }

    /// Reads until the screen holds a text.
    fn until(&mut self, text: &str) {
        while !self.screen.screen().contents().contains(text) {
            let bytes = self.bytes.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
                panic!("{text:?} never came:\n{}", self.screen.screen().contents());
            });
            self.screen.process(&bytes);
            self.all.extend(bytes);
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// The child has ended; the terminal is as it was.
    fn is_given_back(&mut self) {
        self.child.wait().unwrap();
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_secs(60)) {
            self.screen.process(&bytes);
            self.all.extend(bytes);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let all = String::from_utf8_lossy(&self.all);
        let times = |sequence: &str| all.matches(sequence).count();
        assert_eq!(times("\u{1b}[?1049h"), times("\u{1b}[?1049l"), "left as often as entered");
        assert_eq!(times("\u{1b}[?1000h") + times("\u{1b}[?1003h"), 0, "the mouse is the terminal's own");
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }
}

fn leaving_by_a_key_gives_the_terminal_back_and_stops_nothing_else() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    assert!(shown.screen.screen().alternate_screen() && shown.screen.screen().bracketed_paste());
    shown.press(b"\x03");
    shown.until("How should it stop?");
    // Down twice to "leave it", and do it.
    shown.press(b"\x1b[B\x1b[B\r");
    shown.is_given_back();
    assert!(shown.contents().contains("asked Detach"), "{}", shown.contents());
}

fn a_termination_signal_gives_the_terminal_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut shown = Shown::start("shows");
        shown.until("PRACTICE");
        shown.signal(signal);
        shown.is_given_back();
        assert!(shown.contents().contains("asked Now"), "{}", shown.contents());
    }
}

fn a_panic_in_another_task_is_read_on_the_normal_screen() {
    let mut shown = Shown::start("panics");
    shown.until("PRACTICE");
    shown.signal(rustix::process::Signal::USR1);
    shown.until("a fault on purpose");
    shown.is_given_back();
    assert!(shown.contents().contains("a fault of slipway closed the screen"), "{}", shown.contents());
}

fn ctrl_z_hands_the_terminal_to_the_shell_and_fg_shows_the_screen_again() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    shown.press(b"\x1a");
    let pid = shown.child.process_id().unwrap();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(')').next().unwrap().trim().chars().next().unwrap()
    };
    // Bounded by a count of looks, not judged by time: a process that never stops fails the assertion below.
    for _ in 0..2_000 {
        if state() == 'T' {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(state(), 'T', "stopped");
    // What it wrote before it stopped may still be on its way.
    while shown.screen.screen().alternate_screen() {
        let bytes = shown.bytes.recv_timeout(Duration::from_secs(60)).unwrap();
        shown.screen.process(&bytes);
        shown.all.extend(bytes);
    }
    shown.signal(rustix::process::Signal::CONT);
    shown.until("PRACTICE");
    assert!(shown.screen.screen().alternate_screen());
    shown.signal(rustix::process::Signal::TERM);
    shown.is_given_back();
}

fn main() -> ExitCode {
    if let Ok(what) = std::env::var(CHILD) {
        return child(&what);
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let test = |name: &str, run: fn()| {
        libtest_mimic::Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let tests = vec![
        test(
            "leaving_by_a_key_gives_the_terminal_back_and_stops_nothing_else",
            leaving_by_a_key_gives_the_terminal_back_and_stops_nothing_else,
        ),
        test("a_termination_signal_gives_the_terminal_back", a_termination_signal_gives_the_terminal_back),
        test(
            "a_panic_in_another_task_is_read_on_the_normal_screen",
            a_panic_in_another_task_is_read_on_the_normal_screen,
        ),
        test(
            "ctrl_z_hands_the_terminal_to_the_shell_and_fg_shows_the_screen_again",
            ctrl_z_hands_the_terminal_to_the_shell_and_fg_shows_the_screen_again,
        ),
    ];
    libtest_mimic::run(&arguments, tests).exit_code()
}
