//! Stops workloads for as long as a backup takes, and starts them again. How many replicas there were is written into the
//! workload together with the zero: whatever moment the client dies at, the next one knows.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::owned;
use crate::cluster::{Apply, Cluster, FaultKind};
use crate::error::{Failure, FailureKind};
use crate::object::{Object, ObjectId};
use crate::plan::backup::writers::{STOPPED, replicas, scaler, stopped};

/// Between two looks at whether the pods are gone.
const LOOK: Duration = Duration::from_millis(500);

/// Those of some workloads that a backup stopped and did not start again.
///
/// # Errors
/// They cannot be read.
pub async fn left_stopped(cluster: &Cluster, ids: &[ObjectId]) -> Result<Vec<ObjectId>, Failure> {
    let live = cluster.read(ids.to_vec()).await?;
    Ok(live.into_iter().filter(|(_, live)| stopped(live).is_some()).map(|(id, _)| id).collect())
}

/// Refuses workloads that something else would start again while they are stopped.
///
/// # Errors
/// One is scaled by KEDA, or that cannot be known.
pub async fn can_stop(cluster: &Cluster, namespace: &str, ids: &[ObjectId]) -> Result<(), Failure> {
    let scaled = match cluster.list("keda.sh", "ScaledObject", namespace, "").await {
        Ok(listed) => listed.objects,
        Err(fault) if fault.is_absent() || matches!(fault.kind, FaultKind::UnknownKind | FaultKind::Unsupported) => {
            return Ok(());
        }
        Err(fault) => return Err(Failure::from(fault).state(crate::error::NOTHING_WRITTEN)),
    };
    let Some((id, by)) = ids.iter().find_map(|id| Some((id, scaler(id, &scaled)?))) else { return Ok(()) };
    let pause = "autoscaling.keda.sh/paused-replicas";
    Err(Failure::new(FailureKind::Refused, format!("{} would be started again while it is stopped", id.short()))
        .place(format!("namespace {namespace}"))
        .why(format!("ScaledObject/{} scales it", by.name()))
        .state(crate::error::NOTHING_WRITTEN)
        .hint(format!("pause that first: kubectl -n {namespace} annotate scaledobject {} {pause}=0", by.name())))
}

/// Scales a workload to zero; `false` where it had no replica anyway.
///
/// # Errors
/// It cannot be read or written.
pub async fn stop(cluster: &Cluster, id: &ObjectId, manager: &str) -> Result<bool, Failure> {
    let Some(live) = cluster.find(id).await? else { return Ok(false) };
    // One that a backup left stopped keeps what that one wrote down.
    if stopped(&live).is_some() {
        return Ok(true);
    }
    match replicas(&live) {
        0 => Ok(false),
        now => scale(cluster, &live, 0, Some(now), manager).await.map(|()| true),
    }
}

/// Gives a workload the replicas back that [`stop`] took from it; `false` where nothing was taken.
///
/// # Errors
/// It cannot be read or written.
pub async fn start(cluster: &Cluster, id: &ObjectId, manager: &str) -> Result<bool, Failure> {
    let Some(live) = cluster.find(id).await? else { return Ok(false) };
    match stopped(&live) {
        None => Ok(false),
        Some(before) => scale(cluster, &live, before, None, manager).await.map(|()| true),
    }
}

async fn scale(cluster: &Cluster, live: &Object, count: u64, note: Option<u64>, manager: &str) -> Result<(), Failure> {
    let path = ["spec", "replicas"];
    if owned::owns(live, manager, &path) {
        // Ours by server-side apply: what we own is sent again, so that nobody else's name gets into the fields.
        let mut object = Object(owned::projection(live, manager));
        object.set(&["apiVersion"], live.api_version().into());
        object.set(&["kind"], live.kind().into());
        object.set(&["metadata", "name"], live.name().into());
        object.set(&["metadata", "namespace"], live.namespace().into());
        object.set(&path, count.into());
        match note {
            Some(before) => object.set_annotation(STOPPED, &before.to_string()),
            None => {
                object.remove(&["metadata", "annotations", STOPPED]);
                // Ours no longer, where nothing else of ours is in them.
                if object.at(&["metadata", "annotations"]).and_then(Value::as_object).is_some_and(Map::is_empty) {
                    object.remove(&["metadata", "annotations"]);
                }
            }
        }
        cluster.apply(&object, &Apply { manager: manager.into(), ..Apply::default() }).await?;
        return Ok(());
    }
    // Another's, such as an autoscaler's that rests while there are none. It stays theirs: were it ours, their next change or
    // our next install would meet a conflict that nobody made.
    let whose = owned::owner(live, &path).unwrap_or(manager);
    let note = note.map_or(Value::Null, |before| before.to_string().into());
    let patch = json!({
        "metadata": {"resourceVersion": live.resource_version(), "annotations": {STOPPED: note}},
        "spec": {"replicas": count},
    });
    cluster.patch(&live.id(), "", &patch, whose).await?;
    Ok(())
}

/// Waits until no pod of the workloads is left: one that is ending may still write.
///
/// # Errors
/// One is still there after `patience`.
pub async fn until_none(cluster: &Cluster, ids: &[ObjectId], patience: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    for id in ids {
        let Some(live) = cluster.find(id).await? else { continue };
        let labels = live.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_object);
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
        let labels = labels.collect::<Vec<_>>().join(",");
        loop {
            let pods = cluster.list("", "Pod", &id.namespace, &labels).await?.objects;
            let ended = |pod: &Object| matches!(pod.text(&["status", "phase"]), "Succeeded" | "Failed");
            let running: Vec<&str> = pods.iter().filter(|pod| !ended(pod)).map(Object::name).collect();
            if running.is_empty() {
                break;
            }
            if began.elapsed() > patience {
                return Err(Failure::new(FailureKind::TimedOut, format!("{} does not stop", id.short()))
                    .place(id.to_string())
                    .why(format!("{} is still there after {} s", running.join(", "), patience.as_secs()))
                    .hint("look at it, and try again with a longer --timeout"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}
