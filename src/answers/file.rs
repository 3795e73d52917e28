//! The answers file: read with the place of every fault, and written so that it repeats a run.

mod recorded;

use indexmap::IndexMap;
use serde_json::{Map, Value};

pub use recorded::{Written, recorded};

use super::form::{Form, Given};
use super::view::Input;
use super::{Origin, value};
use crate::finding::{Finding, Severity};
use crate::product::node::{self, Node, NodeValue};
use crate::product::schema::{Kind, Product};
use crate::suggest;

/// Codes of the findings in an answers file, with their meaning.
pub const CODES: [(&str, &str); 2] = [
    (
        "ANSWER",
        "An answer in the answers file does not fit its question: the message says the rule, and an example where there is one.",
    ),
    (
        "ANSWERS",
        "The answers file is not one mapping of answers, or its key `slipway` names something other than product, context, namespace, release and profile.",
    ),
];

/// What may stand under the top key `slipway`.
const TARGET: &[&str] = &["product", "context", "namespace", "release", "profile"];

/// An answers file as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswersFile {
    /// What stands under `slipway`: product, context, namespace, release, profile.
    pub target: IndexMap<String, String>,
    /// The answers by path.
    pub answers: Given,
}

/// Reads an answers file against a product; `name` is shown in the faults.
///
/// # Errors
/// Every fault, with its place and the nearest name.
pub fn read(name: &str, text: &str, product: &Product) -> Result<AnswersFile, Vec<Finding>> {
    let nodes = node::parse(name, text)?;
    let mut read = AnswersFile::default();
    let mut faults = Vec::new();
    match nodes.as_slice() {
        [] => {}
        [one] if one.as_map().is_some() => {
            for (key, node) in one.as_map().unwrap_or(&[]) {
                if key.text == "slipway" {
                    target(node, &mut read, &mut faults);
                } else {
                    walk(&key.text, node, product, &mut read, &mut faults);
                }
            }
        }
        [first, ..] => {
            let what = "an answers file holds one mapping";
            faults.push(Finding::new("ANSWERS", Severity::Error, what).at(first.place.to_string()));
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// What a file says of its target, whatever its product; `None` when it cannot be read.
pub fn target_of(name: &str, text: &str) -> IndexMap<String, String> {
    let mut read = AnswersFile::default();
    if let Ok(nodes) = node::parse(name, text)
        && let Some(node) = nodes.first().and_then(|node| node.get("slipway"))
    {
        target(node, &mut read, &mut Vec::new());
    }
    read.target
}

fn target(node: &Node, read: &mut AnswersFile, faults: &mut Vec<Finding>) {
    for (key, node) in node.as_map().unwrap_or(&[]) {
        if !TARGET.contains(&key.text.as_str()) {
            let near = suggest::nearest(&key.text, TARGET.iter().copied());
            let remedy = near
                .map_or_else(|| format!("known are {}", TARGET.join(", ")), |near| format!("did you mean `{near}`?"));
            let what = format!("`slipway` has no key `{}`", key.text);
            faults.push(Finding::new("ANSWERS", Severity::Error, what).at(key.place.to_string()).remedy(remedy));
        } else if let Some(text) = node.as_text() {
            read.target.insert(key.text.clone(), text.to_string());
        }
    }
}

fn walk(path: &str, node: &Node, product: &Product, read: &mut AnswersFile, faults: &mut Vec<Finding>) {
    if let Some(question) = product.questions.get(path) {
        let input = match (&question.kind, &node.value) {
            (_, NodeValue::Null) => Input::Value(Value::Null),
            (Kind::Secret, NodeValue::Text(text)) => Input::Text(text.clone()),
            // Text takes the scalar as it was written: `tag: 1.20` is the text 1.20.
            _ => Input::Value(question.kind.written(node)),
        };
        // Read once here, so that the fault has its place; the form reads it again with the other origins.
        let fault = match &input {
            Input::Value(value) if !value.is_null() => value::from_value(&question.kind, value).err(),
            Input::Text(text) => super::view::SecretInput::parse(text).err(),
            _ => None,
        };
        if let Some(fault) = fault {
            let what = format!("{path} {fault}");
            let remedy =
                if question.example.is_empty() { String::new() } else { format!("for example {}", question.example) };
            faults.push(Finding::new("ANSWER", Severity::Error, what).at(node.place.to_string()).remedy(remedy));
        }
        read.answers.insert(path.to_string(), input);
        return;
    }
    let beginning = format!("{path}.");
    match node.as_map() {
        Some(map) if product.questions.keys().any(|known| known.starts_with(&beginning)) => {
            for (key, node) in map {
                walk(&format!("{beginning}{}", key.text), node, product, read, faults);
            }
        }
        _ => {
            let near = suggest::nearest(path, product.questions.keys().map(String::as_str));
            let what = format!("{} has no question `{path}`", product.title);
            let remedy = near.map_or_else(
                || format!("slipway products show {}", product.name),
                |near| format!("did you mean `{near}`?"),
            );
            faults.push(
                Finding::new("UNKNOWN_QUESTION", Severity::Error, what).at(node.place.to_string()).remedy(remedy),
            );
        }
    }
}

/// Writes the file that repeats the form's answers: what the operator decided, secrets as references. A typed secret has
/// no reference: it is written as a variable to be set.
pub fn write(form: &Form, context: &str) -> String {
    write_since(Origin::Profile, form, context)
}

/// The same with what was decided later than an origin alone: what earlier runs decided is in the release's record.
pub fn write_since(since: Origin, form: &Form, context: &str) -> String {
    let product = form.product();
    let place = form.place();
    let mut text = format!("# Answers for {}: slipway install {} -f FILE\n", product.title, product.name);
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
    let mut tree = Map::new();
    for (path, input) in form.decided_since(since) {
        put(&mut tree, &path, input);
    }
    if !tree.is_empty() {
        write_tree(&Value::Object(tree), 0, &mut text);
    }
    text
}

fn put(tree: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            tree.insert(path.to_string(), value);
        }
        Some((first, rest)) => {
            let below = tree.entry(first.to_string()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// Block mappings for the paths, JSON (which is YAML) for the values.
fn write_tree(value: &Value, depth: usize, text: &mut String) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        text.push_str(&"  ".repeat(depth));
        match value {
            Value::Object(below) if !below.is_empty() && !below.contains_key(LEAF) => {
                text.push_str(&format!("{key}:\n"));
                write_tree(value, depth + 1, text);
            }
            Value::Object(below) => {
                let leaf = below.get(LEAF).unwrap_or(value);
                text.push_str(&format!("{key}: {leaf}\n"));
            }
            other => text.push_str(&format!("{key}: {}\n", scalar(other))),
        }
    }
}

/// Marks a mapping that is itself an answer, not a part of a path.
pub(super) const LEAF: &str = "\u{0}leaf";

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Plain where it reads back as the same text, JSON where it would not.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':'))
        && !text.ends_with(':')
        && node::parse("x", &format!("a: {text}"))
            .is_ok_and(|nodes| nodes[0].get("a").and_then(Node::as_text) == Some(text));
    if plain { text.to_string() } else { Value::from(text).to_string() }
}

impl Form {
    /// What the operator decided, by path: every answer that no default or profile gave; secrets as references.
    pub fn decided(&self) -> Vec<(String, Value)> {
        self.decided_since(Origin::Profile)
    }

    /// What was decided later than an origin.
    pub fn decided_since(&self, since: Origin) -> Vec<(String, Value)> {
        let mut decided = Vec::new();
        for (path, question) in &self.product().questions {
            let Some(view) = self.question(path) else { continue };
            if view.fault.is_some() || view.origin.is_none_or(|origin| origin <= since) {
                continue;
            }
            if question.is_secret() {
                decided.push((path.clone(), Value::from(self.secret_reference(path))));
            } else if question.secret_fields().next().is_some() {
                decided.push((path.clone(), self.with_references(question, &view.value, true)));
            } else if view.value.is_object() {
                decided.push((path.clone(), serde_json::json!({LEAF: view.value})));
            } else {
                decided.push((path.clone(), view.value));
            }
        }
        decided
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
