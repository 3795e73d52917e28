//! Somebody else is changing the release: a person is told who, where and since when, and waits, follows, leaves, or takes
//! over.

use std::io::IsTerminal as _;

use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::contender::{self, BUSY};
use crate::cluster::lock;
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::plan::Target;
use crate::view::contest::{Contest, Wish};
use crate::view::plain::{self, Dialogue, GiveBack, LineReader};
use crate::view::tui;

use super::{agree, apply, attach, plain as in_lines, print};

/// Whether a run could not begin since somebody else is at it, and there is a person to ask what then.
pub(super) fn asks(shared: &Shared, failure: &Failure) -> bool {
    failure.kind == FailureKind::Refused && failure.what.starts_with(BUSY) && agree::asks(shared)
}

/// After a run that could not begin, since somebody else is at it: what is said about the next attempt; `None` where there is
/// to be none.
///
/// # Errors
/// The Lease cannot be read, or a signal ended it.
pub(super) async fn settle(
    shared: &Shared,
    cluster: &Cluster,
    target: &Target,
    failure: &Failure,
) -> Result<Option<Shared>, Failure> {
    if !asks(shared, failure) {
        return Ok(None);
    }
    // It may be done by now.
    let Some(other) = contender::contender(cluster, target).await? else { return Ok(Some(shared.clone())) };
    let contest = Contest {
        release: target.release.clone(),
        namespace: target.namespace.clone(),
        context: target.context.clone(),
        practice: target.practice,
        who: other.shown.clone(),
        since: other.since.map(|since| since.strftime("%F %H:%M:%SZ").to_string()).unwrap_or_default(),
    };
    match ask(shared, contest).await? {
        Wish::Leave => Ok(None),
        Wish::TakeOver => Ok(Some(Shared { take_over: Some(other.holder), ..shared.clone() })),
        Wish::Wait => {
            print("Waiting; Ctrl-C ends it, and nothing was written.\n")?;
            lock::idle(cluster, target, &|_: EventKind| {}).await?;
            Ok(Some(shared.clone()))
        }
        Wish::Follow => {
            let there = Shared {
                namespace: Some(target.namespace.clone()),
                // In lines it is only looked at: whether to go on with it is not ours to ask while it lives.
                no_input: in_lines(shared),
                ..shared.clone()
            };
            // How that ends says nothing about what is wanted here.
            if let Err(looked) = Box::pin(attach::run(&there, Some(&target.release))).await
                && !looked.told
            {
                print(&format!("{looked}\n"))?;
            }
            Ok(Some(shared.clone()))
        }
    }
}

async fn ask(shared: &Shared, contest: Contest) -> Result<Wish, Failure> {
    if !in_lines(shared) {
        return tui::contest(contest, apply::theme(shared)).await;
    }
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal()
        && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        && std::env::var_os("ACCESSIBLE").is_none();
    Ok(if dialogue {
        plain::contest(&contest, &mut Dialogue::new())
    } else {
        plain::contest(&contest, &mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()))
    })
}
