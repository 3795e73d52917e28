//! Whole scenes through the table of rows: what is found, and when it is hopeless.

use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::*;
use crate::facts::{Class, Fact, Facts, StorageClass};
use crate::object::Object;
use crate::plan::LogPattern;

mod claims;
mod codes;
mod rows;

struct Stage {
    scene: Scene,
    memory: Memory,
    patterns: Patterns,
    events: u32,
}

impl Stage {
    fn new() -> Self {
        let facts = Facts {
            storage_classes: Fact::Known(vec![StorageClass {
                name: "standard".into(),
                is_default: true,
                ..StorageClass::default()
            }]),
            ingress_classes: Fact::Known(vec![Class { name: "nginx".into(), ..Class::default() }]),
            ..Facts::default()
        };
        let patterns = Patterns::new(&[LogPattern {
            matches: "password authentication failed".into(),
            code: "DATABASE_PASSWORD_WRONG".into(),
            say: "the database refuses the password".into(),
            remedy: "slipway keys".into(),
        }]);
        Self {
            scene: Scene::new(Arc::new(facts), "2026-11-20T10:00:00Z".parse().unwrap()),
            memory: Memory::default(),
            patterns,
            events: 0,
        }
    }

    fn put(&mut self, object: Value) -> &mut Self {
        self.scene.put(Arc::new(Object(object)));
        self
    }

    /// A StatefulSet `db` with one pod of the given spec and status.
    fn pod(&mut self, spec: Value, status: Value) -> &mut Self {
        self.put(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "n", "uid": "set"}, "spec": {"replicas": 1}, "status": {"replicas": 1}}));
        self.put(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "n", "uid": "pod",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true}]}, "spec": spec, "status": status}))
    }

    /// One container with a state.
    fn container(&mut self, status: Value) -> &mut Self {
        let mut status = status;
        status["name"] = json!("main");
        self.pod(
            json!({"nodeName": "x", "restartPolicy": "Always", "containers": [{"name": "main", "image": "docker.io/library/postgres:17", "resources": {"limits": {"memory": "64Mi"}}, "readinessProbe": {"periodSeconds": 1, "failureThreshold": 3}}]}),
            json!({"phase": if status["state"]["running"].is_null() { "Pending" } else { "Running" }, "containerStatuses": [status]}),
        )
    }

    fn event(&mut self, about: &str, reason: &str, message: &str, count: u32) -> &mut Self {
        self.events += 1;
        let event = json!({"metadata": {"uid": format!("event-{}", self.events)}, "involvedObject": {"uid": about, "fieldPath": "spec.containers{main}"}, "reason": reason, "message": message, "count": count, "type": "Warning"});
        self.scene.notice(Notice::read(&Object(event), false).unwrap());
        self
    }

    fn judge(&mut self) -> Vec<Diagnosis> {
        self.memory.judge(&self.scene, &self.patterns)
    }

    fn after(&mut self, seconds: i64) -> Vec<Diagnosis> {
        self.scene.now = self.scene.now.checked_add(seconds.seconds()).unwrap();
        self.judge()
    }

    /// What is found now, by code.
    fn codes(&mut self) -> Vec<String> {
        self.judge().into_iter().map(|diagnosis| diagnosis.finding.code).collect()
    }
}

fn unschedulable(message: &str) -> Value {
    json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]})
}

#[test]
fn an_unschedulable_pod_is_said_at_once_and_hopeless_after_two_minutes() {
    let mut stage = Stage::new();
    stage.pod(
        json!({"containers": [{"name": "main", "resources": {"requests": {"cpu": "64"}}}]}),
        unschedulable("0/2 nodes are available: 2 Insufficient cpu."),
    );
    let found = stage.judge();
    assert_eq!(found[0].finding.code, "UNSCHEDULABLE_RESOURCES");
    assert_eq!(found[0].finding.at, "StatefulSet.apps/n/db");
    assert!(found[0].finding.why.contains("2 of 2: Insufficient cpu"), "{found:?}");
    assert!(found[0].finding.remedy.contains("cpu 64"), "{found:?}");
    assert!(!found[0].hopeless);
    assert!(!stage.after(119)[0].hopeless);
    assert!(stage.after(1)[0].hopeless);
}

#[test]
fn slow_is_not_hopeless() {
    let mut scaling = Stage::new();
    scaling.pod(json!({"containers": []}), unschedulable("0/2 nodes are available: 2 Insufficient cpu."));
    scaling.event("pod", "TriggeredScaleUp", "pod triggered scale-up: [{pool 2->3 (max: 5)}]", 1);
    let mut volume = Stage::new();
    volume.pod(
        json!({"containers": []}),
        unschedulable("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
    );
    let mut limited = Stage::new();
    limited.container(
        json!({"state": {"waiting": {"reason": "ErrImagePull", "message": "429 Too Many Requests toomanyrequests"}}}),
    );
    let mut provisioning = Stage::new();
    provisioning.put(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "n", "uid": "claim"}, "status": {"phase": "Pending"}}));
    provisioning.event("claim", "ProvisioningFailed", "rpc error: code = DeadlineExceeded", 3);
    let mut starting = Stage::new();
    starting.container(json!({"state": {"running": {}}, "ready": false}));
    starting.event("pod", "Unhealthy", "Readiness probe failed: dial tcp: connect: connection refused", 9);
    for (case, mut stage) in [
        ("scale-up", scaling),
        ("volume", volume),
        ("rate limit", limited),
        ("provisioner", provisioning),
        ("probe", starting),
    ] {
        stage.judge();
        let found = stage.after(3600);
        assert!(!found.is_empty(), "{case}");
        assert!(found.iter().all(|diagnosis| !diagnosis.hopeless), "{case}: {found:?}");
    }
}

