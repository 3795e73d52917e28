//! Takes the known keys out of a mapping, and tells of what is left, missing or of the wrong type.

use crate::suggest;

use super::super::expression::{Expression, Template};
use super::super::node::{Key, Node, NodeValue, Place};
use super::Faults;

/// A mapping whose keys are taken one by one; [`Fields::done`] tells of the unknown ones.
pub(super) struct Fields<'a> {
    map: &'a [(Key, Node)],
    place: Place,
    what: String,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(node: &'a Node, what: impl Into<String>, faults: &mut Faults) -> Option<Self> {
        let what = what.into();
        match node.as_map() {
            Some(map) => Some(Self { map, place: node.place.clone(), what, known: Vec::new() }),
            None => {
                faults.add("TYPE", &node.place, format!("{what} must be a mapping, and is {}", node.word()), "");
                None
            }
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        let found = self.map.iter().find(|(known, _)| known.text == key).map(|(_, node)| node);
        found.filter(|node| node.value != NodeValue::Null)
    }

    /// Whether a key stands there, be it with nothing behind it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.iter().any(|(known, _)| known.text == key)
    }

    fn missing(&self, key: &str, faults: &mut Faults) {
        faults.add("MISSING", &self.place, format!("{} has no `{key}`", self.what), format!("add {key}: …"));
    }

    fn wrong(&self, key: &str, node: &Node, wanted: &str, faults: &mut Faults) {
        let what = format!("`{key}` of {} must be {wanted}, and is {}", self.what, node.word());
        faults.add("TYPE", &node.place, what, "");
    }

    /// Text; numbers are not text, since they are not written as they were read.
    pub(super) fn text(&mut self, key: &'static str, faults: &mut Faults) -> Option<String> {
        let node = self.get(key)?;
        match node.as_text() {
            Some(text) => Some(text.to_string()),
            None => {
                self.wrong(key, node, "text", faults);
                None
            }
        }
    }

    pub(super) fn need_text(&mut self, key: &'static str, faults: &mut Faults) -> String {
        if !self.has(key) {
            self.known.push(key);
            self.missing(key, faults);
        }
        self.text(key, faults).unwrap_or_default()
    }

    /// Text or a number, as it was written: `1.10` is the version 1.10.
    pub(super) fn words(&mut self, key: &'static str, faults: &mut Faults) -> String {
        let Some(node) = self.get(key) else { return String::new() };
        match &node.value {
            NodeValue::Text(text) => text.clone(),
            NodeValue::Int(_) | NodeValue::Float(_) => node.written.as_deref().unwrap_or_default().to_string(),
            _ => {
                self.wrong(key, node, "text", faults);
                String::new()
            }
        }
    }

    pub(super) fn yes_no(&mut self, key: &'static str, faults: &mut Faults) -> bool {
        let Some(node) = self.get(key) else { return false };
        match node.value {
            NodeValue::Bool(value) => value,
            _ => {
                self.wrong(key, node, "true or false", faults);
                false
            }
        }
    }

    pub(super) fn integer(&mut self, key: &'static str, faults: &mut Faults) -> Option<i64> {
        let node = self.get(key)?;
        match node.value {
            NodeValue::Int(value) => Some(value),
            _ => {
                self.wrong(key, node, "a whole number", faults);
                None
            }
        }
    }

    pub(super) fn list(&mut self, key: &'static str, faults: &mut Faults) -> &'a [Node] {
        let Some(node) = self.get(key) else { return &[] };
        match node.as_list() {
            Some(list) => list,
            None => {
                self.wrong(key, node, "a list", faults);
                &[]
            }
        }
    }

    pub(super) fn map(&mut self, key: &'static str, faults: &mut Faults) -> &'a [(Key, Node)] {
        let Some(node) = self.get(key) else { return &[] };
        match node.as_map() {
            Some(map) => map,
            None => {
                self.wrong(key, node, "a mapping", faults);
                &[]
            }
        }
    }

    /// Bare CEL; `true` and `false` as YAML read them are CEL too.
    pub(super) fn expression(&mut self, key: &'static str, faults: &mut Faults) -> Option<Expression> {
        let node = self.get(key)?;
        let text = match &node.value {
            NodeValue::Text(text) => text.clone(),
            NodeValue::Bool(value) => value.to_string(),
            _ => {
                self.wrong(key, node, "an expression", faults);
                return None;
            }
        };
        expression(&text, node, faults)
    }

    pub(super) fn template(&mut self, key: &'static str, faults: &mut Faults) -> Option<Template> {
        let node = self.get(key)?;
        match node.as_text() {
            Some(text) => template(text, node, faults),
            None => {
                self.wrong(key, node, "text", faults);
                None
            }
        }
    }

    pub(super) fn need_template(&mut self, key: &'static str, faults: &mut Faults) -> Option<Template> {
        if !self.has(key) {
            self.missing(key, faults);
        }
        self.template(key, faults)
    }

    /// A list of texts that may hold `${}`.
    pub(super) fn templates(&mut self, key: &'static str, faults: &mut Faults) -> Vec<Template> {
        let list = self.list(key, faults);
        let mut templates = Vec::new();
        for node in list {
            match &node.value {
                NodeValue::Text(text) => templates.extend(template(text, node, faults)),
                NodeValue::Int(number) => templates.extend(template(&number.to_string(), node, faults)),
                _ => self.wrong(key, node, "a list of texts", faults),
            }
        }
        templates
    }

    /// A duration such as `60s` or `10m`, in seconds.
    pub(super) fn seconds(&mut self, key: &'static str, faults: &mut Faults) -> Option<u64> {
        let node = self.get(key)?;
        let seconds = node.as_text().and_then(super::super::duration_seconds);
        if seconds.is_none() {
            self.wrong(key, node, "a duration such as 60s or 10m", faults);
        }
        seconds
    }

    /// Tells of the keys that nothing took.
    pub(super) fn done(self, faults: &mut Faults) {
        for (key, _) in self.map {
            if !self.known.contains(&key.text.as_str()) {
                let nearest = suggest::nearest(&key.text, self.known.iter().copied());
                let remedy = match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("known are {}", self.known.join(", ")),
                };
                faults.add("UNKNOWN_KEY", &key.place, format!("{} has no key `{}`", self.what, key.text), remedy);
            }
        }
    }
}

