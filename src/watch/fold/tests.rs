use serde_json::{Value, json};

use super::*;
use crate::secret::SecretText;

const ID: &str = "StatefulSet.apps/n/db";

fn set(generation: i64, version: &str, ready: u32) -> Object {
    Object(json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "n", "uid": "set", "generation": generation, "resourceVersion": version},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": generation, "replicas": 1, "readyReplicas": ready, "currentRevision": "r", "updateRevision": "r"}}))
}

fn pod(state: Value) -> Object {
    Object(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "n", "uid": "pod", "labels": {"controller-revision-hash": "r"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true}]},
        "spec": {"nodeName": "x", "containers": [{"name": "main", "image": "postgres:17"}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "main", "state": state}]}}),
    )
}

fn event(uid: &str, count: u32, message: &str) -> Object {
    Object(
        json!({"metadata": {"uid": uid}, "involvedObject": {"kind": "Pod", "name": "db-0", "uid": "pod"}, "reason": "Pulling", "message": message, "count": count, "type": "Normal"}),
    )
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn fold(active: bool) -> Fold {
    let followed = [Followed { id: ID.parse().unwrap(), group: "database".into() }];
    let redactor = Redactor::new([&SecretText::new("hunter22")]);
    Fold::new(&followed, Arc::default(), Patterns::default(), redactor, active, at(0))
}

fn kinds(told: &[Told]) -> Vec<&'static str> {
    told.iter()
        .map(|told| match told.kind {
            EventKind::StatusChanged { readiness: Readiness::Ready, .. } => "ready",
            EventKind::StatusChanged { .. } => "waiting",
            EventKind::PodChanged { .. } => "pod",
            EventKind::PodGone { .. } => "pod gone",
            EventKind::ClusterEventSeen { .. } => "report",
            EventKind::FindingRaised { hopeless: true, .. } => "hopeless",
            EventKind::FindingRaised { .. } => "finding",
            EventKind::FindingCleared { .. } => "cleared",
            _ => "other",
        })
        .collect()
}

#[test]
fn a_change_is_told_once_and_nothing_is_told_when_nothing_changed() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    fold.put(pod(json!({"waiting": {"reason": "ContainerCreating"}})));
    assert_eq!(kinds(&fold.settle(at(1))), ["pod", "waiting"]);
    assert_eq!(fold.settle(at(2)), []);
    fold.put(set(1, "2", 1));
    assert_eq!(kinds(&fold.settle(at(3))), ["ready"]);
    fold.gone(&pod(Value::Null));
    assert_eq!(kinds(&fold.settle(at(4))), ["pod gone"]);
}

#[test]
fn what_was_ready_before_the_write_does_not_count_for_it() {
    let mut fold = fold(false);
    fold.put(set(1, "5", 1));
    assert_eq!(fold.settle(at(1)), [], "before it is written, it is nobody's business");
    let mut answer = set(2, "7", 1);
    answer.set(&["status", "observedGeneration"], json!(1));
    fold.written(answer);
    assert_eq!(kinds(&fold.settle(at(2))), ["waiting"]);
    fold.put(set(1, "6", 1));
    assert_eq!(fold.settle(at(3)), [], "a watch that lags behind the write changes nothing");
    fold.put(set(2, "8", 1));
    assert_eq!(kinds(&fold.settle(at(4))), ["ready"]);
}

#[test]
fn an_object_that_was_replaced_is_not_spoken_for_by_the_one_before_it() {
    let mut fold = fold(false);
    fold.put(set(3, "5", 1));
    let mut answer = set(1, "9", 0);
    answer.set(&["metadata", "uid"], json!("new"));
    fold.written(answer);
    fold.put(set(3, "6", 1));
    fold.gone(&set(3, "7", 1));
    fold.settle(at(1));
    let id: ObjectId = ID.parse().unwrap();
    assert_eq!(fold.scene().get(&id).map(Object::uid), Some("new"));
    assert_eq!(fold.standing().objects[&id].readiness, Readiness::Waiting);
}

#[test]
fn a_list_removes_what_is_not_in_it_but_not_what_was_written_since() {
    let mut fold = fold(false);
    fold.put(pod(json!({})));
    fold.written(set(1, "9", 0));
    fold.listed("StatefulSet", "apps", vec![], |_| true);
    fold.listed("Pod", "", vec![], |_| true);
    assert!(fold.scene().get(&ID.parse().unwrap()).is_some());
    assert_eq!(fold.scene().of_kind("Pod").count(), 0);
}

