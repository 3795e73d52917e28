//! What each key does.

use crossterm::event::KeyEvent;

use serde_json::Value;

use super::super::Effect;
use super::super::keys::{self, Action};
use super::super::leaving::{self, Pressed};
use super::field::Field;
use super::{App, Left, Over, REVEALED, TWICE, rows};
use crate::view::questions::{LOCKED, QuestionView, Questions, Widget, as_lines, wrong};

impl<Q: Questions> App<'_, Q> {
    pub(super) fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        self.said.clear();
        match (keys::action(self.place(), key), self.over) {
            (Some(Action::Redraw), _) => return vec![Effect::Redraw],
            (Some(Action::Suspend), _) => return vec![Effect::Suspend],
            (Some(Action::Interrupt), _) => self.interrupt(),
            (Some(action), Over::Leaving(marked)) => self.leaving_key(action, marked),
            (Some(action), Over::Faults(marked)) => self.faults_key(action, marked),
            (Some(Action::Help), Over::Help(_)) => {}
            (Some(Action::Help), _) if self.over == Over::Lines || !self.types(key) => self.over = Over::Help(0),
            (Some(Action::Back | Action::Quit), Over::Help(_)) => self.over = Over::Nothing,
            (Some(Action::Down), Over::Help(down)) => self.over = Over::Help((down + 1).min(200)),
            (Some(Action::Up), Over::Help(down)) => self.over = Over::Help(down.saturating_sub(1)),
            (action, Over::Lines) => self.lines_key(action, key),
            (Some(action), Over::Nothing | Over::Preview) if !self.types(key) => self.page_key(action),
            (_, Over::Nothing) => self.typed(key),
            _ => {}
        }
        if self.left.is_some() { vec![Effect::Quit] } else { Vec::new() }
    }

    /// Whether a key is a letter for the field that has the focus: then it is never a command.
    fn types(&self, key: &KeyEvent) -> bool {
        let text = self.focused().is_some_and(|(question, _)| rows::is_typed(&question.widget));
        text && self.over == Over::Nothing && keys::typed(key).is_some()
    }

    fn page_key(&mut self, action: Action) {
        match action {
            Action::Accept | Action::Next => {
                let opens = self.focused().filter(|(question, _)| {
                    matches!(question.widget, Widget::List | Widget::Lines) && !question.locked
                });
                // Tab passes by what has several lines; Enter opens it.
                match opens {
                    Some((question, _)) if action == Action::Accept => self.open_lines(&question),
                    _ if action == Action::Next && self.on_choice() => self.next_question(),
                    _ if self.accept() => self.next_question(),
                    _ => {}
                }
            }
            Action::Previous => self.previous_question(),
            Action::Up => self.at = self.at.saturating_sub(1),
            Action::Down => self.at = (self.at + 1).min(self.rows().1.len().saturating_sub(1)),
            Action::PageDown => self.next_page(),
            Action::PageUp => self.previous_page(),
            Action::Advanced => self.toggle_advanced(),
            Action::Preview => self.preview_key(),
            Action::Reveal => self.reveal(),
            Action::Generate => self.generate(),
            Action::Suggest => self.suggest(),
            Action::Reset => self.reset(),
            Action::Back if self.over == Over::Preview => self.over = Over::Nothing,
            Action::Back if self.page > 0 || !self.form.before().is_empty() => self.previous_page(),
            Action::Back => self.over = Over::Leaving(0),
            _ => {}
        }
    }

    fn on_choice(&self) -> bool {
        self.focused().is_some_and(|(_, row)| row.choice.is_some())
    }

    fn preview_key(&mut self) {
        if self.over == Over::Preview && self.preview.is_last() {
            self.over = Over::Nothing;
            self.preview.first();
        } else if self.over == Over::Preview || self.preview.wide {
            self.preview.next();
        } else {
            self.over = Over::Preview;
        }
    }

    fn toggle_advanced(&mut self) {
        let focused = self.focused().map(|(question, _)| question.path);
        self.advanced = !self.advanced;
        let (questions, rows) = self.rows();
        let question = questions.iter().position(|known| Some(&known.path) == focused.as_ref()).unwrap_or(0);
        self.at = rows::first_of(&questions, &rows, question);
    }

    fn reveal(&mut self) {
        let Some((question, _)) = self.focused().filter(|(question, _)| question.secret) else { return };
        if self.drafts.contains_key(&question.path) || self.form.reveal(&question.path).is_some() {
            self.revealed = Some((question.path, self.clock + REVEALED));
        } else {
            self.said = "there is no value to show here".into();
        }
    }

    fn generate(&mut self) {
        let Some((question, _)) = self.focused().filter(|(question, _)| question.secret) else { return };
        if question.can_generate {
            self.form.generate(&question.path);
            self.drafts.remove(&question.path);
            self.said = "slipway makes it; it is never shown unless you ask".into();
            self.changed();
        } else {
            self.said = "slipway cannot make this one".into();
        }
    }

    fn suggest(&mut self) {
        let Some((question, _)) = self.focused() else { return };
        let offered = match &question.suggestions {
            _ if question.locked => {
                self.said = LOCKED.into();
                return;
            }
            Err(why) => {
                self.said = why.clone();
                return;
            }
            Ok(offered) if offered.is_empty() => {
                self.said = "the cluster offers nothing for this".into();
                return;
            }
            Ok(offered) => offered,
        };
        let now = self.drafts.get(&question.path).map_or(question.text.as_str(), Field::text);
        let at = offered.iter().position(|known| known.value == now).map_or(0, |at| at + 1);
        let next = &offered[at % offered.len()].value;
        self.drafts.insert(question.path, Field::new(next, false));
    }

    fn reset(&mut self) {
        let Some((question, _)) = self.focused() else { return };
        self.drafts.remove(&question.path);
        self.form.reset(&question.path);
        self.said = if question.default_text.is_empty() {
            "back to no value".into()
        } else {
            format!("back to the default: {}", question.default_text)
        };
        self.changed();
    }

    /// A letter, or a key that moves in what is typed.
    fn typed(&mut self, key: &KeyEvent) {
        let Some((question, row)) = self.focused() else { return };
        let letter = keys::typed(key);
        if !rows::is_typed(&question.widget) {
            if let (Some(digit), true) = (letter.and_then(|c| c.to_digit(10)), row.choice.is_some()) {
                let Some(choice) = (digit as usize).checked_sub(1) else { return };
                self.toggle(&question, Some(choice));
            } else if letter == Some(' ') {
                self.toggle(&question, row.choice);
            } else if let (Widget::YesNo, Some(yes @ ('y' | 'n'))) = (&question.widget, letter)
                && !question.locked
            {
                self.set(&question, Value::from(yes == 'y'));
            } else if letter == Some('k') || letter == Some('j') {
                self.page_key(if letter == Some('k') { Action::Up } else { Action::Down });
            }
            return;
        }
        if question.locked {
            self.said = LOCKED.into();
            return;
        }
        let start = if question.secret { "" } else { question.text.as_str() };
        let known = self.drafts.contains_key(&question.path);
        let draft = self.drafts.entry(question.path.clone()).or_insert_with(|| Field::new(start, false));
        if draft.key(key) != Some(true) && !known {
            // A cursor that moved over what stands is no new answer, but the place of the cursor is kept.
            if question.secret {
                self.drafts.remove(&question.path);
            }
        }
    }

    fn open_lines(&mut self, question: &QuestionView) {
        let start = as_lines(question);
        self.drafts.entry(question.path.clone()).or_insert_with(|| Field::new(&start, true));
        self.over = Over::Lines;
    }

    fn lines_key(&mut self, action: Option<Action>, key: &KeyEvent) {
        let Some((question, _)) = self.focused() else { return };
        match action {
            Some(Action::Accept) => {
                self.over = Over::Nothing;
                if self.take_draft(&question) {
                    self.next_question();
                }
            }
            Some(Action::Back) => self.over = Over::Nothing,
            Some(Action::NewLine) => {
                if let Some(draft) = self.drafts.get_mut(&question.path) {
                    draft.put("\n");
                }
            }
            _ => {
                if let Some(draft) = self.drafts.get_mut(&question.path) {
                    draft.key(key);
                }
            }
        }
    }

    pub(super) fn interrupt(&mut self) {
        let twice = self.asked_to_leave.is_some_and(|at| self.clock.saturating_sub(at) <= TWICE);
        if twice && matches!(self.over, Over::Leaving(_)) {
            self.left = Some(Left::Quit);
        }
        self.asked_to_leave = Some(self.clock);
        self.over = Over::Leaving(0);
    }

    fn leaving_key(&mut self, action: Action, marked: usize) {
        match leaving::press(action, marked) {
            Pressed::Marked(marked) => self.over = Over::Leaving(marked),
            Pressed::Stay => self.over = Over::Nothing,
            Pressed::Draft => {
                self.take_drafts();
                self.left = Some(Left::Draft);
            }
            Pressed::Without => self.left = Some(Left::Quit),
        }
    }

    /// Hands over everything that is being typed, right or wrong.
    fn take_drafts(&mut self) {
        let typed: Vec<String> = self.drafts.keys().cloned().collect();
        for path in typed {
            if let Some(question) = self.form.question(&path) {
                self.take_draft(&question);
            }
        }
    }

    fn faults_key(&mut self, action: Action, marked: usize) {
        let faults = self.form.faults();
        let last = faults.len().saturating_sub(1);
        match action {
            Action::Accept => {
                self.over = Over::Nothing;
                if let Some(fault) = faults.get(marked) {
                    self.jump(&fault.path);
                    self.said = format!("{}: {}", fault.path, wrong(&fault.what, &fault.example));
                }
            }
            Action::Back => self.over = Over::Nothing,
            Action::Up | Action::Previous => self.over = Over::Faults(marked.saturating_sub(1)),
            Action::Down | Action::Next => self.over = Over::Faults((marked + 1).min(last)),
            _ => {}
        }
    }
}
