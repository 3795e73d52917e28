//! From what was given to what holds: visibility, values by precedence, secrets, faults.

use std::sync::atomic::Ordering;

use serde_json::Value;

use super::{Form, Input, SecretInput};
use crate::answers::view::Fault;
use crate::answers::{Origin, value};
use crate::product::expression::{Looked, Template};
use crate::product::node::Node;
use crate::product::recipe::Given as Ingredient;
use crate::product::schema::{Kind, Question};
use crate::secret::{Secret, SecretRef, SecretSource, SecretText};

/// Enough for any chain of conditions an author would write; a product whose answers chase each other stops there.
const PASSES: usize = 8;

/// What one question comes to.
pub(super) struct Settled {
    pub(super) value: Value,
    pub(super) secret: Option<Secret>,
    pub(super) origin: Option<Origin>,
    pub(super) fault: Option<String>,
    pub(super) missing: bool,
}

impl Form {
    /// Computes everything that follows from what was given.
    pub(super) fn resolve(&mut self) {
        let product = std::sync::Arc::clone(&self.product);
        self.answers.clear();
        self.secrets.0.clear();
        self.shown.clear();
        self.ahead.store(false, Ordering::Relaxed);
        let mut before = None;
        for _pass in 0..PASSES {
            self.faults.clear();
            self.origins.clear();
            for question in product.questions.values() {
                self.settle(question);
            }
            // Again only where an answer hangs on one that is asked later, which was not known yet.
            if !self.ahead.load(Ordering::Relaxed) {
                break;
            }
            let now = Some((self.answers.clone(), self.shown.clone()));
            if before == now {
                break;
            }
            before = now;
        }
        self.renew_generation();
        for question in product.questions.values() {
            self.check(question);
        }
        for cross in &product.checks {
            let answered = match self.secrets.get(&cross.at) {
                // What may not be read cannot be judged.
                Some(secret) => secret.value.is_some(),
                None => self.answers.get(&cross.at).is_some_and(|answer| !answer.is_null()),
            };
            if !answered || self.faults.iter().any(|fault| fault.path == cross.at) {
                continue;
            }
            let holds = self.world().scope(&None).truth(Some(&cross.check.that));
            self.tell(&cross.at, holds, &cross.check.say);
        }
    }

    fn settle(&mut self, question: &Question) {
        let path = &question.path;
        let shown = match &question.when {
            None => true,
            Some(when) => self.world().scope(&question.scope).truth(Some(when)).unwrap_or(false),
        };
        self.shown.insert(path.clone(), shown);
        self.answers.remove(path);
        self.secrets.0.remove(path);
        if !shown {
            let beginning = format!("{path}.");
            self.secrets.0.retain(|known, _| !known.starts_with(&beginning));
            return;
        }
        let mut settled = if question.is_secret() {
            self.settle_secret_at(path, question, self.strongest(question))
        } else {
            self.settle_clean(question)
        };
        if let Some(instead) = self.instead(path) {
            settled.value = instead;
        }
        self.settle_items(question, &mut settled);
        if let Some(origin) = settled.origin {
            self.origins.insert(path.clone(), origin);
        }
        if let Some(secret) = settled.secret {
            self.secrets.0.insert(path.clone(), secret);
        } else if !settled.value.is_null() {
            self.answers.insert(path.clone(), settled.value);
        }
        if let Some(what) = settled.fault {
            self.faults.push(Fault {
                path: path.clone(),
                missing: settled.missing,
                what,
                example: question.example.clone(),
            });
        }
    }

    /// What was given for a question, the strongest origin first.
    pub(super) fn strongest(&self, question: &Question) -> Option<(Origin, &Input)> {
        let origins = [Origin::Typed, Origin::Flag, Origin::Variable, Origin::File, Origin::LastRun];
        if question.sticky
            && let Some(pinned) = self.given.get(&Origin::LastRun).and_then(|given| given.get(&question.path))
        {
            let changed =
                origins[..4].iter().find_map(|origin| Some((*origin, self.given.get(origin)?.get(&question.path)?)));
            return changed.or(Some((Origin::LastRun, pinned)));
        }
        origins.into_iter().find_map(|origin| Some((origin, self.given.get(&origin)?.get(&question.path)?)))
    }

    /// What was given for a question beneath what was typed.
    pub(super) fn given_beneath(&self, question: &Question) -> Option<(Origin, &Input)> {
        let origins = [Origin::Flag, Origin::Variable, Origin::File, Origin::LastRun];
        origins.into_iter().find_map(|origin| Some((origin, self.given.get(&origin)?.get(&question.path)?)))
    }

    fn settle_clean(&self, question: &Question) -> Settled {
        self.settle_given(question, self.strongest(question))
    }