#[test]
fn what_is_normal_on_the_way_is_no_finding() {
    let mut claim = Stage::new();
    claim.put(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "n", "uid": "claim"}, "status": {"phase": "Pending"}}));
    claim.event("claim", "WaitForFirstConsumer", "waiting for first consumer to be created before binding", 5);
    assert_eq!(claim.codes(), Vec::<String>::new());
    let mut creating = Stage::new();
    creating.container(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
    assert_eq!(creating.codes(), Vec::<String>::new());
    let mut running = Stage::new();
    running.container(json!({"state": {"running": {}}, "ready": false}));
    assert_eq!(running.codes(), Vec::<String>::new(), "its probes give it time");
    let mut done = Stage::new();
    done.pod(
        json!({"nodeName": "x", "restartPolicy": "Always", "initContainers": [{"name": "wait"}], "containers": [{"name": "main"}]}),
        json!({"phase": "Pending", "initContainerStatuses": [{"name": "wait", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}], "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}]}),
    );
    assert_eq!(done.codes(), Vec::<String>::new(), "an init container that ended well");
}

#[test]
fn an_image_that_is_not_there_is_hopeless_after_three_pulls() {
    let mut stage = Stage::new();
    stage.container(json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"postgres:17\""}}}));
    stage.event(
        "pod",
        "Failed",
        "Failed to pull image \"postgres:17\": rpc error: code = NotFound desc = not found",
        2,
    );
    let found = stage.judge();
    assert_eq!((found[0].finding.code.as_str(), found[0].hopeless), ("IMAGE_NOT_FOUND", false));
    assert!(found[0].finding.what.contains("postgres:17"));
    stage.scene.notice(Notice {
        uid: "event-1".into(),
        about_uid: "pod".into(),
        about: String::new(),
        container: "main".into(),
        reason: "Failed".into(),
        message: "Failed to pull image \"postgres:17\": not found".into(),
        warning: true,
        count: 3,
        last: None,
        earlier: false,
    });
    assert!(stage.judge()[0].hopeless);
}

#[test]
fn without_events_three_pulls_are_told_by_the_time_they_take() {
    let mut stage = Stage::new();
    stage.container(json!({"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}));
    assert!(!stage.judge()[0].hopeless);
    stage.container(json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"postgres:17\": ErrImagePull: not found"}}}));
    assert!(!stage.after(44)[0].hopeless, "the change from one waiting reason to the other starts nothing anew");
    assert!(stage.after(1)[0].hopeless);
}

#[test]
fn a_missing_key_is_named_and_awaited_for_a_minute() {
    let mut stage = Stage::new();
    stage.container(json!({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "couldn't find key INNGEST_EVENT_KEY in Secret n/inngest"}}}));
    let found = stage.judge();
    assert_eq!(found[0].finding.code, "SECRET_KEY_MISSING");
    assert!(found[0].finding.what.contains("INNGEST_EVENT_KEY of the Secret inngest"), "{found:?}");
    assert!(!stage.after(59)[0].hopeless);
    assert!(stage.after(1)[0].hopeless);
}

#[test]
fn a_crash_loop_is_hopeless_past_its_budget_and_says_the_last_words() {
    let crash = |restarts: u32| json!({"restartCount": restarts, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}});
    let mut stage = Stage::new();
    stage.container(crash(3));
    stage.scene.wrote("pod", "main", false, "panic: no such table".into());
    stage.scene.wrote("pod", "main", false, "   ".into());
    let found = stage.judge();
    assert_eq!(found[0].finding.code, "CRASH_LOOP");
    assert_eq!(found[0].finding.why, "exit code 1, 3 restarts; it said last: panic: no such table");
    assert!(!stage.after(600)[0].hopeless, "three restarts are within the budget");
    stage.container(crash(4));
    assert!(stage.judge()[0].hopeless);
    let mut again = crash(4);
    again["state"] = json!({"running": {}});
    stage.container(again);
    assert!(!stage.after(60)[0].hopeless, "it runs again, and may be on its way up");
}

