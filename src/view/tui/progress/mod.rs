//! The progress screen: groups, the release as a tree that is walked, the log of what is selected, the timeline, the
//! cause on top when something stands still, and the end with keys, addresses and next steps (screens.md "Progress",
//! "Done").

mod body;
mod draw;
mod end;
mod evidence;
mod follow;
mod lines;
mod log;
mod press;

use std::time::Duration;

use ratatui::Frame;

use super::keys::Place;
use super::{Effect, Msg, Screen, Signal, StopChoice, Theme};
use crate::event::{EventKind, KeyPlace};
use crate::secret::SecretText;
use crate::view::overview::{Mend, Mender};
use crate::view::progress::tree::{self, Node, Opened, Row};
use crate::view::progress::{ContainerLog, Ending, Progress};
use crate::view::questions::Whereabouts;
pub use follow::{Doors, Watched, follow};
use log::{LogView, Of};

/// How long a value is shown.
const REVEALED: Duration = Duration::from_secs(5);

/// What the screen wants of the outside while it is up; [`Got`] comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// The same plan again; what is looked at alone, gone on with.
    Again,
    /// A port-forward to the product's Service, open as long as the screen is.
    Forward,
    /// The value of a key, out of the cluster.
    Key(KeyPlace, Use),
}

/// What the value of a key is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To be seen for a moment.
    Reveal,
    /// For the terminal's clipboard.
    Copy,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// The address of the port-forward, or why there is none.
    Forwarded(Result<String, String>),
    /// The value, or why it cannot be read.
    Key(KeyPlace, Use, Result<SecretText, String>),
}

/// What lies over the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// "How should it stop?", with the marked choice.
    Stopping(usize),
    /// "Go on with what remains?", with the marked choice.
    GoingOn(usize),
    /// "Stop waiting, and change the answer?", with the marked choice.
    Mending(usize),
    /// The timeline, scrolled up by lines from its end.
    Timeline(usize),
    /// What is behind the cause, or behind what is selected; scrolled down by lines.
    Evidence(usize),
    /// Help, scrolled down by lines.
    Help(usize),
}

/// The way to the product from this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Forwarding {
    #[default]
    None,
    Asked,
    Open(String),
    Failed(String),
}

/// State of the screen.
#[derive(Debug)]
pub struct App {
    theme: Theme,
    progress: Progress,
    log: LogView,
    /// The line of the tree that was chosen; the foremost one as long as none is.
    selected: Option<Node>,
    opened: Opened,
    /// The container of the selected pod that was chosen.
    container: Option<String>,
    /// The log has the whole body.
    zoomed: bool,
    /// After a good end: the pods are looked at, not the end.
    looking: bool,
    over: Over,
    stopping: Option<StopChoice>,
    /// No further event will come.
    ended: bool,
    clock: Duration,
    /// Clock and elapsed time of the last event: time goes on between events.
    last: (Duration, Duration),
    said: String,
    /// Why the screen was closed.
    left_by: Option<Signal>,
    size: (u16, u16),
    /// Somebody answers what the screen wants.
    doors: bool,
    /// The marked key at the end.
    key: usize,
    /// A value that is shown, until when.
    revealed: Option<(KeyPlace, SecretText, Duration)>,
    forwarding: Forwarding,
    /// Knows which answer mends what stands still; none where the answers are not at hand.
    mender: Option<Mender>,
    /// The answer that was left for.
    mending: Option<String>,
    /// It was left to go back to an earlier revision.
    going_back: bool,
}

impl App {
    /// Nothing has happened yet.
    pub fn new(theme: Theme) -> Self {
        Self {
            theme,
            progress: Progress::new(),
            log: LogView::new(),
            selected: None,
            opened: Opened::new(),
            container: None,
            zoomed: false,
            looking: false,
            over: Over::Nothing,
            stopping: None,
            ended: false,
            clock: Duration::ZERO,
            last: (Duration::ZERO, Duration::ZERO),
            said: String::new(),
            left_by: None,
            size: (80, 24),
            doors: false,
            key: 0,
            revealed: None,
            forwarding: Forwarding::None,
            mender: None,
            mending: None,
            going_back: false,
        }
    }

    /// Somebody answers what the screen wants: values of keys, a port-forward, the same plan again.
    #[must_use]
    pub fn with_doors(self) -> Self {
        Self { doors: true, ..self }
    }

