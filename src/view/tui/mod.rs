//! The full screen. Elm shape: a screen changes in [`Screen::update`] alone, which answers with effects; drawing reads
//! it and cannot change it; neither does any input or output. [`event_loop`] owns the waiting, [`terminal`] the terminal.

mod ansi;
mod cells;
mod choice;
mod consent;
mod contest;
mod decide;
mod draft;
mod event_loop;
mod keys;
mod leaving;
mod loan;
pub mod menu;
mod moving;
mod pages;
mod paint;
pub mod progress;

pub mod review;
pub(crate) mod session;
mod terminal;
#[cfg(test)]
pub(crate) mod tests;
mod theme;
mod uninstall;
mod waiting;
pub mod way;
pub mod wizard;

use std::io;
use std::time::Duration;

use crossterm::event::KeyEvent;
use futures::{Stream, StreamExt as _};
use ratatui::Frame;

use crate::event::Event;
use crate::secret::SecretText;
use crate::view::way::{Ask, Told};

pub use ansi::Ansi;
pub use consent::consent;
pub use contest::contest;
pub use decide::decide;
pub use event_loop::{Hooks, Input, run};
pub use loan::{Loan, lend};
pub use moving::moving;
pub use progress::{Doors, Got, Use, Want, Watched, follow};
pub use review::Decided;
pub use session::session;
pub use terminal::Guard;
pub use theme::{ColorChoice, Theme};
pub use uninstall::uninstall;

/// How the operator wants an applying run to stop (cluster.md "Detach").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopChoice {
    /// Finish the step that is being done, then stop.
    AfterStep,
    /// Stop at once; the request that is on its way may still arrive.
    Now,
    /// Leave it: slipway goes, what the cluster has been told goes on, and `slipway attach` or the same command again
    /// takes it up.
    Detach,
}

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGHUP, or the terminal is gone.
    Hangup,
    /// SIGINT from outside; in raw mode Ctrl-C is a key.
    Interrupt,
}

/// What can happen to a screen.
#[derive(Clone, Debug)]
pub enum Msg {
    /// Time since the screen was opened. Comes before every other message of a batch, and once a second while
    /// [`Screen::ticks`].
    Clock(Duration),
    /// A key.
    Key(KeyEvent),
    /// Pasted text: content, never keys.
    Paste(String),
    /// The terminal has this many columns and rows; told once at the start.
    Resized(u16, u16),
    /// A fact about the run.
    Event(Box<Event>),
    /// No further event will come.
    EventsEnded,
    /// The process is asked to end.
    Signal(Signal),
    /// A sentence to show, the answer to an effect.
    Said(String),
    /// What was asked on the way in.
    Told(Box<Told>),
    /// What was wanted while a run is shown.
    Got(Box<Got>),
}

/// What a screen wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Close the screen.
    Quit,
    /// Hand the terminal back to the shell until the process is continued.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Tell the run how to stop.
    Stop(StopChoice),
    /// Write the answers file.
    Save,
    /// Ask the outside; [`Msg::Told`] comes back.
    Ask(Ask),
    /// Hand a text to the terminal's clipboard (OSC 52). No terminal says whether it took it.
    Copy(SecretText),
    /// Wanted while a run is shown; [`Msg::Got`] comes back.
    Want(Want),
}

/// One screen.
pub trait Screen {
    /// Takes one message in.
    fn update(&mut self, msg: Msg) -> Vec<Effect>;
    /// Draws it.
    fn draw(&self, frame: &mut Frame<'_>);
    /// Whether time itself changes what is shown; without it an idle screen never wakes up.
    fn ticks(&self) -> bool;
}

/// Shows a screen on this process's terminal until it closes, and gives the terminal back as it was. `more` is input
/// beside the terminal's own.
///
/// # Errors
/// When the terminal cannot be entered, read or drawn, or when another task panicked: its message is on the normal screen.
pub async fn show(
    screen: &mut impl Screen,
    events: Option<&mut tokio::sync::mpsc::Receiver<Event>>,
    more: impl Stream<Item = Input>,
    hooks: &mut dyn Hooks,
) -> io::Result<()> {
    let guard = Guard::enter()?;
    let mut terminal = terminal::open()?;
    // The end of the keys is the end of the input, whatever else may still come.
    let keys = terminal::input()?.map(Some).chain(futures::stream::once(std::future::ready(None)));
    let input = futures::stream::select(keys.boxed_local(), more.map(Some).boxed_local());
    let input = input.take_while(|one| std::future::ready(one.is_some())).filter_map(std::future::ready);
    let ended = tokio::select! {
        ended = run(&mut terminal, screen, input.boxed_local(), events, hooks) => ended,
        () = terminal::panicked() => Err(io::Error::other("a fault of slipway closed the screen")),
    };
    drop(terminal);
    drop(guard);
    ended
}
