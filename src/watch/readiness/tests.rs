use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::diagnose::Notice;
use crate::facts::{Fact, Facts, StorageClass};

mod by_pods;
mod custom;
mod pods;

fn scene() -> Scene {
    let class = |name: &str, waits, is_default| StorageClass {
        name: name.into(),
        waits_for_consumer: waits,
        is_default,
        ..StorageClass::default()
    };
    let facts = Facts {
        storage_classes: Fact::Known(vec![class("fast", false, false), class("late", true, true)]),
        ..Facts::default()
    };
    Scene::new(Arc::new(facts), "2026-11-20T10:00:00Z".parse().unwrap())
}

fn object(api: &str, kind: &str, spec: Value, status: Value) -> Object {
    Object(json!({
        "apiVersion": api, "kind": kind,
        "metadata": {"name": "a", "namespace": "n", "uid": format!("uid-{kind}"), "generation": 2},
        "spec": spec, "status": status,
    }))
}

/// Each row: what it shows, the object, how it must be judged, and words of the reason.
fn judge(rows: Vec<(&str, Object, Readiness, &str)>) {
    for (case, object, readiness, words) in rows {
        let found = assess(&object, &scene());
        assert_eq!(found.readiness, readiness, "{case}: {found:?}");
        assert!(found.reason.contains(words), "{case}: {found:?}");
    }
}

use Readiness::{Failed, Ready, Waiting};

fn deployment(spec: Value, status: Value) -> Object {
    object("apps/v1", "Deployment", spec, status)
}

#[test]
fn a_deployment_is_ready_when_every_wanted_replica_is_new_and_available_and_no_old_one_is_left() {
    let done = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
        "conditions": [{"type": "Available", "status": "True"}]});
    let with = |key: &str, value: Value| {
        let mut status = done.clone();
        status[key] = value;
        status
    };
    let two = json!({"replicas": 2});
    judge(vec![
        ("all as wanted", deployment(two.clone(), done.clone()), Ready, "2 replicas ready"),
        (
            "the controller saw an older generation",
            deployment(two.clone(), with("observedGeneration", json!(1))),
            Waiting,
            "not seen the change",
        ),
        ("no status at all", deployment(two.clone(), Value::Null), Waiting, "not seen it"),
        ("an old pod is left", deployment(two.clone(), with("replicas", json!(3))), Waiting, "1 old pod is ending"),
        ("one new pod is missing", deployment(two.clone(), with("updatedReplicas", json!(1))), Waiting, "1 of 2"),
        ("not for its minimum time", deployment(two.clone(), with("availableReplicas", json!(1))), Waiting, "1 of 2"),
        ("no condition Available", deployment(two.clone(), with("conditions", json!([]))), Waiting, "not available"),
        ("scaled to zero", deployment(json!({"replicas": 0}), json!({"observedGeneration": 2})), Ready, "zero"),
        (
            "scaled to zero, pods left",
            deployment(json!({"replicas": 0}), json!({"observedGeneration": 2, "replicas": 1})),
            Waiting,
            "ending",
        ),
        (
            "paused",
            deployment(json!({"replicas": 2, "paused": true}), with("updatedReplicas", json!(0))),
            Waiting,
            "paused",
        ),
        (
            "past its progress deadline is slow, not failed",
            deployment(
                json!({}),
                json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
            ),
            Waiting,
            "no progress",
        ),
    ]);
}

#[test]
fn an_object_that_is_being_deleted_is_never_ready() {
    let mut pod = object("v1", "ConfigMap", Value::Null, Value::Null);
    pod.set(&["metadata", "deletionTimestamp"], json!("2026-11-20T10:00:00Z"));
    judge(vec![("a terminating object", pod, Waiting, "being deleted")]);
}