/// Bare CEL out of a node.
pub(super) fn expression(text: &str, node: &Node, faults: &mut Faults) -> Option<Expression> {
    match Expression::parse(text) {
        Ok(expression) => Some(expression),
        Err(fault) => {
            let remedy = if text.contains("${") { "here stands a bare expression, without ${}" } else { "" };
            faults.add("EXPRESSION", &node.place, fault.to_string(), remedy);
            None
        }
    }
}

/// A scalar that may hold `${}` out of a node.
pub(super) fn template(text: &str, node: &Node, faults: &mut Faults) -> Option<Template> {
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(fault) => {
            faults.add("EXPRESSION", &node.place, fault.to_string(), "");
            None
        }
    }
}

/// Every `${}` in a tree can be read.
pub(super) fn check_templates(node: &Node, faults: &mut Faults) {
    match &node.value {
        NodeValue::Text(text) => {
            let _read = template(text, node, faults);
        }
        NodeValue::List(list) => list.iter().for_each(|node| check_templates(node, faults)),
        NodeValue::Map(map) => {
            for (key, node) in map {
                if key.text.contains("${") {
                    faults.add("KEY", &key.place, "a key is never an expression", "bring the map in by $merge");
                } else if key.text.starts_with('$') {
                    let what = format!("`{}` has no place here: directives stand in manifests", key.text);
                    faults.add("DIRECTIVE", &key.place, what, "write an expression instead");
                }
                check_templates(node, faults);
            }
        }
        _ => {}
    }
}
