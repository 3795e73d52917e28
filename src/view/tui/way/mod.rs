//! The pages before the questions: where, what, profile, target. The state is [`Way`]; here is only what is on its way:
//! the page, the mark, what is being typed, and whether one goes on as soon as an answer is there.

mod draw;
mod press;

use std::collections::BTreeSet;

use ratatui::Frame;

use super::keys::Place;
use super::leaving::Leaving;
use super::wizard::Field;
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::view::menu::Menu;
use crate::view::way::{Contact, Note, Part, Ready, Stop, Told, Way};

/// How the pages were left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Everything is settled and the form is made: on to the questions.
    Next,
    /// To the page of a release that is installed.
    Release(Menu),
    /// The operator left, and wants a draft kept.
    Draft,
    /// The operator left; nothing is written.
    Quit,
    /// A signal.
    Signal(Signal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// "Leave?", with the marked choice; the safe one is 0.
    Leaving(usize),
    /// Every page, with the marked one.
    Pages(usize),
    Help(usize),
}

/// State of the screen.
pub struct App {
    way: Way,
    theme: Theme,
    stop: Stop,
    /// Index of the marked row of a list, or of the field of the target.
    at: usize,
    /// What is typed to narrow a list.
    filter: String,
    namespace: Option<Field>,
    release: Option<Field>,
    existing: Option<Field>,
    /// Pages that were gone through.
    seen: BTreeSet<Stop>,
    /// On to the questions as soon as what is waited for is there.
    going: bool,
    over: Over,
    said: String,
    leaving: Leaving,
    left: Option<Left>,
    pending: Vec<Effect>,
}

impl App {
    /// The first page that nothing settles; where everything was given, straight on to the questions.
    pub fn new(mut way: Way, theme: Theme) -> Self {
        let pending = way.begin().map(Effect::Ask).into_iter().collect();
        let first = way.first_open();
        let mut app = Self {
            way,
            theme,
            stop: Stop::Where,
            at: 0,
            filter: String::new(),
            namespace: None,
            release: None,
            existing: None,
            seen: BTreeSet::new(),
            going: first.is_none(),
            over: Over::Nothing,
            said: String::new(),
            leaving: Leaving::default(),
            left: None,
            pending,
        };
        app.enter(first.unwrap_or(Stop::Target));
        app.seen.extend(Stop::ALL.into_iter().filter(|stop| *stop < app.stop));
        app
    }

    /// How it was left, once it was.
    pub fn left(&self) -> Option<Left> {
        self.left.clone()
    }

    /// What was chosen.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// Back from the questions, to the last page.
    pub fn come_back(&mut self) {
        self.seen.extend(Stop::ALL);
        (self.left, self.going, self.over) = (None, false, Over::Nothing);
        self.said.clear();
        self.enter(Stop::Target);
        self.at = 1;
    }

    /// Back from the questions, to a page by its number.
    pub fn come_back_to(&mut self, page: usize) {
        self.come_back();
        if let Some(stop) = Stop::ALL.get(page) {
            self.enter(*stop);
        }
    }

    /// Shown again after a draft could not be kept.
    pub fn stay_here(&mut self, said: &str) {
        (self.left, self.going, self.over) = (None, false, Over::Nothing);
        self.said = said.into();
    }

    fn place(&self) -> Place {
        match (self.over, self.stop) {
            (Over::Leaving(_), _) => Place::Leaving,
            (Over::Pages(_), _) => Place::Pages,
            (Over::Help(_), _) => Place::Help,
            (Over::Nothing, Stop::Target) => Place::Target,
            (Over::Nothing, _) => Place::Way,
        }
    }

