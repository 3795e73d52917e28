//! What each key does on a page.

use crossterm::event::KeyEvent;
use serde_json::Value;

use super::super::Effect;
use super::super::keys::{self, Action};
use super::entries::{self, Entries};
use super::field::Field;
use super::picker::Picker;
use super::{App, Over, rows};
use crate::view::questions::{LOCKED, QuestionView, Questions, Widget, as_lines};

impl<Q: Questions> App<'_, Q> {
    pub(super) fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        if self.left.is_some() {
            return vec![Effect::Quit];
        }
        self.said.clear();
        match (keys::action(self.place(), key), self.over) {
            (Some(Action::Redraw), _) => return vec![Effect::Redraw],
            (Some(Action::Suspend), _) => return vec![Effect::Suspend],
            (Some(Action::Copy), Over::Nothing) => return self.copy(),
            (Some(Action::Interrupt), _) => self.interrupt(),
            (Some(Action::Back | Action::Quit), Over::Help(_)) => self.over = self.helped,
            (Some(Action::Down), Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Some(Action::Up), Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (_, Over::Help(_)) => {}
            (Some(Action::Help), over) => {
                self.helped = over;
                self.over = Over::Help(0);
            }
            (Some(action), Over::Leaving(marked)) => self.leaving_key(action, marked),
            (Some(action), Over::Sure(marked)) => self.sure_key(action, marked),
            (Some(action), Over::Pages(marked)) => self.pages_key(action, marked),
            (Some(action), Over::Preview) => self.preview_key(action),
            (action, Over::Picker) => self.picker_key(action, key),
            (action, Over::Lines) => self.lines_key(action, key),
            (action, Over::Entries) => self.entries_key(action, key),
            (Some(action), Over::Nothing) => self.page_key(action),
            (None, Over::Nothing) => self.typed(key),
            _ => {}
        }
        if self.left.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    pub(super) fn page_key(&mut self, action: Action) {
        match action {
            Action::Accept => self.accept_key(),
            // Tab passes by what has several lines, and chooses nothing.
            Action::Next if self.on_choice() || self.accept() => self.next_question(),
            Action::Previous => self.previous_question(),
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(self.rows().1.len().saturating_sub(1)),
            Action::PageDown => self.next_page(),
            Action::PageUp => self.previous_page(),
            Action::Advanced => self.toggle_advanced(),
            Action::Preview => self.over = Over::Preview,
            Action::Pages => self.over = Over::Pages(self.line_of(false)),
            Action::Reveal => self.reveal(),
            Action::Generate => self.generate(),
            Action::Suggest => self.open_picker(),
            Action::Reset => self.reset(),
            Action::Back if self.page > 0 || !self.form.before().is_empty() => self.previous_page(),
            Action::Back => self.over = Over::Leaving(0),
            _ => {}
        }
    }

    fn accept_key(&mut self) {
        let focused = self.focused().map(|(question, _)| question).filter(|question| !question.locked);
        match focused {
            Some(question) if matches!(question.widget, Widget::List | Widget::Lines) => self.open(&question),
            // Nothing stands where something has to, and the cluster knows what could: that is shown.
            Some(question)
                if question.widget == Widget::Line
                    && question.text.is_empty()
                    && !question.optional
                    && !self.drafts.contains_key(&question.path)
                    && matches!(&question.suggestions, Ok(offers) if !offers.is_empty()) =>
            {
                self.open_picker();
            }
            _ if self.accept() => self.next_question(),
            _ => {}
        }
    }

    fn on_choice(&self) -> bool {
        self.focused().is_some_and(|(_, row)| row.choice.is_some())
    }

    fn toggle_advanced(&mut self) {
        let focused = self.focused().map(|(question, _)| question.path);
        self.advanced = !self.advanced;
        let (questions, rows) = self.rows();
        let question = questions.iter().position(|known| Some(&known.path) == focused.as_ref()).unwrap_or(0);
        self.at = rows::first_of(&questions, &rows, question);
    }

    fn open_picker(&mut self) {
        let Some((question, _)) = self.focused() else { return };
        match &question.suggestions {
            _ if question.locked => self.said = LOCKED.into(),
            Err(why) => self.said = format!("the list cannot be read ({why}): type it"),
            Ok(offered) if offered.is_empty() && question.secret => {
                self.said = "no Secret here has a key that could be referred to".into();
            }
            Ok(offered) if offered.is_empty() => self.said = "the cluster has none of these".into(),
            Ok(_) => {
                let now = self.drafts.get(&question.path).map_or(question.text.as_str(), Field::text);
                self.picker = Picker::open(&question, now);
                self.over = Over::Picker;
            }
        }
    }

    fn reset(&mut self) {
        let Some((question, _)) = self.focused() else { return };
        if question.locked {
            self.said = LOCKED.into();
            return;
        }
        self.drafts.remove(&question.path);
        self.form.reset(&question.path);
        let now = self.form.question(&question.path);
        self.said = match now.as_ref().map_or("", |now| now.text.as_str()) {
            "" => "back to no value".into(),
            text => format!("back to what stands without you: {}", text.lines().next().unwrap_or_default()),
        };
        self.changed();
    }

    /// A letter, or a key that moves in what is typed.
    fn typed(&mut self, key: &KeyEvent) {
        let Some((question, row)) = self.focused() else { return };
        let letter = keys::typed(key);
        if question.locked {
            match letter {
                Some('k') => self.page_key(Action::Up),
                Some('j') => self.page_key(Action::Down),
                _ => self.said = LOCKED.into(),
            }
            return;
        }
        if !rows::is_typed(&question.widget) {
            if let (Some(digit), true) = (letter.and_then(|c| c.to_digit(10)), row.choice.is_some()) {
                let Some(choice) = (digit as usize).checked_sub(1) else { return };
                self.toggle(&question, Some(choice));
                self.mark_choice(&question.path, choice);
            } else if letter == Some(' ') {
                self.toggle(&question, row.choice);
            } else if let (Widget::YesNo, Some(yes @ ('y' | 'n'))) = (&question.widget, letter) {
                self.set(&question, Value::from(yes == 'y'));
            } else if letter == Some('k') || letter == Some('j') {
                self.page_key(if letter == Some('k') { Action::Up } else { Action::Down });
            }
            return;
        }
        let start = if question.secret { "" } else { question.text.as_str() };
        let known = self.drafts.contains_key(&question.path);
        let draft = self.drafts.entry(question.path.clone()).or_insert_with(|| Field::new(start, false));
        let taken = draft.key(key);
        // A cursor that moved over what stands is no new answer, but its place is kept; a key for nothing leaves nothing.
        if !known && (taken.is_none() || (question.secret && taken == Some(false))) {
            self.drafts.remove(&question.path);
        }
    }

    /// Marks a choice, so that Enter takes what a digit has just chosen.
    fn mark_choice(&mut self, path: &str, choice: usize) {
        let (questions, rows) = self.rows();
        let marked = rows.iter().position(|row| questions[row.question].path == path && row.choice == Some(choice));
        self.at = marked.unwrap_or(self.at);
    }

    /// Pasted text is content, never keys.
    pub(super) fn paste(&mut self, text: &str) {
        let Some((question, _)) = self.focused() else { return };
        match self.over {
            Over::Entries => {
                if let Some(entries) = &mut self.entries {
                    entries.paste(text);
                }
            }
            Over::Picker => {
                self.picker.filter.extend(text.chars().filter(|c| !c.is_control()));
                self.picker.at = 0;
            }
            Over::Lines => {
                if let Some(draft) = self.drafts.get_mut(&question.path) {
                    self.said = draft.paste(text).into();
                    self.judge(&question);
                }
            }
            Over::Nothing if rows::is_typed(&question.widget) && !question.locked => {
                let start = if question.secret { "" } else { question.text.as_str() };
                let draft = self.drafts.entry(question.path.clone()).or_insert_with(|| Field::new(start, false));
                self.said = draft.paste(text).into();
            }
            _ => {}
        }
    }

    fn open(&mut self, question: &QuestionView) {
        if entries::fits(question) {
            self.entries = Some(Entries::of(question));
            self.over = Over::Entries;
        } else {
            let start = as_lines(question);
            self.drafts.entry(question.path.clone()).or_insert_with(|| Field::new(&start, true));
            self.over = Over::Lines;
            self.judge(question);
        }
    }
}
