//! Server-side apply, patches, and who owns what.

use kube::Client;
use serde_json::{Value, json};

use super::ask::{MERGE, Outcome, apply, force, get, send};

fn config(namespace: &str, name: &str, data: Value) -> (String, Value) {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
    (path, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}))
}

pub(crate) async fn an_apply_owns_its_leaves_and_a_second_value_is_a_conflict(
    client: &Client,
    namespace: &str,
) -> Outcome {
    let (path, body) = config(namespace, "merge-one", json!({"a": "1", "b": "2"}));
    let made = apply(client, &path, "one", &body).await?;
    assert_eq!(made.code, 201, "{made:?}");
    assert_eq!(made.owned_by("one"), json!({"f:data": {"f:a": {}, "f:b": {}}}));
    let (_, other) = config(namespace, "merge-one", json!({"a": "3", "b": "4"}));
    let refused = apply(client, &path, "two", &other).await?;
    assert_eq!(refused.code, 409);
    assert_eq!(refused.text("/reason"), "Conflict");
    assert_eq!(
        refused.text("/message"),
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b"
    );
    let causes = json!([
        {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"},
        {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.b"},
    ]);
    assert_eq!(refused.body["details"], json!({"causes": causes}));
    let (_, other) = config(namespace, "merge-one", json!({"a": "3"}));
    let taken = force(client, &path, "two", &other).await?;
    assert_eq!(taken.code, 200);
    assert_eq!(taken.owned_by("one"), json!({"f:data": {"f:b": {}}}));
    assert_eq!(taken.owned_by("two"), json!({"f:data": {"f:a": {}}}));
    Ok(())
}

pub(crate) async fn a_field_that_is_no_longer_applied_goes(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = config(namespace, "merge-gone", json!({"a": "1", "b": "2"}));
    apply(client, &path, "one", &body).await?;
    let (_, less) = config(namespace, "merge-gone", json!({"b": "2"}));
    let left = apply(client, &path, "one", &less).await?;
    assert_eq!(left.body["data"], json!({"b": "2"}));
    Ok(())
}

fn deployment(namespace: &str, name: &str, spec: Value) -> (String, Value) {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
    let mut body = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": spec}},
    });
    body["spec"]["replicas"] = 0.into();
    (path, body)
}

pub(crate) async fn containers_merge_by_name_and_variables_too(client: &Client, namespace: &str) -> Outcome {
    let whole = json!({"containers": [
        {"name": "a", "image": "a:1", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]},
        {"name": "b", "image": "b:1"},
    ]});
    let (path, body) = deployment(namespace, "merge-pods", whole);
    let made = apply(client, &path, "one", &body).await?;
    assert_eq!(made.code, 201, "{made:?}");
    let owned = made.owned_by("one");
    let containers = owned.pointer("/f:spec/f:template/f:spec/f:containers").unwrap();
    let first = json!({".": {}, "f:name": {}, "f:image": {},
        "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}},
        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}});
    assert_eq!(containers["k:{\"name\":\"a\"}"], first);
    let more = json!({"containers": [{"name": "a", "env": [{"name": "B", "value": "2"}]}]});
    let partial = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "merge-pods"}, "spec": {"template": {"spec": more}}});
    let merged = apply(client, &path, "two", &partial).await?;
    assert_eq!(merged.code, 200, "{merged:?}");
    let env = merged.body.pointer("/spec/template/spec/containers/0/env").unwrap();
    assert_eq!(env, &json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
    let (_, less) = deployment(namespace, "merge-pods", json!({"containers": [{"name": "a", "image": "a:2"}]}));
    let left = apply(client, &path, "one", &less).await?;
    let containers = left.body.pointer("/spec/template/spec/containers").and_then(Value::as_array).unwrap();
    assert_eq!(containers.len(), 1);
    assert_eq!(containers[0]["env"], json!([{"name": "B", "value": "2"}]));
    assert_eq!(containers[0]["image"], "a:2");
    Ok(())
}

pub(crate) async fn an_apply_that_changes_nothing_keeps_the_version(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = deployment(namespace, "merge-same", json!({"containers": [{"name": "a", "image": "a:1"}]}));
    apply(client, &path, "one", &body).await?;
    // Its controller writes its status first.
    super::ask::until(async || {
        Ok(get(client, &path).await?.body.pointer("/status/observedGeneration") == Some(&json!(1)))
    })
    .await?;
    let before = get(client, &path).await?;
    let after = apply(client, &path, "one", &body).await?;
    assert_eq!(after.text("/metadata/resourceVersion"), before.text("/metadata/resourceVersion"));
    Ok(())
}

pub(crate) async fn a_dry_run_writes_nothing(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = config(namespace, "merge-dry", json!({"a": "1"}));
    let asked = format!("{path}?fieldManager=one&dryRun=All");
    let tried = send(client, "PATCH", &asked, super::ask::APPLY, &body).await?;
    assert_eq!(tried.code, 201);
    assert_eq!(get(client, &path).await?.code, 404);
    Ok(())
}

pub(crate) async fn a_shared_value_is_owned_by_both_and_outlives_one(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = config(namespace, "merge-shared", json!({"a": "1"}));
    apply(client, &path, "one", &body).await?;
    let both = apply(client, &path, "two", &body).await?;
    assert_eq!(both.owned_by("one"), both.owned_by("two"));
    let (_, none) = config(namespace, "merge-shared", json!({"b": "1"}));
    let left = apply(client, &path, "one", &none).await?;
    assert_eq!(left.body["data"], json!({"a": "1", "b": "1"}));
    Ok(())
}

pub(crate) async fn a_merge_patch_takes_what_it_changes(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = config(namespace, "merge-patched", json!({"a": "1", "b": "2"}));
    apply(client, &path, "one", &body).await?;
    let edited =
        send(client, "PATCH", &format!("{path}?fieldManager=edit"), MERGE, &json!({"data": {"a": "9"}})).await?;
    assert_eq!(edited.owned_by("one"), json!({"f:data": {"f:b": {}}}));
    assert_eq!(edited.owned_by("edit"), json!({"f:data": {"f:a": {}}}));
    let refused = apply(client, &path, "one", &body).await?;
    assert_eq!(refused.text("/message"), "Apply failed with 1 conflict: conflict with \"edit\" using v1: .data.a");
    Ok(())
}

pub(crate) async fn generations_count_changes_of_the_spec_only(client: &Client, namespace: &str) -> Outcome {
    let (path, body) = deployment(namespace, "merge-counted", json!({"containers": [{"name": "a", "image": "a:1"}]}));
    let made = apply(client, &path, "one", &body).await?;
    assert_eq!(made.body["metadata"]["generation"], 1);
    let labelled = send(client, "PATCH", &path, MERGE, &json!({"metadata": {"labels": {"x": "y"}}})).await?;
    assert_eq!(labelled.body["metadata"]["generation"], 1);
    let changed = send(client, "PATCH", &path, MERGE, &json!({"spec": {"minReadySeconds": 1}})).await?;
    assert_eq!(changed.body["metadata"]["generation"], 2);
    Ok(())
}
