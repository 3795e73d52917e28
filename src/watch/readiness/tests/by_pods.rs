//! A Deployment that is ready by its pods, before its status says so.

use super::*;

/// A Deployment of `image`, whose status says nothing yet.
fn asked(image: &str, replicas: i64) -> Object {
    let template =
        json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": image}]}});
    deployment(json!({"replicas": replicas, "template": template}), Value::Null)
}

/// A ReplicaSet of `image` below a Deployment, with the label that its controller adds.
fn set(of: &Object, image: &str, replicas: i64) -> Object {
    let labels = json!({"app": "a", "pod-template-hash": "5d8"});
    let template = json!({"metadata": {"labels": labels, "creationTimestamp": null},
        "spec": {"containers": [{"name": "c", "image": image}]}});
    let mut set = object("apps/v1", "ReplicaSet", json!({"replicas": replicas, "template": template}), Value::Null);
    set.set(&["metadata", "name"], json!(format!("set-{image}")));
    set.set(&["metadata", "uid"], json!(format!("set-{image}")));
    set.set(&["metadata", "ownerReferences"], owner("Deployment", of.uid()));
    set
}

fn owner(kind: &str, uid: &str) -> Value {
    json!([{"kind": kind, "apiVersion": "apps/v1", "name": "x", "uid": uid, "controller": true}])
}

fn pod(of: &Object, name: &str, ready: bool) -> Object {
    let condition = json!([{"type": "Ready", "status": if ready { "True" } else { "False" }}]);
    let mut pod = object("v1", "Pod", json!({}), json!({"phase": "Running", "conditions": condition}));
    pod.set(&["metadata", "name"], json!(name));
    pod.set(&["metadata", "uid"], json!(name));
    pod.set(&["metadata", "ownerReferences"], owner("ReplicaSet", of.uid()));
    pod
}

fn seen(objects: &[Object]) -> Scene {
    let mut scene = scene();
    objects.iter().for_each(|object| scene.put(Arc::new(object.clone())));
    scene
}

fn with(mut object: Object, path: &[&str], value: Value) -> Object {
    object.set(path, value);
    object
}

#[test]
fn a_deployment_whose_pods_are_all_ready_is_ready_before_its_status_says_so() {
    let two = asked("b", 2);
    let (new, old) = (set(&two, "b", 2), set(&two, "a", 0));
    let both = [pod(&new, "one", true), pod(&new, "two", true)];
    let found = assess(&two, &seen(&[&[two.clone(), new.clone(), old.clone()], &both[..]].concat()));
    assert_eq!((found.readiness, found.ready, found.of, found.reason.as_str()), (Ready, 2, 2, "2 replicas ready"));

    let ending = json!("2026-11-20T10:00:00Z");
    let short = |path: &[&str], value: Value| (with(two.clone(), path, value), vec![new.clone()], both.to_vec());
    let rows = [
        ("one pod is not ready", (two.clone(), vec![new.clone()], vec![both[0].clone(), pod(&new, "two", false)])),
        ("one pod is missing", (two.clone(), vec![new.clone()], vec![both[0].clone()])),
        ("one pod is ending", {
            let leaving = with(both[1].clone(), &["metadata", "deletionTimestamp"], ending.clone());
            (two.clone(), vec![new.clone()], vec![both[0].clone(), leaving])
        }),
        ("its replicas are about to be more", (two.clone(), vec![set(&two, "b", 1)], both.to_vec())),
        ("an old replica is still wanted", (two.clone(), vec![new.clone(), set(&two, "a", 1)], both.to_vec())),
        ("an old pod is left", {
            (two.clone(), vec![new.clone(), old.clone()], [&both[..], &[pod(&old, "old", true)]].concat())
        }),
        ("the old template alone has pods", {
            (two.clone(), vec![set(&two, "a", 2)], [pod(&old, "x", true), pod(&old, "y", true)].to_vec())
        }),
        ("a minimum time is for the controller", short(&["spec", "minReadySeconds"], json!(5))),
        ("it is paused", short(&["spec", "paused"], json!(true))),
        ("it is being deleted", short(&["metadata", "deletionTimestamp"], ending.clone())),
        ("nothing is wanted", short(&["spec", "replicas"], json!(0))),
        ("its template has another label", short(&["spec", "template", "metadata", "labels", "b"], json!("c"))),
    ];
    for (case, (deployment, sets, pods)) in rows {
        let scene = seen(&[std::slice::from_ref(&deployment), &sets[..], &pods[..]].concat());
        let found = assess(&deployment, &scene);
        assert_eq!(found.readiness, Waiting, "{case}: {found:?}");
    }
}

#[test]
fn the_pods_of_a_deployment_that_its_controller_has_not_told_of_are_known_by_its_template() {
    let one = asked("b", 1);
    let (new, old) = (set(&one, "b", 1), set(&one, "a", 1));
    let pods = [pod(&new, "new", true), pod(&old, "old", true)];
    let scene = seen(&[&[one.clone(), new, old], &pods[..]].concat());
    assert!(kin::is_current(&scene, &pods[0]));
    assert!(!kin::is_current(&scene, &pods[1]));
}
