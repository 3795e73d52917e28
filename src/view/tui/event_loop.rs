//! The loop of the full screen: waits for anything, drains everything that is there, and draws once. What comes by itself
//! is drawn at most every 16 ms; a person is answered at once. An idle screen sleeps; only elapsed time that is on the
//! screen wakes it, once a second.

use std::io;
use std::time::Duration;

use crossterm::event::KeyEvent;
use futures::{FutureExt, Stream, StreamExt};
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::progress::{Got, Want};
use super::{Effect, Msg, Screen, Signal, StopChoice, loan, paint, terminal};
use crate::event::Event;
use crate::view::way::{Ask, Told};

/// Shortest time between two frames of what comes by itself.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two looks at the clock while elapsed time is shown.
const TICK: Duration = Duration::from_secs(1);
/// How long keys, and then events, are taken in before the other is looked at again, so that a flood of logs never holds
/// a key back, however much an event costs.
const BATCH: Duration = Duration::from_millis(2);

/// What comes from the terminal or the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// Another size.
    Resized,
    /// A signal.
    Signal(Signal),
    /// The terminal was lent, and is ours again.
    Returned,
    /// What was asked on the way in came back.
    Told(Box<Told>),
    /// What was wanted while a run is shown came back.
    Got(Box<Got>),
}

/// What woke the loop.
enum First {
    Read(Option<Input>),
    Event(Option<Box<Event>>),
    Woken,
}

/// What the loop asks of its caller.
pub trait Hooks {
    /// The operator chose how the run stops.
    fn stop(&mut self, choice: StopChoice);
    /// Writes the answers file; the sentence is shown.
    fn save(&mut self) -> String;
    /// Asks the outside, without waiting: what comes back is [`Input::Told`].
    fn ask(&mut self, _ask: Ask) {}
    /// Wants something of the outside, without waiting: what comes back is [`Input::Got`].
    fn want(&mut self, _want: Want) {}
}

/// Runs a screen until it closes. Generic over the terminal and its input, so that tests run the real loop.
///
/// # Errors
/// When the terminal cannot be drawn, and the screen does not close because of it.
pub async fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    screen: &mut impl Screen,
    mut input: impl Stream<Item = Input> + Unpin,
    mut events: Option<&mut Receiver<Event>>,
    hooks: &mut dyn Hooks,
) -> io::Result<()>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let start = Instant::now();
    let mut dirty = true;
    // Somebody waits for the next frame.
    let mut asked = false;
    let mut drawn_at: Option<Instant> = None;
    let mut input_open = true;
    let size = terminal.size().map_err(io::Error::other)?;
    for effect in screen.update(Msg::Resized(size.width, size.height)) {
        if let Effect::Ask(ask) = effect {
            hooks.ask(ask);
        }
    }
    loop {
        let draw_at = drawn_at.filter(|_| !asked).map_or(start, |at| at + FRAME);
        let lent = loan::is_lent();
        if dirty && !lent && Instant::now() >= draw_at {
            if let Err(error) = terminal.draw(|frame| drawn(screen, frame)) {
                return gone(screen, hooks, io::Error::other(error));
            }
            drawn_at = Some(Instant::now());
            (dirty, asked) = (false, false);
            continue;
        }
        let wake = match (dirty, screen.ticks()) {
            // Nothing is drawn until it is ours again, which is input.
            _ if lent => None,
            (true, _) => Some(draw_at),
            (false, true) => Some(drawn_at.unwrap_or(start) + TICK),
            (false, false) => None,
        };
        let first = tokio::select! {
            biased;
            read = input.next(), if input_open => First::Read(read),
            event = receive(&mut events) => First::Event(event.map(Box::new)),
            () = sleep_until(wake) => First::Woken,
        };
        let mut effects = screen.update(Msg::Clock(start.elapsed()));
        let mut read = None;
        match first {
            First::Read(first) => read = Some(first),
            First::Event(Some(event)) => {
                dirty = true;
                effects.extend(screen.update(Msg::Event(event)));
            }
            First::Event(None) => {
                dirty = true;
                events = None;
                effects.extend(screen.update(Msg::EventsEnded));
            }
            // A tick: the time that is on the screen went on.
            First::Woken => dirty = true,
        }
        let until = Instant::now() + BATCH;
        while let Some(one) = read.take().or_else(|| input_open.then(|| input.next().now_or_never()).flatten()) {
            (dirty, asked) = (true, true);
            input_open = one.is_some();
            let mut msg = one.map_or(Msg::Signal(Signal::Hangup), message);
            if matches!(msg, Msg::Resized(..)) {
                // All of it is drawn anew: it may have been another program's meanwhile.
                msg = match terminal.size().map_err(io::Error::other).and_then(|size| redraw(terminal).map(|()| size)) {
                    Ok(size) => Msg::Resized(size.width, size.height),
                    Err(error) => return gone(screen, hooks, error),
                };
            }
            effects.extend(screen.update(msg));
            if Instant::now() >= until {
                break;
            }
        }
        let until = Instant::now() + BATCH;
        while let Some(Ok(event)) = events.as_deref_mut().map(Receiver::try_recv) {
            dirty = true;
            effects.extend(screen.update(Msg::Event(Box::new(event))));
            if Instant::now() >= until {
                break;
            }
        }
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(()),
                Effect::Stop(choice) => hooks.stop(choice),
                Effect::Save => {
                    let said = hooks.save();
                    screen.update(Msg::Said(said));
                }
                Effect::Ask(ask) => hooks.ask(ask),
                Effect::Want(want) => hooks.want(want),
                Effect::Copy(text) => terminal::copy(&text)?,
                Effect::Redraw => redraw(terminal)?,
                Effect::Suspend => {
                    terminal::suspend().await?;
                    redraw(terminal)?;
                }
            }
        }
    }
}

/// Draws a screen, and nothing that the terminal would obey.
pub(super) fn drawn(screen: &(impl Screen + ?Sized), frame: &mut Frame<'_>) {
    screen.draw(frame);
    paint::harmless(frame.buffer_mut());
}

/// A terminal that cannot be drawn on is gone: the screen hears it as a hangup, so that a run stops as it does then,
/// whichever of the two is noticed first.
fn gone(screen: &mut impl Screen, hooks: &mut dyn Hooks, error: io::Error) -> io::Result<()> {
    let mut closed = Err(error);
    for effect in screen.update(Msg::Signal(Signal::Hangup)) {
        match effect {
            Effect::Stop(choice) => hooks.stop(choice),
            Effect::Quit => closed = Ok(()),
            _ => {}
        }
    }
    closed
}

/// Clears the screen, so that the next frame is drawn whole. Not `Terminal::clear`: that asks the terminal where its
/// cursor is, and the reply would have to come through the input that is being read here.
fn redraw<B: Backend>(terminal: &mut Terminal<B>) -> io::Result<()>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let size = terminal.size().map_err(io::Error::other)?;
    terminal.resize(Rect::from(size)).map_err(io::Error::other)
}

fn message(read: Input) -> Msg {
    match read {
        Input::Key(key) => Msg::Key(key),
        Input::Paste(text) => Msg::Paste(text),
        // The size itself is read when the message is handed on.
        Input::Resized | Input::Returned => Msg::Resized(0, 0),
        Input::Signal(signal) => Msg::Signal(signal),
        Input::Told(told) => Msg::Told(told),
        Input::Got(got) => Msg::Got(got),
    }
}

async fn receive(events: &mut Option<&mut Receiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
