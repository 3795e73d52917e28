//! The review: cluster and namespace large, what will be done as a tree that opens to fields, what speaks against it, the
//! command that repeats it, and a button that says the verb and the cluster (screens.md "Review"). Enter in the tree
//! opens; only the button does it, and it can be reached only when nothing blocks.

mod draw;
mod lines;
mod tree;

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;

use super::keys::{self, Action, Place};
use super::leaving::{self, Leaving};
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::view::overview::{Overview, Row};
use tree::{Group, Item};

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Do it.
    Yes,
    /// Back to the questions.
    Back,
    /// Back to one question, by its path: its answer mends what blocks.
    Mend(String),
    /// Leave, and keep a draft; nothing was written to the cluster.
    Draft,
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

/// State of the screen.
pub struct App {
    overview: Overview,
    objects: Vec<Row>,
    groups: Vec<Group>,
    theme: Theme,
    /// Number of this page, and of all.
    page: Option<usize>,
    /// Why it is shown again.
    moved: Vec<String>,
    at: usize,
    /// Objects that are open, by index.
    opened: BTreeSet<usize>,
    /// Groups that are open, by verb.
    unfolded: BTreeSet<&'static str>,
    /// Findings that are open, by index; those that block always are.
    explained: BTreeSet<usize>,
    on_button: bool,
    over: Over,
    said: String,
    /// Where the answers were saved, and the command that repeats the run with them.
    saved: Option<(String, String)>,
    leaving: Leaving,
    decided: Option<Decided>,
    /// Answers are behind it: they can be saved, and a draft kept.
    answers: bool,
    /// What has to be typed before the button does it, and what is typed.
    typed: Option<(String, String)>,
}

impl App {
    /// Over a plan: what changes is unfolded, what stays is not. The plan is in focus, or what blocks it.
    pub fn new(overview: Overview, theme: Theme) -> Self {
        let objects = overview.rows();
        let groups = tree::groups(&objects);
        let mut app = Self {
            // Where nothing changes there is nothing else to see.
            unfolded: groups
                .iter()
                .map(|group| group.verb)
                .filter(|verb| *verb != "keep" || groups.len() == 1)
                .collect(),
            objects,
            groups,
            overview,
            theme,
            page: None,
            moved: Vec::new(),
            at: 0,
            opened: BTreeSet::new(),
            explained: BTreeSet::new(),
            on_button: false,
            over: Over::Nothing,
            said: String::new(),
            saved: None,
            leaving: Leaving::default(),
            decided: None,
            answers: true,
            typed: None,
        };
        if !app.is_blocked() {
            app.at = app.items().iter().position(|item| matches!(item, Item::Group(_))).unwrap_or(0);
        }
        app
    }

    /// No answers are behind it.
    #[must_use]
    pub fn without_answers(self) -> Self {
        Self { answers: false, ..self }
    }

    /// Something goes for ever: this has to be typed before it is done.
    #[must_use]
    pub fn typed(self, wanted: &str) -> Self {
        Self { typed: Some((wanted.into(), String::new())), ..self }
    }

    /// As the last of so many pages.
    #[must_use]
    pub fn last_of(self, pages: usize) -> Self {
        Self { page: Some(pages), ..self }
    }

    /// Shown again, because the cluster is not any more what was looked at: what is different, a sentence each.
    #[must_use]
    pub fn moved(self, moved: Vec<String>) -> Self {
        Self { moved, ..self }
    }

    /// What was decided, once it was.
    pub fn decided(&self) -> Option<Decided> {
        self.decided.clone()
    }

    /// Shown again after a draft could not be kept.
    pub fn come_back(&mut self, said: &str) {
        (self.decided, self.over, self.on_button) = (None, Over::Nothing, false);
        self.said = said.into();
    }

    fn is_blocked(&self) -> bool {
        !self.overview.blocking().is_empty()
    }

