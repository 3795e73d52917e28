//! The wizard on the practice cluster, through a pseudo-terminal, as a newcomer meets it: `slipway --practice`, with no
//! kubeconfig and no network, from the first page to a product that is up.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// slipway on a pseudo-terminal, with a state folder of its own.
struct Person {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Person {
    fn start(state: &std::path::Path, size: (u16, u16), arguments: &[&str]) -> Self {
        let (columns, rows) = size;
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_slipway"));
        command.args(arguments);
        command.env("SLIPWAY_STATE_DIR", state);
        command.env("HOME", state);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for name in ["CI", "NO_COLOR", "KUBECONFIG", "ACCESSIBLE"] {
            command.env_remove(name);
        }
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
        let screen = vt100::Parser::new(NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap(), 0);
        Self { child, keys, bytes, screen, _master: pair.master }
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads for a while; false when nothing more comes.
    fn read(&mut self, patience: Duration) -> bool {
        let Ok(bytes) = self.bytes.recv_timeout(patience) else { return false };
        self.screen.process(&bytes);
        true
    }

    /// Reads until the screen holds a text.
    fn until(&mut self, text: &str) {
        while !self.contents().contains(text) {
            assert!(self.read(Duration::from_secs(120)), "{text:?} never came:\n{}", self.contents());
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses a key again and again, each time the screen has come to rest, until it shows a text.
    fn press_until(&mut self, keys: &str, text: &str) {
        for _ in 0..80 {
            while self.read(Duration::from_millis(300)) {}
            if self.contents().contains(text) {
                return;
            }
            self.press(keys);
        }
        panic!("{text:?} never came:\n{}", self.contents());
    }

    fn ended(mut self) -> u32 {
        while self.read(Duration::from_secs(120)) {}
        self.child.wait().unwrap().exit_code()
    }
}

#[test]
fn a_newcomer_walks_from_the_first_page_to_a_product_that_is_up() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice"]);
    person.until("Enter goes on");
    for shown in ["What should be installed?", "Which environment is it for?", "what is it called?"] {
        assert!(person.contents().contains("PRACTICE"), "{}", person.contents());
        person.press("\r");
        person.until(shown);
    }
    person.until("does not exist: it will be made");
    // Namespace, name, and on to the questions.
    person.press("\r");
    person.press_until("\r", "[ v1.");
    // Back over the border of the form, and on again.
    person.press("\u{1b}[5~");
    person.until("what is it called?");
    person.press("\u{1b}[6~");
    person.until("[ v1.");
    person.press_until("\u{1b}[6~", "[ Install into");
    assert!(person.contents().contains("PRACTICE"), "{}", person.contents());
    person.press("\t");
    while person.read(Duration::from_millis(300)) {}
    person.press("\r");
    person.until("DONE");
    person.press("q");
    assert_eq!(person.ended(), 0);

    // The next start finds it, and says what can be done.
    let mut again = Person::start(state.path(), (120, 40), &["--practice", "install", "inngest"]);
    again.until("Enter goes on");
    again.press("\r");
    again.until("Which environment is it for?");
    again.press("\r");
    again.until("inngest is installed here");
    again.press("\u{3}");
    again.until("Leave without installing?");
    again.press("\u{1b}[B\r");
    assert_eq!(again.ended(), 6);
}

#[test]
fn lines_lead_there_too() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &["--practice", "--plain"]);
    person.until("Which cluster?");
    person.press_until("\r", "type yes");
    person.press("yes\r");
    person.until("Done after");
    assert_eq!(person.ended(), 0);
}

#[test]
fn without_a_kubeconfig_it_says_so_and_how_to_practise() {
    let state = tempfile::tempdir().unwrap();
    let mut person = Person::start(state.path(), (80, 24), &[]);
    person.until("--practice");
    assert!(person.contents().contains("there is no kubeconfig"), "{}", person.contents());
    assert_eq!(person.ended(), 4);
}
