//! The loop of the full screen: waits for anything, drains everything that is there, and draws once, at most a frame
//! every 16 ms. An idle screen sleeps; only elapsed time that is on the screen wakes it, once a second.

use std::io;
use std::time::Duration;

use crossterm::event::KeyEvent;
use futures::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use super::progress::{Got, Want};
use super::{Effect, Msg, Screen, Signal, StopChoice, terminal};
use crate::event::Event;
use crate::view::way::{Ask, Told};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two looks at the clock while elapsed time is shown.
const TICK: Duration = Duration::from_secs(1);
/// Events that are taken in before input is looked at again, so that a flood of logs never holds a key back.
const BATCH: usize = 1_000;

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
    /// What was asked on the way in came back.
    Told(Box<Told>),
    /// What was wanted while a run is shown came back.
    Got(Box<Got>),
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
/// When the terminal cannot be drawn.
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
    let mut drawn_at: Option<Instant> = None;
    let mut input_open = true;
    let size = terminal.size().map_err(io::Error::other)?;
    for effect in screen.update(Msg::Resized(size.width, size.height)) {
        if let Effect::Ask(ask) = effect {
            hooks.ask(ask);
        }
    }
    loop {
        let draw_at = drawn_at.map_or(start, |at| at + FRAME);
        if dirty && Instant::now() >= draw_at {
            terminal.draw(|frame| screen.draw(frame)).map_err(io::Error::other)?;
            drawn_at = Some(Instant::now());
            dirty = false;
            continue;
        }
        let wake = match (dirty, screen.ticks()) {
            (true, _) => Some(draw_at),
            (false, true) => Some(drawn_at.unwrap_or(start) + TICK),
            (false, false) => None,
        };
        let mut batch = Vec::new();
        let mut ended = false;
        tokio::select! {
            biased;
            read = input.next(), if input_open => match read {
                Some(read) => batch.push(message(read)),
                None => {
                    input_open = false;
                    batch.push(Msg::Signal(Signal::Hangup));
                }
            },
            event = receive(&mut events) => match event {
                Some(event) => batch.push(Msg::Event(Box::new(event))),
                None => ended = true,
            },
            () = sleep_until(wake) => {}
        }
        while let Some(Some(read)) = input_open.then(|| input.next().now_or_never()).flatten() {
            batch.push(message(read));
        }
        if let Some(open) = events.as_deref_mut().filter(|_| !ended) {
            for _ in 0..BATCH {
                match open.try_recv() {
                    Ok(event) => batch.push(Msg::Event(Box::new(event))),
                    Err(_) => break,
                }
            }
        }
        if ended {
            events = None;
            batch.push(Msg::EventsEnded);
        }
        dirty |= !batch.is_empty() || wake.is_some_and(|at| !dirty && Instant::now() >= at);
        batch.insert(0, Msg::Clock(start.elapsed()));
        let mut effects: Vec<Effect> = Vec::new();
        for mut msg in batch {
            if matches!(msg, Msg::Resized(..)) {
                let size = terminal.size().map_err(io::Error::other)?;
                msg = Msg::Resized(size.width, size.height);
            }
            effects.extend(screen.update(msg));
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
        Input::Resized => Msg::Resized(0, 0),
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
