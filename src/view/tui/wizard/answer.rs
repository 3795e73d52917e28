//! Answering: what was marked or typed goes to the form, which keeps it even when it is wrong.

use super::App;
use crate::secret::SecretText;
use crate::view::questions::{Input, QuestionView, Questions, SecretInput, Widget};

impl<Q: Questions> App<'_, Q> {
    /// Hands a draft to the form. A wrong one stays in the form as it was typed.
    pub(super) fn take_draft(&mut self, question: &QuestionView) -> bool {
        let Some(draft) = self.drafts.get(&question.path) else { return true };
        let text = draft.text();
        let input = match &question.widget {
            Widget::Secret { .. } if text.is_empty() => {
                self.drafts.remove(&question.path);
                return true;
            }
            Widget::Secret { .. } => Input::Secret(SecretInput::read(&SecretText::new(text))),
            Widget::List => {
                Input::List(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_string).collect())
            }
            _ => Input::Text(text.to_string()),
        };
        let taken = self.form.set(&question.path, input);
        self.drafts.remove(&question.path);
        if let Err(fault) = &taken {
            self.said = fault.line();
        }
        self.changed();
        taken.is_ok()
    }

    /// Takes what is marked or typed; says whether one may go on to the next question.
    pub(super) fn accept(&mut self) -> bool {
        let Some((question, row)) = self.focused() else { return true };
        if !question.locked.is_empty() {
            return true;
        }
        match (&question.widget, row.choice) {
            (Widget::Choice(choices), Some(choice)) => {
                let value = choices[choice].value.clone();
                if value != question.value_text {
                    self.set(&question.path, Input::Choice(value));
                }
                true
            }
            _ => self.take_draft(&question) && self.still_right(&question),
        }
    }

    /// Whether what stands may stay; a missing answer is told where it is missing.
    fn still_right(&mut self, question: &QuestionView) -> bool {
        let fault = self.form.faults().into_iter().find(|fault| fault.path == question.path);
        if let Some(fault) = &fault {
            self.said = fault.line();
        }
        fault.is_none()
    }

    pub(super) fn set(&mut self, path: &str, input: Input) {
        if let Err(fault) = self.form.set(path, input) {
            self.said = fault.line();
        }
        self.changed();
    }

    /// Space or a digit on a choice or a yes-or-no.
    pub(super) fn toggle(&mut self, question: &QuestionView, choice: Option<usize>) {
        if !question.locked.is_empty() {
            self.said = question.locked.clone();
            return;
        }
        match (&question.widget, choice) {
            (Widget::Choice(choices), Some(choice)) if choice < choices.len() => {
                self.set(&question.path, Input::Choice(choices[choice].value.clone()));
            }
            (Widget::Choices(choices), Some(choice)) if choice < choices.len() => {
                let held: Vec<&str> = question.value_text.lines().collect();
                let marked = &choices[choice].value;
                let values = choices.iter().map(|known| &known.value);
                let now = values.filter(|value| held.contains(&value.as_str()) != (*value == marked)).cloned();
                let now = now.collect();
                self.set(&question.path, Input::Choices(now));
            }
            (Widget::YesNo, _) => self.set(&question.path, Input::YesNo(question.value_text != "true")),
            _ => {}
        }
    }
}
