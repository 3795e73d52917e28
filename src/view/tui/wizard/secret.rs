//! Secrets: shown for five seconds, copied, made again once that was asked twice.

use super::super::Effect;
use super::{App, Over, REVEALED};
use crate::secret::SecretText;
use crate::view::questions::{QuestionView, Questions, Widget};

/// What the clipboard can be told to have: no terminal says whether it took it.
const COPIED: &str = "copied, if your terminal allows it";

impl<Q: Questions> App<'_, Q> {
    fn secret(&self) -> Option<QuestionView> {
        self.focused().map(|(question, _)| question).filter(|question| question.secret)
    }

    /// What is being typed for a secret, else what stands.
    fn secret_value(&self, path: &str) -> Option<SecretText> {
        match self.drafts.get(path) {
            Some(draft) => Some(SecretText::new(draft.text())),
            None => self.form.reveal(path),
        }
    }

    /// The value that is shown now, and for how many seconds more.
    pub(super) fn revealed(&self, path: &str) -> Option<(SecretText, u64)> {
        let (shown, until) = self.revealed.as_ref()?;
        let left = until.saturating_sub(self.clock);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        (shown == path && seconds > 0).then(|| self.secret_value(path))?.map(|value| (value, seconds))
    }

    /// Whoever goes elsewhere leaves no secret on the screen behind.
    pub(super) fn hide_elsewhere(&mut self) {
        let Some((path, _)) = &self.revealed else { return };
        let here = self.focused().is_some_and(|(question, _)| question.path == *path);
        if !here || self.over != Over::Nothing || self.left.is_some() {
            self.revealed = None;
        }
    }

    pub(super) fn reveal(&mut self) {
        let Some(question) = self.secret() else { return };
        if self.revealed.take().is_some() {
            return;
        }
        if self.secret_value(&question.path).is_some() {
            self.revealed = Some((question.path, self.clock.saturating_add(REVEALED)));
        } else {
            self.said = unknown(&question).into();
        }
    }

    pub(super) fn copy(&mut self) -> Vec<Effect> {
        let Some(question) = self.secret() else { return Vec::new() };
        match self.secret_value(&question.path) {
            Some(value) if !value.expose().is_empty() => {
                self.said = COPIED.into();
                vec![Effect::Copy(value)]
            }
            _ => {
                self.said = unknown(&question).into();
                Vec::new()
            }
        }
    }

    /// Makes a secret where there is none; where there is one it asks first.
    pub(super) fn generate(&mut self) {
        let Some(question) = self.secret() else { return };
        if !question.can_generate || question.locked {
            self.said = if question.text.contains("earlier install") {
                "an earlier install made it, and it opens what was written with it: it stays".into()
            } else {
                "slipway cannot make this one: type or paste it, or write env:NAME, file:PATH or secret:NAME/KEY".into()
            };
        } else if question.text.is_empty() && !self.drafts.contains_key(&question.path) {
            self.make(&question);
        } else {
            self.over = Over::Sure(0);
        }
    }

    pub(super) fn make(&mut self, question: &QuestionView) {
        self.form.generate(&question.path);
        self.drafts.remove(&question.path);
        self.said = "slipway made a new one; it is never shown unless you ask".into();
        self.changed();
    }
}

fn unknown(question: &QuestionView) -> &'static str {
    match question.widget {
        Widget::Secret if question.text.is_empty() => "there is no value yet",
        _ => "its value is not read here: the Secret is referred to, not copied",
    }
}