#[test]
fn a_report_is_told_when_its_pod_is_there_and_again_only_when_its_count_grows() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    fold.notice(&event("e", 1, "Pulling image \"postgres:17\""), false);
    fold.settle(at(1));
    fold.put(pod(json!({"waiting": {"reason": "ContainerCreating"}})));
    assert_eq!(kinds(&fold.settle(at(2))), ["pod", "report", "waiting"]);
    fold.notice(&event("e", 1, "Pulling image \"postgres:17\""), false);
    assert_eq!(fold.settle(at(3)), []);
    fold.notice(&event("e", 2, "Pulling image \"postgres:17\""), false);
    assert_eq!(kinds(&fold.settle(at(4))), ["report"]);
    fold.notice(&event("old", 9, "from before"), true);
    assert_eq!(fold.settle(at(5)), [], "what was there before is no news");
}

#[test]
fn a_finding_is_raised_grows_hopeless_and_is_cleared() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    fold.put(pod(json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}})));
    assert!(kinds(&fold.settle(at(1))).contains(&"finding"));
    assert_eq!(fold.next(), Some(at(61)));
    assert_eq!(kinds(&fold.settle(at(61))), ["hopeless"]);
    assert_eq!(fold.standing().hopeless[0].code, "SECRET_MISSING");
    fold.put(pod(json!({"running": {}})));
    assert!(kinds(&fold.settle(at(62))).contains(&"cleared"));
    assert_eq!(fold.standing().hopeless, []);
}

#[test]
fn what_is_wrong_with_an_object_before_it_is_written_ends_no_run() {
    let mut fold = fold(false);
    fold.put(set(1, "1", 0));
    fold.put(pod(json!({"waiting": {"reason": "InvalidImageName"}})));
    fold.settle(at(1));
    assert_eq!(fold.standing().hopeless, []);
    fold.written(set(1, "1", 0));
    fold.settle(at(2));
    assert_eq!(fold.standing().hopeless[0].code, "IMAGE_NAME_INVALID");
}

#[test]
fn a_secret_value_in_what_kubernetes_says_is_hidden() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    fold.put(pod(json!({"waiting": {"reason": "CreateContainerError", "message": "bad value hunter22"}})));
    fold.notice(&event("e", 1, "cannot use hunter22"), false);
    let told =
        serde_json::to_string(&fold.settle(at(1)).into_iter().map(|told| told.kind).collect::<Vec<_>>()).unwrap();
    assert!(!told.contains("hunter22"), "{told}");
    assert!(told.contains("[hidden]"), "{told}");
}

#[test]
fn a_claim_made_from_a_template_is_its_workloads_affair_and_a_strangers_is_not() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    let mut pod = pod(json!({"waiting": {}}));
    pod.set(&["spec", "volumes"], json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]));
    fold.put(pod);
    for name in ["data-db-0", "of-somebody-else"] {
        fold.put(Object(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "n", "uid": name}, "status": {"phase": "Lost"}})));
    }
    fold.settle(at(1));
    let hopeless: Vec<&str> = fold.standing().hopeless.iter().map(|finding| finding.at.as_str()).collect();
    assert_eq!(hopeless, ["PersistentVolumeClaim/n/data-db-0"]);
}

#[test]
fn evidence_holds_objects_reports_and_logs_and_no_secret() {
    let mut fold = fold(true);
    fold.put(set(1, "1", 0));
    fold.put(pod(json!({"waiting": {"reason": "CrashLoopBackOff", "message": "hunter22"}})));
    fold.put(Object(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "n", "uid": "s"}, "data": {"a": "eA=="}})));
    fold.notice(&event("e", 1, "cannot use hunter22"), true);
    fold.wrote("pod", "main", true, "FATAL");
    let files = fold.evidence();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["events.txt", "logs/db-0.main.previous.log", "objects/pod-db-0.json", "objects/statefulset-db.json"]
    );
    assert_eq!(files["logs/db-0.main.previous.log"], "FATAL\n");
    assert!(files["events.txt"].contains("Pod db-0 Pulling x1: cannot use [hidden]"), "{files:?}");
    assert!(!format!("{files:?}").contains("hunter22"));
}

#[test]
fn what_nobody_reads_of_a_pod_is_not_kept() {
    let mut fold = fold(true);
    let mut seen = pod(json!({"running": {}}));
    seen.set(&["metadata", "managedFields"], json!([{"manager": "kubelet"}]));
    seen.0["spec"]["containers"][0]["env"] = json!([{"name": "A", "value": "b"}]);
    seen.0["spec"]["containers"][0]["readinessProbe"] = json!({"periodSeconds": 5});
    fold.put(seen);
    let kept = fold.scene().of_kind("Pod").next().unwrap();
    assert_eq!((kept.at(&["metadata", "managedFields"]), kept.0.pointer("/spec/containers/0/env")), (None, None));
    assert!(kept.0.pointer("/spec/containers/0/readinessProbe").is_some());
}