    /// What a question comes to with what is given for it; else the profile's answer, else the default.
    pub(super) fn settle_given(&self, question: &Question, given: Option<(Origin, &Input)>) -> Settled {
        let settled = |value, origin, fault| Settled { value, secret: None, origin, fault, missing: false };
        if let Some((origin, input)) = given {
            let read = match input {
                Input::Text(text) if text.trim().is_empty() && question.optional => Ok(Value::Null),
                Input::Text(text) => value::from_text(&question.kind, text),
                Input::Value(Value::Null) if question.optional => Ok(Value::Null),
                Input::Value(given) => value::from_value(&question.kind, given),
                Input::Secret(_) => Err("is not a secret".into()),
            };
            return match read.and_then(|value| self.fits(&question.kind, &value).map(|()| value)) {
                Ok(value) => settled(value, Some(origin), None),
                Err(fault) => settled(Value::Null, Some(origin), Some(fault)),
            };
        }
        let profile = self.product.profiles.iter().find(|profile| profile.id == self.place.profile);
        if let Some(preset) = profile.and_then(|profile| profile.answers.get(&question.path)) {
            return match value::from_value(&question.kind, preset) {
                Ok(value) => settled(value, Some(Origin::Profile), None),
                Err(fault) => settled(Value::Null, Some(Origin::Profile), Some(fault)),
            };
        }
        match &question.default {
            Some(default) => match self.default(question, default) {
                Ok(value) => settled(value, Some(Origin::Default), None),
                Err(fault) => settled(Value::Null, Some(Origin::Default), Some(fault)),
            },
            None if question.optional => settled(Value::Null, None, None),
            None => Settled { missing: true, ..settled(Value::Null, None, Some("is not answered".into())) },
        }
    }

    /// What would be wrong with an answer if it was given: by its type and by its own checks.
    ///
    /// # Errors
    /// What would be wrong.
    pub fn judge(&self, path: &str, input: &Input) -> Result<(), String> {
        let Some(question) = self.product.questions.get(path).filter(|question| !question.is_secret()) else {
            return Ok(());
        };
        let settled = self.settle_given(question, Some((Origin::Typed, input)));
        if let Some(fault) = settled.fault {
            return Err(fault);
        }
        if settled.value.is_null() {
            return Ok(());
        }
        let world = self.world();
        for check in &question.checks {
            let scope = world.scope(&question.scope).with("self", Looked::clean(settled.value.clone()));
            if !scope.truth(Some(&check.that)).unwrap_or(false) {
                return Err(check.say.clone());
            }
        }
        Ok(())
    }

    /// Structures are checked against their Kubernetes schema (language.md "Types").
    fn fits(&self, kind: &Kind, value: &Value) -> Result<(), String> {
        match (kind, value) {
            (_, Value::Null) => Ok(()),
            (Kind::Object { schema }, value) => self.sources.fits(schema, value),
            (Kind::List(of), Value::Array(items)) => {
                let checked = items
                    .iter()
                    .enumerate()
                    .map(|(number, item)| self.fits(of, item).map_err(|fault| format!("entry {} {fault}", number + 1)));
                checked.collect()
            }
            _ => Ok(()),
        }
    }

    /// The default of a question, evaluated with the present answers.
    pub(super) fn default(&self, question: &Question, default: &Node) -> Result<Value, String> {
        let given = match default.template() {
            Some(template) => {
                let template = template.map_err(ToString::to_string)?;
                if template.is_plain() {
                    template_text(template)
                } else {
                    let world = self.world();
                    let evaluated =
                        template.evaluate(&world.scope(&question.scope)).map_err(|fault| fault.to_string())?;
                    if evaluated.tainted {
                        return Err("has a default that is computed from a secret".into());
                    }
                    evaluated.value
                }
            }
            None => question.kind.written(default),
        };
        if given.is_null() {
            return Ok(Value::Null);
        }
        value::from_value(&question.kind, &given)
    }

