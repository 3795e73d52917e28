use super::*;

fn writer(manager: &str) -> Writer {
    Writer {
        manager: manager.into(),
        api_version: "apps/v1".into(),
        now: "2026-01-01T00:00:00Z".into(),
        ..Writer::default()
    }
}

fn deployment(spec: Value) -> Object {
    Object(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}))
}

fn made(spec: Value, manager: &str) -> Object {
    let mut made = apply(&Object(json!({})), &deployment(spec), &writer(manager), false).unwrap();
    made.set(&["metadata", "uid"], "1".into());
    made
}

fn pods(containers: Value) -> Value {
    json!({"template": {"spec": {"containers": containers}}})
}

#[test]
fn a_field_that_is_no_longer_applied_goes_unless_somebody_else_owns_it() {
    let live = made(json!({"replicas": 2, "paused": true}), "a");
    let live = apply(&live, &deployment(json!({"paused": true})), &writer("b"), false).unwrap();
    let live = apply(&live, &deployment(json!({})), &writer("a"), false).unwrap();
    assert_eq!(live.at(&["spec"]), Some(&json!({"paused": true})));
}

#[test]
fn another_managers_value_is_a_conflict_that_names_manager_and_field() {
    let live = made(json!({"replicas": 2}), "a");
    let refusal = apply(&live, &deployment(json!({"replicas": 3})), &writer("b"), false).unwrap_err();
    assert_eq!(refusal.message, "Apply failed with 1 conflict: conflict with \"a\": .spec.replicas");
    assert_eq!(refusal.details["causes"][0]["field"], ".spec.replicas");
    let taken = apply(&live, &deployment(json!({"replicas": 3})), &writer("b"), true).unwrap();
    assert_eq!(taken.integer(&["spec", "replicas"]), Some(3));
    let managers: Vec<&str> =
        taken.list(&["metadata", "managedFields"]).iter().map(|entry| entry["manager"].as_str().unwrap()).collect();
    assert_eq!(managers, ["b"]);
}

#[test]
fn the_same_value_is_owned_together() {
    let live = made(json!({"replicas": 2}), "a");
    let live = apply(&live, &deployment(json!({"replicas": 2})), &writer("b"), false).unwrap();
    assert_eq!(live.list(&["metadata", "managedFields"]).len(), 2);
}

#[test]
fn containers_and_their_variables_merge_by_name_and_ports_by_number_and_protocol() {
    let live = made(
        pods(
            json!([{"name": "x", "image": "i", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}]),
        ),
        "a",
    );
    let more = pods(
        json!([{"name": "x", "env": [{"name": "B", "value": "2"}], "ports": [{"containerPort": 81, "protocol": "TCP"}]}, {"name": "y"}]),
    );
    let live = apply(&live, &deployment(more), &writer("b"), false).unwrap();
    let containers = live.list(&["spec", "template", "spec", "containers"]);
    assert_eq!(containers.len(), 2);
    assert_eq!(containers[0]["image"], "i");
    assert_eq!(containers[0]["env"].as_array().unwrap().len(), 2);
    assert_eq!(containers[0]["ports"].as_array().unwrap().len(), 2);
    // The first leaves: only what it alone owned goes.
    let live = apply(&live, &deployment(json!({})), &writer("a"), false).unwrap();
    let containers = live.list(&["spec", "template", "spec", "containers"]);
    assert_eq!(
        containers[0],
        json!({"name": "x", "env": [{"name": "B", "value": "2"}], "ports": [{"containerPort": 81, "protocol": "TCP"}]})
    );
}

#[test]
fn a_container_that_is_dropped_goes_with_what_was_defaulted_in_it() {
    let mut live = made(pods(json!([{"name": "x", "image": "i"}, {"name": "y", "image": "i"}])), "a");
    live.0["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always".into();
    let live = apply(&live, &deployment(pods(json!([{"name": "x", "image": "i"}]))), &writer("a"), false).unwrap();
    assert_eq!(live.list(&["spec", "template", "spec", "containers"]).len(), 1);
}

#[test]
fn an_update_takes_what_it_changes_from_its_owner() {
    let live = made(json!({"replicas": 2, "paused": true}), "a");
    let mut changed = live.clone();
    changed.set(&["spec", "replicas"], 5.into());
    track(&live, &mut changed, &writer("edit"));
    let refusal =
        apply(&changed, &deployment(json!({"replicas": 2, "paused": true})), &writer("a"), false).unwrap_err();
    assert_eq!(refusal.message, "Apply failed with 1 conflict: conflict with \"edit\" using apps/v1: .spec.replicas");
}

#[test]
fn tolerations_are_one_piece() {
    let spec = |key: &str| json!({"template": {"spec": {"tolerations": [{"key": key}]}}});
    let live = made(spec("a"), "a");
    let refusal = apply(&live, &deployment(spec("b")), &writer("b"), false).unwrap_err();
    assert_eq!(refusal.details["causes"][0]["field"], ".spec.template.spec.tolerations");
}

#[test]
fn an_apply_that_changes_nothing_makes_the_same_object() {
    let live = made(json!({"replicas": 2}), "a");
    let later = Writer { now: "2027-01-01T00:00:00Z".into(), ..writer("a") };
    assert_eq!(apply(&live, &deployment(json!({"replicas": 2})), &later, false).unwrap(), live);
}

#[test]
fn field_sets_survive_their_json() {
    let set =
        json!({"f:spec": {".": {}, "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}}}});
    assert_eq!(Fields::from_json(&set).to_json(), set);
    assert!(Fields::from_json(&set).paths().contains(&".spec.ports[port=80,protocol=\"TCP\"].name".to_string()));
}
