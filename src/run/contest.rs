//! Somebody else is changing the release: a person is told who, where and since when, and waits, leaves, or takes over.

use std::io::IsTerminal as _;

use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::contender::{self, BUSY};
use crate::cluster::lock;
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::plan::Target;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt, Reply};

use super::{interactive, plain, print};

/// What a person wants.
enum Wish {
    Leave,
    Wait,
    TakeOver,
}

/// After a run that could not begin, since somebody else is at it: what is said about the next attempt; `None` where there is
/// to be none.
///
/// # Errors
/// The Lease cannot be read.
pub(super) async fn settle(
    shared: &Shared,
    cluster: &Cluster,
    target: &Target,
    failure: &Failure,
) -> Result<Option<Shared>, Failure> {
    let busy = failure.kind == FailureKind::Refused && failure.what.starts_with(BUSY);
    if !busy || !interactive(shared) || shared.yes {
        return Ok(None);
    }
    // It may be done by now.
    let Some(other) = contender::contender(cluster, target).await? else { return Ok(Some(shared.clone())) };
    let since = other.since.map(|since| format!(" since {}", since.strftime("%F %H:%M:%SZ"))).unwrap_or_default();
    let said = format!("{} is changing {}{since}. Nothing was written.", other.shown, target.release);
    let name = other.shown.split(' ').next().unwrap_or_default().to_string();
    let dialogue = std::io::stderr().is_terminal() && std::env::var_os("ACCESSIBLE").is_none() && !plain(shared);
    let wish = {
        let _terminal = GiveBack::on_signals();
        if dialogue {
            ask(&mut Dialogue::new(), &said, &name)
        } else {
            ask(&mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()), &said, &name)
        }
    };
    match wish {
        Wish::Leave => Ok(None),
        Wish::TakeOver => Ok(Some(Shared { take_over: Some(other.holder), ..shared.clone() })),
        Wish::Wait => {
            print("Waiting; Ctrl-C ends it, and nothing was written.\n")?;
            lock::idle(cluster, target, &|_: EventKind| {}).await?;
            Ok(Some(shared.clone()))
        }
    }
}

/// Leaving is the default; taking over is typed.
fn ask(prompt: &mut dyn Prompt, said: &str, name: &str) -> Wish {
    let texts = [
        "Leave it: nothing is written".to_string(),
        "Wait until it is done, then go on".to_string(),
        format!("Take over: {name} writes nothing more from then on"),
    ];
    let mut asked = || -> std::io::Result<Wish> {
        prompt.say(said)?;
        Ok(match prompt.choose("What now", &texts, Some(0))? {
            Reply::Said(1) => Wish::Wait,
            Reply::Said(2) => match prompt.text(&format!("Type {name} to take over from it"), "")? {
                Reply::Said(typed) if typed.trim() == name => Wish::TakeOver,
                _ => Wish::Leave,
            },
            _ => Wish::Leave,
        })
    };
    asked().unwrap_or(Wish::Leave)
}
