//! The terminal is given back when a signal ends the program in the middle of a prompt: a line is read without an end in
//! sight, echo or line mode may be off, and nobody but a listener beside it can hear the signal.

use std::io::{self, Write as _};

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};

/// Listens until it is dropped.
#[derive(Debug)]
pub struct GiveBack(Option<JoinHandle<()>>);

impl GiveBack {
    /// Begins to listen; the terminal as it is now is what will be given back. Needs a runtime of several threads: the
    /// one that reads is blocked.
    pub fn on_signals() -> Self {
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = signals else { return Self(None) };
        let before = tcgetattr(io::stdin()).ok();
        Self(Some(tokio::spawn(async move {
            let kind = tokio::select! {
                _ = interrupt.recv() => FailureKind::Interrupted,
                _ = terminate.recv() => FailureKind::Terminated,
                _ = hangup.recv() => FailureKind::Terminated,
            };
            if let Some(before) = before {
                // A terminal that is gone needs no mending.
                let _mended = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            }
            let what = if kind == FailureKind::Interrupted { "stopped by Ctrl-C" } else { "stopped by a signal" };
            let failure = Failure::new(kind, what).state(NOTHING_WRITTEN);
            // Show the cursor: dialoguer hides it while it asks for yes or no.
            let _told = writeln!(io::stderr(), "\u{1b}[?25h\n{failure}");
            #[expect(
                clippy::exit,
                reason = "the thread that reads cannot be woken, and nothing was begun that must end"
            )]
            std::process::exit(kind.exit_code().into());
        })))
    }
}

impl Drop for GiveBack {
    fn drop(&mut self) {
        if let Some(listener) = &self.0 {
            listener.abort();
        }
    }
}