    /// What a secret comes to, by its path: that of a question, or of a field inside an item.
    pub(super) fn settle_secret_at(&self, path: &str, question: &Question, given: Option<(Origin, &Input)>) -> Settled {
        let path = path.to_owned();
        let in_keys = || SecretRef::Keys { generation: 0, key: path.clone() };
        let made =
            |secret, origin| Settled { value: Value::Null, secret: Some(secret), origin, fault: None, missing: false };
        let wrong = |origin, fault: String, missing| Settled {
            value: Value::Null,
            secret: None,
            origin,
            fault: Some(fault),
            missing,
        };
        // A key of an earlier install is used before anything that would make a new one.
        let kept = self.kept.get(&path).cloned();
        let generated = |origin| match (&kept, self.generated.get(&path)) {
            (Some(kept), _) => made(kept.clone(), origin),
            (None, Some(value)) => {
                made(Secret { source: SecretSource::Generated, value: Some(value.clone()), at: in_keys() }, origin)
            }
            (None, None) => {
                wrong(origin, "cannot be made: bring it as env:NAME, file:PATH or secret:NAME/KEY".into(), false)
            }
        };
        let Some((origin, input)) = given else {
            return match (&kept, question.generate) {
                (Some(kept), _) => made(kept.clone(), Some(Origin::LastRun)),
                (None, Some(_)) => generated(Some(Origin::Default)),
                (None, None) if question.optional => {
                    Settled { value: Value::Null, secret: None, origin: None, fault: None, missing: false }
                }
                (None, None) => wrong(None, "is not answered".into(), true),
            };
        };
        let brought = |value: String| {
            let value = value
                .strip_suffix('\n')
                .map_or(value.as_str(), |value| value.strip_suffix('\r').unwrap_or(value))
                .to_string();
            made(
                Secret { source: SecretSource::Brought, value: Some(SecretText::new(value)), at: in_keys() },
                Some(origin),
            )
        };
        let input = match input {
            Input::Secret(input) => Ok(input.clone()),
            Input::Text(text) if text.is_empty() && question.optional => {
                return Settled { value: Value::Null, secret: None, origin: Some(origin), fault: None, missing: false };
            }
            Input::Text(text) => SecretInput::parse(text),
            Input::Value(Value::String(text)) => SecretInput::parse(text),
            Input::Value(_) => SecretInput::parse(""),
        };
        match input {
            Err(fault) => wrong(Some(origin), fault, false),
            Ok(SecretInput::Generate) => generated(Some(origin)),
            Ok(SecretInput::Value(value)) => brought(value.expose().to_string()),
            Ok(SecretInput::Env(name)) => match self.sources.variable(&name) {
                Some(value) => brought(value),
                None => wrong(Some(origin), format!("names the variable {name}, which is not set"), false),
            },
            Ok(SecretInput::File(file)) => match self.sources.file(&file) {
                Ok(value) => brought(value),
                Err(why) => wrong(Some(origin), format!("names the file {file}, which cannot be read: {why}"), false),
            },
            Ok(SecretInput::Existing { name, key }) => match self.sources.existing(&name, &key) {
                Ok(value) => {
                    let at = SecretRef::Existing { namespace: self.place.namespace.clone(), name, key };
                    made(Secret { source: SecretSource::Existing, value, at }, Some(origin))
                }
                Err(why) => wrong(Some(origin), format!("names the key {key} of the Secret {name}: {why}"), false),
            },
        }
    }

    /// Runs the checks of a question; none is run on null, on what may not be read, or beside another fault.
    fn check(&mut self, question: &Question) {
        let path = &question.path;
        if self.faults.iter().any(|fault| fault.path == *path) {
            return;
        }
        let looked = match self.secrets.get(path) {
            Some(Secret { value: None, .. }) => return,
            Some(Secret { value: Some(value), at, .. }) => Looked {
                value: Value::from(value.expose()),
                taint: Some(Ingredient::Secret { path: path.clone(), at: at.clone() }),
                unknown: false,
            },
            None => match self.answers.get(path) {
                None | Some(Value::Null) => return,
                Some(value) => Looked::clean(value.clone()),
            },
        };
        if question.kind == Kind::Secret && looked.value.as_str().is_some_and(str::is_empty) {
            self.faults.push(Fault {
                path: path.clone(),
                missing: false,
                what: "is empty".into(),
                example: question.example.clone(),
            });
            return;
        }
        for check in &question.checks {
            let holds = {
                let world = self.world();
                let scope = world.scope(&question.scope).with("self", looked.clone());
                scope.truth(Some(&check.that))
            };
            if !self.tell(path, holds, &check.say) {
                return;
            }
        }
        self.check_items(question);
    }

    /// Notes what is wrong with an answer.
    pub(super) fn fault(&mut self, question: &Question, what: String) {
        let (path, example) = (question.path.clone(), question.example.clone());
        self.faults.push(Fault { path, missing: false, what, example });
    }

    /// Takes the outcome of a check in; false when it does not hold. What cannot be evaluated does not hold.
    pub(super) fn tell(
        &mut self,
        path: &str,
        holds: Result<bool, crate::product::expression::EvaluationFault>,
        say: &str,
    ) -> bool {
        let what = match holds {
            Ok(true) => return true,
            Ok(false) => say.to_string(),
            Err(fault) => format!("cannot be checked: {fault}"),
        };
        let example = self.product.questions.get(path).map(|question| question.example.clone()).unwrap_or_default();
        self.faults.push(Fault { path: path.to_string(), missing: false, what, example });
        false
    }
}

fn template_text(template: &Template) -> Value {
    struct Nothing;
    impl crate::product::expression::Names for Nothing {
        fn lookup(&self, _name: &str) -> Result<Looked, crate::product::expression::EvaluationFault> {
            Ok(Looked::default())
        }
    }
    template.evaluate(&Nothing).map(|evaluated| evaluated.value).unwrap_or(Value::Null)
}
