//! Deployment.

use super::{Assessment, count, replicas_ready, waits_for};
use crate::diagnose::condition::condition;
use crate::diagnose::{Scene, kin};
use crate::object::Object;

/// Every wanted replica is of the newest ReplicaSet and available, and no older one is left. A passed progress deadline
/// is told and not called failed: Kubernetes goes on trying, and a slow pull still ends well.
pub(super) fn assess(deployment: &Object, scene: &Scene) -> Assessment {
    let wanted = deployment.integer(&["spec", "replicas"]).unwrap_or(1);
    let [all, updated, available] =
        ["replicas", "updatedReplicas", "availableReplicas"].map(|name| count(deployment, name));
    // What the Deployment counts as ready holds old pods too; its newest ReplicaSet counts its own.
    let newest = kin::newest_replica_set(scene, deployment);
    let ready = newest.map_or(updated.min(available), |set| count(set, "readyReplicas")).min(wanted);
    let waiting = |reason: String| Assessment::waiting(reason).parts(ready, wanted);
    if wanted == 0 {
        return if all == 0 {
            Assessment::ready("scaled to zero").parts(0, 0)
        } else {
            waiting(format!("{all} pods are ending")).parts(0, 0)
        };
    }
    if deployment.at(&["spec", "paused"]).and_then(serde_json::Value::as_bool) == Some(true) && updated < wanted {
        return waiting("its rollout is paused".into());
    }
    if updated < wanted || ready < wanted {
        let late =
            condition(deployment, "Progressing").is_some_and(|progress| progress.reason == "ProgressDeadlineExceeded");
        let reason = waits_for(scene, deployment, ready, wanted);
        return waiting(if late { format!("{reason}; no progress for long") } else { reason });
    }
    if all > updated {
        return waiting(format!(
            "{} old pod{} ending",
            all - updated,
            if all - updated == 1 { " is" } else { "s are" }
        ));
    }
    if available < wanted {
        return waiting("ready, and watched for its minimum time".into());
    }
    match condition(deployment, "Available") {
        Some(available) if available.is_true() => Assessment::ready(replicas_ready(wanted)).parts(ready, wanted),
        _ => waiting("not available yet".into()),
    }
}
