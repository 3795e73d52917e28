//! PersistentVolumeClaim.

use super::Assessment;
use crate::diagnose::Scene;
use crate::facts::StorageClass;
use crate::object::Object;
use crate::sanitize;

/// Bound; or Pending under a class that binds with the first pod (WaitForFirstConsumer), since waiting for that claim
/// before its pod would wait for ever (cluster.md 4). Where the classes may not be read, the event that the controller
/// writes says the same.
pub(super) fn assess(claim: &Object, scene: &Scene) -> Assessment {
    match claim.text(&["status", "phase"]) {
        "Bound" => {
            let size = sanitize::line(claim.text(&["status", "capacity", "storage"]));
            Assessment::ready(if size.is_empty() { "bound".into() } else { format!("bound, {size}") })
        }
        "Lost" => Assessment::failed("its volume is gone"),
        _ if waits_for_consumer(claim, scene) => Assessment::ready("bound with its first pod"),
        _ => Assessment::waiting("waiting for a volume"),
    }
}

fn waits_for_consumer(claim: &Object, scene: &Scene) -> bool {
    if scene.last_notice(claim, &["WaitForFirstConsumer", "WaitForPodScheduled"]).is_some() {
        return true;
    }
    let Some(classes) = scene.facts.storage_classes.known() else { return false };
    class_of(claim, classes).is_some_and(|class| class.waits_for_consumer)
}

/// The class of a claim: the one it names, else the default one; a claim that names the empty class wants none.
fn class_of<'a>(claim: &Object, classes: &'a [StorageClass]) -> Option<&'a StorageClass> {
    match claim.at(&["spec", "storageClassName"]).and_then(serde_json::Value::as_str) {
        Some("") => None,
        Some(name) => classes.iter().find(|class| class.name == name),
        None => classes.iter().find(|class| class.is_default),
    }
}
