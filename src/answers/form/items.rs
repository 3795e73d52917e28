//! Lists whose items hold secrets (language.md "Types"): each secret is settled as a key of its own, `<id>.<key>.<field>`.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::resolve::Settled;
use super::{Form, Input, letters};
use crate::answers::value::{self, computed};
use crate::answers::view::SecretInput;
use crate::answers::{Origin, RecordedAnswer};
use crate::product::expression::Looked;
use crate::product::item;
use crate::product::recipe::Given as Ingredient;
use crate::product::schema::{Kind, Question};
use crate::secret::{Secret, SecretRef, SecretSource};

/// The items as they were given, secrets as references among them.
pub(crate) fn given_items(question: &Question, input: &Input) -> Vec<Value> {
    let read = match input {
        Input::Text(text) => value::structured(text).unwrap_or(Value::Null),
        Input::Value(given) => given.clone(),
        Input::Secret(_) => Value::Null,
    };
    match read {
        Value::Array(items) if matches!(question.kind, Kind::Items { .. }) => items,
        _ => Vec::new(),
    }
}

impl Form {
    /// Completes the items of a list: defaults that are computed, and the secrets.
    pub(super) fn settle_items(&mut self, question: &Question, settled: &mut Settled) {
        let Kind::Items { fields, .. } = &question.kind else { return };
        let beginning = format!("{}.", question.path);
        self.secrets.0.retain(|path, _| !path.starts_with(&beginning));
        let Value::Array(items) = &mut settled.value else { return };
        let mut fault = None;
        for field in fields.iter().filter(|field| field.default.as_ref().is_some_and(computed)) {
            let Some(default) = &field.default else { continue };
            match self.default(field, default) {
                Ok(value) => {
                    for item in items.iter_mut().filter_map(Value::as_object_mut) {
                        if !value.is_null() && !item.contains_key(&field.path) {
                            item.insert(field.path.clone(), value.clone());
                        }
                    }
                }
                Err(why) => drop(fault.get_or_insert(format!("has a field {} whose default fails: {why}", field.path))),
            }
        }
        let given = self.strongest(question).map(|(origin, input)| (origin, given_items(question, input)));
        for item in items.iter() {
            let Some(key) = question.key_of(item) else { continue };
            for field in question.secret_fields() {
                let path = item::path(&question.path, &key, &field.path);
                self.make_for_item(&path, field);
                let reference = given.as_ref().and_then(|(origin, items)| {
                    let found = items.iter().find(|one| question.key_of(one).as_deref() == Some(&key))?;
                    let text = found.get(&field.path)?.as_str()?;
                    Some((*origin, Input::Text(text.to_owned())))
                });
                let alone = self.given_for(&path).map(|(origin, input)| (origin, input.clone()));
                let strongest = match (alone, reference) {
                    (Some(alone), Some(inside)) => Some(if alone.0 >= inside.0 { alone } else { inside }),
                    (alone, inside) => alone.or(inside),
                };
                let strongest = strongest.as_ref().map(|(origin, input)| (*origin, input));
                let made = self.settle_secret_at(&path, field, strongest);
                if let Some(secret) = made.secret {
                    self.secrets.0.insert(path, secret);
                }
                if let Some(what) = made.fault {
                    let what = if made.missing {
                        format!("has no {} for {key}: write env:NAME, file:PATH or secret:NAME/KEY there", field.path)
                    } else {
                        format!("has a wrong {} for {key}: {what}", field.path)
                    };
                    fault.get_or_insert(what);
                }
            }
        }
        if settled.fault.is_none() {
            settled.fault = fault;
        }
    }

    /// What was given for a secret by its own path, the strongest origin first.
    fn given_for(&self, path: &str) -> Option<(Origin, &Input)> {
        self.given.iter().rev().find_map(|(origin, given)| Some((*origin, given.get(path)?)))
    }

    /// Makes the value of a secret field that can be made; the same for the same seed and path, whatever else is asked.
    fn make_for_item(&mut self, path: &str, field: &Question) {
        let Some(generate) = field.generate else { return };
        if !self.generated.contains_key(path) {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(path.as_bytes());
            let made = letters(&mut StdRng::from_seed(hash.finalize().into()), generate);
            self.generated.insert(path.to_owned(), made);
        }
    }

