use serde_json::json;

use super::*;

const OURS: &str = "slipway:n/r";

fn live(spec: Value, fields: Value) -> Object {
    Object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": "a", "namespace": "n",
            "managedFields": [
                {"manager": OURS, "operation": "Apply", "fieldsV1": {"f:spec": fields}},
                {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
            ],
        },
        "spec": spec,
        "status": {"replicas": 1},
    }))
}

fn wanted(spec: Value) -> Object {
    Object(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": spec}),
    )
}

fn shown(wanted: &Object, live: &Object) -> Vec<String> {
    let show = |value: &Option<Value>| value.as_ref().map_or("-".into(), ToString::to_string);
    let changes = changes(wanted, live, OURS);
    changes.iter().map(|change| format!("{}: {} → {}", change.path, show(&change.from), show(&change.to))).collect()
}

fn containers(containers: Value) -> Value {
    json!({"template": {"spec": {"containers": containers}}})
}

#[test]
fn what_others_added_is_no_change() {
    let live = live(
        json!({"replicas": 3, "progressDeadlineSeconds": 600, "template": {"spec": {"containers": [
            {"name": "a", "image": "x:1", "imagePullPolicy": "IfNotPresent"}, {"name": "sidecar", "image": "injected"}]}}}),
        json!({"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}),
    );
    assert_eq!(shown(&wanted(containers(json!([{"name": "a", "image": "x:1"}]))), &live), Vec::<String>::new());
}

#[test]
fn a_field_that_changes_is_named_as_kubectl_names_it() {
    let live = live(
        containers(json!([{"name": "b", "image": "y"}, {"name": "a", "image": "x:1"}])),
        json!({"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}}}}}),
    );
    let wanted = wanted(containers(json!([{"name": "a", "image": "x:2"}])));
    assert_eq!(shown(&wanted, &live), ["spec.template.spec.containers[0].image: \"x:1\" → \"x:2\""]);
}

#[test]
fn what_we_own_and_no_longer_want_goes_and_what_others_own_stays() {
    let live = live(
        containers(
            json!([{"name": "a", "image": "x", "tty": true, "stdin": true}, {"name": "old"}, {"name": "injected"}]),
        ),
        json!({"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": {"f:image": {}, "f:tty": {}}, "k:{\"name\":\"old\"}": {".": {}}}}}}),
    );
    let wanted = wanted(containers(json!([{"name": "a", "image": "x"}])));
    assert_eq!(
        shown(&wanted, &live),
        ["spec.template.spec.containers[0].tty: true → -", "spec.template.spec.containers[1]: {\"name\":\"old\"} → -",]
    );
}

#[test]
fn annotations_that_are_not_wanted_any_more_go_without_those_of_others() {
    let mut live = live(json!({}), json!({}));
    live.0["metadata"]["annotations"] = json!({"ours": "1", "cloud.example.com/neg": "x"});
    let mut owned = |fields: Value| {
        live.0["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:metadata": {"f:annotations": fields}});
        shown(&wanted(json!({})), &live)
    };
    assert_eq!(owned(json!({"f:ours": {}})), ["metadata.annotations.ours: \"1\" → -"]);
    // An empty map that was sent: nothing in it is ours.
    assert_eq!(owned(json!({})), Vec::<String>::new());
}

#[test]
fn quantities_compare_by_amount_and_empty_is_nothing() {
    let live = live(json!({"a": {"requests": {"cpu": "1", "memory": "1Gi"}}}), json!({}));
    let wanted =
        wanted(json!({"a": {"requests": {"cpu": "1000m", "memory": "1024Mi"}}, "tolerations": [], "nodeSelector": {}}));
    assert_eq!(shown(&wanted, &live), Vec::<String>::new());
}

#[test]
fn a_key_with_dots_is_quoted_in_its_path() {
    let mut live = live(json!({}), json!({}));
    live.set_label("app.kubernetes.io/name", "old");
    let mut wanted = wanted(json!({}));
    wanted.set_label("app.kubernetes.io/name", "new");
    assert_eq!(shown(&wanted, &live), ["metadata.labels[\"app.kubernetes.io/name\"]: \"old\" → \"new\""]);
}

#[test]
fn ports_are_the_same_whether_or_not_they_say_tcp() {
    let live = live(json!({"ports": [{"port": 80, "protocol": "TCP", "nodePort": 30000}]}), json!({}));
    assert_eq!(shown(&wanted(json!({"ports": [{"port": 80}]})), &live), Vec::<String>::new());
}

#[test]
fn values_of_a_secret_are_never_shown() {
    let secret = |value: &str| {
        Object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": value, "tls.key": value}}),
        )
    };
    let found = changes(&secret("bmV3"), &secret("b2xk"), OURS);
    assert_eq!(found.len(), 2);
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("bmV3") && !text.contains("b2xk") && text.contains(HIDDEN), "{text}");
}

#[test]
fn the_projection_holds_what_we_own_and_nothing_else() {
    let live = live(
        json!({"replicas": 3, "template": {"spec": {"containers": [{"name": "a", "image": "x", "tty": true}, {"name": "b"}]}}}),
        json!({"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}),
    );
    assert_eq!(projection(&live, OURS), json!({"spec": containers(json!([{"name": "a", "image": "x"}]))}));
}

#[test]
fn an_address_that_opens_something_is_known_by_its_user_and_password() {
    for (text, wanted) in [
        ("postgres://ana:wonderful@db:5432/events", true),
        ("postgres://ana:what?ever@db/events", true),
        ("redis://ana@db", true),
        ("host=db user=ana password=wonderful", true),
        ("first: http://db\nsecond: \"amqp://ana:wonderful@mq\"\n", true),
        ("https://example.com/@ana", false),
        ("http://example.com\ncontact: ana@example.com", false),
        ("redis://db:6379", false),
        ("ana@example.com", false),
        ("9999", false),
    ] {
        assert_eq!(opens_something(text), wanted, "{text}");
    }
}
