//! The wizard: pages left, the form in the middle, and on the right, live, what the answers make (screens.md "Question
//! page"). It holds only what is on its way (focus, what is being typed); every answer is in the form.

mod answer;
mod body;
mod draw;
mod entries;
mod field;
mod over;
mod over_draw;
mod pages_list;
mod picker;
mod press;
mod preview;
mod preview_draw;
mod rows;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ratatui::Frame;

use super::keys::Place;
use super::{Effect, Msg, Screen, Signal, Theme};
use crate::view::questions::{PageView, QuestionView, Questions, Widget};
pub(super) use draw::WIDE;
use entries::Entries;
pub(super) use field::Field;
use picker::Picker;
use preview::Preview;
use rows::Row;

/// How long a secret is shown.
const REVEALED: Duration = Duration::from_secs(5);
/// Within which a second Ctrl-C leaves.
const TWICE: Duration = Duration::from_secs(2);

/// How the wizard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Every page was gone through: on to the review.
    ToReview,
    /// Back over the first page, to what was settled before the form.
    Back,
    /// Back to a page that was settled before the form, by its number.
    BackTo(usize),
    /// The operator left, and wants a draft kept.
    Draft,
    /// The operator left; nothing is written.
    Quit,
    /// A signal.
    Signal(Signal),
}

/// A place in the wizard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    page: usize,
    at: usize,
    advanced: bool,
    seen: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    /// Several lines of the focused question.
    Lines,
    /// A list or pairs of the focused question, entry by entry.
    Entries,
    /// What the cluster offers for the focused question.
    Picker,
    /// "Make it again?", with the marked choice; the safe one is 0.
    Sure(usize),
    /// "Leave?", with the marked choice; the safe one is 0.
    Leaving(usize),
    /// Every page with what is missing or wrong, with the marked line.
    Pages(usize),
    Help(usize),
    /// What the answers make has the focus; on a narrow screen it covers the page.
    Preview,
}

/// State of the screen, over the form.
pub struct App<'f, Q: Questions> {
    form: &'f mut Q,
    theme: Theme,
    /// Index of the page.
    page: usize,
    /// Index of the marked row of the page.
    at: usize,
    advanced: bool,
    over: Over,
    /// What is being typed, by path; kept when one goes elsewhere, until it is taken or given up.
    drafts: BTreeMap<String, Field>,
    /// Pages that were gone through.
    seen: BTreeSet<String>,
    preview: Preview,
    picker: Picker,
    /// The entries that are edited, while they are.
    entries: Option<Entries>,
    /// What is wrong with the lines that are edited, judged at each change.
    verdict: Option<String>,
    /// What the help lies over.
    helped: Over,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    said: String,
    clock: Duration,
    /// Path of the secret that is shown, and until when.
    revealed: Option<(String, Duration)>,
    asked_to_leave: Option<Duration>,
    left: Option<Left>,
}

impl<'f, Q: Questions> App<'f, Q> {
    /// Where one is and what was gone through, to come back to with [`App::come_back`].
    pub fn spot(&self) -> Spot {
        Spot { page: self.page, at: self.at, advanced: self.advanced, seen: self.seen.clone() }
    }

    /// Back to where one was.
    pub fn come_back(&mut self, spot: Spot) {
        (self.page, self.advanced, self.seen) = (spot.page, spot.advanced, spot.seen);
        self.enter_page();
        self.at = spot.at.min(self.rows().1.len().saturating_sub(1));
    }

    /// Path of the question that has the focus; empty where there is none.
    pub fn here(&self) -> String {
        self.focused().map(|(question, _)| question.path).unwrap_or_default()
    }

    /// To the question with this path, where it is asked now.
    pub fn go_to(&mut self, path: &str) {
        self.jump(path);
    }

    /// The first page, or the page with `path` on it.
    pub fn new(form: &'f mut Q, theme: Theme, path: Option<&str>) -> Self {
        let mut app = Self {
            preview: Preview::new(form.made()),
            form,
            theme,
            page: 0,
            at: 0,
            advanced: false,
            over: Over::Nothing,
            drafts: BTreeMap::new(),
            seen: BTreeSet::new(),
            picker: Picker::default(),
            entries: None,
            verdict: None,
            helped: Over::Nothing,
            size: (80, 24),
            said: String::new(),
            clock: Duration::ZERO,
            revealed: None,
            asked_to_leave: None,
            left: None,
        };
        app.enter_page();
        if let Some(path) = path {
            app.jump(path);
        }
        app
    }

    /// How it ended, once it did.
    pub fn left(&self) -> Option<Left> {
        self.left
    }

    fn place(&self) -> Place {
        self.place_of(self.over)
    }

    fn place_of(&self, over: Over) -> Place {
        match over {
            Over::Nothing => match self.focused() {
                Some((question, _)) if question.locked && !question.secret => Place::Wizard,
                Some((question, _)) => match &question.widget {
                    Widget::Secret => Place::Masked,
                    Widget::Line if matches!(&question.suggestions, Ok(offers) if !offers.is_empty()) => Place::Offered,
                    Widget::Line => Place::Typed,
                    Widget::List | Widget::Lines => Place::Opens,
                    _ => Place::Wizard,
                },
                None => Place::Wizard,
            },
            Over::Preview => Place::Preview,
            Over::Lines => Place::Lines,
            Over::Entries => Place::Entries,
            Over::Picker => Place::Picker,
            Over::Sure(_) => Place::Sure,
            Over::Leaving(_) => Place::Leaving,
            Over::Pages(_) => Place::Pages,
            Over::Help(_) => Place::Help,
        }
    }

