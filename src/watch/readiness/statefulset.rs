//! StatefulSet.

use super::{Assessment, count, replicas_ready, waits_for};
use crate::diagnose::{Scene, kin};
use crate::object::Object;

/// Every wanted replica is ready and of the update revision. With a partition, only the replicas above it must be; with
/// `OnDelete` nobody replaces pods, so that readiness alone counts, and old pods are named.
pub(super) fn assess(set: &Object, scene: &Scene) -> Assessment {
    let wanted = set.integer(&["spec", "replicas"]).unwrap_or(1);
    let all = count(set, "replicas");
    let [current, update] = ["currentRevision", "updateRevision"].map(|name| set.text(&["status", name]));
    let rolling = current != update;
    // `readyReplicas` counts pods of any revision; where the pods are seen, those of the update revision are counted.
    let told = count(set, "readyReplicas").min(wanted);
    let seen = kin::pods_of(scene, set);
    let of_update =
        seen.iter().filter(|pod| kin::is_current(scene, pod) && crate::watch::pod_state::is_ready(pod)).count();
    let on_delete = set.text(&["spec", "updateStrategy", "type"]) == "OnDelete";
    let partition =
        set.integer(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0).clamp(0, wanted);
    let whole = !on_delete && partition == 0;
    let ready =
        if whole && rolling && !seen.is_empty() { i64::try_from(of_update).unwrap_or(told).min(told) } else { told };
    let waiting = |reason: String| Assessment::waiting(reason).parts(ready, wanted);
    if wanted == 0 {
        return if all == 0 {
            Assessment::ready("scaled to zero").parts(0, 0)
        } else {
            waiting(format!("{all} pods are ending"))
        };
    }
    if told < wanted || all < wanted {
        return waiting(waits_for(scene, set, ready, wanted));
    }
    if all > wanted {
        return waiting(format!("{} pods are ending", all - wanted));
    }
    if on_delete {
        let words = if rolling { "ready; pods of the old revision stay until they are deleted" } else { "ready" };
        return Assessment::ready(words).parts(ready, wanted);
    }
    let must_update = wanted - partition;
    if rolling && count(set, "updatedReplicas") < must_update {
        return waiting(waits_for(scene, set, ready, wanted));
    }
    if whole && rolling {
        return waiting("the rollout is being closed".into());
    }
    if count(set, "availableReplicas") < wanted && set.integer(&["spec", "minReadySeconds"]).unwrap_or(0) > 0 {
        return waiting("ready, and watched for its minimum time".into());
    }
    Assessment::ready(replicas_ready(wanted)).parts(ready, wanted)
}
