//! The Namespace: made if it is absent, marked so that a resume and an uninstall know whose it is; never written
//! otherwise (cluster.md 1).

use serde_json::json;

use super::ownership;
use crate::cluster::{Cluster, Deletion, FaultKind};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::Target;

/// Annotation on a Namespace that slipway made: the field manager of the release it was made for.
pub(super) const CREATED_BY: &str = "slipway.dev/created-by";
/// Annotation on a Namespace that slipway made: the run that made it.
const RUN: &str = "slipway.dev/run";

/// The namespace of a run.
pub(super) struct Found {
    /// The Namespace.
    pub(super) object: Object,
    /// This very run made it.
    pub(super) fresh: bool,
}

/// Finds the Namespace, or makes it.
pub(super) async fn ensure(cluster: &Cluster, target: &Target, run: &str) -> Result<Found, Failure> {
    let id = ObjectId::new("", "Namespace", "", &target.namespace);
    let found = match cluster.find(&id).await {
        // Somebody with rights in one namespace may not read the Namespace itself; it must be there then.
        Err(fault) if fault.kind == FaultKind::Forbidden => {
            return Ok(Found { object: Object(json!({"metadata": {"name": target.namespace}})), fresh: false });
        }
        found => found?,
    };
    if let Some(object) = found {
        return judge(object, false);
    }
    let wanted = Object(json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": target.namespace,
            "labels": {"app.kubernetes.io/managed-by": "slipway"},
            "annotations": {CREATED_BY: target.field_manager(), RUN: run},
        },
    }));
    match cluster.create(&wanted, &target.field_manager()).await {
        Ok(object) => judge(object, true),
        // Also our own after a lost connection: its mark tells.
        Err(fault) if fault.kind == FaultKind::AlreadyExists => {
            let object = cluster.get(&id).await?;
            let ours = object.annotation(RUN) == Some(run);
            judge(object, ours)
        }
        Err(fault) => Err(Failure::from(fault).state(NOTHING_WRITTEN)),
    }
}

fn judge(object: Object, fresh: bool) -> Result<Found, Failure> {
    if object.at(&["metadata", "deletionTimestamp"]).is_some() {
        return Err(Failure::new(FailureKind::Refused, format!("the namespace {} is being deleted", object.name()))
            .state(NOTHING_WRITTEN)
            .hint(format!("wait until it is gone: kubectl wait --for=delete namespace/{}", object.name()))
            .hint("or choose another: -n NAMESPACE"));
    }
    if let Some(owner) = ownership::foreign_owner(&object) {
        return Err(ownership::two_owners(&object, &owner));
    }
    Ok(Found { object, fresh })
}

/// Takes back a Namespace that this run made, when nothing came of it.
pub(super) async fn take_back(cluster: &Cluster, found: &Found) {
    if found.fresh {
        let id = ObjectId::new("", "Namespace", "", found.object.name());
        // Best effort: an empty namespace that stays does no harm, and the failure that led here is what matters.
        let _deleted = cluster.delete(&id, &Deletion::of(found.object.uid())).await;
    }
}
