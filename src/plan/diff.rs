//! Live against desired: which fields a server-side apply of ours would change.
//!
//! Only what we say and what we own counts: fields that a controller, an autoscaler or a person added are not ours to
//! compare. What we own stands in `metadata.managedFields`
//! (<https://kubernetes.io/docs/reference/using-api/server-side-apply/>).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{FieldChange, OPEN_HASH, RESTART_HASH};
use crate::object::Object;
use crate::quantity::Quantity;

/// What is shown in place of a value of a Secret.
pub const HIDDEN: &str = "hidden";

/// The fields that a manager owns by apply, as one `fieldsV1` tree; empty when it owns none.
pub fn owned_fields(live: &Object, manager: &str) -> Value {
    let mut owned = Value::Object(Map::new());
    for entry in live.list(&["metadata", "managedFields"]) {
        let applied = entry["manager"] == manager && entry["operation"] == "Apply";
        if applied && entry["subresource"].as_str().unwrap_or("").is_empty() {
            union(&mut owned, &entry["fieldsV1"]);
        }
    }
    owned
}

fn union(into: &mut Value, from: &Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (key, value) in from {
            union(into.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())), value);
        }
    }
}

/// The live object cut down to the fields that `manager` owns (cluster.md 4 "Unchanged is not written").
pub fn projection(live: &Object, manager: &str) -> Value {
    project(&live.0, &owned_fields(live, manager))
}

fn project(live: &Value, owned: &Value) -> Value {
    let Some(fields) = owned.as_object().filter(|fields| fields.keys().any(|key| key != ".")) else {
        return live.clone();
    };
    match live {
        Value::Object(map) => Value::Object(
            fields
                .iter()
                .filter_map(|(key, below)| {
                    let name = key.strip_prefix("f:")?;
                    Some((name.to_owned(), project(map.get(name)?, below)))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    fields.iter().find(|(key, _)| is_item(key, index, item)).map(|(_, below)| project(item, below))
                })
                .collect(),
        ),
        scalar => scalar.clone(),
    }
}

/// Whether an entry of `fieldsV1` names this item of a list.
fn is_item(entry: &str, index: usize, item: &Value) -> bool {
    if let Some(keys) = entry.strip_prefix("k:") {
        return serde_json::from_str::<Map<String, Value>>(keys)
            .is_ok_and(|keys| keys.iter().all(|(key, value)| key_of(item, key) == Some(value.clone())));
    }
    if let Some(value) = entry.strip_prefix("v:") {
        return serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item);
    }
    entry.strip_prefix("i:").is_some_and(|at| at == index.to_string())
}

/// The value of a merge key; the protocol of a port is TCP where it is not written.
fn key_of(item: &Value, key: &str) -> Option<Value> {
    item.get(key).cloned().or_else(|| (key == "protocol").then(|| Value::from("TCP")))
}

/// The fields that an apply of `wanted` by `manager` would change in `live`, in the order of the wanted object; what goes
/// comes after what stays. Values of Secrets are shown as [`HIDDEN`].
pub fn changes(wanted: &Object, live: &Object, manager: &str) -> Vec<FieldChange> {
    let mut found = Vec::new();
    let secret = wanted.group().is_empty() && wanted.kind() == "Secret";
    let owned = owned_fields(live, manager);
    compare("", &wanted.0, &live.0, &owned, &mut found);
    // Who sent it and its identity are not fields of ours.
    found.retain(|change| {
        !matches!(change.path.as_str(), "apiVersion" | "kind" | "metadata.name" | "metadata.namespace")
    });
    found.retain(|change| change.to.as_ref() != Some(&Value::from(OPEN_HASH)) || !change.path.contains(RESTART_HASH));
    for change in found.iter_mut().filter(|change| change.path.starts_with("data") && wanted.kind() == "ConfigMap") {
        for value in [&mut change.from, &mut change.to]
            .into_iter()
            .flatten()
            .filter(|value| value.as_str().is_some_and(opens_something))
        {
            *value = Value::from(HIDDEN);
        }
    }
    if secret {
        for change in
            found.iter_mut().filter(|change| change.path.starts_with("data") || change.path.starts_with("stringData"))
        {
            change.from = change.from.as_ref().map(|_| Value::from(HIDDEN));
            change.to = change.to.as_ref().map(|_| Value::from(HIDDEN));
        }
    }
    found
}