    /// The rows of a list page that hold what is typed, as their indices.
    fn rows(&self) -> Vec<usize> {
        let holds = |texts: [&str; 2]| {
            let filter = self.filter.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&filter))
        };
        match self.stop {
            Stop::Where => {
                let all = self.way.contexts.iter().enumerate();
                all.filter(|(_, one)| holds([&one.name, &one.server])).map(|(i, _)| i).collect()
            }
            Stop::What => {
                let all = self.way.products.iter().enumerate();
                let installed = self.way.installed().iter().enumerate();
                let installed = installed.filter(|(_, one)| holds([&one.release, &one.namespace]));
                // What is installed stands below what can be.
                let installed = installed.map(|(i, _)| self.way.products.len() + i);
                all.filter(|(_, one)| holds([&one.name, &one.about])).map(|(i, _)| i).chain(installed).collect()
            }
            Stop::Profile => (0..self.way.product().map_or(0, |product| product.profiles.len())).collect(),
            Stop::Target if self.way.left().is_empty() => vec![0, 1],
            Stop::Target => vec![0, 1, 2],
        }
    }

    /// Goes to a page; what stands there is marked.
    fn enter(&mut self, stop: Stop) {
        self.filter.clear();
        self.stop = stop;
        self.seen.insert(stop);
        let position = match stop {
            Stop::Where => {
                let now = self.way.context();
                let chosen = self.way.contexts.iter().position(|known| Some(known.name.as_str()) == now);
                chosen.or_else(|| self.way.contexts.iter().position(|known| known.current))
            }
            Stop::What => self
                .way
                .product()
                .and_then(|product| self.way.products.iter().position(|known| known.name == product.name)),
            Stop::Profile => self.way.product().and_then(|product| {
                product.profiles.iter().position(|known| Some(known.id.as_str()) == self.way.profile())
            }),
            Stop::Target => Some(0),
        };
        self.at = position.unwrap_or(0);
        if stop == Stop::Target {
            self.look();
        }
    }

    fn look(&mut self) {
        self.pending.extend(self.way.ask_look().map(Effect::Ask));
    }

    fn field(&self) -> Part {
        match self.at {
            0 => Part::Namespace,
            1 => Part::Release,
            _ => Part::Existing,
        }
    }

    /// Takes what is typed into the fields.
    fn take_drafts(&mut self) {
        if let Some(draft) = self.namespace.take() {
            self.way.set_namespace(draft.text());
        }
        if let Some(draft) = self.release.take() {
            self.way.set_release(draft.text());
        }
        if let Some(draft) = self.existing.take() {
            self.way.set_existing(draft.text());
        }
    }

    /// On to the questions: as far as it goes now, and further when what is waited for comes.
    fn go_on(&mut self) {
        self.take_drafts();
        for stop in [Stop::What, Stop::Target, Stop::Where] {
            let Some(open) = self.way.open(stop) else { continue };
            let waits = stop == Stop::Where && *self.way.contact() == Contact::Asking;
            self.going = waits;
            if !waits && stop != self.stop {
                self.enter(stop);
            }
            self.said = if waits { "waiting for the cluster".into() } else { open };
            return;
        }
        let asks = self.way.ask_look();
        if let Some(ask) = asks {
            self.pending.push(Effect::Ask(ask));
        }
        self.going = true;
        self.said = "reading the cluster for the questions ...".into();
        self.prepare();
    }

    /// Stays, on the page that shows why.
    fn stay(&mut self, said: &str) {
        self.going = false;
        if self.stop != Stop::Target {
            self.enter(Stop::Target);
        }
        self.said = said.into();
    }

    /// Makes the form once the namespace was seen.
    fn prepare(&mut self) {
        if !self.way.has_looked() {
            return;
        }
        if self.way.is_ready() {
            self.left = Some(Left::Next);
            return;
        }
        self.pending.extend(self.way.ask_prepare().map(Effect::Ask));
    }

    fn told(&mut self, told: Told) {
        let looked = matches!(told, Told::Looked(..));
        let contacted = matches!(told, Told::Contacted(..));
        let prepared = matches!(told, Told::Prepared(..));
        self.pending.extend(self.way.take(told).map(Effect::Ask));
        if contacted {
            if let Contact::Failed(failure) = self.way.contact() {
                if self.going {
                    self.going = false;
                    self.enter(Stop::Where);
                } else if self.stop != Stop::Where {
                    self.said = format!("Where: {}", failure.what);
                }
            } else if self.stop == Stop::Target {
                self.look();
            }
        }
        if !self.going {
            return;
        }
        if prepared && matches!(self.way.ready(), Ready::Failed(..)) {
            return self.stay("");
        }
        let by_hand = self.way.settled(Stop::Target).is_none();
        let seen = self.way.release_notes().iter().any(|note| matches!(note, Note::Warning(_)));
        match self.way.open(Stop::Target) {
            Some(held) => self.stay(&held),
            // What stands there is seen before one goes on; flags that name it have said so.
            None if looked && by_hand && seen => self.stay("Enter goes on"),
            None if matches!(self.way.contact(), Contact::Seen(_)) => self.prepare(),
            None => {}
        }
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => self.leaving.clock(now),
            Msg::Key(key) => {
                let effects = self.key(&key);
                self.pending.extend(effects);
            }
            Msg::Paste(text) => self.paste(&text),
            Msg::Signal(Signal::Interrupt) => self.interrupt(),
            Msg::Signal(signal) => self.left = Some(Left::Signal(signal)),
            Msg::Said(said) => self.said = said,
            Msg::Told(told) => self.told(*told),
            Msg::Resized(..) | Msg::Event(_) | Msg::EventsEnded | Msg::Got(_) => {}
        }
        let mut effects = std::mem::take(&mut self.pending);
        if self.left.is_some() {
            effects.push(Effect::Quit);
        }
        effects
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        false
    }
}
