//! Deployments make ReplicaSets, ReplicaSets and StatefulSets make pods, and each tells how far it is.

use serde_json::{Value, json};

use super::super::clock::seconds;
use super::super::scenario::Scenario;
use super::super::store::Key;
use super::super::world::World;
use super::{all, hash, is_ending, is_ready, key, owned, owner, set_condition};
use crate::object::Object;

const SETS: &str = "replicasets.apps";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

fn wanted(object: &Object) -> i64 {
    object.integer(&["spec", "replicas"]).unwrap_or(1)
}

/// Makes a pod from the template of `from`; `false` if it is there.
pub(crate) fn pod(world: &mut World, from: &Object, name: &str, owner: Value, more: Option<Value>) -> bool {
    let mut template = from.at(&["spec", "template"]).cloned().unwrap_or(json!({}));
    if let Some(more) = more {
        super::super::patch::merge(&mut template, &more);
    }
    let mut pod = Object(template);
    pod.set(&["metadata", "name"], name.into());
    pod.set(&["metadata", "namespace"], from.namespace().into());
    pod.set(&["metadata", "ownerReferences"], owner);
    pod.set(&["status"], json!({"phase": "Pending"}));
    world.make_built_in("", "Pod", pod.0).is_some()
}

/// Deletes a pod as its controller does.
pub(crate) fn end(world: &mut World, pod: &Object) {
    let now = seconds(world.now());
    if !is_ending(pod) {
        world.change(&key("pods", pod), |pod| pod.set(&["metadata", "deletionTimestamp"], now.into()));
    }
}

/// One step of all Deployments.
pub(crate) fn deployments(world: &mut World) {
    for deployment in all(world, "deployments.apps") {
        if !is_ending(&deployment) {
            deploy(world, &deployment);
        }
    }
}