#[test]
fn the_ready_pods_of_an_old_replica_set_do_not_speak_for_the_new_one() {
    let mut scene = scene();
    let mut wanted = deployment(
        json!({"replicas": 1}),
        json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
            "conditions": [{"type": "Available", "status": "True"}]}),
    );
    wanted.set_annotation("deployment.kubernetes.io/revision", "2");
    for (name, revision, ready) in [("old", "1", 1), ("new", "2", 0)] {
        let mut set = object("apps/v1", "ReplicaSet", json!({"replicas": 1}), json!({"readyReplicas": ready}));
        set.set(&["metadata", "name"], json!(name));
        set.set(&["metadata", "uid"], json!(name));
        set.set_annotation("deployment.kubernetes.io/revision", revision);
        set.set(&["metadata", "ownerReferences"], json!([{"kind": "Deployment", "apiVersion": "apps/v1", "name": "a", "uid": wanted.uid(), "controller": true}]));
        scene.put(Arc::new(set));
        let waiting = if ready == 1 {
            json!([])
        } else {
            json!([{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}])
        };
        let pod = Object(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{name}-pod"), "namespace": "n", "uid": format!("{name}-pod"),
            "ownerReferences": [{"kind": "ReplicaSet", "apiVersion": "apps/v1", "name": name, "uid": name, "controller": true}]},
            "spec": {"nodeName": "x", "containers": [{"name": "c", "image": "docker.io/library/postgres:99"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready == 1 { "True" } else { "False" }}], "containerStatuses": waiting}}),
        );
        scene.put(Arc::new(pod));
    }
    scene.put(Arc::new(wanted.clone()));
    let found = assess(&wanted, &scene);
    assert_eq!((found.readiness, found.ready, found.of), (Waiting, 0, 1));
    assert_eq!(found.reason, "cannot pull postgres:99");
}

#[test]
fn a_stateful_set_is_ready_when_its_update_revision_is() {
    let set = |spec: Value, status: Value| object("apps/v1", "StatefulSet", spec, status);
    let same = json!({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "a"});
    let rolling = json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "currentReplicas": 2, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"});
    judge(vec![
        ("one of one", set(json!({}), same.clone()), Ready, "ready"),
        ("an old revision that is ready", set(json!({"replicas": 3}), rolling.clone()), Waiting, ""),
        (
            "updated above the partition",
            set(
                json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}),
                rolling.clone(),
            ),
            Ready,
            "3 replicas",
        ),
        (
            "OnDelete leaves old pods to the operator",
            set(json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}}), rolling),
            Ready,
            "old revision",
        ),
        ("no pod yet", set(json!({}), json!({"observedGeneration": 2})), Waiting, "waiting for its pod"),
        ("not seen", set(json!({}), json!({})), Waiting, "not seen it"),
    ]);
}

#[test]
fn a_daemon_set_without_a_count_of_nodes_is_not_ready_and_one_for_no_node_is() {
    let set = |status: Value| object("apps/v1", "DaemonSet", json!({}), status);
    judge(vec![
        ("not counted", set(json!({"observedGeneration": 2})), Waiting, "not counted"),
        ("no node", set(json!({"observedGeneration": 2, "desiredNumberScheduled": 0})), Ready, "no node"),
        (
            "one is old",
            set(
                json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2, "numberReady": 2}),
            ),
            Waiting,
            "",
        ),
        (
            "all",
            set(
                json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2}),
            ),
            Ready,
            "2 nodes",
        ),
    ]);
}

#[test]
fn a_running_job_is_not_done() {
    let job = |status: Value| object("batch/v1", "Job", json!({}), status);
    judge(vec![
        ("running", job(json!({"startTime": "2026-11-20T10:00:00Z", "active": 1})), Waiting, "pod"),
        ("not started", job(json!({})), Waiting, "not started"),
        (
            "complete",
            job(json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]})),
            Ready,
            "complete",
        ),
        (
            "failed",
            job(
                json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]}),
            ),
            Failed,
            "backoff limit",
        ),
        ("suspended", job(json!({"conditions": [{"type": "Suspended", "status": "True"}]})), Waiting, "suspended"),
        ("trying again", job(json!({"startTime": "x", "failed": 2})), Waiting, "failed 2 times"),
    ]);
}

