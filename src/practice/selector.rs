//! Label and field selectors.

use serde_json::Value;

use super::status::{Refusal, bad_request};
use crate::object::Object;

/// Which objects are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(Vec<String>, bool, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// Reads both selectors of a query.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let mut selector = Self::default();
        for term in terms(labels) {
            selector.labels.push(requirement(&term));
        }
        for term in fields.split(',').filter(|term| !term.is_empty()) {
            let (path, same, value) = if let Some((path, value)) = term.split_once("!=") {
                (path, false, value)
            } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (path, true, value)
            } else {
                return Err(bad_request(format!("invalid field selector: {term}")));
            };
            selector.fields.push((path.split('.').map(str::to_string).collect(), same, value.into()));
        }
        Ok(selector)
    }

    pub(crate) fn fits(&self, object: &Object) -> bool {
        let label = |key: &String| object.label(key);
        let labels = self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::NotIn(key, values) => !label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Missing(key) => label(key).is_none(),
        });
        labels
            && self.fields.iter().all(|(path, same, value)| {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let found = match object.at(&path) {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => String::new(),
                };
                (found == *value) == *same
            })
    }
}

/// Splits at commas outside parentheses.
fn terms(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0;
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(term) = terms.last_mut() {
            term.push(letter);
        }
    }
    terms.into_iter().map(|term| term.trim().to_string()).filter(|term| !term.is_empty()).collect()
}

fn requirement(term: &str) -> Requirement {
    let list = |text: &str| -> Vec<String> {
        text.trim().trim_matches(['(', ')']).split(',').map(|value| value.trim().to_string()).collect()
    };
    if let Some((key, values)) = term.split_once(" notin ") {
        return Requirement::NotIn(key.trim().into(), list(values));
    }
    if let Some((key, values)) = term.split_once(" in ") {
        return Requirement::In(key.trim().into(), list(values));
    }
    if let Some((key, value)) = term.split_once("!=") {
        return Requirement::NotIn(key.trim().into(), vec![value.trim().into()]);
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Requirement::In(key.trim().into(), vec![value.trim().into()]);
    }
    match term.strip_prefix('!') {
        Some(key) => Requirement::Missing(key.trim().into()),
        None => Requirement::Exists(term.into()),
    }
}
