//! What says of itself that it is stalled, and what hangs in its deletion.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        ("STALLED", "The object's controller says that it cannot go on (condition Stalled). Its message says why."),
        (
            "DELETION_HANGS",
            "The object was asked to go and a finalizer keeps it: the controller that set the finalizer must do its work first. Taking the finalizer off by hand skips that work and can leave things behind.",
        ),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for object in scene.objects() {
        let id = object.id().to_string();
        if let Some(stalled) = condition(object, "Stalled").filter(super::condition::Condition::is_true) {
            let finding = Finding::new("STALLED", Severity::Error, format!("{} is stalled", object.id().short()))
                .why(stalled.words())
                .remedy(format!(
                    "kubectl describe {} -n {} {}",
                    object.kind().to_lowercase(),
                    object.namespace(),
                    object.name()
                ))
                .at(id.clone());
            out.push(Symptom::new(finding, Hold::seconds(30)));
        }
        if let Some(finding) = held_in_deletion(object).filter(|_| object.kind() != "Pod") {
            out.push(Symptom::new(finding, Hold::Never).quiet_for(10));
        }
    }
}

/// Why an object that was asked to go is still there: its finalizers, and whose the first of them is. `None` for one that
/// nothing holds.
pub fn held_in_deletion(object: &Object) -> Option<Finding> {
    object.at(&["metadata", "deletionTimestamp"])?;
    let finalizers: Vec<&str> =
        object.list(&["metadata", "finalizers"]).iter().filter_map(serde_json::Value::as_str).collect();
    let first = finalizers.first()?;
    let (id, name) = (object.id(), object.name());
    let at = if object.namespace().is_empty() { String::new() } else { format!(" -n {}", object.namespace()) };
    let remedy = match *first {
        // What ends by itself, or with pods that a person has to look at.
        "foregroundDeletion" | "kubernetes.io/pvc-protection" => {
            format!("see which pods are left: kubectl get pods{at}")
        }
        _ => format!("see that its controller runs, and what it says: kubectl describe {}{at} {name}", plural(&id)),
    };
    let what = format!("{} is being deleted and held by {}", id.short(), finalizers.join(", "));
    Some(Finding::new("DELETION_HANGS", Severity::Warning, what).why(holder(first)).remedy(remedy).at(id.to_string()))
}

/// What kubectl takes for a kind: `claim` has a short name, others their kind and group.
fn plural(id: &ObjectId) -> String {
    match id.kind.as_str() {
        "PersistentVolumeClaim" => "pvc".into(),
        _ => id.group_kind().to_lowercase(),
    }
}

/// Whose a finalizer is, as far as its name is known.
fn holder(finalizer: &str) -> &'static str {
    match finalizer {
        "foregroundDeletion" => "what it owns is deleted first",
        "kubernetes.io/pvc-protection" => "a pod still mounts the claim",
        "kubernetes.io/pv-protection" => "a claim still holds the volume",
        "service.kubernetes.io/load-balancer-cleanup" => "the cloud's load balancer is taken away first",
        "finalizer.keda.sh" => "KEDA must take its work back first; if KEDA is gone, nobody does",
        "batch.kubernetes.io/job-tracking" => "the job controller still counts it",
        _ => "the controller of that name must do its work first",
    }
}