    /// Runs the checks of the fields of a list's items: the first that does not hold is the list's fault.
    pub(super) fn check_items(&mut self, question: &Question) {
        let Kind::Items { fields, .. } = &question.kind else { return };
        let items = match self.answers.get(&question.path) {
            Some(Value::Array(items)) => items.clone(),
            _ => return,
        };
        for item in &items {
            let key = question.key_of(item).unwrap_or_default();
            for field in fields {
                let looked = if field.is_secret() {
                    match self.secrets.get(&item::path(&question.path, &key, &field.path)) {
                        Some(secret) => match &secret.value {
                            Some(value) if value.expose().is_empty() => {
                                self.fault(question, format!("has an empty {} for {key}", field.path));
                                return;
                            }
                            Some(value) => Looked {
                                value: Value::from(value.expose()),
                                taint: Some(Ingredient::Secret {
                                    path: item::path(&question.path, &key, &field.path),
                                    at: secret.at.clone(),
                                }),
                                unknown: false,
                            },
                            None => continue,
                        },
                        None => continue,
                    }
                } else {
                    match item.get(&field.path) {
                        Some(value) => Looked::clean(value.clone()),
                        None => continue,
                    }
                };
                for check in &field.checks {
                    let holds = {
                        let world = self.world();
                        world.scope(&question.scope).with("self", looked.clone()).truth(Some(&check.that))
                    };
                    let say = format!("has a wrong {} for {key}: {}", field.path, check.say);
                    if !self.tell(&question.path, holds, &say) {
                        return;
                    }
                }
            }
        }
    }

    /// A key that an earlier generation does not have, and one that is brought with another value, needs the next one,
    /// which is complete (cluster.md 3).
    pub(super) fn renew_generation(&mut self) {
        let generation = |at: &SecretRef| match at {
            SecretRef::Keys { generation, .. } => *generation,
            SecretRef::Existing { .. } => 0,
        };
        let kept = self.kept.0.values().map(|secret| generation(&secret.at)).max().unwrap_or(0);
        let is_new = |path: &String, secret: &Secret| {
            let kept = self.kept.get(path).and_then(|kept| kept.value.as_ref());
            matches!(secret.at, SecretRef::Keys { .. }) && (kept.is_none() || kept != secret.value.as_ref())
        };
        let new = self.secrets.0.iter().any(|(path, secret)| is_new(path, secret));
        // Keys of an earlier install that are not used stay whole: these are in a generation of their own.
        let aside = self.facts.namespace.pact.generation();
        if (kept == 0 && aside == 0) || !new && kept == 1 {
            return;
        }
        let (new, kept) = if kept == 0 { (true, aside) } else { (new, kept) };
        for secret in self.secrets.0.values_mut() {
            if let SecretRef::Keys { generation, .. } = &mut secret.at {
                *generation = if new { kept + 1 } else { kept };
            }
        }
    }

    /// A list's value with its secrets as references, where they have one: as files and people write it.
    pub(in crate::answers) fn with_references(&self, question: &Question, value: &Value, all: bool) -> Value {
        let Value::Array(items) = value else { return value.clone() };
        let given = self.strongest(question).map(|(_, input)| given_items(question, input)).unwrap_or_default();
        let items = items.iter().map(|item| {
            let mut item = item.clone();
            let key = question.key_of(&item).unwrap_or_default();
            for field in question.secret_fields() {
                let path = item::path(&question.path, &key, &field.path);
                let found = given.iter().find(|one| question.key_of(one).as_deref() == Some(&key));
                let inside = found.and_then(|one| SecretInput::parse(one.get(&field.path)?.as_str()?).ok());
                let alone = self.given_for(&path).and_then(|(_, input)| match input {
                    Input::Secret(input) => Some(input.clone()),
                    Input::Text(text) => SecretInput::parse(text).ok(),
                    Input::Value(_) => None,
                });
                let reference = alone.or(inside).and_then(|input| input.reference());
                // One that was made, now or before, is made or found again without a word.
                let brought = self.secrets.get(&path).is_some_and(|secret| secret.source == SecretSource::Brought);
                let reference = reference.or_else(|| {
                    (all && brought).then(|| format!("env:{}", crate::answers::names::secret_variable(&path)))
                });
                if let (Some(reference), Some(item)) = (reference, item.as_object_mut()) {
                    item.insert(field.path.clone(), Value::from(reference));
                }
            }
            item
        });
        Value::Array(items.collect())
    }

    /// The secrets of items for the record, as references.
    pub(super) fn recorded_items(&self) -> Vec<(String, RecordedAnswer)> {
        let secrets = self.secrets.0.iter().filter_map(|(path, secret)| {
            let named = item::named(&self.product, path)?;
            let origin = self.origins.get(&named.list.path)?;
            let origin = serde_json::to_value(origin).ok()?.as_str()?.to_owned();
            Some((path.clone(), RecordedAnswer { value: Value::Null, secret: Some(secret.at.clone()), origin }))
        });
        secrets.collect()
    }
}
