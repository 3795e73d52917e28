//! DaemonSet.

use super::{Assessment, count, waits_for};
use crate::diagnose::Scene;
use crate::object::Object;

/// Every node that should has a pod of the newest template, and it is available. No node that should is ready too, but
/// only when the controller has said so.
pub(super) fn assess(set: &Object, scene: &Scene) -> Assessment {
    let Some(wanted) = set.integer(&["status", "desiredNumberScheduled"]) else {
        return Assessment::waiting("its controller has not counted the nodes yet");
    };
    let ready = count(set, "numberReady").min(count(set, "updatedNumberScheduled"));
    let waiting = |reason: String| Assessment::waiting(reason).parts(ready, wanted);
    if wanted == 0 {
        return Assessment::ready("no node asks for it").parts(0, 0);
    }
    let on_delete = set.text(&["spec", "updateStrategy", "type"]) == "OnDelete";
    let least = ["currentNumberScheduled", "numberReady", "numberAvailable"]
        .iter()
        .map(|name| count(set, name))
        .min()
        .unwrap_or(0);
    if least < wanted || (!on_delete && count(set, "updatedNumberScheduled") < wanted) {
        return waiting(waits_for(scene, set, ready, wanted));
    }
    Assessment::ready(format!("ready on {wanted} node{}", if wanted == 1 { "" } else { "s" })).parts(wanted, wanted)
}
