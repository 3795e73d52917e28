//! dialoguer's prompts, driven through a pseudo-terminal on the practice cluster.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod pty;

use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty};
use pty::Pty;
use rustix::termios::LocalModes;

/// A person at the prompts of `slipway install inngest --practice --plain` on a capable terminal.
struct Person {
    terminal: Pty,
    /// Everything that was ever sent to the terminal.
    all: String,
    /// Where the answer to the last question begins.
    heard: usize,
    state: tempfile::TempDir,
    master: Box<dyn MasterPty + Send>,
}

impl Person {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_slipway"));
        command.args(["install", "inngest", "--practice", "--plain", "--profile", "development"]);
        command.cwd(state.path());
        command.env("TERM", "xterm-256color");
        command.env("XDG_STATE_HOME", state.path());
        for name in ["CI", "NO_COLOR", "ACCESSIBLE", "KUBECONFIG"] {
            command.env_remove(name);
        }
        let (terminal, master) = Pty::start(command, pty::size(80, 24)).unwrap();
        Self { terminal, all: String::new(), heard: 0, state, master }
    }

    /// Waits until a text comes that has not been answered yet.
    fn until(&mut self, text: &str) -> &mut Self {
        loop {
            if let Some(at) = self.all[self.heard..].find(text) {
                self.heard += at + text.len();
                return self;
            }
            let read = self.terminal.read(Duration::from_secs(60));
            let (bytes, _) = read.unwrap_or_else(|_| panic!("{text:?} never came:\n{}", self.all));
            self.all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        self.terminal.press(keys.as_bytes()).unwrap();
        self
    }

    /// How the terminal treats what is typed.
    fn local_modes(&self) -> LocalModes {
        let slave = self.master.tty_name().unwrap();
        rustix::termios::tcgetattr(std::fs::File::open(slave).unwrap()).unwrap().local_modes
    }

    /// The cluster, and where in it; product and profile are given.
    fn up_to_the_questions(&mut self) -> &mut Self {
        self.until("Choose 1 to 1 [1]").press("\r");
        self.until("Namespace [").press("\r");
        self.until("Name of the release [").press("\r")
    }

    /// Answers every question up to the event key with what stands there.
    fn up_to_the_event_key(&mut self) -> &mut Self {
        self.up_to_the_questions();
        for question in [
            "Version [",
            "Choose 1 to 3 [1]",
            "Storage [",
            "Storage class",
            "Database password [",
            "Choose 1 to 3 [1]",
            "Storage [",
            "Storage class",
            "Redis password [",
            "Choose 1 to 5 [1]",
            "NetworkPolicies? [",
            "Choose 1 to 2 [1]",
            "Replicas [",
        ] {
            self.until(question).press("\r");
        }
        self.until("Event key [")
    }

    /// The exit code, and everything that was shown.
    fn ended(mut self) -> (u32, String, tempfile::TempDir) {
        loop {
            match self.terminal.read(Duration::from_secs(60)) {
                Ok((bytes, _)) => self.all.push_str(&String::from_utf8_lossy(&bytes)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.all),
            }
        }
        (self.terminal.child.wait().unwrap().exit_code(), self.all, self.state)
    }
}

#[test]
fn a_key_that_is_typed_is_masked_checked_and_used() {
    let mut person = Person::start();
    person.up_to_the_event_key().press("first-of-mine\r");
    // An odd number of hex digits: said at once, and asked again.
    person.until("Signing key [").press("abc\r");
    person.until("even number").until("Signing key [").press("c0ffee00c0ffee00\r");
    person.until("URLs of your functions").until("1:").press("\r");
    person.until("type yes").press("yes\r");
    let (code, shown, state) = person.ended();
    assert_eq!(code, 0, "{shown}");
    for typed in ["first-of-mine", "c0ffee00c0ffee00"] {
        assert!(!shown.contains(typed), "a secret is shown");
    }
    assert_eq!(shown.matches("\u{1b}[?25l").count(), shown.matches("\u{1b}[?25h").count(), "the cursor is back");
    // The practice cluster keeps its state as a real one would: in the Secret, and nowhere in the record.
    let files: Vec<String> = walk(state.path()).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "first-of-mine");
    assert!(files.iter().any(|file| file.contains(&encoded)), "the brought key is in its Secret");
}

#[test]
fn back_and_quit_are_answers_everywhere_and_write_nothing() {
    let mut person = Person::start();
    person.up_to_the_questions();
    person.until("Version [").press("\r");
    person.until("Choose 1 to 3 [1]").press(":back\r");
    person.until("Version [").press("\r");
    person.until("Choose 1 to 3 [1]").press(":why\r");
    person.until("survives").until("Choose 1 to 3 [1]").press("\r");
    person.until("Storage [").press("\r");
    person.until("Storage class").press("\r");
    person.until("Database password [").press(":quit\r");
    person.until("Leave without installing?").until("Leave without; nothing was written").press("3\r");
    let (code, shown, _state) = person.ended();
    assert_eq!(code, 6, "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
}

#[test]
fn ctrl_c_at_a_masked_prompt_gives_the_terminal_back_and_writes_nothing() {
    let mut person = Person::start();
    person.up_to_the_event_key().press("half-a-sec\u{3}");
    let (code, shown, _state) = person.ended();
    assert_eq!(code, 130, "{shown}");
    assert!(!shown.contains("half-a-sec"), "a secret is shown");
    assert_eq!(shown.matches("\u{1b}[?25l").count(), shown.matches("\u{1b}[?25h").count(), "the cursor is back");
}

#[test]
fn a_termination_signal_at_a_prompt_gives_the_terminal_back_and_says_that_nothing_was_written() {
    let mut person = Person::start();
    person.up_to_the_event_key();
    let before = person.local_modes();
    let pid = i32::try_from(person.terminal.child.process_id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    assert!(!before.contains(LocalModes::ECHO), "what is typed is hidden");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    person.until("nothing was written");
    assert!(person.local_modes().contains(LocalModes::ECHO | LocalModes::ISIG | LocalModes::ICANON));
    let (code, shown, _state) = person.ended();
    assert_eq!(code, 143, "{shown}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}
