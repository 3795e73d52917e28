//! JSON merge patch (RFC 7386) and JSON patch (RFC 6902).

use serde_json::{Map, Value, json};

use super::status::{Refusal, bad_request};

/// Merges `patch` into `value`; null removes.
pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else { return };
    for (name, change) in patch {
        if change.is_null() {
            map.shift_remove(name);
        } else {
            merge(map.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Does the operations of a JSON patch in turn.
pub(crate) fn json_patch(value: &mut Value, operations: &Value) -> Result<(), Refusal> {
    let operations = operations.as_array().ok_or_else(|| bad_request("a JSON patch is a list of operations"))?;
    for operation in operations {
        let text = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or("");
        let new = operation.get("value").cloned().unwrap_or(Value::Null);
        let path = text("path");
        let missing = || refused(format!("{} operation does not apply: doc is missing path: {path}", text("op")));
        match text("op") {
            "add" => add(value, path, new).ok_or_else(missing)?,
            "remove" => drop(remove(value, path).ok_or_else(missing)?),
            "replace" => *value.pointer_mut(path).ok_or_else(missing)? = new,
            "test" if value.pointer(path) == Some(&new) => {}
            "test" => return Err(refused(format!("testing value {path} failed"))),
            "copy" => {
                let copied = value.pointer(text("from")).cloned().ok_or_else(missing)?;
                add(value, path, copied).ok_or_else(missing)?;
            }
            "move" => {
                let moved = remove(value, text("from")).ok_or_else(missing)?;
                add(value, path, moved).ok_or_else(missing)?;
            }
            other => return Err(bad_request(format!("unknown operation of a JSON patch: {other:?}"))),
        }
    }
    Ok(())
}

fn refused(why: String) -> Refusal {
    Refusal::new(
        422,
        "Invalid",
        format!("the server rejected our request due to an error in our request: {why}"),
        json!({}),
    )
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(value: &mut Value, path: &str, new: Value) -> Option<()> {
    if path.is_empty() {
        *value = new;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match value.pointer_mut(parent)? {
        Value::Object(map) => drop(map.insert(last, new)),
        Value::Array(list) if last == "-" => list.push(new),
        Value::Array(list) => {
            let at: usize = last.parse().ok()?;
            (at <= list.len()).then(|| list.insert(at, new))?;
        }
        _ => return None,
    }
    Some(())
}

fn remove(value: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match value.pointer_mut(parent)? {
        Value::Object(map) => map.shift_remove(&last),
        Value::Array(list) => {
            let at: usize = last.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))
        }
        _ => None,
    }
}