    fn place(&self) -> Place {
        match self.over {
            Over::Nothing if self.on_button && self.typed.is_some() => Place::PlanName,
            Over::Nothing if self.on_button && self.answers => Place::Agree,
            Over::Nothing if self.on_button => Place::PlanAgree,
            Over::Nothing if self.is_blocked() => Place::Blocked,
            Over::Nothing if self.answers => Place::Review,
            Over::Nothing => Place::PlanOnly,
            Over::Leaving(_) => Place::Leaving,
            Over::Help(_) => Place::Help,
        }
    }

    /// The lines of the tree: what blocks first, then the plan, then what else was found.
    fn items(&self) -> Vec<Item> {
        let findings = self.overview.all_findings();
        let errors = findings.iter().filter(|finding| finding.blocks()).count();
        let mut items: Vec<Item> = (0..errors).map(Item::Finding).collect();
        for (g, group) in self.groups.iter().enumerate() {
            items.push(Item::Group(g));
            if !self.unfolded.contains(group.verb) {
                continue;
            }
            for i in &group.objects {
                items.push(Item::Object(*i));
                if self.opened.contains(i) {
                    items.extend((0..self.objects[*i].fields.len()).map(|field| Item::Field(*i, field)));
                }
            }
        }
        items.extend((errors..findings.len()).map(Item::Finding));
        items
    }

    fn marked(&self) -> Option<Item> {
        self.items().get(self.at).copied()
    }

    fn toggle(&mut self) {
        fn flip<T: Ord>(set: &mut BTreeSet<T>, value: T) {
            if !set.remove(&value) {
                set.insert(value);
            }
        }
        match self.marked() {
            Some(Item::Object(i)) if self.objects[i].fields.is_empty() => self.said = "it has no fields to show".into(),
            Some(Item::Object(i)) => flip(&mut self.opened, i),
            Some(Item::Group(g)) => flip(&mut self.unfolded, self.groups[g].verb),
            Some(Item::Finding(i)) => flip(&mut self.explained, i),
            Some(Item::Field(..)) | None => {}
        }
    }

    /// Closes what is marked, or what it belongs to.
    fn close(&mut self) {
        let up = match self.marked() {
            Some(Item::Field(i, _)) => Item::Object(i),
            Some(Item::Object(i)) if self.opened.contains(&i) => Item::Object(i),
            Some(Item::Object(i)) => {
                let group = self.groups.iter().position(|group| group.objects.contains(&i));
                Item::Group(group.unwrap_or(0))
            }
            Some(item) => item,
            None => return,
        };
        match up {
            Item::Object(i) => {
                self.opened.remove(&i);
            }
            Item::Group(g) => {
                self.unfolded.remove(self.groups[g].verb);
            }
            Item::Finding(i) => {
                self.explained.remove(&i);
            }
            Item::Field(..) => {}
        }
        self.at = self.items().iter().position(|item| *item == up).unwrap_or(0);
    }

    /// Opens what is marked.
    fn open(&mut self) {
        let closed = match self.marked() {
            Some(Item::Object(i)) => !self.opened.contains(&i),
            Some(Item::Group(g)) => !self.unfolded.contains(self.groups[g].verb),
            Some(Item::Finding(i)) => !self.explained.contains(&i),
            Some(Item::Field(..)) | None => false,
        };
        if closed {
            self.toggle();
        }
    }

    /// To the button, or, as long as something blocks, to the next thing that does.
    fn tab(&mut self, back: bool) {
        if !self.is_blocked() {
            self.on_button = !self.on_button;
            return;
        }
        let blocking = self.overview.blocking();
        let findings = self.overview.all_findings();
        let items = self.items();
        let blocks = |item: &Item| matches!(item, Item::Finding(i) if blocking.contains(&findings[*i]));
        let all: Vec<usize> = (0..items.len()).filter(|at| blocks(&items[*at])).collect();
        let next = if back {
            all.iter().rev().find(|at| **at < self.at).or(all.last())
        } else {
            all.iter().find(|at| **at > self.at).or(all.first())
        };
        self.at = next.copied().unwrap_or(0);
    }

