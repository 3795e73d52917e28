//! The answers file of what is installed, out of its record: no form is needed, and no secret.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{LEAF, put, quoted, write_tree};
use crate::answers::form::Place;
use crate::answers::{RecordedAnswer, names};
use crate::product::item;
use crate::product::schema::{Product, Question};
use crate::secret::SecretRef;

/// A file, and what has to be set before it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// The variables that it reads secrets from, by the path of the answer.
    pub variables: BTreeMap<String, String>,
}

/// Writes the file that repeats recorded answers at a place: what the operator decided and what is pinned, or with `all` every
/// answer. A secret that was brought becomes a variable, since its value stands nowhere but in a Secret; one that slipway
/// made is made there again.
pub fn recorded(
    product: &Product,
    place: &Place,
    context: &str,
    answers: &BTreeMap<String, RecordedAnswer>,
    brought: &dyn Fn(&str) -> bool,
    all: bool,
) -> Written {
    let mut written = Written::default();
    let mut tree = Map::new();
    let reference = |path: &str, at: &SecretRef, variables: &mut BTreeMap<String, String>| match at {
        SecretRef::Existing { name, key, .. } => Some(format!("secret:{name}/{key}")),
        SecretRef::Keys { .. } if brought(path) => {
            let name = names::secret_variable(path);
            variables.insert(path.to_string(), name.clone());
            Some(format!("env:{name}"))
        }
        SecretRef::Keys { .. } => None,
    };
    for (path, question) in &product.questions {
        let Some(answer) = answers.get(path) else { continue };
        // The version is what is installed, whatever a later program takes for its default.
        let decided = !matches!(answer.origin.as_str(), "default" | "profile") || question.sticky || path == "version";
        if let Some(at) = &answer.secret {
            if let Some(reference) = reference(path, at, &mut written.variables) {
                put(&mut tree, path, Value::from(reference));
            }
        } else if decided || all {
            let mut value = answer.value.clone();
            items(product, question, &mut value, answers, &mut |path, at| reference(path, at, &mut written.variables));
            put(&mut tree, path, if value.is_object() { json!({LEAF: value}) } else { value });
        }
    }
    let mut text = format!("# Repeats what is installed: slipway install {} -f FILE\n", product.name);
    for (path, name) in &written.variables {
        text.push_str(&format!("# Set {name} first: {path} was brought, and stands in no file.\n"));
    }
    text.push_str("slipway:\n");
    let pairs = [
        ("product", product.name.as_str()),
        ("context", context),
        ("namespace", &place.namespace),
        ("release", &place.release),
        ("profile", &place.profile),
    ];
    for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("  {key}: {}\n", quoted(value)));
    }
    write_tree(&Value::Object(tree), 0, &mut text);
    written.text = text;
    written
}

/// Puts the references of secrets into the items of a list.
fn items(
    product: &Product,
    list: &Question,
    value: &mut Value,
    answers: &BTreeMap<String, RecordedAnswer>,
    reference: &mut dyn FnMut(&str, &SecretRef) -> Option<String>,
) {
    if list.secret_fields().next().is_none() {
        return;
    }
    for item in value.as_array_mut().into_iter().flatten() {
        let Some(key) = list.key_of(item) else { continue };
        for field in list.secret_fields() {
            let path = item::path(&list.path, &key, &field.path);
            let known = item::named(product, &path).and(answers.get(&path)).and_then(|answer| answer.secret.as_ref());
            if let (Some(reference), Some(item)) = (known.and_then(|at| reference(&path, at)), item.as_object_mut()) {
                item.insert(field.path.clone(), Value::from(reference));
            }
        }
    }
}
