//! The progress screen: groups, workloads with their pods and reasons, the log of the selected pod, the timeline, the
//! cause on top when something stands still, and the notes at the end (screens.md "Progress", "Done").

mod body;
mod draw;
mod log;

use std::io;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use tokio::sync::mpsc;

use super::event_loop::Hooks;
use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, StopChoice, Theme};
use crate::view::progress::{Ending, Progress};
use crate::view::questions::Whereabouts;
use log::LogView;

/// The choices of Ctrl-C, the safest first: it has the focus.
const STOPS: [(StopChoice, &str); 4] = [
    (StopChoice::AfterStep, "Stop after this step"),
    (StopChoice::Now, "Stop now; a request on its way may still arrive"),
    (StopChoice::Detach, "Leave it: the cluster goes on with what it was told"),
    (StopChoice::AfterStep, "Go on"),
];

/// What lies over the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// "How should it stop?", with the marked choice.
    Stopping(usize),
    /// The timeline, scrolled up by lines from its end.
    Timeline(usize),
    /// Help, scrolled down by lines.
    Help(usize),
}

/// State of the screen.
#[derive(Debug)]
pub struct App {
    theme: Theme,
    progress: Progress,
    log: LogView,
    /// Name of the selected pod; the first one as long as none is.
    selected: Option<String>,
    /// The log has the whole body.
    zoomed: bool,
    over: Over,
    /// Lines the list of workloads is scrolled down.
    scroll: usize,
    stopping: Option<StopChoice>,
    /// No further event will come.
    ended: bool,
    clock: Duration,
    /// Clock and elapsed time of the last event: time goes on between events.
    last: (Duration, Duration),
    said: String,
    /// Why the screen was closed.
    left_by: Option<Signal>,
}

