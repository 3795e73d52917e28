//! A plan that no questions lead to, shown for a decision: a rollback has nothing to ask but whether.

use super::event_loop::Hooks;
use super::review::{App, Decided};
use super::session::unusable;
use super::{StopChoice, Theme, show};
use crate::error::Failure;
use crate::view::overview::Overview;

/// There is nothing to save, and nothing to stop.
pub(super) struct Nothing;

impl Hooks for Nothing {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        "there are no answers to save: the command below repeats it".into()
    }
}

/// Shows the review on this process's terminal until something is decided.
///
/// # Errors
/// When the terminal cannot be entered or drawn; nothing was written.
pub async fn decide(overview: Overview, theme: Theme) -> Result<Decided, Failure> {
    let mut app = App::new(overview, theme).without_answers();
    show(&mut app, None, futures::stream::pending(), &mut Nothing).await.map_err(unusable)?;
    Ok(app.decided().unwrap_or(Decided::Quit))
}
