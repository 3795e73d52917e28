//! Deleting: preconditions, finalizers, graceful ends.

use serde_json::{Value, json};

use super::clock::seconds;
use super::kinds::Kind;
use super::route::{Query, Target};
use super::status::{Refusal, conflict, not_found};
use super::store::Key;
use super::world::World;
use crate::object::Object;

/// Deletes one object, or begins to.
pub(crate) fn delete(
    world: &mut World,
    kind: &Kind,
    target: &Target,
    query: &Query,
    options: &Value,
) -> Result<Value, Refusal> {
    let key = Key::new(&kind.table(), &target.namespace, &target.name);
    let live = world.store.get(&key).cloned().ok_or_else(|| not_found(&kind.group, &kind.plural, &target.name))?;
    let wanted = |name: &str| options.pointer(&format!("/preconditions/{name}")).and_then(Value::as_str);
    for (name, field, actual, end) in [
        ("uid", "UID", live.uid(), "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", live.resource_version(), "modified"),
    ] {
        if let Some(wanted) = wanted(name).filter(|wanted| *wanted != actual) {
            let why = format!(
                "the {field} in the precondition ({wanted}) does not match the {field} in record ({actual}). The object might have been {end}"
            );
            // Here the real server names the kind, not the resource.
            return Err(conflict(&kind.group, &kind.kind, &target.name, &why));
        }
    }
    let dry =
        query.is_dry() || options.get("dryRun").is_some_and(|dry| dry.as_array().is_some_and(|dry| !dry.is_empty()));
    let mut details = json!({"name": target.name, "kind": kind.plural, "uid": live.uid()});
    if !kind.group.is_empty() {
        details["group"] = kind.group.as_str().into();
    }
    let gone = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    let policy = options.get("propagationPolicy").and_then(Value::as_str).unwrap_or(query.text("propagationPolicy"));
    let grace = options
        .get("gracePeriodSeconds")
        .and_then(Value::as_i64)
        .or_else(|| query.text("gracePeriodSeconds").parse().ok());
    let mut ending = Object::clone(&live);
    let mut finalizers: Vec<Value> = live.list(&["metadata", "finalizers"]).to_vec();
    match policy {
        "Foreground" => finalizers.push("foregroundDeletion".into()),
        "Orphan" if !dry => orphan(world, live.uid()),
        _ => {}
    }
    finalizers.dedup();
    let is_namespace = kind.group.is_empty() && kind.kind == "Namespace";
    let is_graceful = kind.group.is_empty() && kind.kind == "Pod" && grace != Some(0);
    if finalizers.is_empty() && !is_namespace && !is_graceful {
        if !dry {
            world.store.remove(&key);
        }
        return Ok(gone);
    }
    if ending.text(&["metadata", "deletionTimestamp"]).is_empty() {
        ending.set(&["metadata", "deletionTimestamp"], seconds(world.now()).into());
        ending
            .set(&["metadata", "deletionGracePeriodSeconds"], grace.unwrap_or(if is_graceful { 30 } else { 0 }).into());
        if !finalizers.is_empty() {
            ending.set(&["metadata", "finalizers"], finalizers.into());
        }
        if is_namespace {
            ending.set(&["status", "phase"], "Terminating".into());
        }
        if !dry {
            return Ok(world.store.put(key, ending).0.clone());
        }
    }
    Ok(ending.0)
}

/// Takes the owner from its dependents.
fn orphan(world: &mut World, owner: &str) {
    let is_owner = |reference: &Value| reference.get("uid").and_then(Value::as_str) == Some(owner);
    let all = world.store.all();
    let owned: Vec<Key> = all
        .filter(|(_, object)| object.list(&["metadata", "ownerReferences"]).iter().any(is_owner))
        .map(|(key, _)| key.clone())
        .collect();
    for key in owned {
        world.change(&key, |object| {
            let rest: Vec<Value> =
                object.list(&["metadata", "ownerReferences"]).iter().filter(|one| !is_owner(one)).cloned().collect();
            object.set(&["metadata", "ownerReferences"], rest.into());
        });
    }
}
