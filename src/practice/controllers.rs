//! The controllers: each looks at the store and takes one step. Simple enough to read.

pub(crate) mod claims;
mod daemons;
mod gone;
mod jobs;
mod network;
mod workloads;

pub(crate) use super::store::Key;

use std::sync::Arc;

use serde_json::{Value, json};

use super::scenario::Scenario;
use super::world::World;
use super::{pods, seed};
use crate::object::Object;

/// One step of all controllers.
pub(crate) fn step(world: &mut World) {
    gone::namespaces(world);
    gone::collect(world);
    network::namespaces(world);
    if world.scenario == Scenario::Quota {
        seed::quota(world);
    }
    workloads::deployments(world);
    workloads::replica_sets(world);
    workloads::stateful_sets(world);
    daemons::daemon_sets(world);
    jobs::jobs(world);
    pods::step(world);
    claims::step(world);
    network::services(world);
    network::addresses(world);
    network::extensions(world);
}

/// All objects of a table, to change the store while looking at them.
pub(crate) fn all(world: &World, table: &str) -> Vec<Arc<Object>> {
    world.store.list(table, "").cloned().collect()
}

pub(crate) fn key(table: &str, object: &Object) -> Key {
    Key::new(table, object.namespace(), object.name())
}

pub(crate) fn is_ending(object: &Object) -> bool {
    !object.text(&["metadata", "deletionTimestamp"]).is_empty()
}

/// What a controller of `table` owns in `namespace`.
pub(crate) fn owned(world: &World, table: &str, owner: &Object) -> Vec<Arc<Object>> {
    world.store.list(table, owner.namespace()).filter(|object| owner_uid(object) == owner.uid()).cloned().collect()
}

/// The UID of what controls an object.
pub(crate) fn owner_uid(object: &Object) -> &str {
    object.list(&["metadata", "ownerReferences"]).first().and_then(|owner| owner.get("uid")?.as_str()).unwrap_or("")
}

/// The reference to an owner.
pub(crate) fn owner(object: &Object) -> Value {
    json!([{
        "apiVersion": object.api_version(),
        "kind": object.kind(),
        "name": object.name(),
        "uid": object.uid(),
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Object) -> bool {
    pods::condition(pod, "Ready") == Some("True")
}

/// Sets a condition, and its time where it changes.
pub(crate) fn set_condition(object: &mut Object, now: &str, kind: &str, status: bool, reason: &str, message: &str) {
    let status = if status { "True" } else { "False" };
    let mut conditions = object.list(&["status", "conditions"]).to_vec();
    let mut new =
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now});
    let old = conditions.iter_mut().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind));
    match old {
        Some(old) => {
            if old.get("status") == new.get("status") {
                new["lastTransitionTime"] = old.get("lastTransitionTime").cloned().unwrap_or(now.into());
            }
            *old = new;
        }
        None => conditions.push(new),
    }
    object.set(&["status", "conditions"], conditions.into());
}

/// A short hash of a value, as generated names hold it.
pub(crate) fn hash(value: &Value) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in value.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:010x}", hash & 0xff_ffff_ffff)
}