    /// The answers are at hand: a key leads from what stands still to the one that mends it.
    #[must_use]
    pub fn with_answers(self, mender: Mender) -> Self {
        Self { mender: Some(mender), ..self }
    }

    /// Path of the answer that the screen was left for.
    pub fn mending(&self) -> Option<&str> {
        self.mending.as_deref()
    }

    /// The answer that mends what stands still.
    fn mend(&self) -> Option<Mend> {
        let (finding, _) = self.progress.cause()?;
        let named = |name: &str| finding.at.ends_with(&format!("/{name}"));
        let pod = self.progress.pods.values().find(|seen| finding.at.starts_with("Pod/") && named(&seen.pod.name));
        self.mender.as_ref()?.mend(finding, pod.map(|seen| seen.pod.owner.as_str()))
    }

    /// What the events told.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The signal that closed the screen, where one did.
    pub fn left_by(&self) -> Option<Signal> {
        self.left_by
    }

    fn over(&self) -> bool {
        self.ended || self.progress.ending.is_some()
    }

    /// The end stands alone on the screen.
    fn shows_end(&self) -> bool {
        self.over() && !self.looking && !matches!(self.progress.ending, Some(Ending::Failed(_) | Ending::Left { .. }))
    }

    fn place(&self) -> Place {
        match self.over {
            Over::Help(_) => Place::Help,
            Over::Stopping(_) => Place::Stopping,
            Over::GoingOn(_) | Over::Mending(_) => Place::Leaving,
            Over::Timeline(_) | Over::Evidence(_) => Place::Timeline,
            Over::Nothing if self.log.typing => Place::Filter,
            Over::Nothing => self.ground(),
        }
    }

    /// The place under everything that lies over it.
    fn ground(&self) -> Place {
        if self.zoomed {
            return Place::Zoomed;
        }
        let installed = self.progress.run.as_ref().is_some_and(|run| run.verb != "uninstall");
        match &self.progress.ending {
            Some(Ending::Finished { .. }) if self.doors && installed && !self.looking => Place::Done,
            Some(Ending::Failed(_)) if self.doors && self.mend().is_some() => Place::FailedMend,
            Some(Ending::Failed(_)) if self.doors => Place::Failed,
            Some(Ending::Left { .. }) if self.doors && self.progress.attached.is_some() => Place::Idle,
            Some(_) => Place::Ended,
            None if self.ended => Place::Ended,
            None if self.progress.attached.is_some() && self.doors => Place::Looking,
            None if self.mend().is_some() => Place::StuckMend,
            None if self.progress.cause().is_some() => Place::Stuck,
            None => Place::Progress,
        }
    }

    fn whereabouts(&self) -> Whereabouts {
        let Some(run) = &self.progress.run else {
            return Whereabouts { doing: "waiting for the run to start".into(), ..Whereabouts::default() };
        };
        let verb = match (run.verb.as_str(), &self.progress.ending) {
            ("upgrade", None) => "upgrading",
            ("rollback", None) => "rolling back",
            ("uninstall", None) => "uninstalling",
            ("adopt", None) => "taking over",
            (_, None) => "installing",
            (verb, Some(_)) => verb,
        };
        Whereabouts {
            doing: format!("{verb} {} {}", run.title, run.product_version),
            context: run.context.clone(),
            namespace: run.namespace.clone(),
            practice: run.practice,
        }
    }

    /// The lines of the tree, and which one is looked at.
    fn tree(&self) -> (Vec<Row>, usize) {
        let rows = tree::rows(&self.progress, &self.opened);
        let at = self.selected.as_ref().and_then(|selected| {
            let found = |node: &Node| rows.iter().position(|row| &row.node == node);
            found(selected).or_else(|| match selected {
                // It is counted among others now.
                Node::Pod(uid) | Node::Container(uid, _) => found(&Node::Pod(uid.clone())).or_else(|| {
                    self.progress.pods.get(uid).and_then(|seen| found(&Node::Step(seen.pod.owner.clone())))
                }),
                Node::Rest(id) | Node::Ready(id) => found(&Node::Step(id.clone())),
                Node::Step(_) | Node::Others(_) => None,
            })
        });
        let at = at.unwrap_or_else(|| tree::foremost(&self.progress, &rows));
        (rows, at)
    }

