//! Whether something may be done that is no plan. Where something goes out of use a name is typed.

use super::Theme;
use super::choice::{App, Choice, choose};
use super::keys::Place;
use crate::error::Failure;
use crate::view::consent::Consent;

/// The question; true does it.
pub(super) fn screen(consent: Consent, theme: Theme) -> App<bool> {
    let choice = Choice {
        here: consent.here,
        stage: "review",
        title: consent.asked,
        said: consent.said,
        warns: false,
        choices: vec![(true, consent.doing), (false, "Leave; nothing is written".into())],
        leave: false,
        typed: consent.typed.map(|name| (true, name)),
        typing_does: "do it",
        about: consent.about,
        places: (Place::Consent, Place::ConsentName),
    };
    App::new(choice, theme)
}

/// Asks on this process's terminal.
///
/// # Errors
/// The terminal cannot be entered or drawn, or a signal ended it; nothing was written.
pub async fn consent(consent: Consent, theme: Theme) -> Result<bool, Failure> {
    choose(screen(consent, theme)).await
}