fn deploy(world: &mut World, deployment: &Object) {
    let template = deployment.at(&["spec", "template"]).cloned().unwrap_or(json!({}));
    let hash = hash(&template);
    let name = format!("{}-{hash}", deployment.name());
    let sets = owned(world, SETS, deployment);
    let revision = |set: &Object| set.annotation(REVISION).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let newest = sets.iter().map(|set| revision(set)).max().unwrap_or(0);
    let current = sets.iter().find(|set| set.name() == name).cloned();
    let number = match &current {
        Some(set) if revision(set) == newest => newest,
        _ => newest + 1,
    };
    let set_key = Key::new(SETS, deployment.namespace(), &name);
    if current.is_none() {
        let mut set = Object(json!({
            "metadata": {
                "name": name,
                "namespace": deployment.namespace(),
                "labels": template.pointer("/metadata/labels").cloned().unwrap_or(json!({})),
                "ownerReferences": owner(deployment),
            },
            "spec": {"replicas": wanted(deployment), "selector": deployment.at(&["spec", "selector"]), "template": template},
        }));
        set.set_label(HASH, &hash);
        set.set(&["spec", "selector", "matchLabels", HASH], hash.as_str().into());
        set.set(&["spec", "template", "metadata", "labels", HASH], hash.as_str().into());
        world.make_built_in("apps", "ReplicaSet", set.0);
        let message = format!("Scaled up replica set {name} from 0 to {}", wanted(deployment));
        world.tell(deployment, false, "ScalingReplicaSet", &message, "deployment-controller");
    }
    let count = wanted(deployment);
    world.change(&set_key, |set| {
        set.set_annotation(REVISION, &number.to_string());
        if wanted(set) != count {
            set.set(&["spec", "replicas"], count.into());
            set.set(&["metadata", "generation"], (set.integer(&["metadata", "generation"]).unwrap_or(1) + 1).into());
        }
    });
    let of = |set: Option<&Object>, name: &str| set.and_then(|set| set.integer(&["status", name])).unwrap_or(0);
    let live = world.store.get(&set_key).cloned();
    let ready = of(live.as_deref(), "readyReplicas");
    let recreates = deployment.text(&["spec", "strategy", "type"]) == "Recreate";
    let mut total = of(live.as_deref(), "replicas");
    let mut all_ready = ready;
    for old in sets.iter().filter(|set| set.name() != name) {
        total += of(Some(old), "replicas");
        all_ready += of(Some(old), "readyReplicas");
        if wanted(old) > 0 && (ready >= count || recreates) {
            world.change(&key(SETS, old), |set| set.set(&["spec", "replicas"], 0.into()));
        }
    }
    let now = seconds(world.now());
    let failure = live.as_deref().and_then(failure);
    let updated = of(live.as_deref(), "replicas");
    let complete = ready >= count && total == count;
    world.change(&key("deployments.apps", deployment), |deployment| {
        deployment.set_annotation(REVISION, &number.to_string());
        let generation = deployment.integer(&["metadata", "generation"]).unwrap_or(1);
        let mut status = json!({"observedGeneration": generation, "replicas": total, "updatedReplicas": updated});
        status["readyReplicas"] = all_ready.into();
        status["availableReplicas"] = all_ready.into();
        status["unavailableReplicas"] = (count - all_ready).max(0).into();
        status["conditions"] = deployment.at(&["status", "conditions"]).cloned().unwrap_or(json!([]));
        deployment.set(&["status"], status);
        let available = all_ready >= count;
        let reason = if available { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" };
        set_condition(deployment, &now, "Available", available, reason, "");
        let reason = if complete { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" };
        set_condition(deployment, &now, "Progressing", true, reason, &format!("ReplicaSet {name:?} is progressing."));
        match &failure {
            Some(message) => set_condition(deployment, &now, "ReplicaFailure", true, "FailedCreate", message),
            None => {
                let mut left = deployment.list(&["status", "conditions"]).to_vec();
                left.retain(|condition| condition["type"] != "ReplicaFailure");
                deployment.set(&["status", "conditions"], left.into());
            }
        }
    });
}

/// Why a set cannot make pods.
fn failure(set: &Object) -> Option<String> {
    let of = |condition: &&Value| condition["type"] == "ReplicaFailure";
    let condition = set.list(&["status", "conditions"]).iter().find(of)?;
    condition.get("message")?.as_str().map(str::to_string)
}

/// One step of all ReplicaSets.
pub(crate) fn replica_sets(world: &mut World) {
    for set in all(world, SETS) {
        if is_ending(&set) {
            continue;
        }
        let pods = owned(world, "pods", &set);
        let live: Vec<_> = pods.iter().filter(|pod| !is_ending(pod)).cloned().collect();
        let count = usize::try_from(wanted(&set)).unwrap_or(0);
        let mut failure = None;
        for _ in live.len()..count {
            let name = format!("{}-{}", set.name(), world.suffix());
            if world.scenario == Scenario::Quota {
                let used = world.store.list("pods", set.namespace()).count();
                let message = format!(
                    "pods {name:?} is forbidden: exceeded quota: {}, requested: pods=1, used: pods={used}, limited: pods={used}",
                    super::super::seed::QUOTA
                );
                if super::super::pods::condition(&set, "ReplicaFailure") != Some("True") {
                    let message = format!("Error creating: {message}");
                    world.tell(&set, true, "FailedCreate", &message, "replicaset-controller");
                }
                failure = Some(message);
                break;
            }
            pod(world, &set, &name, owner(&set), None);
            world.tell(&set, false, "SuccessfulCreate", &format!("Created pod: {name}"), "replicaset-controller");
        }
        for pod in live.iter().skip(count) {
            end(world, pod);
        }
        let ready = live.iter().filter(|pod| is_ready(pod)).count();
        let now = seconds(world.now());
        world.change(&key(SETS, &set), |set| {
            set.set(&["status", "replicas"], live.len().into());
            set.set(&["status", "fullyLabeledReplicas"], live.len().into());
            set.set(&["status", "readyReplicas"], ready.into());
            set.set(&["status", "availableReplicas"], ready.into());
            let generation = set.integer(&["metadata", "generation"]).unwrap_or(1);
            set.set(&["status", "observedGeneration"], generation.into());
            match &failure {
                Some(_) if super::super::pods::condition(set, "ReplicaFailure") == Some("True") => {}
                Some(message) => set_condition(set, &now, "ReplicaFailure", true, "FailedCreate", message),
                None => drop(set.remove(&["status", "conditions"])),
            }
        });
    }
}

/// One step of all StatefulSets: one pod at a time, in order, each with its claims.
pub(crate) fn stateful_sets(world: &mut World) {
    const TABLE: &str = "statefulsets.apps";
    for set in all(world, TABLE) {
        if is_ending(&set) {
            continue;
        }
        let template = set.at(&["spec", "template"]).cloned().unwrap_or(json!({}));
        let revision = format!("{}-{}", set.name(), hash(&template));
        let count = wanted(&set);
        let parallel = set.text(&["spec", "podManagementPolicy"]) == "Parallel";
        let (mut ready, mut there, mut updated) = (0_i64, 0_i64, 0_i64);
        for ordinal in 0..count {
            let name = format!("{}-{ordinal}", set.name());
            let live = world.store.get(&Key::new("pods", set.namespace(), &name)).cloned();
            let Some(live) = live else {
                make_member(world, &set, &name, &revision, ordinal);
                there += 1;
                updated += 1;
                if parallel {
                    continue;
                }
                break;
            };
            there += 1;
            let is_new = live.label("controller-revision-hash") == Some(revision.as_str());
            updated += i64::from(is_new);
            ready += i64::from(is_ready(&live) && !is_ending(&live));
            if !is_new && (set.text(&["spec", "updateStrategy", "type"]) != "OnDelete") {
                end(world, &live);
            }
            if (!is_new || !is_ready(&live)) && !parallel {
                break;
            }
        }
        for extra in owned(world, "pods", &set) {
            let ordinal = extra.name().rsplit('-').next().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
            if ordinal >= count {
                end(world, &extra);
            }
        }
        world.change(&key(TABLE, &set), |set| {
            let generation = set.integer(&["metadata", "generation"]).unwrap_or(1);
            let current = set.text(&["status", "currentRevision"]).to_string();
            let settled = updated >= count && ready >= count;
            let current = if current.is_empty() || settled { revision.clone() } else { current };
            set.set(
                &["status"],
                json!({
                    "observedGeneration": generation,
                    "replicas": there,
                    "readyReplicas": ready,
                    "availableReplicas": ready,
                    "currentReplicas": if current == revision { there } else { 0 },
                    "updatedReplicas": updated,
                    "currentRevision": current,
                    "updateRevision": revision,
                    "collisionCount": 0,
                }),
            );
        });
    }
}

fn make_member(world: &mut World, set: &Object, name: &str, revision: &str, ordinal: i64) {
    let mut volumes = set.list(&["spec", "template", "spec", "volumes"]).to_vec();
    for template in set.list(&["spec", "volumeClaimTemplates"]) {
        let of = template.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("");
        let claim = format!("{of}-{name}");
        let mut object = Object(template.clone());
        object.set(&["metadata", "name"], claim.as_str().into());
        object.set(&["metadata", "namespace"], set.namespace().into());
        for (label, value) in
            set.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_object).into_iter().flatten()
        {
            object.set_label(label, value.as_str().unwrap_or(""));
        }
        object.remove(&["status"]);
        world.make_built_in("", "PersistentVolumeClaim", object.0);
        volumes.retain(|volume| volume["name"] != of);
        volumes.push(json!({"name": of, "persistentVolumeClaim": {"claimName": claim}}));
    }
    let more = json!({
        "metadata": {"labels": {
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": ordinal.to_string(),
        }},
        "spec": {"hostname": name, "subdomain": set.text(&["spec", "serviceName"]), "volumes": volumes},
    });
    if pod(world, set, name, owner(set), Some(more)) {
        let message = format!("create Pod {name} in StatefulSet {} successful", set.name());
        world.tell(set, false, "SuccessfulCreate", &message, "statefulset-controller");
    }
}
