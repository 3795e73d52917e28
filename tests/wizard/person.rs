//! Somebody at a pseudo-terminal.

use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty};

use crate::pty::{self, Pty};

/// slipway on a pseudo-terminal, with a state folder of its own.
pub(crate) struct Person {
    pub(crate) terminal: Pty,
    _master: Box<dyn MasterPty + Send>,
}

impl Person {
    pub(crate) fn start(state: &std::path::Path, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::start_in(state, state, size, arguments)
    }

    /// In a folder of its own.
    pub(crate) fn start_in(
        state: &std::path::Path,
        folder: &std::path::Path,
        size: (u16, u16),
        arguments: &[&str],
    ) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_slipway"));
        command.args(arguments);
        command.cwd(folder);
        command.env("SLIPWAY_STATE_DIR", state);
        command.env("HOME", state);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for name in ["CI", "NO_COLOR", "KUBECONFIG", "ACCESSIBLE"] {
            command.env_remove(name);
        }
        let (terminal, master) = Pty::start(command, pty::size(size.0, size.1)).unwrap();
        Self { terminal, _master: master }
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        let pid = self.terminal.child.process_id().unwrap();
        rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.terminal.screen.screen()
    }

    pub(crate) fn contents(&self) -> String {
        self.terminal.screen.screen().contents()
    }

    /// Reads for a while; false when nothing more comes.
    pub(crate) fn read(&mut self, patience: Duration) -> bool {
        self.terminal.read(patience).is_ok()
    }

    /// Reads until the screen holds a text.
    pub(crate) fn until(&mut self, text: &str) {
        while !self.contents().contains(text) {
            assert!(self.read(Duration::from_secs(120)), "{text:?} never came:\n{}", self.contents());
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.press(keys.as_bytes()).unwrap();
    }

    /// Presses a key again and again, each time the screen has come to rest, until it shows a text.
    pub(crate) fn press_until(&mut self, keys: &str, text: &str) {
        for _ in 0..80 {
            while self.read(Duration::from_millis(300)) {}
            if self.contents().contains(text) {
                return;
            }
            self.press(keys);
        }
        panic!("{text:?} never came:\n{}", self.contents());
    }

    pub(crate) fn ended(mut self) -> u32 {
        while self.read(Duration::from_secs(120)) {}
        self.terminal.child.wait().unwrap().exit_code()
    }
}