    /// The pod and container whose log belongs to a line of the tree.
    fn log_of(&self, row: Option<&Row>) -> Option<Of> {
        let (pod, container) = match &row?.node {
            Node::Container(uid, name) => (&self.progress.pods.get(uid)?.pod, Some(name.clone())),
            Node::Pod(uid) => (&self.progress.pods.get(uid)?.pod, self.container.clone()),
            Node::Step(id) | Node::Rest(id) | Node::Ready(id) => {
                let mine = self.progress.pods.values().filter(|seen| &seen.pod.owner == id);
                (&mine.min_by_key(|seen| (!seen.pod.current, tree::rank(seen)))?.pod, self.container.clone())
            }
            Node::Others(_) => return None,
        };
        let container = container.or_else(|| log::container_of(&self.progress, &pod.name).map(str::to_string));
        Some((pod.name.clone(), container.unwrap_or_default()))
    }

    /// The log that is looked at now.
    fn shown_log(&self) -> Option<(Of, Option<&ContainerLog>)> {
        let (rows, at) = self.tree();
        let of = self.log_of(rows.get(at))?;
        let log = self.progress.logs.get(&of);
        Some((of, log))
    }

    fn keys_left(&self) -> &[KeyPlace] {
        self.progress.run.as_ref().map_or(&[], |run| run.keys.as_slice())
    }

    fn came(&mut self, event: &crate::event::Event) {
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            // The same plan again: what was chosen of the earlier attempt means nothing any more.
            (self.stopping, self.looking, self.zoomed) = (None, false, false);
            self.said.clear();
            self.log.clear_filter();
        }
        self.progress.take(event);
        self.last = (self.clock, event.elapsed);
        if let EventKind::LogLine { pod, container, text, .. } = &event.kind {
            if !self.log.filter.is_empty()
                && let Some(log) = self.progress.logs.get(&(pod.clone(), container.clone()))
            {
                self.log.came(pod, container, text, log);
            }
            return;
        }
        if self.over() && matches!(self.over, Over::Stopping(_) | Over::GoingOn(_) | Over::Mending(_)) {
            self.over = Over::Nothing;
        }
    }

    fn got(&mut self, got: Got) -> Vec<Effect> {
        match got {
            Got::Forwarded(Ok(url)) => {
                self.said = format!("{url} leads to it while this screen is open");
                self.forwarding = Forwarding::Open(url);
            }
            Got::Forwarded(Err(why)) => {
                self.said = format!("no port-forward: {why}");
                self.forwarding = Forwarding::Failed(why);
            }
            Got::Key(place, Use::Reveal, Ok(value)) => {
                self.said = format!("{} is shown for 5 seconds", place.key);
                self.revealed = Some((place, value, self.clock.saturating_add(REVEALED)));
            }
            Got::Key(place, Use::Copy, Ok(value)) => {
                self.said =
                    format!("{} was sent to the terminal's clipboard; no terminal says whether it took it", place.key);
                return vec![Effect::Copy(value)];
            }
            Got::Key(place, _, Err(why)) => self.said = format!("{} cannot be read: {why}", place.key),
        }
        Vec::new()
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => {
                self.clock = now;
                self.revealed.take_if(|(_, _, until)| *until <= now);
                if !self.over() && self.progress.run.is_some() {
                    let (clock, elapsed) = self.last;
                    self.progress.elapsed =
                        self.progress.elapsed.max(elapsed.saturating_add(now.saturating_sub(clock)));
                }
            }
            Msg::Event(event) => self.came(&event),
            Msg::EventsEnded => self.ended = true,
            Msg::Key(key) => return self.press(&key),
            Msg::Paste(text) if self.log.typing => {
                self.log.type_text(&text);
                self.look_through();
            }
            Msg::Signal(Signal::Interrupt) => return self.interrupt(),
            Msg::Signal(signal) => {
                self.left_by = Some(signal);
                if self.over() {
                    return vec![Effect::Quit];
                }
                self.stopping = Some(StopChoice::Now);
                return vec![Effect::Stop(StopChoice::Now), Effect::Quit];
            }
            Msg::Said(said) => self.said = said,
            Msg::Got(got) => return self.got(*got),
            Msg::Resized(width, height) => self.size = (width, height),
            Msg::Paste(_) | Msg::Told(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        self.revealed.is_some() || (self.progress.run.is_some() && !self.over())
    }
}