    /// To the answer that mends what is marked, or else the first thing that blocks.
    fn mend(&mut self) {
        let findings = self.overview.all_findings();
        let marked = match self.marked() {
            Some(Item::Finding(i)) => findings.get(i).copied(),
            _ => self.overview.blocking().first().copied(),
        };
        match marked.map(|finding| (finding, self.overview.mend(finding))) {
            None => self.said = "mark an error or a warning first: it leads to the answer that mends it".into(),
            Some((_, Some(mend))) => self.decided = Some(Decided::Mend(mend.path.clone())),
            Some((finding, None)) if finding.remedy.is_empty() => self.said = "no answer mends this".into(),
            Some((finding, None)) => self.said = format!("no answer mends this: {}", finding.remedy),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else {
            self.type_key(key);
            return Vec::new();
        };
        match (action, self.over) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (Action::Interrupt, _) => self.interrupt(),
            (action, Over::Leaving(marked)) => self.leave(leaving::press(action, marked, self.answers)),
            (Action::Accept | Action::Back | Action::Quit, Over::Help(_)) => self.over = Over::Nothing,
            (Action::Help, _) => self.over = Over::Help(0),
            (Action::Down, Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Action::Up, Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (_, Over::Help(_)) => {}
            (Action::Save, Over::Nothing) => return vec![Effect::Save],
            (action, Over::Nothing) => self.page_key(action),
        }
        if self.decided.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn page_key(&mut self, action: Action) {
        let last = self.items().len().saturating_sub(1);
        match action {
            Action::Next | Action::Previous => self.tab(action == Action::Previous),
            Action::Accept if self.on_button && !self.is_blocked() => match &self.typed {
                Some((wanted, typed)) if typed != wanted => self.said = format!("type {wanted} in full to do it"),
                _ => self.decided = Some(Decided::Yes),
            },
            Action::Toggle => self.toggle(),
            Action::Open => self.open(),
            Action::Close => self.close(),
            Action::Mend => self.mend(),
            Action::Back if self.on_button => self.on_button = false,
            Action::Back => self.decided = Some(Decided::Back),
            // From the button back into the plan, where it was.
            Action::Up | Action::Down | Action::PageUp | Action::PageDown if self.on_button => self.on_button = false,
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(last),
            Action::PageUp => self.at = self.at.saturating_sub(10),
            Action::PageDown => self.at = (self.at + 10).min(last),
            _ => {}
        }
    }

    /// Letters of what has to be typed.
    fn type_key(&mut self, key: &KeyEvent) {
        if let (true, Some((_, text))) = (self.on_button, &mut self.typed) {
            match keys::typed(key) {
                Some(letter) => text.push(letter),
                None if key.code == KeyCode::Backspace => drop(text.pop()),
                None => {}
            }
        }
    }

    fn interrupt(&mut self) {
        let asked = matches!(self.over, Over::Leaving(_));
        if self.leaving.interrupt(asked) {
            self.decided = Some(Decided::Quit);
        }
        self.over = Over::Leaving(0);
    }

    fn leave(&mut self, pressed: leaving::Pressed) {
        match pressed {
            leaving::Pressed::Marked(marked) => self.over = Over::Leaving(marked),
            leaving::Pressed::Stay => self.over = Over::Nothing,
            leaving::Pressed::Draft => self.decided = Some(Decided::Draft),
            leaving::Pressed::Without => self.decided = Some(Decided::Quit),
        }
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => self.leaving.clock(now),
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
            // What was saved stays on the screen; a fault does until the next key.
            Msg::Said(said) => match said.split_once('\n') {
                Some((place, command)) => self.saved = Some((place.into(), command.into())),
                None => self.said = said,
            },
            _ => {}
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
