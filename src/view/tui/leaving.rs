//! "Leave?" half-way through: stay, keep a draft, or leave without. The safe choice is marked first, and Ctrl-C twice
//! within two seconds leaves without.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::keys::Action;
use super::{Theme, paint};

/// Within which a second Ctrl-C leaves.
const TWICE: Duration = Duration::from_secs(2);

/// The choices, in order.
const TEXTS: [&str; 3] =
    ["Stay", "Save a draft and leave: go on with it later; no secret is in it", "Leave without; nothing was written"];

/// What a key does to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Another choice is marked, or the same.
    Marked(usize),
    /// Stay.
    Stay,
    /// Save a draft and leave.
    Draft,
    /// Leave without.
    Without,
}

/// Presses a key while a choice is marked; `draft` where there are answers to keep one of.
pub(super) fn press(action: Action, marked: usize, draft: bool) -> Pressed {
    let last = if draft { TEXTS.len() - 1 } else { 1 };
    match action {
        Action::Accept => match marked {
            1 if draft => Pressed::Draft,
            1 | 2 => Pressed::Without,
            _ => Pressed::Stay,
        },
        Action::Back => Pressed::Stay,
        Action::Up | Action::Previous => Pressed::Marked(marked.checked_sub(1).unwrap_or(last)),
        Action::Down | Action::Next => Pressed::Marked(if marked >= last { 0 } else { marked + 1 }),
        _ => Pressed::Marked(marked),
    }
}

/// Asks it; `draft` where there are answers to keep one of.
pub(super) fn draw(frame: &mut Frame<'_>, theme: Theme, body: Rect, marked: usize, draft: bool) {
    if !draft {
        return paint::choices(frame, theme, body, "Leave?", &[TEXTS[0], "Leave; nothing was written"], marked);
    }
    paint::choices(frame, theme, body, "Leave without installing?", &TEXTS, marked);
}

/// When Ctrl-C was pressed last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaving {
    clock: Duration,
    asked: Option<Duration>,
}

impl Leaving {
    /// What time it is.
    pub(super) fn clock(&mut self, now: Duration) {
        self.clock = now;
    }

    /// Ctrl-C: whether it is the second one, while the question is shown.
    pub(super) fn interrupt(&mut self, shown: bool) -> bool {
        let twice = self.asked.is_some_and(|at| self.clock.saturating_sub(at) <= TWICE);
        self.asked = Some(self.clock);
        twice && shown
    }
}
