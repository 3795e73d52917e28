//! Deployment.

use super::{Assessment, count, replicas_ready, waits_for};
use crate::diagnose::condition::condition;
use crate::diagnose::{Scene, kin};
use crate::object::Object;
use crate::watch::pod_state;

/// Ready by its pods: its status says the same two controllers later, which on a busy control plane is half of a roll-out's
/// time. The ReplicaSet with the Deployment's own template has every wanted pod, each ready, and no other one has a pod.
/// Nothing here is read from a status that could be stale. A minimum time of being ready is for the controller to judge.
pub(super) fn by_its_pods(deployment: &Object, scene: &Scene) -> Option<Assessment> {
    let wanted = deployment.integer(&["spec", "replicas"]).unwrap_or(1);
    let waits = deployment.integer(&["spec", "minReadySeconds"]).unwrap_or(0) > 0;
    let paused = deployment.at(&["spec", "paused"]).and_then(serde_json::Value::as_bool) == Some(true);
    let ending = deployment.at(&["metadata", "deletionTimestamp"]).is_some();
    if wanted < 1 || waits || paused || ending {
        return None;
    }
    let sets = || scene.owned_by(deployment.uid()).filter(|object| object.kind() == "ReplicaSet");
    let newest = sets().find(|set| kin::has_template_of(set, deployment))?;
    let has = |set: &Object| set.integer(&["spec", "replicas"]).unwrap_or(1);
    let pods_of = |set: &Object| kin::pods_of(scene, set);
    let ready = pods_of(newest).into_iter().filter(|pod| pod_state::is_ready(pod)).count();
    let no_other = sets().filter(|set| set.uid() != newest.uid()).all(|set| {
        has(set) == 0 && count(set, "replicas") == 0 && pods_of(set).iter().all(|pod| pod_state::is_ending(pod))
    });
    (has(newest) == wanted && i64::try_from(ready).is_ok_and(|ready| ready >= wanted) && no_other)
        .then(|| Assessment::ready(replicas_ready(wanted)).parts(wanted, wanted))
}

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
