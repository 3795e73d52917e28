//! DaemonSets make a pod on every node.

use serde_json::json;

use super::super::store::Key;
use super::super::world::World;
use super::{all, hash, is_ending, is_ready, key, owned, owner, workloads};

/// One step of all DaemonSets.
pub(crate) fn daemon_sets(world: &mut World) {
    const TABLE: &str = "daemonsets.apps";
    for set in all(world, TABLE) {
        if is_ending(&set) {
            continue;
        }
        let revision = hash(set.at(&["spec", "template"]).unwrap_or(&json!(null)));
        let nodes = all(world, "nodes");
        for node in &nodes {
            let name = format!("{}-{}", set.name(), node.name());
            let live = world.store.get(&Key::new("pods", set.namespace(), &name)).cloned();
            match live {
                None => {
                    let more = json!({"metadata": {"labels": {"controller-revision-hash": revision}}});
                    workloads::pod(world, &set, &name, owner(&set), Some(more));
                }
                Some(pod) if pod.label("controller-revision-hash") != Some(&revision) => workloads::end(world, &pod),
                Some(_) => {}
            }
        }
        let pods = owned(world, "pods", &set);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let is_new =
            |pod: &&_| crate::object::Object::label(pod, "controller-revision-hash") == Some(revision.as_str());
        let updated = pods.iter().map(AsRef::as_ref).filter(is_new).count();
        world.change(&key(TABLE, &set), |set| {
            let generation = set.integer(&["metadata", "generation"]).unwrap_or(1);
            set.set(
                &["status"],
                json!({
                    "observedGeneration": generation,
                    "desiredNumberScheduled": nodes.len(),
                    "currentNumberScheduled": pods.len(),
                    "updatedNumberScheduled": updated,
                    "numberReady": ready,
                    "numberAvailable": ready,
                    "numberMisscheduled": 0,
                }),
            );
        });
    }
}
