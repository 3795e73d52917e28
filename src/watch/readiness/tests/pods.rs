//! What a pod waits for.

use super::*;

#[test]
fn a_bare_pod_that_failed_has_failed_and_one_that_runs_unready_waits() {
    let pod = |status: Value| {
        object("v1", "Pod", json!({"nodeName": "x", "containers": [{"name": "c", "image": "a"}]}), status)
    };
    judge(vec![
        (
            "failed",
            pod(json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"})),
            Failed,
            "Evicted: low on memory",
        ),
        ("succeeded", pod(json!({"phase": "Succeeded"})), Ready, "finished"),
        (
            "running, not ready",
            pod(
                json!({"phase": "Running", "containerStatuses": [{"name": "c", "state": {"running": {}}, "ready": false}]}),
            ),
            Waiting,
            "not ready yet",
        ),
        (
            "ready",
            pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})),
            Ready,
            "ready",
        ),
    ]);
}

fn pod_reason(spec: Value, status: Value, events: Value) -> String {
    let mut scene = scene();
    let pod = object("v1", "Pod", spec, status);
    for event in events.as_array().unwrap() {
        let mut event = Object(event.clone());
        event.set(&["involvedObject", "uid"], json!(pod.uid()));
        event.set(&["metadata", "uid"], json!(event.text(&["reason"]).to_string()));
        scene.notice(Notice::read(&event, false).unwrap());
    }
    pod_state::of(&scene, &pod).reason
}

#[test]
fn a_pod_says_in_words_what_it_waits_for() {
    let spec = json!({"nodeName": "x", "initContainers": [{"name": "wait", "image": "w"}], "containers": [{"name": "db", "image": "docker.io/library/postgres:17"}]});
    let main = |state: Value, restarts: u32, last: Value| {
        json!({"phase": "Running", "initContainerStatuses": [{"name": "wait", "state": {"terminated": {"exitCode": 0}}}],
            "containerStatuses": [{"name": "db", "state": state, "restartCount": restarts, "lastState": last}]})
    };
    let pulling = json!([{"reason": "Pulling", "involvedObject": {"fieldPath": "spec.containers{db}"}, "message": "Pulling image \"postgres:17\""}]);
    for (status, events, words) in [
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available."}]}),
            json!([]),
            "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu",
        ),
        (main(json!({"waiting": {"reason": "ContainerCreating"}}), 0, Value::Null), pulling, "pulling postgres:17"),
        (
            main(json!({"waiting": {"reason": "ContainerCreating"}}), 0, Value::Null),
            json!([]),
            "creating its containers",
        ),
        (
            main(
                json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                3,
                json!({"terminated": {"exitCode": 1, "reason": "Error"}}),
            ),
            json!([]),
            "crashing: exit 1, 3 restarts",
        ),
        (
            main(
                json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                1,
                json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            ),
            json!([]),
            "crashing: out of memory, 1 restart",
        ),
        (
            main(json!({"terminated": {"exitCode": 2, "reason": "Error"}}), 0, Value::Null),
            json!([]),
            "crashed: exit 2, 0 restarts",
        ),
        (
            main(
                json!({"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}}),
                0,
                Value::Null,
            ),
            json!([]),
            "secret \"x\" not found",
        ),
        (main(json!({"running": {}}), 0, Value::Null), json!([]), "running, not ready yet"),
        (main(json!({"running": {}}), 2, Value::Null), json!([]), "running again after 2 restarts"),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "wait", "state": {"running": {}}}], "containerStatuses": [{"name": "db", "state": {"waiting": {"reason": "PodInitializing"}}}]}),
            json!([]),
            "running wait",
        ),
        (
            main(json!({"waiting": {"reason": "ContainerCreating"}}), 0, Value::Null),
            json!([{"reason": "FailedMount", "message": "MountVolume.SetUp failed"}]),
            "MountVolume.SetUp failed",
        ),
    ] {
        assert_eq!(pod_reason(spec.clone(), status.clone(), events), words, "{status}");
    }
}

#[test]
fn a_job_is_done_once_its_own_pods_are_and_before_its_controller_has_counted_them() {
    let running = json!({"startTime": "2026-11-20T10:00:00Z", "active": 1});
    let failing = json!({"startTime": "x", "conditions": [{"type": "FailureTarget", "status": "True"}]});
    let suspended = json!({"conditions": [{"type": "Suspended", "status": "True"}]});
    let policy =
        json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed", "successPolicy": {"rules": []}});
    for (case, spec, status, phases, wanted) in [
        ("its pod succeeded", json!({"completions": 1}), &running, &["Succeeded"][..], Ready),
        ("the second try succeeded", json!({"completions": 1}), &running, &["Failed", "Succeeded"], Ready),
        ("its pod runs", json!({"completions": 1}), &running, &["Running"], Waiting),
        ("its pod failed", json!({"completions": 1}), &running, &["Failed"], Waiting),
        ("it has none", json!({"completions": 1}), &running, &[], Waiting),
        ("one of two", json!({"completions": 2}), &running, &["Succeeded"], Waiting),
        ("two of two", json!({"completions": 2}), &running, &["Succeeded", "Succeeded"], Ready),
        ("another still runs", json!({"completions": 1}), &running, &["Succeeded", "Running"], Waiting),
        ("pods take from a queue", json!({"parallelism": 2}), &running, &["Succeeded"], Waiting),
        ("a policy says what success is", policy, &running, &["Succeeded", "Succeeded"], Waiting),
        ("its controller gives it up", json!({"completions": 1}), &failing, &["Succeeded"], Waiting),
        ("it is suspended", json!({"completions": 1}), &suspended, &["Succeeded"], Waiting),
    ] {
        let mut scene = scene();
        let job = object("batch/v1", "Job", spec, status.clone());
        for (number, phase) in phases.iter().enumerate() {
            let mut pod = object("v1", "Pod", json!({}), json!({"phase": phase}));
            pod.set(&["metadata", "uid"], json!(format!("pod-{number}")));
            pod.set(&["metadata", "name"], json!(format!("pod-{number}")));
            let owner =
                json!([{"kind": "Job", "apiVersion": "batch/v1", "name": "a", "uid": job.uid(), "controller": true}]);
            pod.set(&["metadata", "ownerReferences"], owner);
            scene.put(Arc::new(pod));
        }
        // The pod of a Job that had its name before says nothing.
        let mut other = object("v1", "Pod", json!({}), json!({"phase": "Succeeded"}));
        other.set(
            &["metadata", "ownerReferences"],
            json!([{"kind": "Job", "apiVersion": "batch/v1", "name": "a", "uid": "earlier", "controller": true}]),
        );
        scene.put(Arc::new(other));
        assert_eq!(assess(&job, &scene).readiness, wanted, "{case}");
    }
}
