//! The page of a release as a part of a session: what it wants read is read while the screen lives on.

use std::io;

use futures::Stream;
use ratatui::backend::Backend;

use super::super::event_loop::Input;
use super::super::session::Stage;
use super::super::{Signal, Theme};
use super::{App, Left};
use crate::error::Failure;
use crate::view::menu::{Deed, Menu, RevisionSeen, Wanted};
use crate::view::way::Guide;

/// How the page ended.
pub(in super::super) enum Ended {
    /// This is wanted.
    Wanted(Wanted),
    /// Back to where one came from.
    Back,
    /// The operator left.
    Quit,
    /// A signal.
    Signal(Signal),
}

/// What was read.
enum Got {
    Text(String),
    Revisions(Vec<RevisionSeen>),
}

/// Shows what can be done with a release until something is wanted, or one goes back. What was wanted before is marked.
///
/// # Errors
/// The terminal cannot be read or drawn.
pub(in super::super) async fn show<B: Backend<Error = io::Error>, I: Stream<Item = Input> + Unpin>(
    stage: &mut Stage<B, I>,
    menu: Menu,
    before: Option<Deed>,
    guide: &dyn Guide,
    theme: Theme,
) -> Result<Ended, Failure> {
    let mut app = App::new(menu.clone(), theme).at(before);
    stage.show(&mut app).await?;
    loop {
        let deed = match app.left() {
            Some(Left::Read(deed)) => deed,
            Some(Left::Wanted(deed, to)) => return Ok(Ended::Wanted(Wanted { of: menu, deed, to })),
            Some(Left::Back) => return Ok(Ended::Back),
            Some(Left::Signal(signal)) => return Ok(Ended::Signal(signal)),
            Some(Left::Quit) | None => return Ok(Ended::Quit),
        };
        app.reading(deed);
        // One may go back before it is there, and on to something else.
        let got = tokio::select! {
            biased;
            got = read(guide, &menu, deed) => got,
            shown = stage.show(&mut app) => {
                shown?;
                continue;
            }
        };
        match got {
            Ok(Got::Text(text)) => app.read(deed, &text),
            Ok(Got::Revisions(all)) => app.offer(all),
            Err(failure) => app.unread(deed, failure),
        }
        stage.show(&mut app).await?;
    }
}

async fn read(guide: &dyn Guide, menu: &Menu, deed: Deed) -> Result<Got, Failure> {
    match deed {
        Deed::GoBack => guide.revisions(menu).await.map(Got::Revisions),
        deed => guide.read(menu, deed).await.map(Got::Text),
    }
}
