//! The fields of a live object that a manager owns (pure): `metadata.managedFields` in the format `FieldsV1`
//! (structured-merge-diff), and the live object projected onto them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::object::Object;

/// The live object, reduced to what `manager` owns by server-side apply; null when it owns nothing.
pub(super) fn projection(live: &Object, manager: &str) -> Value {
    let entries = live.list(&["metadata", "managedFields"]).iter();
    let ours = entries.filter(|entry| {
        entry["manager"] == manager && entry["operation"] == "Apply" && entry.get("subresource").is_none()
    });
    let mut whole = Value::Null;
    for entry in ours {
        merge(&mut whole, project(&live.0, &entry["fieldsV1"]));
    }
    whole
}

/// Whether `manager` owns the field at a path of keys.
pub(super) fn owns(live: &Object, manager: &str, path: &[&str]) -> bool {
    path.iter().try_fold(&projection(live, manager), |value, key| value.get(*key)).is_some()
}

/// Who owns the field at a path of keys, whichever way; nobody where it was never written.
pub(super) fn owner<'a>(live: &'a Object, path: &[&str]) -> Option<&'a str> {
    let has = |fields: &Value| path.iter().try_fold(fields, |below, key| below.get(format!("f:{key}"))).is_some();
    let entry = live.list(&["metadata", "managedFields"]).iter().find(|entry| has(&entry["fieldsV1"]))?;
    entry["manager"].as_str()
}

fn project(live: &Value, fields: &Value) -> Value {
    let Some(fields) = fields.as_object() else { return live.clone() };
    let children: Vec<(&String, &Value)> = fields.iter().filter(|(key, _)| *key != ".").collect();
    if children.is_empty() {
        return live.clone();
    }
    match live {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, below) in children {
                if let Some(name) = key.strip_prefix("f:")
                    && let Some(value) = map.get(name)
                {
                    kept.insert(name.to_string(), project(value, below));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => {
            let ours = children.iter().filter_map(|(key, below)| Some((position(items, key)?, *below)));
            // In the order of the list, not of the keys: sent again, another order would be a change.
            let ours: BTreeMap<usize, &Value> = ours.collect();
            Value::Array(ours.into_iter().map(|(at, below)| project(&items[at], below)).collect())
        }
        other => other.clone(),
    }
}

/// The place of an item in a list, by its key in `FieldsV1`: `k:{"name":"web"}` by fields, `v:"a"` by value, `i:0` by position.
fn position(items: &[Value], key: &str) -> Option<usize> {
    let (kind, text) = key.split_once(':')?;
    match kind {
        "k" => {
            let wanted: Map<String, Value> = serde_json::from_str(text).ok()?;
            items
                .iter()
                .position(|item| wanted.iter().all(|(key, value)| item.get(key).is_some_and(|has| has == value)))
        }
        "v" => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            items.iter().position(|item| *item == wanted)
        }
        "i" => text.parse::<usize>().ok().filter(|at| *at < items.len()),
        _ => None,
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Takes the field at a path as the server writes it (`spec.template.spec.containers[name="web"].image`) out of an
/// object; `None` when it is not there.
pub(super) fn take(object: &mut Value, path: &str) -> Option<Value> {
    let segments = segments(path);
    let (last, way) = segments.split_last()?;
    let mut value = object;
    for segment in way {
        value = go(value, segment)?;
    }
    match last {
        Segment::Key(key) => value.as_object_mut()?.shift_remove(key),
        Segment::Match(wanted) => {
            let items = value.as_array_mut()?;
            let at = items.iter().position(|item| matches(item, wanted))?;
            Some(items.remove(at))
        }
    }
}

/// The field at such a path.
pub(super) fn at(object: &Value, path: &str) -> Option<Value> {
    let mut copy = object.clone();
    take(&mut copy, path)
}

enum Segment {
    Key(String),
    Match(Vec<(String, String)>),
}

fn go<'a>(value: &'a mut Value, segment: &Segment) -> Option<&'a mut Value> {
    match segment {
        Segment::Key(key) => value.get_mut(key.as_str()),
        Segment::Match(wanted) => value.as_array_mut()?.iter_mut().find(|item| matches(item, wanted)),
    }
}

fn matches(item: &Value, wanted: &[(String, String)]) -> bool {
    wanted.iter().all(|(key, text)| {
        let has = if key.is_empty() { Some(item) } else { item.get(key) };
        has.is_some_and(|has| match has.as_str() {
            Some(has) => has == text,
            None => has.to_string().as_str() == text,
        })
    })
}

/// Splits a path at dots that are outside brackets; a bracket holds `key="value"` pairs or, of a set, `="value"`.
fn segments(path: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut word, mut bracket, mut quoted) = (String::new(), false, false);
    let mut end = |word: &mut String, bracket: bool| {
        if bracket {
            let pairs = word.split(',').filter_map(|pair| pair.split_once('='));
            segments.push(Segment::Match(
                pairs.map(|(key, value)| (key.trim().to_string(), value.trim_matches('"').to_string())).collect(),
            ));
        } else if !word.is_empty() {
            segments.push(Segment::Key(word.clone()));
        }
        word.clear();
    };
    for c in path.chars() {
        match c {
            '"' if bracket => {
                quoted = !quoted;
                word.push(c);
            }
            '.' if !bracket => end(&mut word, false),
            '[' if !bracket => {
                end(&mut word, false);
                bracket = true;
            }
            ']' if bracket && !quoted => {
                end(&mut word, true);
                bracket = false;
            }
            c => word.push(c),
        }
    }
    end(&mut word, false);
    segments
}