impl App {
    /// Nothing has happened yet.
    pub fn new(theme: Theme) -> Self {
        Self {
            theme,
            progress: Progress::new(),
            log: LogView::new(),
            selected: None,
            zoomed: false,
            over: Over::Nothing,
            scroll: 0,
            stopping: None,
            ended: false,
            clock: Duration::ZERO,
            last: (Duration::ZERO, Duration::ZERO),
            said: String::new(),
            left_by: None,
        }
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

    fn place(&self) -> Place {
        match self.over {
            Over::Help(_) => Place::Help,
            Over::Stopping(_) => Place::Stopping,
            Over::Timeline(_) => Place::Timeline,
            Over::Nothing if self.log.typing => Place::Filter,
            Over::Nothing if self.over() => Place::Ended,
            Over::Nothing => Place::Progress,
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

    /// Names of the pods in the order in which they are listed.
    fn pods(&self) -> Vec<&str> {
        self.progress
            .steps
            .keys()
            .flat_map(|owner| self.progress.pods_of(owner))
            .map(|(pod, _)| pod.name.as_str())
            .collect()
    }

    /// The pod whose log is shown: the selected one while it exists, else one that is not ready, else the first.
    fn shown_pod(&self) -> Option<&str> {
        let pods = self.pods();
        if let Some(selected) = &self.selected
            && pods.contains(&selected.as_str())
        {
            return pods.into_iter().find(|pod| pod == selected);
        }
        let wanting = self.progress.pods.values().find(|(pod, _)| pod.current && !pod.ready);
        wanting.map(|(pod, _)| pod.name.as_str()).or_else(|| pods.first().copied())
    }

    fn select(&mut self, forward: bool) {
        let pods = self.pods();
        let Some(len) = std::num::NonZeroUsize::new(pods.len()) else { return };
        let at = self.shown_pod().and_then(|shown| pods.iter().position(|pod| *pod == shown)).unwrap_or(0);
        let step = if forward { 1 } else { len.get() - 1 };
        let next = pods[(at + step) % len].to_string();
        self.selected = Some(next);
        self.log.go_to_end();
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else {
            if self.log.typing {
                self.log.type_key(key);
            }
            return Vec::new();
        };
        match (action, self.over) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (_, Over::Stopping(marked)) => return self.stopping_key(action, marked),
            (Action::Interrupt, _) => return self.interrupt(),
            (Action::Help, _) => self.over = Over::Help(0),
            (_, Over::Timeline(up)) => self.over = scrolled(action, up, true).map_or(Over::Nothing, Over::Timeline),
            (_, Over::Help(down)) => self.over = scrolled(action, down, false).map_or(Over::Nothing, Over::Help),
            (_, Over::Nothing) => return self.pods_key(action),
        }
        Vec::new()
    }

    fn pods_key(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Next => self.select(true),
            Action::Previous => self.select(false),
            Action::Open => self.zoomed = !self.zoomed,
            Action::Follow => self.log.toggle_follow(),
            Action::Wrap => self.log.wrap = !self.log.wrap,
            Action::Filter => self.log.typing = true,
            Action::Accept => self.log.typing = false,
            Action::Start => self.log.go_to_start(),
            Action::End => self.log.go_to_end(),
            Action::Events => self.over = Over::Timeline(0),
            Action::Up if !self.zoomed => self.scroll = self.scroll.saturating_sub(1),
            Action::Down if !self.zoomed => self.scroll = (self.scroll + 1).min(self.progress.steps.len() * 4),
            Action::Up => self.log.scroll_up(1),
            Action::Down => self.log.scroll_down(1),
            Action::PageUp => self.log.scroll_up(10),
            Action::PageDown => self.log.scroll_down(10),
            Action::Back if self.log.typing || !self.log.filter.is_empty() => self.log.clear_filter(),
            Action::Back if self.zoomed => self.zoomed = false,
            Action::Back if self.over() => self.said = "q leaves; what is in the cluster stays".into(),
            Action::Back => self.said = "Ctrl-C asks how to stop".into(),
            Action::Quit => return vec![Effect::Quit],
            _ => {}
        }
        Vec::new()
    }

    fn interrupt(&mut self) -> Vec<Effect> {
        if self.over() {
            return vec![Effect::Quit];
        }
        self.log.typing = false;
        // Who asks a second time has waited for the step already.
        self.over = Over::Stopping(usize::from(self.stopping.is_some()));
        Vec::new()
    }

    fn stopping_key(&mut self, action: Action, marked: usize) -> Vec<Effect> {
        let last = STOPS.len() - 1;
        match action {
            Action::Up | Action::Previous => self.over = Over::Stopping(marked.checked_sub(1).unwrap_or(last)),
            Action::Down | Action::Next => self.over = Over::Stopping(if marked == last { 0 } else { marked + 1 }),
            // A second Ctrl-C takes what is marked, which is never "go on" unless the operator moved there.
            Action::Accept | Action::Interrupt => {
                self.over = Over::Nothing;
                if marked != last {
                    return self.stop(STOPS[marked].0);
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Help => self.over = Over::Help(0),
            _ => {}
        }
        Vec::new()
    }

    fn stop(&mut self, choice: StopChoice) -> Vec<Effect> {
        self.stopping = Some(choice);
        match choice {
            StopChoice::Detach => vec![Effect::Stop(choice), Effect::Quit],
            _ => vec![Effect::Stop(choice)],
        }
    }
}

/// A scroll offset after an action, `None` when the action closes what is scrolled. `up` when it counts from the end.
fn scrolled(action: Action, offset: usize, up: bool) -> Option<usize> {
    let more = |by: usize| offset.saturating_add(by).min(10_000);
    match action {
        Action::Back | Action::Quit | Action::Events => None,
        Action::Up | Action::Down => {
            Some(if (action == Action::Up) == up { more(1) } else { offset.saturating_sub(1) })
        }
        Action::PageUp | Action::PageDown => {
            Some(if (action == Action::PageUp) == up { more(10) } else { offset.saturating_sub(10) })
        }
        _ => Some(offset),
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => {
                self.clock = now;
                if !self.over() && self.progress.run.is_some() {
                    let (clock, elapsed) = self.last;
                    self.progress.elapsed =
                        self.progress.elapsed.max(elapsed.saturating_add(now.saturating_sub(clock)));
                }
            }
            Msg::Event(event) => {
                let shown = self.shown_pod().map(str::to_string);
                self.log.came(&event.kind, shown.as_deref());
                self.progress.take(&event);
                self.last = (self.clock, event.elapsed);
                if self.over() && matches!(self.over, Over::Stopping(_)) {
                    self.over = Over::Nothing;
                }
            }
            Msg::EventsEnded => self.ended = true,
            Msg::Key(key) => return self.key(&key),
            Msg::Paste(text) if self.log.typing => self.log.type_text(&text),
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
            Msg::Paste(_) | Msg::Resized(..) | Msg::Told(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        self.progress.run.is_some() && !self.over()
    }
}

struct Stops<F>(F);

impl<F: FnMut(StopChoice)> Hooks for Stops<F> {
    fn stop(&mut self, choice: StopChoice) {
        (self.0)(choice);
    }
    fn save(&mut self) -> String {
        String::new()
    }
}

/// How watching ended.
#[derive(Debug)]
pub struct Watched {
    /// Everything the events told until the screen was closed.
    pub progress: Progress,
    /// The signal that closed the screen, where one did.
    pub left_by: Option<Signal>,
}

impl Watched {
    /// Whether the run itself was over.
    pub fn over(&self) -> bool {
        self.progress.ending.is_some()
    }

    /// Three lines for the normal screen, since the full one is gone.
    pub fn summary(&self) -> String {
        let Some(run) = &self.progress.run else { return String::new() };
        let place = format!("{} / {}", run.context, run.namespace);
        let elapsed = crate::view::progress::seconds(self.progress.elapsed);
        match &self.progress.ending {
            Some(Ending::Finished { notes, .. }) => {
                let mut said = format!("{} {} is done in {place} after {elapsed}.", run.title, run.product_version);
                for note in notes {
                    said.push_str("\n  ");
                    said.push_str(&crate::sanitize::line(note));
                }
                said
            }
            Some(Ending::Left { what }) => format!("{} in {place} was left after {elapsed}: {what}", run.title),
            // Whoever ends the process tells the failure.
            Some(Ending::Failed(_)) => String::new(),
            None => format!("{} in {place} was left after {elapsed}; {} shows it again.", run.title, run.attach()),
        }
    }
}

/// Shows a run on this process's terminal until it is over and the operator leaves, or leaves before. `stop` hears how
/// the run shall stop.
///
/// # Errors
/// When the terminal cannot be entered or drawn.
pub async fn follow(
    events: &mut mpsc::Receiver<crate::event::Event>,
    stop: impl FnMut(StopChoice),
    theme: Theme,
) -> io::Result<Watched> {
    let mut app = App::new(theme);
    super::show(&mut app, Some(events), &mut Stops(stop)).await?;
    Ok(Watched { left_by: app.left_by, progress: app.progress })
}
