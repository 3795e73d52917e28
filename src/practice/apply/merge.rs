//! Field sets of values, what differs between two, merging, and pruning: the arithmetic of server-side apply
//! (sigs.k8s.io/structured-merge-diff). Items of a list are looked up under the list's own name: `containers`, `ports`.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::shape::{Items, element, is_atomic, items};

fn granular(value: &Value, path: &[String]) -> bool {
    match value {
        Value::Object(_) => !is_atomic(path),
        Value::Array(list) => {
            let how = items(path);
            how != Items::Atomic && list.iter().all(|item| element(how, item).is_some())
        }
        _ => false,
    }
}

fn with<T>(path: &mut Vec<String>, name: &str, work: impl FnOnce(&mut Vec<String>) -> T) -> T {
    path.push(name.to_string());
    let done = work(path);
    path.pop();
    done
}

/// The fields that somebody who applies `value` owns: leaves and list items. With `all`, the mappings in between too,
/// which is what somebody who makes them by an update owns.
pub(crate) fn fields_of(value: &Value, path: &mut Vec<String>, all: bool) -> Fields {
    if !granular(value, path) {
        return Fields::leaf();
    }
    let mut fields = Fields::default();
    match value {
        Value::Object(map) => {
            fields.own = (all && !path.is_empty()) || map.is_empty();
            for (name, inner) in map.iter().filter(|(_, inner)| !inner.is_null()) {
                fields.put(format!("f:{name}"), with(path, name, |path| fields_of(inner, path, all)));
            }
        }
        Value::Array(list) => {
            fields.own = all || list.is_empty();
            let how = items(path);
            for item in list {
                let mut inner = if item.is_object() { fields_of(item, path, all) } else { Fields::leaf() };
                inner.own = true;
                if let Some(name) = element(how, item) {
                    fields.put(name, inner);
                }
            }
        }
        _ => {}
    }
    fields
}

/// What was added or changed, and what was removed.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) changed: Fields,
    pub(crate) removed: Fields,
}

/// Compares two values.
pub(crate) fn difference(old: &Value, new: &Value, path: &mut Vec<String>) -> Difference {
    let mut found = Difference::default();
    if old == new {
        return found;
    }
    let alike = old.is_object() == new.is_object() && old.is_array() == new.is_array();
    if !alike || !granular(old, path) || !granular(new, path) {
        found.changed = Fields::leaf();
        return found;
    }
    let mut note = |name: String, one: Difference| {
        found.changed.put(name.clone(), one.changed);
        found.removed.put(name, one.removed);
    };
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, after) in new {
                let one = with(path, name, |path| match old.get(name) {
                    Some(before) => difference(before, after, path),
                    None => Difference { changed: fields_of(after, path, true), ..Difference::default() },
                });
                note(format!("f:{name}"), one);
            }
            for (name, before) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
                let removed = with(path, name, |path| fields_of(before, path, true));
                note(format!("f:{name}"), Difference { removed, ..Difference::default() });
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let how = items(path);
            let find = |list: &[Value], name: &str| {
                list.iter().find(|item| element(how, item).as_deref() == Some(name)).cloned()
            };
            let whole = |item: &Value, path: &mut Vec<String>| {
                let mut fields = if item.is_object() { fields_of(item, path, true) } else { Fields::leaf() };
                fields.own = true;
                fields
            };
            for item in new {
                let Some(name) = element(how, item) else { continue };
                let one = match find(old, &name) {
                    Some(before) => difference(&before, item, path),
                    None => Difference { changed: whole(item, path), ..Difference::default() },
                };
                note(name, one);
            }
            for item in old {
                let Some(name) = element(how, item) else { continue };
                if find(new, &name).is_none() {
                    note(name, Difference { removed: whole(item, path), ..Difference::default() });
                }
            }
        }
        _ => {}
    }
    found
}

/// `live` with `wanted` over it.
pub(crate) fn merge(live: &Value, wanted: &Value, path: &mut Vec<String>) -> Value {
    let alike = live.is_object() == wanted.is_object() && live.is_array() == wanted.is_array();
    if !alike || !granular(wanted, path) || !granular(live, path) {
        return without_nulls(wanted);
    }
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            let mut merged = live.clone();
            for (name, value) in wanted.iter().filter(|(_, value)| !value.is_null()) {
                let value = with(path, name, |path| match live.get(name) {
                    Some(before) => merge(before, value, path),
                    None => without_nulls(value),
                });
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(wanted)) => Value::Array(merge_lists(live, wanted, path)),
        _ => wanted.clone(),
    }
}

/// Wanted items in their order; items that only the live list has stay before what they stood before.
fn merge_lists(live: &[Value], wanted: &[Value], path: &mut Vec<String>) -> Vec<Value> {
    let how = items(path);
    let name = |item: &Value| element(how, item).unwrap_or_default();
    let is_wanted = |item: &Value| wanted.iter().any(|other| name(other) == name(item));
    let mut merged = Vec::new();
    let mut rest = live.iter().peekable();
    for item in wanted {
        while let Some(only_live) = rest.next_if(|item| !is_wanted(item)) {
            merged.push(only_live.clone());
        }
        match live.iter().find(|other| name(other) == name(item)) {
            Some(before) => {
                merged.push(if item.is_object() { merge(before, item, path) } else { item.clone() });
                rest.next_if(|next| is_wanted(next));
            }
            None => merged.push(without_nulls(item)),
        }
    }
    merged.extend(rest.filter(|item| !is_wanted(item)).cloned());
    merged
}

/// Typed objects hold no nulls.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Removes from `value` what is in `gone`, unless somebody keeps it or something in it.
pub(crate) fn prune(value: &mut Value, gone: &Fields, kept: &Fields, path: &mut Vec<String>) {
    let nobody = Fields::default();
    match value {
        Value::Object(map) => {
            for (branch, inner) in &gone.below {
                let Some(name) = branch.strip_prefix("f:") else { continue };
                let keeps = kept.below.get(branch).unwrap_or(&nobody);
                let Some(child) = map.get_mut(name) else { continue };
                if inner.own && keeps.is_empty() {
                    map.shift_remove(name);
                    continue;
                }
                with(path, name, |path| prune(child, inner, keeps, path));
                if keeps.is_empty() && is_hollow(child) {
                    map.shift_remove(name);
                }
            }
        }
        Value::Array(list) => {
            let how = items(path);
            list.retain_mut(|item| {
                let Some(branch) = element(how, item) else { return true };
                let Some(inner) = gone.below.get(&branch) else { return true };
                let keeps = kept.below.get(&branch).unwrap_or(&nobody);
                if inner.own && keeps.is_empty() {
                    return false;
                }
                // An item that stays keeps what names it.
                let mut inner = inner.clone();
                if let Items::Keyed(keys) = how {
                    inner.below.retain(|name, _| !keys.iter().any(|key| name.strip_prefix("f:") == Some(*key)));
                }
                prune(item, &inner, keeps, path);
                true
            });
        }
        _ => {}
    }
}

fn is_hollow(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
