//! What is kept when the form is made anew, for another product, profile or place, and what a draft takes along.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Form, Input, given_items};
use crate::answers::draft::KeptAnswer;
use crate::answers::view::SecretInput;
use crate::answers::{Origin, value};
use crate::product::item;
use crate::product::schema::{Kind, Question};

impl Form {
    /// Takes over what was typed into an earlier form, where it still fits, and the keys that it has made: a key that was
    /// looked at or copied stays the same. A wrong answer to the same product stays too, so that nothing typed is lost.
    pub fn carry(&mut self, earlier: &Form) {
        let same = self.product.name == earlier.product.name;
        if same {
            let kept = earlier.generated.iter().filter(|(path, _)| self.generated.contains_key(*path));
            let kept: Vec<_> = kept.map(|(path, value)| (path.clone(), value.clone())).collect();
            self.generated.extend(kept);
        }
        let typed = earlier.given.get(&Origin::Typed).cloned().unwrap_or_default();
        let product = std::sync::Arc::clone(&self.product);
        let fitting = typed
            .into_iter()
            .filter(|(path, input)| product.questions.get(path).is_some_and(|question| same || fits(question, input)));
        self.given.entry(Origin::Typed).or_default().extend(fitting);
        self.resolve();
    }

    /// What was typed, for a draft: without any secret value. And the paths of the secrets that are left out.
    pub fn kept(&self) -> (BTreeMap<String, KeptAnswer>, Vec<String>) {
        let mut kept = BTreeMap::new();
        let mut left_out = Vec::new();
        for (path, input) in self.given.get(&Origin::Typed).into_iter().flatten() {
            let question = self.product.questions.get(path);
            let answer = if item::secret(&self.product, path).is_some() {
                secret(input)
            } else if let Some(list) = question.filter(|question| question.secret_fields().next().is_some()) {
                items(list, input, &mut left_out)
            } else {
                match input {
                    Input::Text(text) => Some(KeptAnswer::Text(text.clone())),
                    Input::Value(value) => Some(KeptAnswer::Value(value.clone())),
                    Input::Secret(_) => None,
                }
            };
            match answer {
                Some(answer) => drop(kept.insert(path.clone(), answer)),
                None => left_out.push(path.clone()),
            }
        }
        (kept, left_out)
    }

    /// Takes the answers of a draft up, as if they were typed; what is given by a flag now is newer, and stays. Answers
    /// with the paths that nothing asks for any more.
    pub fn take_up(&mut self, answers: &BTreeMap<String, KeptAnswer>) -> Vec<String> {
        let product = std::sync::Arc::clone(&self.product);
        let mut gone = Vec::new();
        for (path, answer) in answers {
            if !product.questions.contains_key(path) && item::secret(&product, path).is_none() {
                gone.push(path.clone());
                continue;
            }
            if self.given.get(&Origin::Flag).is_some_and(|flags| flags.contains_key(path)) {
                continue;
            }
            let input = match answer {
                KeptAnswer::Text(text) => Input::Text(text.clone()),
                KeptAnswer::Value(value) => Input::Value(value.clone()),
                // What is no reference was written into the file by somebody else: it is judged like anything typed.
                KeptAnswer::Secret(text) => {
                    SecretInput::parse(text).map_or_else(|_| Input::Text(text.clone()), Input::Secret)
                }
            };
            self.given.entry(Origin::Typed).or_default().insert(path.clone(), input);
        }
        self.resolve();
        gone
    }
}

/// A secret without its value: where it comes from, or that it is to be none.
fn secret(input: &Input) -> Option<KeptAnswer> {
    match input {
        Input::Secret(given) => given.reference().map(KeptAnswer::Secret),
        Input::Text(text) | Input::Value(Value::String(text)) if text.is_empty() => {
            Some(KeptAnswer::Text(String::new()))
        }
        Input::Text(text) | Input::Value(Value::String(text)) => {
            SecretInput::parse(text).ok().map(|_| KeptAnswer::Secret(text.clone()))
        }
        Input::Value(_) => None,
    }
}

/// A list whose items hold secrets: of these the references, and of the rest what is asked for.
fn items(list: &Question, input: &Input, left_out: &mut Vec<String>) -> Option<KeptAnswer> {
    let Kind::Items { fields, .. } = &list.kind else { return None };
    let mut given = given_items(list, input);
    let nothing = matches!(input, Input::Text(text) if text.trim().is_empty())
        || matches!(input, Input::Value(Value::Array(all)) if all.is_empty());
    // What cannot be read may hold anything.
    if given.is_empty() && !nothing {
        return None;
    }
    for (i, one) in given.iter_mut().enumerate() {
        let key = list.key_of(one).unwrap_or_else(|| i.to_string());
        let map = one.as_object_mut()?;
        map.retain(|name, value| {
            let known = fields.iter().find(|field| field.path == *name);
            let stays = match known {
                Some(field) if field.is_secret() => value.as_str().is_some_and(|text| SecretInput::parse(text).is_ok()),
                known => known.is_some(),
            };
            if !stays {
                left_out.push(item::path(&list.path, &key, name));
            }
            stays
        });
    }
    Some(KeptAnswer::Value(Value::Array(given)))
}

/// Whether an answer can be one to this question.
fn fits(question: &Question, input: &Input) -> bool {
    match input {
        Input::Secret(_) => question.is_secret(),
        Input::Text(_) if question.is_secret() => false,
        Input::Text(text) => value::from_text(&question.kind, text).is_ok(),
        Input::Value(given) => value::from_value(&question.kind, given).is_ok(),
    }
}