#[test]
fn the_products_pattern_says_what_a_crash_means() {
    let mut stage = Stage::new();
    stage.container(json!({"restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}));
    stage.scene.wrote("pod", "main", false, "FATAL: password authentication failed for user \"inngest\"".into());
    let found = stage.judge();
    assert_eq!(found[0].finding.code, "DATABASE_PASSWORD_WRONG");
    assert!(found[0].finding.why.contains("password authentication failed"));
    assert_eq!(found[1].finding.code, "CRASH_LOOP");
}

#[test]
fn an_end_is_told_by_its_cause() {
    for (status, events, code) in [
        (
            json!({"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}),
            None,
            "OUT_OF_MEMORY",
        ),
        (
            json!({"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 139}}}),
            None,
            "SEGMENTATION_FAULT",
        ),
        (
            json!({"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 127}}}),
            None,
            "COMMAND_FAILED",
        ),
        (
            json!({"restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 0, "reason": "Completed"}}}),
            None,
            "ENDS_WITHOUT_ERROR",
        ),
        (
            json!({"restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 143}}}),
            Some("Container main failed liveness probe, will be restarted"),
            "KILLED_BY_PROBE",
        ),
        (
            json!({"restartCount": 1, "state": {"waiting": {"reason": "RunContainerError", "message": "exec: \"inngst\": executable file not found in $PATH: unknown"}}}),
            None,
            "COMMAND_NOT_FOUND",
        ),
        (
            json!({"restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: \"inngst\": executable file not found in $PATH"}}}),
            None,
            "COMMAND_NOT_FOUND",
        ),
        (
            json!({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "container has runAsNonRoot and image will run as root (pod: \"db-0\", container: main)"}}}),
            None,
            "RUNS_AS_ROOT",
        ),
    ] {
        let mut stage = Stage::new();
        stage.container(status.clone());
        if let Some(message) = events {
            stage.event("pod", "Killing", message, 1);
        }
        assert_eq!(stage.codes(), [code], "{status}");
    }
}

#[test]
fn a_quota_is_hopeless_after_half_a_minute_unless_old_pods_are_still_ending() {
    let refusal = "pods \"db-0\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5";
    let mut stage = Stage::new();
    stage.put(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "n", "uid": "set"}, "spec": {"replicas": 1}, "status": {"replicas": 0}}));
    stage.event("set", "FailedCreate", refusal, 1);
    let found = stage.judge();
    assert_eq!(found[0].finding.code, "QUOTA_EXCEEDED");
    assert_eq!(found[0].finding.why, "asked for pods=1, used pods=5, allowed pods=5");
    assert!(stage.after(30)[0].hopeless);
    stage.put(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-1", "namespace": "n", "uid": "old", "deletionTimestamp": "2026-11-20T10:00:00Z",
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true}]}}));
    assert!(!stage.after(30)[0].hopeless);
}

#[test]
fn a_refusal_counts_only_while_pods_are_missing() {
    let mut stage = Stage::new();
    stage.put(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "n", "uid": "set"}, "spec": {"replicas": 1}, "status": {"replicas": 1}}));
    stage.event(
        "set",
        "FailedCreate",
        "pods \"db-0\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5",
        1,
    );
    assert_eq!(stage.codes(), Vec::<String>::new());
}

#[test]
fn a_symptom_that_went_away_starts_anew_when_it_comes_back() {
    let mut stage = Stage::new();
    let missing =
        json!({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}}});
    stage.container(missing.clone());
    stage.judge();
    stage.container(json!({"state": {"running": {}}, "ready": true}));
    assert!(stage.after(59).is_empty());
    stage.container(missing);
    assert!(!stage.after(59)[0].hopeless);
}

#[test]
fn the_moment_to_look_again_is_the_nearest_that_changes_something() {
    let mut stage = Stage::new();
    stage.container(
        json!({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}}}),
    );
    stage.judge();
    assert_eq!(stage.memory.next(), stage.scene.now.checked_add(60.seconds()).ok());
    stage.after(60);
    assert_eq!(stage.memory.next(), None);
}

#[test]
fn an_old_pod_that_never_gets_ready_blocks_a_stateful_set_and_is_named() {
    let mut stage = Stage::new();
    let pod = |revision: &str, ready: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "n", "uid": "pod", "labels": {"controller-revision-hash": revision},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true}]},
            "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": ready}]}})
    };
    let set = |policy: &str| {
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "n", "uid": "set", "generation": 2},
            "spec": {"replicas": 1, "podManagementPolicy": policy},
            "status": {"observedGeneration": 2, "replicas": 1, "currentRevision": "old", "updateRevision": "new"}})
    };
    stage.put(set("OrderedReady")).put(pod("old", "False"));
    assert_eq!(stage.codes(), Vec::<String>::new(), "it may be starting");
    let found = stage.after(15);
    assert_eq!((found[0].finding.code.as_str(), found[0].hopeless), ("UPDATE_BLOCKED", false));
    assert!(found[0].finding.remedy.contains("db-0"));
    for (set, pod) in [
        (set("Parallel"), pod("old", "False")),
        (set("OrderedReady"), pod("old", "True")),
        (set("OrderedReady"), pod("new", "False")),
    ] {
        let mut fine = Stage::new();
        fine.put(set).put(pod);
        fine.judge();
        assert_eq!(fine.after(60), []);
    }
}
