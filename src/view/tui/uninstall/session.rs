//! The pages of an uninstall as one session: the terminal is entered once and left once.

use std::io;

use futures::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::super::decide::Nothing;
use super::super::event_loop::{Input, run};
use super::super::review::{self, Decided};
use super::super::session::unusable;
use super::super::{Guard, Signal, Theme, terminal};
use super::{App, Left};
use crate::error::Failure;
use crate::plan::uninstall::Wishes;
use crate::view::overview::Overview;
use crate::view::uninstall::{Decision, Kept, loses};

/// Asks about volumes and keys, shows everything and lets it be agreed to. `made` makes the plan for wishes; `None` ends the
/// asking.
///
/// # Errors
/// The terminal cannot be used; nothing was written.
pub async fn uninstall(
    kept: &Kept<'_>,
    wishes: Wishes,
    made: &mut dyn FnMut(&Wishes) -> Option<Overview>,
    theme: Theme,
) -> Result<Decision, Failure> {
    let guard = Guard::enter().map_err(unusable)?;
    let screen = terminal::open().map_err(unusable)?;
    let keys = terminal::input().map_err(unusable)?;
    let ended = tokio::select! {
        ended = on(screen, keys.boxed_local(), kept, wishes, made, theme) => ended,
        () = terminal::panicked() => Err(unusable(io::Error::other("a fault of slipway closed the screen"))),
    };
    drop(guard);
    ended
}

/// The same on any terminal with any input, so that tests run the real session.
pub(in crate::view::tui) async fn on<B: Backend>(
    mut screen: Terminal<B>,
    mut keys: impl Stream<Item = Input> + Unpin,
    kept: &Kept<'_>,
    wishes: Wishes,
    made: &mut dyn FnMut(&Wishes) -> Option<Overview>,
    theme: Theme,
) -> Result<Decision, Failure>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut page = App::new(kept, wishes, theme);
    let asks = !kept.items().is_empty();
    loop {
        if asks {
            run(&mut screen, &mut page, &mut keys, None, &mut Nothing).await.map_err(unusable)?;
            match page.left() {
                Some(Left::ToReview) => {}
                Some(Left::Signal(Signal::Interrupt)) => return Ok(Decision::Interrupted),
                Some(Left::Quit | Left::Signal(_)) | None => return Ok(Decision::No),
            }
        }
        let Some(overview) = made(page.wishes()) else { return Ok(Decision::No) };
        let mut reviewed = review::App::new(overview.clone(), theme).without_answers();
        if asks {
            reviewed = reviewed.last_of(2);
        }
        if loses(page.wishes()) {
            reviewed = reviewed.typed(&kept.target.release);
        }
        run(&mut screen, &mut reviewed, &mut keys, None, &mut Nothing).await.map_err(unusable)?;
        match reviewed.decided() {
            Some(Decided::Yes) => return Ok(Decision::Yes(Box::new(overview))),
            Some(Decided::Back | Decided::Mend(_)) if asks => page.come_back(""),
            Some(Decided::Signal(Signal::Interrupt)) => return Ok(Decision::Interrupted),
            _ => return Ok(Decision::No),
        }
    }
}
