//! The review: the cluster's name large, what will be made and changed as a tree that opens to fields, what speaks
//! against it, the command that repeats it, and a button that says the verb and the cluster (screens.md "Review").
//! Enter in the list opens; only the button does it.

mod draw;

use std::collections::BTreeSet;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;

use super::keys::{self, Action, Place};
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::view::overview::{Overview, Row};

/// Within which a second Ctrl-C leaves.
const TWICE: Duration = Duration::from_secs(2);

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Do it.
    Yes,
    /// Back to the questions.
    Back,
    /// Leave; nothing was written.
    Quit,
    /// A signal.
    Signal(Signal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// "Leave?", with the marked choice; the safe one is 0.
    Leaving(usize),
    Help(usize),
}

/// One line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// An object, by its index.
    Object(usize),
    /// A field of an object.
    Field(usize, usize),
    /// A finding.
    Finding(usize),
}

/// State of the screen.
pub struct App {
    overview: Overview,
    objects: Vec<Row>,
    theme: Theme,
    at: usize,
    opened: BTreeSet<usize>,
    /// Findings that are opened, by index.
    explained: BTreeSet<usize>,
    on_button: bool,
    over: Over,
    said: String,
    clock: Duration,
    asked_to_leave: Option<Duration>,
    decided: Option<Decided>,
}

impl App {
    /// Everything closed, the list in focus.
    pub fn new(overview: Overview, theme: Theme) -> Self {
        Self {
            objects: overview.rows(),
            overview,
            theme,
            at: 0,
            opened: BTreeSet::new(),
            explained: BTreeSet::new(),
            on_button: false,
            over: Over::Nothing,
            said: String::new(),
            clock: Duration::ZERO,
            asked_to_leave: None,
            decided: None,
        }
    }

    /// What was decided, once it was.
    pub fn decided(&self) -> Option<Decided> {
        self.decided
    }

    fn place(&self) -> Place {
        match self.over {
            Over::Nothing => Place::Review,
            Over::Leaving(_) => Place::Leaving,
            Over::Help(_) => Place::Help,
        }
    }

    /// The lines of the tree: what blocks first, then the objects, then the other findings.
    fn items(&self) -> Vec<Item> {
        let findings = self.overview.all_findings();
        let blocking = findings.iter().filter(|finding| finding.blocks()).count();
        let mut items: Vec<Item> = (0..blocking).map(Item::Finding).collect();
        for (i, row) in self.objects.iter().enumerate() {
            items.push(Item::Object(i));
            if self.opened.contains(&i) {
                items.extend((0..row.fields.len()).map(|field| Item::Field(i, field)));
            }
        }
        items.extend((blocking..findings.len()).map(Item::Finding));
        items
    }

    fn toggle(&mut self) {
        let items = self.items();
        match items.get(self.at).copied() {
            Some(Item::Object(i)) if self.objects[i].fields.is_empty() => self.said = "it has no fields to show".into(),
            Some(Item::Object(i)) => {
                if !self.opened.remove(&i) {
                    self.opened.insert(i);
                }
            }
            Some(Item::Finding(i)) => {
                if !self.explained.remove(&i) {
                    self.explained.insert(i);
                }
            }
            Some(Item::Field(..)) | None => {}
        }
    }

    /// Closes the object that is marked, or whose field is.
    fn close(&mut self) {
        let (Some(Item::Object(i)) | Some(Item::Field(i, _))) = self.items().get(self.at).copied() else { return };
        self.opened.remove(&i);
        self.at = self.items().iter().position(|item| *item == Item::Object(i)).unwrap_or(0);
    }

    fn press_button(&mut self) {
        let blocking = self.overview.blocking();
        match blocking.first() {
            None => self.decided = Some(Decided::Yes),
            Some(first) => self.said = format!("blocked: {} ({})", first.what, first.code),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else { return Vec::new() };
        let last = self.items().len().saturating_sub(1);
        match (action, self.over) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (Action::Interrupt, _) => self.interrupt(),
            (Action::Accept, Over::Leaving(1)) => self.decided = Some(Decided::Quit),
            (Action::Accept | Action::Back | Action::Quit, Over::Leaving(_) | Over::Help(_)) => {
                self.over = Over::Nothing
            }
            (Action::Help, _) => self.over = Over::Help(0),
            (_, Over::Leaving(marked)) => self.over = Over::Leaving(1 - marked.min(1)),
            (Action::Down, Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Action::Up, Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (_, Over::Help(_)) => {}
            (Action::Next, Over::Nothing) => self.on_button = !self.on_button,
            (Action::Open, Over::Nothing) if self.on_button => self.press_button(),
            (Action::Open | Action::Toggle, Over::Nothing) if !self.on_button => self.toggle(),
            (Action::Close, Over::Nothing) => self.close(),
            (Action::Save, Over::Nothing) => return vec![Effect::Save],
            (Action::Back, Over::Nothing) if self.on_button => self.on_button = false,
            (Action::Back, Over::Nothing) => self.decided = Some(Decided::Back),
            (Action::Up | Action::Down | Action::PageUp | Action::PageDown, Over::Nothing) => {
                self.on_button = false;
                self.at = match action {
                    Action::Up => self.at.saturating_sub(1),
                    Action::Down => self.at + 1,
                    Action::PageUp => self.at.saturating_sub(10),
                    _ => self.at + 10,
                }
                .min(last);
            }
            _ => {}
        }
        if self.decided.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn interrupt(&mut self) {
        let twice = self.asked_to_leave.is_some_and(|at| self.clock.saturating_sub(at) <= TWICE);
        if twice && matches!(self.over, Over::Leaving(_)) {
            self.decided = Some(Decided::Quit);
        }
        self.asked_to_leave = Some(self.clock);
        self.over = Over::Leaving(0);
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => self.clock = now,
            Msg::Key(key) => return self.key(&key),
            Msg::Signal(Signal::Interrupt) => {
                self.interrupt();
                if self.decided.is_some() {
                    return vec![Effect::Quit];
                }
            }
            Msg::Signal(signal) => {
                self.decided = Some(Decided::Signal(signal));
                return vec![Effect::Quit];
            }
            Msg::Said(said) => self.said = said,
            Msg::Paste(_) | Msg::Event(_) | Msg::EventsEnded | Msg::Resized(..) | Msg::Told(_) | Msg::Got(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        false
    }
}
