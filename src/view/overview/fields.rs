//! The fields of an object as a person reads them: what is made, and what becomes of what is there. Nothing of a Secret.

use std::fmt;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::{FieldChange, Wanted};
use crate::product::Recipe;

/// One line about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// What it is.
    Is {
        /// Its path, as kubectl writes it.
        path: String,
        /// Its value, or what is said in the place of one that is hidden.
        value: String,
    },
    /// What it is and what it will be.
    Becomes {
        /// Its path.
        path: String,
        /// What is there now.
        from: String,
        /// What will be there.
        to: String,
    },
    /// A line of a text that changes.
    Line {
        /// It comes; else it goes.
        comes: bool,
        /// The line.
        text: String,
    },
}

impl Field {
    /// A field that is, or will be, just this.
    pub fn is(path: &str, value: impl Into<String>) -> Self {
        Self::Is { path: path.into(), value: value.into() }
    }

    /// Its path; empty for a line of a text.
    pub fn path(&self) -> &str {
        match self {
            Self::Is { path, .. } | Self::Becomes { path, .. } => path,
            Self::Line { .. } => "",
        }
    }

    /// What is said about it.
    pub fn words(&self) -> String {
        match self {
            Self::Is { value, .. } => value.clone(),
            Self::Becomes { from, to, .. } => format!("{from} -> {to}"),
            Self::Line { comes: true, text } => format!("+ {text}"),
            Self::Line { comes: false, text } => format!("- {text}"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            "" => write!(f, "  {}", self.words()),
            path => write!(f, "{path}: {}", self.words()),
        }
    }
}

/// The fields of an object; what every object has is left out, and so is every value of a Secret.
pub(super) fn all(wanted: &Wanted) -> Vec<Field> {
    let object = &wanted.object;
    let mut lines = Vec::new();
    let Some(top) = object.0.as_object() else { return lines };
    let secret = object.kind() == "Secret";
    for (key, value) in top.iter().filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata")) {
        match value.as_object() {
            Some(entries) if secret && (key == "data" || key == "stringData") => {
                lines.extend(entries.keys().map(|name| Field::is(name, hidden(wanted.recipes.get(name)))));
            }
            _ => walk(key, value, &mut lines),
        }
    }
    lines
}

/// The fields that change.
pub(super) fn changed(wanted: &Wanted, fields: &[FieldChange]) -> Vec<Field> {
    let secret = wanted.object.kind() == "Secret";
    fields.iter().flat_map(|field| if secret { vec![veiled(field)] } else { becomes(field) }).collect()
}

/// What is said in the place of an entry of a Secret.
fn hidden(recipe: Option<&Recipe>) -> String {
    let mut paths: Vec<&str> = recipe.map(Recipe::secrets).unwrap_or_default().iter().map(|(path, _)| *path).collect();
    paths.dedup();
    if paths.is_empty() { "hidden".into() } else { format!("hidden, made of {}", paths.join(", ")) }
}

fn veiled(field: &FieldChange) -> Field {
    let what = match (&field.from, &field.to) {
        (None, _) => "new, hidden",
        (_, None) => "goes, hidden",
        _ => "changes, hidden",
    };
    Field::is(&field.path, what)
}

fn becomes(field: &FieldChange) -> Vec<Field> {
    if let (Some(Value::String(from)), Some(Value::String(to))) = (&field.from, &field.to)
        && (from.contains('\n') || to.contains('\n'))
    {
        let mut lines = vec![Field::is(&field.path, "these lines change")];
        let diff = TextDiff::from_lines(from, to);
        let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
        lines.extend(changes.map(|change| Field::Line {
            comes: change.tag() == ChangeTag::Insert,
            text: change.value().trim_end_matches('\n').to_string(),
        }));
        return lines;
    }
    let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_string(), plain);
    vec![Field::Becomes { path: field.path.clone(), from: show(&field.from), to: show(&field.to) }]
}

fn walk(path: &str, value: &Value, lines: &mut Vec<Field>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                walk(&format!("{path}.{key}"), value, lines);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (i, value) in list.iter().enumerate() {
                walk(&format!("{path}[{i}]"), value, lines);
            }
        }
        value => lines.push(Field::is(path, plain(value))),
    }
}

/// A value on one line.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', " "),
        value => value.to_string(),
    }
}
