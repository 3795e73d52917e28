//! Every page with what is missing or wrong on it, to go there.

use super::App;
use crate::view::questions::{PageState, PageView, Questions, wrong};

/// What a line of the list leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// A page that was settled before the form, by its number.
    Before(usize),
    /// A page of questions, by its number.
    Page(usize),
    /// A question, by its path.
    Question(String),
    /// The review.
    Review,
}

/// How a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Done,
    Faulty,
    Open,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) to: To,
    pub(super) mark: Mark,
    pub(super) title: String,
    pub(super) state: String,
}

impl<Q: Questions> App<'_, Q> {
    /// How a page stands; what is missing on one that nobody has seen is no fault yet.
    pub(super) fn mark(&self, page: &PageView) -> Mark {
        let seen = self.seen.contains(&page.id);
        match page.state {
            PageState::Faulty => Mark::Faulty,
            PageState::Open if seen => Mark::Open,
            PageState::Done if seen => Mark::Done,
            _ => Mark::Open,
        }
    }

    /// The list.
    pub(super) fn page_lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for (i, title) in self.form.before().into_iter().enumerate() {
            lines.push(Line { to: To::Before(i), mark: Mark::Done, title, state: "settled".into() });
        }
        let faults = self.form.faults();
        let mut told = 0;
        for (i, page) in self.pages().into_iter().enumerate() {
            let mark = self.mark(&page);
            lines.push(Line { to: To::Page(i), mark, state: self.state(&page), title: page.title });
            let asked = self.form.page(&page.id);
            for fault in &faults {
                let Some(question) = asked.iter().find(|question| question.path == fault.path) else { continue };
                told += 1;
                lines.push(Line {
                    to: To::Question(fault.path.clone()),
                    mark: if fault.missing { Mark::Open } else { Mark::Faulty },
                    title: question.ask.clone(),
                    state: wrong(&fault.what, &fault.example),
                });
            }
        }
        // What no visible question is about is told at the end.
        for fault in faults.iter().filter(|fault| self.form.question(&fault.path).is_none()) {
            told += 1;
            let (title, state) = (fault.path.clone(), wrong(&fault.what, &fault.example));
            lines.push(Line { to: To::Question(fault.path.clone()), mark: Mark::Faulty, title, state });
        }
        let state = match told {
            0 => "nothing is missing or wrong".into(),
            1 => "one answer stands between".into(),
            told => format!("{told} answers stand between"),
        };
        lines.push(Line { to: To::Review, mark: Mark::Open, title: "Review".into(), state });
        lines
    }

    fn state(&self, page: &PageView) -> String {
        let mut parts = Vec::new();
        if page.wrong > 0 {
            parts.push(format!("{} wrong", page.wrong));
        }
        if page.missing > 0 {
            parts.push(format!("{} missing", page.missing));
        }
        if parts.is_empty() {
            parts.push(if self.seen.contains(&page.id) { "done".into() } else { "not looked at yet".into() });
        }
        if page.advanced_changed > 0 {
            parts.push(format!("{} of {} advanced changed", page.advanced_changed, page.advanced));
        }
        parts.join(", ")
    }

    /// The line of the page one is on, or of the first fault.
    pub(super) fn line_of(&self, fault: bool) -> usize {
        let lines = self.page_lines();
        let here = |line: &Line| match &line.to {
            To::Page(page) => !fault && *page == self.page,
            To::Question(_) => fault,
            _ => false,
        };
        lines.iter().position(here).unwrap_or(0)
    }
}
