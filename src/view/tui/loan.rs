//! The terminal lent to a program that talks to the operator, such as a credential plugin that asks for a code: the screen
//! steps back, nothing of ours reads keys or draws, and when the program has ended the screen is shown anew.

use std::io::{self, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, watch};

use super::terminal;

/// How long the screen may take to step back; one that nobody reads keys for does not.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whose the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The screen's.
    Ours,
    /// The screen's, which shall step back.
    Wanted,
    /// Another program's.
    Lent,
}

static WHOSE: LazyLock<watch::Sender<Whose>> = LazyLock::new(|| watch::Sender::new(Whose::Ours));
/// One program at a time.
static ONE: Mutex<()> = Mutex::const_new(());

/// Holds the terminal for another program; dropping it gives the screen back.
#[derive(Debug)]
pub struct Loan {
    /// Nobody else enters the terminal again.
    alone: bool,
    _one: Option<MutexGuard<'static, ()>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if self._one.is_none() {
            return;
        }
        if self.alone {
            // A terminal that cannot be entered any more is told by whoever draws next.
            let _entered = terminal::enter();
        }
        WHOSE.send_replace(Whose::Ours);
    }
}

/// Lends the terminal, after saying on it who talks. Where no screen is up it is anybody's already, and nothing is said.
pub async fn lend(said: &str) -> Loan {
    if !terminal::is_entered() {
        return Loan { alone: false, _one: None };
    }
    let one = ONE.lock().await;
    let mut whose = WHOSE.subscribe();
    WHOSE.send_replace(Whose::Wanted);
    let stepped_back = tokio::time::timeout(PATIENCE, whose.wait_for(|whose| *whose == Whose::Lent)).await.is_ok();
    if !stepped_back {
        terminal::leave();
        WHOSE.send_replace(Whose::Lent);
    }
    let mut out = io::stdout();
    // Who cannot be told is asked by the program itself all the same.
    let _told = writeln!(out, "{}", crate::sanitize::text(said)).and_then(|()| out.flush());
    Loan { alone: !stepped_back, _one: Some(one) }
}

/// Whether the screen must not draw: the terminal is another program's, or about to be.
pub(super) fn is_lent() -> bool {
    *WHOSE.borrow() != Whose::Ours
}

/// Tells each time that the terminal has come back.
#[derive(Debug)]
pub(super) struct Returns(watch::Receiver<Whose>);

impl Returns {
    pub(super) fn new() -> Self {
        Self(WHOSE.subscribe())
    }

    pub(super) async fn next(&mut self) {
        // The sender lives as long as the program.
        while self.0.changed().await.is_ok() {
            if *self.0.borrow_and_update() == Whose::Ours {
                return;
            }
        }
    }
}

/// Waits until somebody wants the terminal.
pub(super) async fn wanted() {
    let mut whose = WHOSE.subscribe();
    // The sender lives as long as the program.
    let _wanted = whose.wait_for(|whose| *whose != Whose::Ours).await.is_ok();
}

/// Steps back, until the terminal is the screen's again. Called by who reads the keys, once nothing reads them.
///
/// # Errors
/// It cannot be entered again.
pub(super) async fn step_back() -> io::Result<()> {
    let mut whose = WHOSE.subscribe();
    terminal::leave();
    WHOSE.send_if_modified(|whose| {
        let wanted = *whose == Whose::Wanted;
        if wanted {
            *whose = Whose::Lent;
        }
        wanted
    });
    let _back = whose.wait_for(|whose| *whose == Whose::Ours).await.is_ok();
    terminal::enter()
}
