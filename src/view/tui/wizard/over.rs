//! What each key does in what lies over a page.

use crossterm::event::KeyEvent;

use super::super::keys::{self, Action};
use super::super::leaving::{self, Pressed};
use super::entries::{Entries, Moved};
use super::field::Field;
use super::pages_list::To;
use super::{App, Left, Over, TWICE};
use crate::view::questions::{QuestionView, Questions, of_lines, wrong};

/// Lines that PageUp and PageDown move by.
const LEAP: usize = 10;

/// A line further up or down in a list of so many.
fn moved(action: Action, at: usize, count: usize) -> Option<usize> {
    let last = count.saturating_sub(1);
    Some(match action {
        Action::Up | Action::Previous => at.saturating_sub(1),
        Action::Down | Action::Next => (at + 1).min(last),
        Action::PageUp => at.saturating_sub(LEAP),
        Action::PageDown => (at + LEAP).min(last),
        _ => return None,
    })
}

impl<Q: Questions> App<'_, Q> {
    pub(super) fn preview_key(&mut self, action: Action) {
        let room = self.yaml_room();
        let top = self.preview.top(room);
        match action {
            Action::Up => self.preview.step(false),
            Action::Down => self.preview.step(true),
            Action::Next => self.preview.next_touched(true),
            Action::Previous => self.preview.next_touched(false),
            Action::PageDown => self.preview.scroll(top, 10),
            Action::PageUp => self.preview.scroll(top, -10),
            Action::Start => self.preview.scroll(0, 0),
            Action::End => self.preview.scroll(0, isize::MAX),
            Action::Back => self.over = Over::Nothing,
            _ => {}
        }
    }

    pub(super) fn picker_key(&mut self, action: Option<Action>, key: &KeyEvent) {
        let Some((question, _)) = self.focused() else { return };
        let now = self.drafts.get(&question.path).map_or(question.text.as_str(), Field::text).to_string();
        let picks = self.picker.picks(&question, &now);
        let marked = self.picker.at.min(picks.len().saturating_sub(1));
        match action {
            Some(Action::Accept) => {
                let Some(pick) = picks.into_iter().nth(marked) else {
                    self.said = "nothing is marked; Backspace widens the list".into();
                    return;
                };
                self.over = Over::Nothing;
                self.drafts.insert(question.path.clone(), Field::new(&pick.value, false));
                if self.accept() {
                    self.next_question();
                }
            }
            Some(Action::Back) if !self.picker.filter.is_empty() => {
                self.picker.filter.clear();
                self.picker.at = 0;
            }
            Some(Action::Back) => self.over = Over::Nothing,
            Some(Action::Remove) => {
                self.picker.filter.pop();
                self.picker.at = 0;
            }
            Some(action) => self.picker.at = moved(action, marked, picks.len()).unwrap_or(marked),
            None => {
                if let Some(letter) = keys::typed(key) {
                    self.picker.filter.push(letter);
                    self.picker.at = 0;
                }
            }
        }
    }

    pub(super) fn entries_key(&mut self, action: Option<Action>, key: &KeyEvent) {
        let Some(entries) = &mut self.entries else { return };
        let moved = match action {
            Some(Action::Accept) => entries.accept(),
            Some(Action::Next) => entries.next(),
            Some(Action::Previous) => entries.previous(),
            Some(Action::Back) => Moved::Before,
            Some(Action::Up) => {
                entries.go(entries.row.saturating_sub(1));
                Moved::Within
            }
            Some(Action::Down) => {
                entries.go(entries.row + 1);
                Moved::Within
            }
            Some(Action::Remove) => {
                entries.remove();
                Moved::Within
            }
            Some(action @ (Action::PageUp | Action::PageDown)) => {
                entries.shift(action == Action::PageDown);
                Moved::Within
            }
            _ => return entries.key(key),
        };
        let right = self.take_entries();
        match moved {
            Moved::Within => {}
            Moved::Before => self.close_entries(),
            Moved::Over => {
                self.close_entries();
                if right {
                    self.next_question();
                }
            }
        }
    }

    /// Hands the entries to the form as they are; says whether they are right.
    pub(super) fn take_entries(&mut self) -> bool {
        let Some((question, _)) = self.focused().filter(|_| self.entries.is_some()) else { return true };
        let Some(input) = self.entries.as_mut().and_then(Entries::changed) else {
            return self.form.question(&question.path).is_none_or(|question| question.fault.is_none());
        };
        let taken = self.form.set(&question.path, input);
        self.changed();
        taken.is_ok()
    }

    fn close_entries(&mut self) {
        self.entries = None;
        self.over = Over::Nothing;
    }

    pub(super) fn lines_key(&mut self, action: Option<Action>, key: &KeyEvent) {
        let Some((question, _)) = self.focused() else { return };
        match action {
            Some(Action::Accept) => {
                self.over = Over::Nothing;
                if self.take_draft(&question) {
                    self.next_question();
                }
            }
            Some(Action::Back) => self.over = Over::Nothing,
            _ => {
                let Some(draft) = self.drafts.get_mut(&question.path) else { return };
                let changed = if action == Some(Action::NewLine) {
                    draft.new_line();
                    true
                } else {
                    draft.key(key) == Some(true)
                };
                if changed {
                    self.judge(&question);
                }
            }
        }
    }

    /// What is wrong with the lines as they are now, so that it is told while they are written.
    pub(super) fn judge(&mut self, question: &QuestionView) {
        let Some(draft) = self.drafts.get(&question.path) else { return };
        let judged = self.form.judge(&question.path, &of_lines(question, draft.text()));
        self.verdict = judged.err().map(|what| wrong(&what, &question.example));
    }

    pub(super) fn interrupt(&mut self) {
        let twice = self.asked_to_leave.is_some_and(|at| self.clock.saturating_sub(at) <= TWICE);
        if twice && matches!(self.over, Over::Leaving(_)) {
            self.left = Some(Left::Quit);
        }
        self.asked_to_leave = Some(self.clock);
        // An entry that is half typed is not lost by the question.
        self.take_entries();
        self.entries = None;
        self.over = Over::Leaving(0);
    }

    pub(super) fn leaving_key(&mut self, action: Action, marked: usize) {
        match leaving::press(action, marked, true) {
            Pressed::Marked(marked) => self.over = Over::Leaving(marked),
            Pressed::Stay => self.over = Over::Nothing,
            Pressed::Draft => {
                self.take_drafts();
                self.left = Some(Left::Draft);
            }
            Pressed::Without => self.left = Some(Left::Quit),
        }
    }

    pub(super) fn sure_key(&mut self, action: Action, marked: usize) {
        match action {
            Action::Accept => {
                self.over = Over::Nothing;
                if let Some((question, _)) = self.focused().filter(|_| marked == 1) {
                    self.make(&question);
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Up | Action::Down | Action::Next | Action::Previous => self.over = Over::Sure(1 - marked.min(1)),
            _ => {}
        }
    }

    pub(super) fn pages_key(&mut self, action: Action, marked: usize) {
        let lines = self.page_lines();
        match action {
            Action::Accept => {
                self.over = Over::Nothing;
                match lines.into_iter().nth(marked).map(|line| line.to) {
                    Some(To::Before(page)) => self.back(Some(page)),
                    Some(To::Page(page)) => self.go_to_page(page),
                    Some(To::Question(path)) => self.jump(&path),
                    Some(To::Review) => self.finish(),
                    None => {}
                }
            }
            Action::Back => self.over = Over::Nothing,
            action => {
                if let Some(at) = moved(action, marked, lines.len()) {
                    self.over = Over::Pages(at);
                }
            }
        }
    }
}
