//! What becomes of each volume and key of a release that goes (screens.md "Uninstall"): keep has the focus and is the
//! default; then the review, where what is given up for ever is typed.

mod draw;
mod session;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;

use super::keys::{self, Action, Place};
use super::leaving::Leaving;
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::plan::uninstall::Wishes;
use crate::view::uninstall::{Fate, Item, Kept};

#[cfg(test)]
pub(super) use session::on;
pub use session::uninstall;

/// The choices of leaving, the safe one first.
const LEAVING: [&str; 2] = ["Stay", "Leave; nothing was written"];

/// How the page was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// To the list of everything.
    ToReview,
    /// Nothing is done.
    Quit,
    /// A signal.
    Signal(Signal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// "Leave?", with the marked choice.
    Leaving(usize),
    Help(usize),
}

/// State of the page.
pub(super) struct App<'a> {
    kept: &'a Kept<'a>,
    items: Vec<Item<'a>>,
    theme: Theme,
    wishes: Wishes,
    /// The item that the keys are about.
    at: usize,
    over: Over,
    leaving: Leaving,
    said: String,
    left: Option<Left>,
}

impl<'a> App<'a> {
    /// Over what outlives the release, with what was said already.
    pub(super) fn new(kept: &'a Kept<'a>, wishes: Wishes, theme: Theme) -> Self {
        let (items, leaving) = (kept.items(), Leaving::default());
        Self { kept, items, theme, wishes, at: 0, over: Over::Nothing, leaving, said: String::new(), left: None }
    }

    /// What was decided so far.
    pub(super) fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// How it was left.
    pub(super) fn left(&self) -> Option<Left> {
        self.left
    }

    /// Shown again, back from the review.
    pub(super) fn come_back(&mut self, said: &str) {
        (self.left, self.over) = (None, Over::Nothing);
        self.said = said.into();
    }

    fn place(&self) -> Place {
        match self.over {
            Over::Nothing => Place::Fates,
            Over::Leaving(_) => Place::Leaving,
            Over::Help(_) => Place::Help,
        }
    }

    /// Another fate for what is marked: `step` further on, or round where it is to go round. A key that opens a kept volume
    /// has none.
    fn change(&mut self, step: isize, round: bool) {
        let Some(item) = self.items.get(self.at).copied() else { return };
        if let Some(volume) = self.kept.needs(item, &self.wishes) {
            self.said = format!("it opens {}, which is kept: delete that first", volume.name);
            return;
        }
        let fates = self.kept.fates(item);
        let now = fates.iter().position(|fate| *fate == item.fate(&self.wishes)).unwrap_or(0);
        let next = match (now.checked_add_signed(step), round) {
            (None, _) => 0,
            (Some(next), true) => next % fates.len().max(1),
            (Some(next), false) => next.min(fates.len().saturating_sub(1)),
        };
        let fate = fates.get(next).copied().unwrap_or(Fate::Keep);
        self.kept.decide(item, &mut self.wishes, fate);
        if let (Fate::BackUp, Some(folder)) = (fate, self.kept.folders.get(item.name())) {
            self.said = format!("the backup goes into {folder}");
        }
        // A volume that is kept after all keeps its key.
        for other in &self.items {
            if self.kept.needs(*other, &self.wishes).is_some() {
                self.kept.decide(*other, &mut self.wishes, Fate::Keep);
            }
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        let Some(action) = keys::action(self.place(), key) else { return Vec::new() };
        match (action, self.over) {
            (Action::Redraw, _) => return vec![Effect::Redraw],
            (Action::Suspend, _) => return vec![Effect::Suspend],
            (Action::Interrupt, _) => self.interrupt(),
            (Action::Accept, Over::Leaving(1)) => self.left = Some(Left::Quit),
            (Action::Up | Action::Down | Action::Next | Action::Previous, Over::Leaving(marked)) => {
                self.over = Over::Leaving(1 - marked.min(1));
            }
            (Action::Accept | Action::Back, Over::Leaving(_)) => self.over = Over::Nothing,
            (Action::Back | Action::Quit, Over::Help(_)) => self.over = Over::Nothing,
            (Action::Down, Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Action::Up, Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (Action::Help, _) => self.over = Over::Help(0),
            (_, Over::Leaving(_) | Over::Help(_)) => {}
            (action, Over::Nothing) => self.page_key(action),
        }
        if self.left.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn page_key(&mut self, action: Action) {
        let last = self.items.len().saturating_sub(1);
        match action {
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(last),
            Action::Next => self.at = if self.at >= last { 0 } else { self.at + 1 },
            Action::Previous => self.at = self.at.checked_sub(1).unwrap_or(last),
            Action::Toggle => self.change(1, true),
            Action::Close => self.change(-1, false),
            Action::Open => self.change(1, false),
            Action::Accept => self.left = Some(Left::ToReview),
            Action::Back => self.over = Over::Leaving(0),
            _ => {}
        }
    }

    fn interrupt(&mut self) {
        if self.leaving.interrupt(matches!(self.over, Over::Leaving(_))) {
            self.left = Some(Left::Quit);
        }
        self.over = Over::Leaving(0);
    }
}

impl Screen for App<'_> {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => self.clock(now),
            Msg::Key(key) => return self.key(&key),
            Msg::Signal(Signal::Interrupt) => self.interrupt(),
            Msg::Signal(signal) => self.left = Some(Left::Signal(signal)),
            Msg::Said(said) => self.said = said,
            _ => {}
        }
        if self.left.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    fn ticks(&self) -> bool {
        false
    }
}

impl App<'_> {
    fn clock(&mut self, now: Duration) {
        self.leaving.clock(now);
    }
}