/// The managers that own the field at a path in `live`; items of lists are found by what `wanted` has at their place.
pub fn holders(live: &Object, wanted: &Object, path: &str) -> Vec<String> {
    let mut holders: Vec<String> = Vec::new();
    for entry in live.list(&["metadata", "managedFields"]) {
        let name = entry["manager"].as_str().unwrap_or("");
        if owns(&entry["fieldsV1"], Some(&wanted.0), &segments(path)) && !holders.iter().any(|known| known == name) {
            holders.push(crate::sanitize::line(name));
        }
    }
    holders
}

fn owns(fields: &Value, wanted: Option<&Value>, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let Some(fields) = fields.as_object() else { return false };
    // Who owns a field owns what is below it.
    if fields.keys().all(|key| key == ".") {
        return true;
    }
    let Some(index) = first.strip_prefix('#').and_then(|index| index.parse::<usize>().ok()) else {
        return fields
            .get(&format!("f:{first}"))
            .is_some_and(|below| owns(below, wanted.and_then(|it| it.get(first)), rest));
    };
    let item = wanted.and_then(|items| items.get(index));
    fields.iter().any(|(entry, below)| item.is_some_and(|item| is_item(entry, index, item)) && owns(below, item, rest))
}

/// The parts of a path as [`join`] writes it; a place in a list has a `#` in front.
fn segments(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quoted = inner.starts_with('"');
            let Some(end) = inner.find(if quoted { "\"]" } else { "]" }) else { break };
            let end = if quoted { end + 1 } else { end };
            let text = &inner[..end];
            parts.push(if quoted { serde_json::from_str(text).unwrap_or_default() } else { format!("#{text}") });
            rest = &inner[end + 1..];
        } else {
            let rest_of = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest_of.find(['.', '[']).unwrap_or(rest_of.len());
            parts.push(rest_of[..end].to_owned());
            rest = &rest_of[end..];
        }
    }
    parts
}

/// Whether a text has an address with a user, or a password, in it: ConfigMaps that others made hold such.
pub fn opens_something(text: &str) -> bool {
    let opens = |rest: &str| {
        let word = rest.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next().unwrap_or(rest);
        let authority = word.split(['/', '?']).next().unwrap_or(word);
        // A password may hold a question mark.
        let password = word.split_once('@').is_some_and(|(user, _)| user.contains(':') && !user.contains('/'));
        authority.contains('@') || password
    };
    text.contains("password=") || text.split("://").skip(1).any(opens)
}

/// A path with one more key.
fn join(path: &str, key: &str) -> String {
    if key.contains(['.', '/', '[', ' ']) {
        format!("{path}[{}]", Value::from(key))
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether two scalars say the same; the server writes quantities in its own form.
fn same(path: &str, wanted: &Value, live: &Value) -> bool {
    if wanted == live {
        return true;
    }
    let amounts = [".requests", ".limits", ".capacity", ".hard", ".sizeLimit", ".divisor"];
    if !amounts.iter().any(|part| path.contains(part)) {
        return false;
    }
    let amount = |value: &Value| match value {
        Value::String(text) => text.parse::<Quantity>().ok(),
        Value::Number(number) => number.to_string().parse::<Quantity>().ok(),
        _ => None,
    };
    matches!((amount(wanted), amount(live)), (Some(wanted), Some(live)) if wanted == live)
}

fn compare(path: &str, wanted: &Value, live: &Value, owned: &Value, found: &mut Vec<FieldChange>) {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            for (key, value) in wanted {
                let path = join(path, key);
                let below = owned.get(format!("f:{key}")).unwrap_or(&Value::Null);
                match live.get(key) {
                    Some(there) => compare(&path, value, there, below, found),
                    None if nothing(value) => {}
                    None => found.push(FieldChange { path, from: None, to: Some(value.clone()) }),
                }
            }
            let Some(owned) = owned.as_object() else { return };
            for name in owned.keys().filter_map(|key| key.strip_prefix("f:")).filter(|name| !wanted.contains_key(*name))
            {
                let Some(there) = live.get(name) else { continue };
                if matches!(name, "annotations" | "labels") && there.is_object() {
                    // Maps that everybody writes into: what others own in them stays.
                    let below = owned.get(&format!("f:{name}")).unwrap_or(&Value::Null);
                    compare(&join(path, name), &Value::Object(Map::new()), there, below, found);
                } else {
                    found.push(FieldChange { path: join(path, name), from: Some(there.clone()), to: None });
                }
            }
        }
        (Value::Array(items), Value::Array(there)) => lists(path, items, there, owned, found),
        _ if same(path, wanted, live) || nothing(wanted) && nothing(live) => {}
        _ => found.push(FieldChange { path: path.into(), from: Some(live.clone()), to: Some(wanted.clone()) }),
    }
}