#[test]
fn a_claim_that_is_pending_under_wait_for_first_consumer_counts_as_ready() {
    let claim = |spec: Value, phase: &str| object("v1", "PersistentVolumeClaim", spec, json!({"phase": phase}));
    judge(vec![
        ("bound", claim(json!({}), "Bound"), Ready, "bound"),
        ("late class", claim(json!({"storageClassName": "late"}), "Pending"), Ready, "first pod"),
        ("the default class is late", claim(json!({}), "Pending"), Ready, "first pod"),
        ("immediate class", claim(json!({"storageClassName": "fast"}), "Pending"), Waiting, "volume"),
        ("no class wanted", claim(json!({"storageClassName": ""}), "Pending"), Waiting, "volume"),
        ("unknown class", claim(json!({"storageClassName": "gone"}), "Pending"), Waiting, "volume"),
        ("lost", claim(json!({}), "Lost"), Failed, "gone"),
    ]);
    let mut unread = Scene::new(Arc::new(Facts::default()), "2026-11-20T10:00:00Z".parse().unwrap());
    let pending = claim(json!({"storageClassName": "late"}), "Pending");
    assert_eq!(assess(&pending, &unread).readiness, Waiting, "an unreadable class is the dangerous case");
    let event = Object(
        json!({"involvedObject": {"uid": pending.uid()}, "reason": "WaitForFirstConsumer", "message": "waiting for first consumer to be created before binding"}),
    );
    unread.notice(Notice::read(&event, false).unwrap());
    assert_eq!(assess(&pending, &unread).readiness, Ready, "the controller's own event says that it waits");
}

#[test]
fn a_load_balancer_without_an_address_waits_and_an_empty_list_is_no_address() {
    let service = |kind: &str, status: Value| object("v1", "Service", json!({"type": kind}), status);
    judge(vec![
        ("cluster ip", service("ClusterIP", Value::Null), Ready, ""),
        ("nothing yet", service("LoadBalancer", json!({"loadBalancer": {}})), Waiting, "address"),
        ("empty list", service("LoadBalancer", json!({"loadBalancer": {"ingress": []}})), Waiting, "address"),
        (
            "an entry without an address",
            service("LoadBalancer", json!({"loadBalancer": {"ingress": [{}]}})),
            Waiting,
            "address",
        ),
        (
            "an address",
            service("LoadBalancer", json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}})),
            Ready,
            "1.2.3.4",
        ),
        (
            "a name",
            service("LoadBalancer", json!({"loadBalancer": {"ingress": [{"hostname": "x.elb"}]}})),
            Ready,
            "x.elb",
        ),
    ]);
}

#[test]
fn routes_and_gateways_wait_for_an_answer() {
    let route = |status: Value| {
        object("gateway.networking.k8s.io/v1", "HTTPRoute", json!({"parentRefs": [{"name": "g"}]}), status)
    };
    let parent = |accepted: &str, resolved: &str| json!({"parents": [{"conditions": [{"type": "Accepted", "status": accepted, "message": "no listener"}, {"type": "ResolvedRefs", "status": resolved, "message": "no backend"}]}]});
    let gateway = |status: Value| object("gateway.networking.k8s.io/v1", "Gateway", json!({}), status);
    judge(vec![
        ("no parent answered", route(json!({"parents": []})), Waiting, "not answered"),
        ("accepted", route(parent("True", "True")), Ready, "accepted"),
        ("refused", route(parent("False", "True")), Waiting, "no listener"),
        ("no backend", route(parent("True", "False")), Waiting, "no backend"),
        ("silent", gateway(Value::Null), Waiting, "no controller"),
        ("programmed", gateway(json!({"conditions": [{"type": "Programmed", "status": "True"}]})), Ready, "programmed"),
    ]);
}
