//! Somebody at a pseudo-terminal.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// slipway on a pseudo-terminal, with a state folder of its own.
pub(crate) struct Person {
    pub(crate) child: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<Vec<u8>>,
    pub(crate) screen: vt100::Parser,
    _master: Box<dyn portable_pty::MasterPty + Send>,
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
        let (columns, rows) = size;
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, ..PtySize::default() }).unwrap();
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

    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads for a while; false when nothing more comes.
    pub(crate) fn read(&mut self, patience: Duration) -> bool {
        let Ok(bytes) = self.bytes.recv_timeout(patience) else { return false };
        self.screen.process(&bytes);
        true
    }

    /// Reads until the screen holds a text.
    pub(crate) fn until(&mut self, text: &str) {
        while !self.contents().contains(text) {
            assert!(self.read(Duration::from_secs(120)), "{text:?} never came:\n{}", self.contents());
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
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
        self.child.wait().unwrap().exit_code()
    }
}
