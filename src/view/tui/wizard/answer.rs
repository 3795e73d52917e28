//! Answering: what was marked or typed goes to the form, which keeps it even when it is wrong.

use serde_json::Value;

use super::App;
use crate::secret::SecretText;
use crate::view::questions::{
    Input, LOCKED, QuestionView, Questions, Widget, as_lines, is_chosen, of_lines, of_secret, yes_or_no,
};

impl<Q: Questions> App<'_, Q> {
    /// Hands a draft to the form. A wrong one stays as it was typed.
    pub(super) fn take_draft(&mut self, question: &QuestionView) -> bool {
        let Some(draft) = self.drafts.get(&question.path) else { return true };
        let text = draft.text();
        let input = match &question.widget {
            Widget::Secret if text.is_empty() => {
                self.drafts.remove(&question.path);
                return true;
            }
            Widget::Secret => of_secret(&SecretText::new(text)),
            // What was only looked at keeps where it came from.
            _ if question.fault.is_none() && text == as_lines(question) => {
                self.drafts.remove(&question.path);
                return true;
            }
            _ => of_lines(question, text),
        };
        let taken = self.form.set(&question.path, input);
        // The form keeps a line as it was typed; of a list it keeps the items alone.
        if taken.is_ok() || question.widget != Widget::List {
            self.drafts.remove(&question.path);
        }
        self.changed();
        taken.is_ok()
    }

    /// Hands over everything that is being typed, on whatever page.
    pub(super) fn take_drafts(&mut self) {
        self.take_entries();
        let paths: Vec<String> = self.drafts.keys().cloned().collect();
        for path in paths {
            if let Some(question) = self.form.question(&path) {
                self.take_draft(&question);
            }
        }
    }

    /// Takes what is marked or typed; says whether one may go on to the next question.
    pub(super) fn accept(&mut self) -> bool {
        let Some((question, row)) = self.focused() else { return true };
        if question.locked {
            return true;
        }
        match (&question.widget, row.choice) {
            (Widget::Choice(choices), Some(choice)) => {
                let value = &choices[choice].0;
                if !is_chosen(&question, value) {
                    self.set(&question, Value::from(value.clone()));
                }
                true
            }
            _ => self.take_draft(&question) && self.still_right(&question),
        }
    }

    /// Whether what stands may stay. What is wrong with it stands under it.
    fn still_right(&self, question: &QuestionView) -> bool {
        !self.form.faults().iter().any(|fault| fault.path == question.path)
    }

    pub(super) fn set(&mut self, question: &QuestionView, value: Value) {
        // What is wrong with it stands under it.
        let _judged = self.form.set(&question.path, Input::Value(value));
        self.changed();
    }

    /// Space or a digit on a choice or a yes-or-no.
    pub(super) fn toggle(&mut self, question: &QuestionView, choice: Option<usize>) {
        if question.locked {
            self.said = LOCKED.into();
            return;
        }
        match (&question.widget, choice) {
            (Widget::Choice(choices), Some(choice)) if choice < choices.len() => {
                self.set(question, Value::from(choices[choice].0.clone()));
                // What was chosen by its digit is what one stands on.
                self.stand_on(&question.path);
            }
            (Widget::Choices(choices), Some(choice)) if choice < choices.len() => {
                let marked = &choices[choice].0;
                let values = choices.iter().map(|(value, _)| value);
                let now = values.filter(|value| is_chosen(question, value) != (*value == marked)).cloned();
                self.set(question, now.collect());
            }
            (Widget::YesNo, _) => self.set(question, Value::from(yes_or_no(question) != Some(true))),
            _ => {}
        }
    }
}
