//! Data on its way: what is moved, how much of it, how fast, and what was done with it. Reads events alone; the sentences are
//! those of every face.

mod draw;

use std::time::Duration;

use ratatui::Frame;
use tokio::sync::mpsc;

use super::event_loop::Hooks;
use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, StopChoice, Theme, show};
use crate::event::{Event, EventKind};
use crate::view::questions::Whereabouts;
use crate::view::sentence;

/// What is said of something that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// What is moved; empty for what is only told.
    what: String,
    /// The sentence.
    said: String,
    /// Bytes that there are to move, where somebody said so, and that went over.
    size: Option<u64>,
    moved: Option<(u64, u64)>,
    /// When it began, and when it was done.
    began: Duration,
    done: Option<Duration>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    said: String,
    notes: Vec<String>,
}

/// State of the screen.
pub(super) struct App {
    here: Whereabouts,
    /// What becomes of what was done, where it is stopped.
    stops: String,
    theme: Theme,
    clock: Duration,
    parts: Vec<Part>,
    end: Option<End>,
    /// "Stop?", with the marked choice; the safe one is 0.
    stopping: Option<usize>,
    /// It was asked to stop, and cleans up.
    stopped: bool,
    /// The help page, scrolled down by lines.
    help: Option<usize>,
    closed: bool,
}

impl App {
    /// Before anything is told. `stops` says what a stop leaves.
    pub(super) fn new(here: Whereabouts, stops: String, theme: Theme) -> Self {
        Self {
            here,
            stops,
            theme,
            clock: Duration::ZERO,
            parts: Vec::new(),
            end: None,
            stopping: None,
            stopped: false,
            help: None,
            closed: false,
        }
    }

    /// What has to be said again once the screen is gone; empty where it did not come to a good end.
    pub(super) fn summary(&self) -> String {
        let Some(end) = &self.end else { return String::new() };
        end.notes.iter().fold(end.said.clone(), |all, note| format!("{all}\n  {}", crate::sanitize::text(note)))
    }

    fn below(&self) -> Place {
        if self.end.is_some() { Place::Moved } else { Place::Moving }
    }

    fn place(&self) -> Place {
        match (self.help, self.stopping) {
            (Some(_), _) => Place::Help,
            (None, Some(_)) => Place::Stopping,
            (None, None) => self.below(),
        }
    }

    fn event(&mut self, event: &Event) {
        let said = sentence::of(event).map(|said| crate::sanitize::line(&said)).unwrap_or_default();
        let of = |parts: &[Part], what: &str| parts.iter().rposition(|part| part.what == what);
        match &event.kind {
            EventKind::DataStarted { verb, what, size, .. } => {
                // What stops or starts is done when it is told.
                let done = matches!(verb.as_str(), "stop" | "start").then_some(event.elapsed);
                let (what, size) = (what.clone(), *size);
                self.parts.push(Part { what, said, size, moved: None, began: event.elapsed, done });
            }
            EventKind::DataMoved { what, bytes, per_second } => {
                if let Some(at) = of(&self.parts, what) {
                    self.parts[at].moved = Some((*bytes, *per_second));
                }
            }
            EventKind::DataChecked { what, .. } => {
                if let Some(at) = of(&self.parts, what) {
                    self.parts[at].done = Some(event.elapsed);
                    self.parts[at].said = said;
                }
            }
            EventKind::DataFinished { notes, .. } => {
                self.stopping = None;
                for part in &mut self.parts {
                    part.done.get_or_insert(event.elapsed);
                }
                self.end = Some(End { said, notes: notes.clone() });
            }
            _ if !said.is_empty() => {
                let (began, done) = (event.elapsed, Some(event.elapsed));
                self.parts.push(Part { what: String::new(), said, size: None, moved: None, began, done });
            }
            _ => {}
        }
    }

    fn stop(&mut self) -> Vec<Effect> {
        (self.stopping, self.stopped) = (None, true);
        vec![Effect::Stop(StopChoice::Now)]
    }

    /// Ctrl-C: a question, and a second one answers it.
    fn interrupt(&mut self) -> Vec<Effect> {
        match self.stopping {
            _ if self.end.is_some() => self.closed = true,
            // It cleans up: there is nothing more to stop.
            _ if self.stopped => {}
            Some(_) => return self.stop(),
            None => (self.stopping, self.help) = (Some(0), None),
        }
        Vec::new()
    }

    fn key(&mut self, action: Action) -> Vec<Effect> {
        match (action, self.help, self.stopping) {
            (Action::Redraw, ..) => return vec![Effect::Redraw],
            (Action::Suspend, ..) => return vec![Effect::Suspend],
            (Action::Interrupt, ..) => return self.interrupt(),
            (Action::Help, None, None) => self.help = Some(0),
            (Action::Down, Some(down), _) => self.help = Some((down + 1).min(200)),
            (Action::Up, Some(down), _) => self.help = Some(down.saturating_sub(1)),
            (Action::Back, Some(_), _) => self.help = None,
            (Action::Up | Action::Down | Action::Next | Action::Previous, None, Some(marked)) => {
                self.stopping = Some(1 - marked);
            }
            (Action::Accept, None, Some(1)) => return self.stop(),
            (Action::Accept | Action::Back, None, Some(_)) => self.stopping = None,
            (Action::Accept | Action::Quit | Action::Back, None, None) if self.end.is_some() => self.closed = true,
            _ => {}
        }
        Vec::new()
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = match msg {
            Msg::Clock(now) => {
                self.clock = now;
                Vec::new()
            }
            Msg::Key(key) => keys::action(self.place(), &key).map(|action| self.key(action)).unwrap_or_default(),
            Msg::Event(event) => {
                self.event(&event);
                Vec::new()
            }
            Msg::EventsEnded => {
                // Without a good end there is nothing to look at here: why is told on the normal screen.
                self.closed = self.closed || self.end.is_none();
                Vec::new()
            }
            Msg::Signal(Signal::Interrupt) => self.interrupt(),
            Msg::Signal(_) => {
                self.closed = true;
                if self.end.is_none() { self.stop() } else { Vec::new() }
            }
            _ => Vec::new(),
        };
        if self.closed {
            effects.push(Effect::Quit);
        }
        effects
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        self.end.is_none() && self.parts.iter().any(|part| part.done.is_none())
    }
}

/// Only a stop can be wanted.
struct Stops<S>(S);

impl<S: FnMut()> Hooks for Stops<S> {
    fn stop(&mut self, _choice: StopChoice) {
        (self.0)();
    }

    fn save(&mut self) -> String {
        String::new()
    }
}

/// Shows data on its way on this process's terminal, until no more events come, or the operator leaves its good end. What
/// has to be said again then.
///
/// # Errors
/// The terminal cannot be entered or drawn.
pub async fn moving(
    here: Whereabouts,
    stops: String,
    events: &mut mpsc::Receiver<Event>,
    theme: Theme,
    stop: impl FnMut(),
) -> std::io::Result<String> {
    let mut app = App::new(here, stops, theme);
    show(&mut app, Some(events), futures::stream::pending(), &mut Stops(stop)).await?;
    Ok(app.summary())
}