/// The keys by which the items of a list are told apart: those of `managedFields` where we own items of it, else the ones
/// that Kubernetes' schema has for lists of such items.
fn merge_keys(items: &[Value], there: &[Value], owned: &Value) -> Option<Vec<String>> {
    for entry in owned.as_object().into_iter().flatten().map(|(key, _)| key) {
        if let Some(keys) = entry.strip_prefix("k:") {
            return serde_json::from_str::<Map<String, Value>>(keys).ok().map(|keys| keys.keys().cloned().collect());
        }
    }
    let all = || items.iter().chain(there);
    if all().any(|item| !item.is_object()) {
        return None;
    }
    let candidates: [&[&str]; 6] =
        [&["containerPort", "protocol"], &["port", "protocol"], &["mountPath"], &["devicePath"], &["name"], &["type"]];
    let fits = |keys: &&[&str]| {
        let mut seen = BTreeSet::new();
        all().all(|item| keys.iter().all(|key| key_of(item, key).is_some()))
            && items.iter().all(|item| {
                seen.insert(keys.iter().map(|key| key_of(item, key)).map(|key| format!("{key:?}")).collect::<String>())
            })
    };
    candidates.into_iter().find(fits).map(|keys| keys.iter().map(ToString::to_string).collect())
}

fn lists(path: &str, items: &[Value], there: &[Value], owned: &Value, found: &mut Vec<FieldChange>) {
    let at = |index: usize| format!("{path}[{index}]");
    let Some(keys) = merge_keys(items, there, owned) else {
        if items.len() == there.len() {
            for (index, (item, live)) in items.iter().zip(there).enumerate() {
                compare(&at(index), item, live, &Value::Null, found);
            }
        } else if items != there {
            found.push(FieldChange { path: path.into(), from: Some(there.into()), to: Some(items.into()) });
        }
        return;
    };
    let identity = |item: &Value| keys.iter().map(|key| key_of(item, key)).collect::<Vec<_>>();
    for (index, item) in items.iter().enumerate() {
        let below = owned
            .as_object()
            .into_iter()
            .flatten()
            .find(|(entry, _)| entry.starts_with("k:") && is_item(entry, index, item))
            .map_or(&Value::Null, |(_, below)| below);
        match there.iter().find(|live| identity(live) == identity(item)) {
            Some(live) => compare(&at(index), item, live, below, found),
            None => found.push(FieldChange { path: at(index), from: None, to: Some(item.clone()) }),
        }
    }
    for (index, live) in there.iter().enumerate() {
        let ours = owned.as_object().into_iter().flatten().any(|(entry, _)| is_item(entry, index, live));
        if ours && !items.iter().any(|item| identity(item) == identity(live)) {
            found.push(FieldChange { path: at(index), from: Some(live.clone()), to: None });
        }
    }
}

#[cfg(test)]
mod tests;
