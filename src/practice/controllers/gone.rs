//! Ends: namespaces with all that is in them, and what lost its owner.

use std::collections::BTreeSet;

use super::super::store::Key;
use super::super::world::World;
use super::is_ending;
use crate::object::Object;

/// Empties namespaces that end, then removes them.
pub(crate) fn namespaces(world: &mut World) {
    for namespace in super::all(world, "namespaces") {
        if !is_ending(&namespace) {
            continue;
        }
        let inside: Vec<Key> = world
            .store
            .all()
            .filter(|(key, _)| key.namespace == namespace.name())
            .map(|(key, _)| key.clone())
            .collect();
        let is_empty = inside.is_empty();
        for key in inside {
            end(world, &key);
        }
        if is_empty && namespace.list(&["metadata", "finalizers"]).is_empty() {
            world.store.remove(&super::key("namespaces", &namespace));
        }
    }
}

/// Deletes as a client without wishes would.
fn end(world: &mut World, key: &Key) {
    let Some(live) = world.store.get(key).cloned() else { return };
    let waits = key.table == "pods" || !live.list(&["metadata", "finalizers"]).is_empty();
    if !waits {
        world.store.remove(key);
    } else if !is_ending(&live) {
        let now = super::super::clock::seconds(world.now());
        world.change(key, |object| object.set(&["metadata", "deletionTimestamp"], now.into()));
    }
}

/// Deletes what lost its owner, and lets go what waited for its dependents.
pub(crate) fn collect(world: &mut World) {
    let uids: BTreeSet<String> = world.store.all().map(|(_, object)| object.uid().to_string()).collect();
    let ending: BTreeSet<String> = world
        .store
        .all()
        .filter(|(_, object)| is_ending(object) && waits(object))
        .map(|(_, object)| object.uid().to_string())
        .collect();
    let owners = |object: &Object| -> Vec<String> {
        let owners = object.list(&["metadata", "ownerReferences"]).iter();
        owners.filter_map(|owner| owner.get("uid")?.as_str()).map(str::to_string).collect()
    };
    let mut orphans = Vec::new();
    let mut has_dependents = BTreeSet::new();
    for (key, object) in world.store.all() {
        let owners = owners(object);
        if owners.is_empty() {
            continue;
        }
        if owners.iter().all(|owner| !uids.contains(owner) || ending.contains(owner)) {
            orphans.push(key.clone());
        }
        has_dependents.extend(owners);
    }
    for key in orphans {
        end(world, &key);
    }
    let free: Vec<Key> = world
        .store
        .all()
        .filter(|(_, object)| is_ending(object) && waits(object) && !has_dependents.contains(object.uid()))
        .map(|(key, _)| key.clone())
        .collect();
    for key in free {
        world.change(&key, |object| {
            let mut left = object.list(&["metadata", "finalizers"]).to_vec();
            left.retain(|name| name != FOREGROUND);
            object.set(&["metadata", "finalizers"], left.into());
        });
        remove_if_free(world, &key);
    }
}

const FOREGROUND: &str = "foregroundDeletion";

fn waits(object: &Object) -> bool {
    object.list(&["metadata", "finalizers"]).iter().any(|name| name == FOREGROUND)
}

/// Removes what ends and is held by nothing.
pub(crate) fn remove_if_free(world: &mut World, key: &Key) {
    let is_free = world
        .store
        .get(key)
        .is_some_and(|object| is_ending(object) && object.list(&["metadata", "finalizers"]).is_empty());
    if is_free && key.table != "pods" && key.table != "namespaces" {
        world.store.remove(key);
    }
}
