//! Who belongs to whom: the workload behind a pod, the pods of a workload, and which of them are of the revision that
//! is being rolled out. Pods of an older revision never speak for the new one.

use serde_json::Value;

use super::scene::Scene;
use crate::object::{Object, ObjectId};

/// Annotation with the number of a Deployment's revision, on the Deployment and on its ReplicaSets (Kubernetes:
/// deployment controller).
const REVISION: &str = "deployment.kubernetes.io/revision";

/// The controlling owner as its reference names it.
fn controller(object: &Object) -> Option<&Value> {
    object
        .list(&["metadata", "ownerReferences"])
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
}

/// The workload at the top of the chain of controllers: a pod's Deployment, StatefulSet, DaemonSet, Job or CronJob; the
/// object itself when nothing controls it. The chain is followed as far as its objects were seen; beyond that the last
/// reference tells the name.
pub fn workload_of(scene: &Scene, object: &Object) -> ObjectId {
    let mut current = object;
    // A chain is three long at most (CronJob, Job, Pod); the bound guards against a loop of references.
    for _ in 0..8 {
        let Some(owner) = controller(current) else { return current.id() };
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or("");
        match scene.by_uid(text("uid")) {
            Some(found) => current = found,
            None => {
                let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
                return ObjectId::new(group, text("kind"), object.namespace(), text("name"));
            }
        }
    }
    current.id()
}

/// The newest ReplicaSet of a Deployment: the one with the Deployment's own revision number, else the highest. Of a change
/// that the controller has not seen yet, or has not told of, it is the one with the Deployment's own template, if any.
pub fn newest_replica_set<'a>(scene: &'a Scene, deployment: &Object) -> Option<&'a Object> {
    let number = |object: &Object| object.annotation(REVISION).and_then(|text| text.parse::<u64>().ok());
    let sets = || scene.owned_by(deployment.uid()).filter(|set| set.kind() == "ReplicaSet");
    // A Deployment whose change its controller has not seen yet carries the number of the revision before.
    let seen = deployment.integer(&["status", "observedGeneration"]) >= deployment.integer(&["metadata", "generation"]);
    if !seen {
        return sets().find(|set| has_template_of(set, deployment));
    }
    let wanted = number(deployment);
    sets().find(|set| wanted.is_some() && number(set) == wanted).or_else(|| sets().max_by_key(|set| number(set)))
}

/// Whether a ReplicaSet is made from the template that its Deployment has now: what the deployment controller itself
/// tells the new one by (kubernetes: `FindNewReplicaSet`, all but the label `pod-template-hash`). No answer of a status is
/// needed for it, so that none can be stale.
pub fn has_template_of(set: &Object, deployment: &Object) -> bool {
    let template = |object: &Object| {
        let mut template = object.at(&["spec", "template"]).cloned().unwrap_or_default();
        if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
            // Older servers write it as null into one of the two.
            metadata.remove("creationTimestamp");
            if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
                labels.remove("pod-template-hash");
            }
        }
        template
    };
    // The spec is nearly all of it: what differs there is not copied.
    let spec = |object| Object::at(object, &["spec", "template", "spec"]);
    spec(set) == spec(deployment) && template(set) == template(deployment)
}

/// Whether a pod belongs to the revision that is being rolled out. A pod whose owner was not seen speaks for itself.
pub fn is_current(scene: &Scene, pod: &Object) -> bool {
    if pod.at(&["metadata", "deletionTimestamp"]).is_some() {
        return false;
    }
    let Some(owner) = controller(pod).and_then(|owner| scene.by_uid(owner.get("uid")?.as_str()?)) else {
        return true;
    };
    match owner.kind() {
        "ReplicaSet" => match controller(owner).and_then(|top| scene.by_uid(top.get("uid")?.as_str()?)) {
            Some(deployment) => newest_replica_set(scene, deployment).is_some_and(|newest| newest.uid() == owner.uid()),
            None => true,
        },
        "StatefulSet" => of_update_revision(owner, pod),
        // Both are written by the DaemonSet controller: the number of the template, and a pod's number.
        "DaemonSet" => match owner.annotation("deprecated.daemonset.template.generation") {
            Some(template) => pod.label("pod-template-generation").is_none_or(|number| number == template),
            None => true,
        },
        _ => true,
    }
}

/// Whether a StatefulSet's pod is of its update revision. While the controller has not seen the newest generation there
/// is no update revision to be of.
fn of_update_revision(set: &Object, pod: &Object) -> bool {
    let seen = set.integer(&["status", "observedGeneration"]) >= set.integer(&["metadata", "generation"]);
    let update = set.text(&["status", "updateRevision"]);
    seen && (update.is_empty() || pod.label("controller-revision-hash") == Some(update))
}

/// The pods of a workload, of any revision and in the order of their names.
pub fn pods_of<'a>(scene: &'a Scene, workload: &Object) -> Vec<&'a Object> {
    let mut pods = Vec::new();
    let mut owners = vec![workload.uid()];
    for _ in 0..4 {
        let mut below = Vec::new();
        for owned in owners.iter().flat_map(|uid| scene.owned_by(uid)) {
            if owned.kind() == "Pod" {
                pods.push(owned);
            } else {
                below.push(owned.uid());
            }
        }
        owners = below;
    }
    pods.sort_by(|a, b| a.name().cmp(b.name()));
    pods
}

/// The pods of a workload that are of the revision being rolled out.
pub fn current_pods_of<'a>(scene: &'a Scene, workload: &Object) -> Vec<&'a Object> {
    let mut pods = pods_of(scene, workload);
    pods.retain(|pod| is_current(scene, pod));
    pods
}

/// Every pod that speaks for the revision being rolled out.
pub fn current_pods(scene: &Scene) -> impl Iterator<Item = &Object> {
    scene.of_kind("Pod").filter(|pod| is_current(scene, pod))
}
