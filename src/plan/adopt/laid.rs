//! An object as the chart laid it down and as it is now: what Helm sent, with the values that are live; of secrets how they
//! are made out of the key Secret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::{Derived, NEVER};
use crate::object::Object;
use crate::plan::PLACEHOLDER;
use crate::product::Recipe;
use crate::sanitize::HIDDEN;

/// The object that is recorded, with its recipes.
pub(super) fn wanted(sent: &Object, live: &Object, derived: &Derived) -> (Object, BTreeMap<String, Recipe>) {
    let mut object = Object(json!({
        "apiVersion": live.api_version(),
        "kind": live.kind(),
        "metadata": {"name": live.name(), "namespace": live.namespace()},
    }));
    for place in ["labels", "annotations"] {
        let path = ["metadata", place];
        if let (Some(sent), Some(live)) = (sent.at(&path), live.at(&path)) {
            let mut kept = common(sent, live);
            if let Value::Object(kept) = &mut kept {
                kept.retain(|key, _| !NEVER.contains(&key.as_str()));
            }
            object.set(&path, kept);
        }
    }
    let (Some(sent), Some(whole)) = (sent.0.as_object(), live.0.as_object()) else { return (object, BTreeMap::new()) };
    for (key, value) in sent {
        if matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status" | "stringData") {
            continue;
        }
        if let Some(there) = whole.get(key) {
            object.set(&[key], common(value, there));
        }
    }
    // The default class that the server filled in: what is asked for afterwards names it, and a rollback could not leave it out.
    if live.kind() == "PersistentVolumeClaim"
        && let Some(class) = live.at(&["spec", "storageClassName"])
    {
        object.set(&["spec", "storageClassName"], class.clone());
    }
    let secret = live.group().is_empty() && live.kind() == "Secret";
    // Helm may have sent it as `stringData`, which the server keeps as `data`.
    if secret && let Some(data) = live.at(&["data"]) {
        object.set(&["data"], data.clone());
    }
    // What the server would fill in anyway: owned, it would be a field that can never go.
    if secret && object.text(&["type"]) == "Opaque" {
        object.remove(&["type"]);
    }
    let mut recipes = BTreeMap::new();
    if secret || (live.group().is_empty() && live.kind() == "ConfigMap") {
        let keys: Vec<String> =
            object.at(&["data"]).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect();
        for key in keys {
            let recipe = derived.recipe(live.kind(), live.name(), &key);
            if recipe.is_none() && text(&object, &key).is_none() {
                // Such a release is refused; nor does anything else see the value.
                object.set(&["data", &key], if secret { PLACEHOLDER } else { HIDDEN }.into());
            }
            if let Some(recipe) = recipe {
                object.set(&["data", &key], if secret { PLACEHOLDER } else { HIDDEN }.into());
                recipes.insert(key, recipe);
            }
        }
    }
    (object, recipes)
}

/// What is live of what was sent: defaults that the server filled in, and what others added, are not Helm's.
fn common(sent: &Value, live: &Value) -> Value {
    match (sent, live) {
        (Value::Object(sent), Value::Object(live)) => {
            let both = sent.iter().filter(|(_, value)| !value.is_null());
            let both = both.filter_map(|(key, value)| Some((key.clone(), common(value, live.get(key)?))));
            Value::Object(both.collect())
        }
        (Value::Array(sent), Value::Array(live)) if named(sent) && named(live) => {
            let both = sent.iter().filter_map(|item| {
                let there = live.iter().find(|there| there["name"] == item["name"])?;
                Some(common(item, there))
            });
            Value::Array(both.collect())
        }
        (Value::Array(sent), Value::Array(live)) if sent.len() == live.len() => {
            Value::Array(sent.iter().zip(live).map(|(sent, live)| common(sent, live)).collect())
        }
        (_, live) => live.clone(),
    }
}

/// Items that have a name each, and no two the same.
fn named(items: &[Value]) -> bool {
    let mut names: Vec<&str> = items.iter().filter_map(|item| item.get("name")?.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    !items.is_empty() && names.len() == items.len()
}

/// The text of an entry of a Secret or ConfigMap; none where it is not text.
pub(super) fn text(object: &Object, key: &str) -> Option<String> {
    let value = object.at(&["data", key])?.as_str()?;
    if object.kind() != "Secret" {
        return Some(value.to_string());
    }
    String::from_utf8(BASE64.decode(value).ok()?).ok()
}
