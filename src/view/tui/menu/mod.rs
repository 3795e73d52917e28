//! The page of a release that is installed: what can be done with it, the revisions one can go back to, and what is read of
//! it without leaving. Nothing here writes: what is chosen shows its own plan first.

mod draw;
mod session;

use ratatui::Frame;

use super::keys::{self, Action, Place};
use super::leaving::{self, Leaving};
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::error::Failure;
use crate::view::menu::{Deed, Menu, RevisionSeen};

pub(super) use session::{Ended, show};

/// How it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// This is wanted.
    Wanted(Deed, Option<u32>),
    /// This has to be read first.
    Read(Deed),
    /// Back to where one came from.
    Back,
    /// The operator left; nothing is written.
    Quit,
    /// A signal.
    Signal(Signal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Page {
    /// What can be done.
    Deeds,
    /// Something is being read.
    Reading(Deed),
    /// It was read: its lines, and how far one has scrolled.
    Text(Deed, Vec<String>, usize),
    /// It cannot be read.
    Failed(Deed, Failure),
    /// The revisions one can go back to.
    Revisions(Vec<RevisionSeen>),
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
    menu: Menu,
    theme: Theme,
    page: Page,
    /// Index of the marked row.
    at: usize,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    over: Over,
    leaving: Leaving,
    left: Option<Left>,
}

impl App {
    /// What can be done with a release.
    pub fn new(menu: Menu, theme: Theme) -> Self {
        Self {
            menu,
            theme,
            page: Page::Deeds,
            at: 0,
            size: (80, 24),
            over: Over::Nothing,
            leaving: Leaving::default(),
            left: None,
        }
    }

    /// What was wanted before is marked.
    #[must_use]
    pub fn at(mut self, before: Option<Deed>) -> Self {
        self.at = before.and_then(|deed| self.row(deed)).unwrap_or(0);
        self
    }

    fn row(&self, deed: Deed) -> Option<usize> {
        self.menu.deeds().iter().position(|known| *known == deed)
    }

    /// How it was left, once it was.
    pub fn left(&self) -> Option<Left> {
        self.left.clone()
    }

    /// Shown again while something is read.
    pub fn reading(&mut self, deed: Deed) {
        (self.page, self.left) = (Page::Reading(deed), None);
    }

    /// It was read. Who went back meanwhile stays there.
    pub fn read(&mut self, deed: Deed, text: &str) {
        self.reads(deed, Page::Text(deed, text.lines().map(crate::sanitize::line).collect(), 0));
    }

    /// It cannot be read.
    pub fn unread(&mut self, deed: Deed, failure: Failure) {
        self.reads(deed, Page::Failed(deed, failure));
    }

    /// The revisions one can go back to, the newest first.
    pub fn offer(&mut self, revisions: Vec<RevisionSeen>) {
        self.reads(Deed::GoBack, Page::Revisions(revisions));
    }

    fn reads(&mut self, deed: Deed, page: Page) {
        if self.page == Page::Reading(deed) {
            (self.page, self.at) = (page, 0);
        }
    }

    fn place(&self) -> Place {
        match self.over {
            Over::Leaving(_) => Place::Leaving,
            Over::Help(_) => Place::Help,
            Over::Nothing => self.below(),
        }
    }

    /// The place of the page, whatever is over it.
    fn below(&self) -> Place {
        match &self.page {
            Page::Reading(_) => Place::Asking,
            Page::Failed(..) => Place::Unread,
            Page::Text(..) => Place::Text,
            Page::Revisions(all) if all.is_empty() => Place::Text,
            Page::Deeds | Page::Revisions(_) => Place::Menu,
        }
    }

    fn rows(&self) -> usize {
        match &self.page {
            Page::Deeds => self.menu.deeds().len(),
            Page::Revisions(all) => all.len(),
            Page::Reading(_) | Page::Text(..) | Page::Failed(..) => 0,
        }
    }

    /// From what was opened back to what can be done, where it stays marked.
    fn close(&mut self) {
        let deed = match &self.page {
            Page::Deeds => return self.left = Some(Left::Back),
            Page::Reading(deed) | Page::Text(deed, ..) | Page::Failed(deed, _) => *deed,
            Page::Revisions(_) => Deed::GoBack,
        };
        self.at = self.row(deed).unwrap_or(0);
        self.page = Page::Deeds;
    }

    fn accept(&mut self) {
        self.left = match &self.page {
            Page::Deeds => self.menu.deeds().get(self.at).map(|deed| match deed {
                deed if deed.is_read() || *deed == Deed::GoBack => Left::Read(*deed),
                deed => Left::Wanted(*deed, None),
            }),
            Page::Revisions(all) => all.get(self.at).map(|one| Left::Wanted(Deed::GoBack, Some(one.number))),
            Page::Failed(deed, _) => Some(Left::Read(*deed)),
            Page::Reading(_) | Page::Text(..) => None,
        };
    }

    fn key(&mut self, action: Action) {
        if let Page::Text(_, lines, down) = &mut self.page {
            let (cells, height) = (usize::from(self.size.0), usize::from(self.size.1));
            let last = draw::wrapped(lines, cells).len().saturating_sub(height.saturating_sub(7));
            *down = match action {
                Action::Up => down.saturating_sub(1),
                Action::PageUp => down.saturating_sub(10),
                Action::Down => (*down + 1).min(last),
                Action::PageDown => (*down + 10).min(last),
                _ => *down,
            };
        }
        let last = self.rows().saturating_sub(1);
        match action {
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(last),
            Action::PageUp => self.at = self.at.saturating_sub(10),
            Action::PageDown => self.at = (self.at + 10).min(last),
            Action::Accept => self.accept(),
            Action::Back => self.close(),
            Action::Quit => self.over = Over::Leaving(0),
            _ => {}
        }
    }

    fn interrupt(&mut self) {
        let asked = matches!(self.over, Over::Leaving(_));
        if self.leaving.interrupt(asked) {
            self.left = Some(Left::Quit);
        }
        self.over = Over::Leaving(0);
    }
}

impl Screen for App {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => self.leaving.clock(now),
            Msg::Resized(width, height) => self.size = (width, height),
            Msg::Key(key) => match (keys::action(self.place(), &key), self.over) {
                (Some(Action::Redraw), _) => return vec![Effect::Redraw],
                (Some(Action::Suspend), _) => return vec![Effect::Suspend],
                (Some(Action::Interrupt), _) => self.interrupt(),
                (Some(action), Over::Leaving(marked)) => match leaving::press(action, marked, false) {
                    leaving::Pressed::Marked(marked) => self.over = Over::Leaving(marked),
                    leaving::Pressed::Stay => self.over = Over::Nothing,
                    leaving::Pressed::Draft | leaving::Pressed::Without => self.left = Some(Left::Quit),
                },
                (Some(Action::Down), Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
                (Some(Action::Up), Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
                (Some(Action::Back), Over::Help(_)) => self.over = Over::Nothing,
                (Some(Action::Help), Over::Nothing) => self.over = Over::Help(0),
                (Some(action), Over::Nothing) => self.key(action),
                _ => {}
            },
            Msg::Signal(Signal::Interrupt) => self.interrupt(),
            Msg::Signal(signal) => self.left = Some(Left::Signal(signal)),
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
