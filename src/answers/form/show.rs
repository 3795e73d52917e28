//! The form as faces see it.

use serde_json::Value;

use super::{Form, Input};
use crate::answers::view::{PageState, PageView, QuestionView, SecretInput, Widget};
use crate::answers::{Origin, value};
use crate::product::schema::{Kind, Question};
use crate::secret::{SecretSource, SecretText};

impl Form {
    /// The pages that have something to ask now.
    pub fn pages(&self) -> Vec<PageView> {
        let mut pages = Vec::new();
        for page in &self.product.pages {
            let asked: Vec<&Question> = page.questions.iter().filter_map(|path| self.asked(path)).collect();
            if asked.is_empty() {
                continue;
            }
            let faults: Vec<_> =
                self.faults.iter().filter(|fault| asked.iter().any(|question| question.path == fault.path)).collect();
            let state = if faults.iter().any(|fault| !fault.missing) {
                PageState::Faulty
            } else if faults.is_empty() {
                PageState::Done
            } else {
                PageState::Open
            };
            let advanced = asked.iter().filter(|question| question.advanced);
            let changed = advanced
                .clone()
                .filter(|question| self.origins.get(&question.path).is_some_and(|origin| *origin > Origin::Profile));
            pages.push(PageView {
                id: page.id.clone(),
                title: page.title.clone(),
                state,
                questions: asked.iter().filter(|question| !question.advanced).count(),
                advanced: advanced.clone().count(),
                advanced_changed: changed.count(),
                wrong: faults.iter().filter(|fault| !fault.missing).count(),
                missing: faults.iter().filter(|fault| fault.missing).count(),
            });
        }
        pages
    }

    /// The questions of a page that are asked now, advanced ones included.
    pub fn page(&self, id: &str) -> Vec<QuestionView> {
        let page = self.product.pages.iter().find(|page| page.id == id);
        page.into_iter().flat_map(|page| &page.questions).filter_map(|path| self.question(path)).collect()
    }

    /// A question as a face shows it; none when it is hidden or not known.
    pub fn question(&self, path: &str) -> Option<QuestionView> {
        let question = self.asked(path)?;
        let typed = self.strongest(question);
        let text = match typed {
            _ if question.is_secret() => self.secret_words(question),
            // What was typed wrong stays as it was typed.
            Some((Origin::Typed, Input::Text(text))) => text.clone(),
            Some((Origin::Typed, Input::Value(given)))
                if !self.answers.contains_key(path) && question.secret_fields().next().is_none() =>
            {
                value::to_text(&question.kind, given)
            }
            _ => self.as_text(path),
        };
        let value = match (self.answers.get(path), typed) {
            (Some(answer), _) => answer.clone(),
            // One that holds secrets is not repeated: somebody may have typed the value itself.
            (None, Some((Origin::Typed, Input::Value(given))))
                if !question.is_secret() && question.secret_fields().next().is_none() =>
            {
                given.clone()
            }
            _ => Value::Null,
        };
        let default = question.default.as_ref().and_then(|default| self.default(question, default).ok());
        Some(QuestionView {
            path: path.to_string(),
            ask: question.ask.clone(),
            why: question.why.clone(),
            widget: widget(&question.kind),
            kind: match &question.kind {
                Kind::List(of) if matches!(**of, Kind::Object { .. } | Kind::Map | Kind::Items { .. }) => ITEMS,
                Kind::Items { .. } => ITEMS,
                kind => kind.word(),
            }
            .to_string(),
            text,
            value,
            secret: question.is_secret(),
            can_generate: question.generate.is_some() && self.kept.get(path).is_none(),
            origin: self.origins.get(path).copied(),
            default_text: default.map(|default| value::to_text(&question.kind, &default)).unwrap_or_default(),
            beneath: self.beneath(question),
            optional: question.optional,
            fault: self.faults.iter().find(|fault| fault.path == path).map(|fault| fault.what.clone()),
            example: question.example.clone(),
            advanced: question.advanced,
            // Storage may grow: what cannot be done with it is told by its checks and by the plan.
            locked: self.pinned
                && question.sticky
                && question.kind != Kind::Quantity
                && self.given.get(&Origin::LastRun).is_some_and(|given| given.contains_key(path)),
            suggestions: self.offers(question),
        })
    }

    /// What would stand if nothing was typed, as text.
    fn beneath(&self, question: &Question) -> (Option<Origin>, String) {
        if question.is_secret() || question.secret_fields().next().is_some() {
            return (None, String::new());
        }
        let settled = self.settle_given(question, self.given_beneath(question));
        (settled.origin, value::to_text(&question.kind, &settled.value))
    }

    fn asked(&self, path: &str) -> Option<&Question> {
        let question = self.product.questions.get(path)?;
        self.shown.get(path).copied().unwrap_or(false).then_some(question)
    }

    /// How a secret is given, as files write it. A value that was typed has no reference: the variable it could come from.
    pub(in crate::answers) fn secret_reference(&self, path: &str) -> String {
        let given = self.product.questions.get(path).and_then(|question| self.strongest(question));
        let input = match given {
            Some((_, Input::Secret(input))) => Some(input.clone()),
            Some((_, Input::Text(text))) => SecretInput::parse(text).ok(),
            Some((_, Input::Value(Value::String(text)))) => SecretInput::parse(text).ok(),
            _ => None,
        };
        input
            .and_then(|input| input.reference())
            .unwrap_or_else(|| format!("env:{}", crate::answers::names::secret_variable(path)))
    }

    fn secret_words(&self, question: &Question) -> String {
        if let Some((_, Input::Secret(input))) = self.strongest(question)
            && !matches!(input, SecretInput::Value(_) | SecretInput::Generate)
        {
            return input.reference().unwrap_or_default();
        }
        match self.secrets.get(&question.path) {
            None => String::new(),
            Some(secret) => match secret.source {
                SecretSource::Generated if self.kept.get(&question.path).is_some() => {
                    "made by an earlier install, kept".into()
                }
                SecretSource::Generated => with_length("made by slipway", secret.value.as_ref()),
                SecretSource::Brought => with_length("brought", secret.value.as_ref()),
                SecretSource::Existing => "in a Secret that exists".into(),
            },
        }
    }
}

/// How a secret is given, with its length: enough to see that a paste was whole, and nothing of the value.
fn with_length(given: &str, value: Option<&SecretText>) -> String {
    match value.map(|value| value.expose().chars().count()) {
        None => given.into(),
        Some(1) => format!("{given}, 1 character"),
        Some(length) => format!("{given}, {length} characters"),
    }
}

/// A list whose items are not words but mappings.
const ITEMS: &str = "items";

fn widget(kind: &Kind) -> Widget {
    let texts = |choices: &indexmap::IndexMap<String, String>| {
        choices.iter().map(|(key, text)| (key.clone(), text.clone())).collect()
    };
    match kind {
        Kind::Choice(choices) => Widget::Choice(texts(choices)),
        Kind::Choices(choices) => Widget::Choices(texts(choices)),
        Kind::YesNo => Widget::YesNo,
        Kind::Secret => Widget::Secret,
        Kind::Multiline | Kind::Map | Kind::Object { .. } => Widget::Lines,
        Kind::List(_) | Kind::Items { .. } => Widget::List,
        _ => Widget::Line,
    }
}