    fn pages(&self) -> Vec<PageView> {
        self.form.pages()
    }

    /// The page one is on; pages may vanish with an answer, and then it is the last one.
    fn page_view(&self) -> Option<PageView> {
        let mut pages = self.pages();
        let at = self.page.min(pages.len().checked_sub(1)?);
        Some(pages.swap_remove(at))
    }

    fn questions(&self) -> Vec<QuestionView> {
        let Some(page) = self.page_view() else { return Vec::new() };
        let mut questions = self.form.page(&page.id);
        questions.retain(|question| self.advanced || !question.advanced || question.fault.is_some());
        questions
    }

    fn rows(&self) -> (Vec<QuestionView>, Vec<Row>) {
        let questions = self.questions();
        let rows = rows::of(&questions);
        (questions, rows)
    }

    /// The marked row with its question.
    fn focused(&self) -> Option<(QuestionView, Row)> {
        let (mut questions, rows) = self.rows();
        let row = *rows.get(self.at.min(rows.len().checked_sub(1)?))?;
        Some((questions.swap_remove(row.question), row))
    }

    /// Goes to the row that the first question of the page stands for: the choice that is chosen.
    fn enter_page(&mut self) {
        let (questions, rows) = self.rows();
        self.at = rows::first_of(&questions, &rows, 0);
        self.revealed = None;
        if let Some(page) = self.page_view() {
            self.page = self.page.min(self.pages().len().saturating_sub(1));
            self.seen.insert(page.id);
        }
    }

    fn jump(&mut self, path: &str) {
        let pages = self.pages();
        let Some(page) = pages.iter().position(|page| self.form.page(&page.id).iter().any(|known| known.path == path))
        else {
            return;
        };
        self.page = page;
        self.advanced |= self.form.question(path).is_some_and(|question| question.advanced);
        self.enter_page();
        self.stand_on(path);
    }

    /// Marks a question of the page.
    fn stand_on(&mut self, path: &str) {
        let (questions, rows) = self.rows();
        if let Some(question) = questions.iter().position(|known| known.path == path) {
            self.at = rows::first_of(&questions, &rows, question);
        }
    }

    /// Something was answered: what the answers make is made anew.
    fn changed(&mut self) {
        self.preview.take(self.form.made());
        self.revealed = None;
        let rows = self.rows().1.len();
        self.at = self.at.min(rows.saturating_sub(1));
    }

    fn next_question(&mut self) {
        let (questions, rows) = self.rows();
        let Some(row) = rows.get(self.at) else { return self.next_page() };
        if row.question + 1 < questions.len() {
            self.at = rows::first_of(&questions, &rows, row.question + 1);
        } else {
            self.next_page();
        }
    }

    fn previous_question(&mut self) {
        let (questions, rows) = self.rows();
        match rows.get(self.at).map(|row| row.question) {
            Some(question) if question > 0 => self.at = rows::first_of(&questions, &rows, question - 1),
            _ if self.page == 0 => self.previous_page(),
            _ => {
                self.previous_page();
                let (questions, rows) = self.rows();
                self.at = rows::first_of(&questions, &rows, questions.len().saturating_sub(1));
            }
        }
    }

    /// What was typed on the page is handed over, right or wrong: nobody is held on a page.
    fn next_page(&mut self) {
        for question in self.questions() {
            self.take_draft(&question);
        }
        if self.page + 1 < self.pages().len() {
            self.page += 1;
            self.enter_page();
        } else {
            self.finish();
        }
    }

    /// On to the review, or to what stands between.
    fn finish(&mut self) {
        self.take_drafts();
        if self.form.is_complete() {
            self.left = Some(Left::ToReview);
        } else {
            self.seen.extend(self.pages().into_iter().map(|page| page.id));
            self.over = Over::Pages(self.line_of(true));
        }
    }

    fn previous_page(&mut self) {
        if self.page > 0 {
            self.page = (self.page - 1).min(self.pages().len().saturating_sub(1));
            self.enter_page();
        } else if !self.form.before().is_empty() {
            self.back(None);
        }
    }

    /// Back to what was settled before the form; what is half typed goes with the form.
    fn back(&mut self, to: Option<usize>) {
        self.take_drafts();
        self.left = Some(to.map_or(Left::Back, Left::BackTo));
    }

    /// Goes to a page by its number.
    fn go_to_page(&mut self, page: usize) {
        self.page = page.min(self.pages().len().saturating_sub(1));
        self.enter_page();
    }
}

impl<Q: Questions> Screen for App<'_, Q> {
    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Clock(now) => {
                self.clock = now;
                if self.revealed.as_ref().is_some_and(|(_, until)| now >= *until) {
                    self.revealed = None;
                }
            }
            Msg::Key(key) => {
                let effects = self.key(&key);
                self.hide_elsewhere();
                return effects;
            }
            Msg::Paste(text) => self.paste(&text),
            Msg::Signal(Signal::Interrupt) => {
                self.interrupt();
                self.hide_elsewhere();
                if self.left.is_some() {
                    return vec![Effect::Quit];
                }
            }
            Msg::Signal(signal) => {
                // What is half typed is kept with the draft.
                self.take_drafts();
                self.left = Some(Left::Signal(signal));
                return vec![Effect::Quit];
            }
            Msg::Said(said) => self.said = said,
            Msg::Resized(width, height) => self.size = (width, height),
            Msg::Event(_) | Msg::EventsEnded | Msg::Told(_) | Msg::Got(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw::draw(self, frame);
    }

    /// Only while a secret is shown: it must go after five seconds.
    fn ticks(&self) -> bool {
        self.revealed.is_some()
    }
}
