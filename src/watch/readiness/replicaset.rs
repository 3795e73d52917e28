//! ReplicaSet, where one stands alone.

use super::{Assessment, count, replicas_ready, waits_for};
use crate::diagnose::Scene;
use crate::object::Object;

/// Every wanted replica is available, and none is left over.
pub(super) fn assess(set: &Object, scene: &Scene) -> Assessment {
    let wanted = set.integer(&["spec", "replicas"]).unwrap_or(1);
    let ready = count(set, "readyReplicas").min(wanted);
    let least = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"]
        .iter()
        .map(|name| count(set, name))
        .min()
        .unwrap_or(0);
    let all = count(set, "replicas");
    if all > wanted {
        return Assessment::waiting(format!("{} pods are ending", all - wanted)).parts(ready, wanted);
    }
    if least < wanted {
        return Assessment::waiting(waits_for(scene, set, ready, wanted)).parts(ready, wanted);
    }
    Assessment::ready(replicas_ready(wanted)).parts(wanted, wanted)
}
