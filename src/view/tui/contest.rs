//! Somebody else is changing the release: who, where and since when, and what can be done about it. Leaving is marked first,
//! and taking over is typed.

use super::Theme;
use super::choice::{App, Choice, choose};
use super::keys::Place;
use crate::error::Failure;
use crate::view::contest::{Contest, Wish};
use crate::view::questions::Whereabouts;

const ABOUT: &str = "Only one slipway changes a release at a time. Who holds it renews its hold while it lives; once it stops \
    doing so anybody may go on without a question.";

/// Over whoever holds the lock.
pub(super) fn screen(contest: Contest, theme: Theme) -> App<Wish> {
    let (said, choices) = (vec![contest.said()], contest.choices().to_vec());
    let typed = Some((Wish::TakeOver, contest.name().to_string()));
    let Contest { release, namespace, context, practice, .. } = contest;
    let choice = Choice {
        here: Whereabouts { doing: release, context, namespace, practice },
        stage: "locked",
        title: "Somebody else is at it".into(),
        said,
        warns: true,
        choices,
        leave: Wish::Leave,
        typed,
        typing_does: "take over from it",
        about: ABOUT.into(),
        places: (Place::Contest, Place::TakeOver),
    };
    App::new(choice, theme)
}

/// Asks on this process's terminal.
///
/// # Errors
/// The terminal cannot be entered or drawn, or a signal ended it; nothing was written.
pub async fn contest(contest: Contest, theme: Theme) -> Result<Wish, Failure> {
    choose(screen(contest, theme)).await
}
