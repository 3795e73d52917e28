//! Whether a plan that no questions lead to is agreed to: the same review as that of an install, on the face that fits.

use std::io::IsTerminal as _;

use crate::cli::Shared;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::overview::Overview;
use crate::view::plain::{Decision, Dialogue, GiveBack, LineReader, review};
use crate::view::tui::{self, Decided};

use super::{apply, install, interactive, plain, print};

/// Whether it is to be done. A person is asked where `asks` says so; else `--yes` has said it, or there is nothing to do.
///
/// # Errors
/// Something blocks, nobody said yes and nobody can be asked, or the operator stopped it.
pub(super) async fn agreed(shared: &Shared, overview: &Overview, asks: bool) -> Result<bool, Failure> {
    if asks && !ask(shared, overview).await? {
        print("Nothing was written.\n")?;
        return Ok(false);
    }
    install::blocked(overview)?;
    if asks || shared.yes || overview.plan.is_empty() {
        return Ok(true);
    }
    install::tell(overview)?;
    Err(Failure::new(FailureKind::Refused, "nobody said yes")
        .why("there is no terminal to ask at, and --yes was not given")
        .state(NOTHING_WRITTEN)
        .hint(overview.repeat.clone()))
}

/// Whether there is somebody to ask, and something to ask about.
pub(super) fn asks(shared: &Shared) -> bool {
    interactive(shared) && !shared.yes
}

/// Asks a person, on the face that fits.
async fn ask(shared: &Shared, overview: &Overview) -> Result<bool, Failure> {
    if !plain(shared) {
        return match tui::decide(overview.clone(), apply::theme(shared)).await? {
            Decided::Yes => Ok(true),
            Decided::Signal(signal) => Err(signalled(signal)),
            _ => Ok(false),
        };
    }
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        && std::env::var_os("ACCESSIBLE").is_none();
    loop {
        let decided = if dialogue {
            review(overview, &mut Dialogue::new())
        } else {
            review(overview, &mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()))
        };
        return match decided {
            Ok(Decision::Yes) => Ok(true),
            // There are no answers to save: the command repeats it.
            Ok(Decision::Save) => continue,
            Ok(Decision::Blocked) => install::blocked(overview).map(|()| false),
            Ok(Decision::No | Decision::Back | Decision::Ended) => Ok(false),
            Ok(Decision::Interrupted) => Err(stopped()),
            Err(error) => Err(Failure::new(FailureKind::Usage, "the terminal cannot be read or written")
                .why(error.to_string())
                .state(NOTHING_WRITTEN)
                .hint(format!("do it without questions: {}", overview.repeat))),
        };
    }
}

fn stopped() -> Failure {
    Failure::new(FailureKind::Interrupted, "stopped by Ctrl-C").state(NOTHING_WRITTEN)
}

fn signalled(signal: tui::Signal) -> Failure {
    match signal {
        tui::Signal::Interrupt => stopped(),
        tui::Signal::Terminate | tui::Signal::Hangup => {
            Failure::new(FailureKind::Terminated, "stopped by a signal").state(NOTHING_WRITTEN)
        }
    }
}
