//! Sets of fields as managedFields holds them (FieldsV1): a tree whose branches are `f:name`, `k:{"key":…}` and `v:value`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// The field itself is a member.
    pub(crate) own: bool,
    /// Members below it.
    pub(crate) below: BTreeMap<String, Fields>,
}

impl Fields {
    pub(crate) fn leaf() -> Self {
        Self { own: true, below: BTreeMap::new() }
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        let mut fields = Self::default();
        let entries = value.as_object();
        for (name, inner) in entries.into_iter().flatten() {
            if name == "." {
                fields.own = true;
            } else {
                let mut child = Self::from_json(inner);
                if inner.as_object().is_some_and(Map::is_empty) {
                    child.own = true;
                }
                fields.below.insert(name.clone(), child);
            }
        }
        fields
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        if self.own && !self.below.is_empty() {
            map.insert(".".into(), Value::Object(Map::new()));
        }
        for (name, child) in &self.below {
            map.insert(name.clone(), child.to_json());
        }
        Value::Object(map)
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.own && self.below.values().all(Self::is_empty)
    }

    /// Adds a child unless it is empty.
    pub(crate) fn put(&mut self, name: String, child: Fields) {
        if !child.is_empty() {
            self.below.insert(name, child);
        }
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut whole = self.clone();
        whole.own |= other.own;
        for (name, child) in &other.below {
            let joined = whole.below.get(name).map_or_else(|| child.clone(), |mine| mine.union(child));
            whole.put(name.clone(), joined);
        }
        whole
    }

    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = Self { own: self.own && !other.own, below: BTreeMap::new() };
        for (name, child) in &self.below {
            let left = other.below.get(name).map_or_else(|| child.clone(), |theirs| child.without(theirs));
            rest.put(name.clone(), left);
        }
        rest
    }

    pub(crate) fn common(&self, other: &Self) -> Self {
        let mut both = Self { own: self.own && other.own, below: BTreeMap::new() };
        for (name, child) in &self.below {
            if let Some(theirs) = other.below.get(name) {
                both.put(name.clone(), child.common(theirs));
            }
        }
        both
    }

    /// Every member as the server writes its path: `.spec.containers[name="a"].image`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk("", &mut paths);
        paths
    }

    fn walk(&self, at: &str, paths: &mut Vec<String>) {
        if self.own && !at.is_empty() {
            paths.push(at.to_string());
        }
        for (name, child) in &self.below {
            child.walk(&format!("{at}{}", written(name)), paths);
        }
    }
}

fn written(element: &str) -> String {
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    match element.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => {
            let keys = json(keys);
            let keys = keys.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={value}"));
            format!("[{}]", keys.collect::<Vec<_>>().join(","))
        }
        Some(("v", value)) => format!("[={}]", json(value)),
        _ => String::new(),
    }
}
