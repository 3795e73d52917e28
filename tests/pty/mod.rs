//! A process on a pseudo-terminal, read by a terminal emulator.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The process, its keys, and its screen.
pub(crate) struct Pty {
    pub(crate) child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: mpsc::Receiver<(Vec<u8>, Instant)>,
    pub(crate) screen: vt100::Parser,
}

/// A size in columns and rows.
pub(crate) fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, ..PtySize::default() }
}

impl Pty {
    /// Starts a command on a terminal of its own. Whoever drops the other half closes the terminal.
    pub(crate) fn start(command: CommandBuilder, size: PtySize) -> Outcome<(Self, Box<dyn MasterPty + Send>)> {
        let pair = native_pty_system().openpty(size)?;
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send((buffer[..count].to_vec(), Instant::now())).is_err() {
                    break;
                }
            }
        });
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let (rows, columns) = (NonZero::new(size.rows).ok_or("rows")?, NonZero::new(size.cols).ok_or("columns")?);
        Ok((Self { child, keys, bytes, screen: vt100::Parser::new(rows, columns, 0) }, pair.master))
    }

    /// Reads what comes within a time: the bytes, which are on the screen by then, and when they came.
    pub(crate) fn read(&mut self, patience: Duration) -> Result<(Vec<u8>, Instant), mpsc::RecvTimeoutError> {
        let read = self.bytes.recv_timeout(patience)?;
        self.screen.process(&read.0);
        Ok(read)
    }

    pub(crate) fn press(&mut self, keys: &[u8]) -> Outcome<()> {
        self.keys.write_all(keys)?;
        Ok(self.keys.flush()?)
    }
}
