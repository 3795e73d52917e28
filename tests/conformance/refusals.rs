//! Refusals: their codes, reasons, messages and details.

use kube::Client;
use serde_json::{Value, json};

use super::ask::{JSON, MERGE, Outcome, apply, get, send};

fn collection(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

fn named(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

pub(crate) async fn a_second_create_already_exists(client: &Client, namespace: &str) -> Outcome {
    let path = collection(namespace);
    assert_eq!(send(client, "POST", &path, JSON, &named("refused-twice")).await?.code, 201);
    let refused = send(client, "POST", &path, JSON, &named("refused-twice")).await?;
    assert_eq!((refused.code, refused.text("/reason")), (409, "AlreadyExists"));
    assert_eq!(refused.text("/message"), "configmaps \"refused-twice\" already exists");
    assert_eq!(refused.body["details"], json!({"name": "refused-twice", "kind": "configmaps"}));
    Ok(())
}

pub(crate) async fn what_is_not_there_is_not_found_by_name(client: &Client, namespace: &str) -> Outcome {
    let missing = get(client, &format!("/apis/apps/v1/namespaces/{namespace}/deployments/none")).await?;
    assert_eq!((missing.code, missing.text("/reason")), (404, "NotFound"));
    assert_eq!(missing.text("/message"), "deployments.apps \"none\" not found");
    assert_eq!(missing.body["details"], json!({"name": "none", "group": "apps", "kind": "deployments"}));
    let unknown = get(client, &format!("/api/v1/namespaces/{namespace}/nonsense")).await?;
    assert_eq!(unknown.text("/message"), "the server could not find the requested resource");
    let unknown = get(client, "/apis/nowhere.example.com/v1/things").await?;
    assert_eq!((unknown.code, unknown.body), (404, json!("404 page not found\n")));
    Ok(())
}

pub(crate) async fn a_namespace_that_is_not_there_is_not_found(client: &Client, _namespace: &str) -> Outcome {
    let refused = apply(client, &format!("{}/a", collection("no-such-namespace")), "one", &named("a")).await?;
    assert_eq!(refused.code, 404);
    assert_eq!(refused.text("/message"), "namespaces \"no-such-namespace\" not found");
    Ok(())
}

pub(crate) async fn an_unknown_field_is_refused_where_that_is_strict(client: &Client, namespace: &str) -> Outcome {
    let mut body = named("refused-strict");
    body["datta"] = json!({});
    let path = collection(namespace);
    let refused = send(client, "POST", &format!("{path}?fieldValidation=Strict"), JSON, &body).await?;
    assert_eq!((refused.code, refused.text("/reason")), (400, "BadRequest"));
    let message =
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"datta\"";
    assert_eq!(refused.text("/message"), message);
    let refused = apply(client, &format!("{path}/refused-strict"), "one", &body).await?;
    assert_eq!(refused.code, 500);
    assert!(refused.text("/message").ends_with(".datta: field not declared in schema"), "{refused:?}");
    Ok(())
}

pub(crate) async fn an_unknown_field_deep_in_an_object_is_refused_by_its_path(
    client: &Client,
    namespace: &str,
) -> Outcome {
    let whole = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "refused-deep"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "a", "image": "a", "ports": [{"containerPort": 80}]}]},
            },
        },
    });
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    let at = "spec.template.spec";
    for (pointer, created, applied) in [
        ("/spec/template/spec", format!("{at}.foo"), format!("{at}.foo")),
        (
            "/spec/template/spec/containers/0",
            format!("{at}.containers[0].foo"),
            format!("{at}.containers[name=\"a\"].foo"),
        ),
        ("/metadata", "metadata.foo".into(), "metadata.foo".into()),
    ] {
        let mut body = whole.clone();
        body.pointer_mut(pointer).ok_or("no such place")?["foo"] = 1.into();
        let refused = send(client, "POST", &format!("{path}?fieldValidation=Strict"), JSON, &body).await?;
        assert_eq!((refused.code, refused.text("/reason")), (400, "BadRequest"), "{refused:?}");
        let message = format!(
            "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"{created}\""
        );
        assert_eq!(refused.text("/message"), message);
        let refused = apply(client, &format!("{path}/refused-deep"), "one", &body).await?;
        assert_eq!(refused.code, 500, "{refused:?}");
        let end = format!("Kind=Deployment): .{applied}: field not declared in schema");
        assert!(refused.text("/message").ends_with(&end), "{refused:?}");
    }
    Ok(())
}

pub(crate) async fn a_wrong_name_is_invalid(client: &Client, namespace: &str) -> Outcome {
    let refused = send(client, "POST", &collection(namespace), JSON, &named("Not_A_Name")).await?;
    assert_eq!((refused.code, refused.text("/reason")), (422, "Invalid"));
    assert_eq!(refused.text("/details/kind"), "ConfigMap");
    assert_eq!(refused.text("/details/causes/0/field"), "metadata.name");
    assert_eq!(refused.text("/details/causes/0/reason"), "FieldValueInvalid");
    Ok(())
}

pub(crate) async fn an_old_version_is_a_conflict(client: &Client, namespace: &str) -> Outcome {
    let path = collection(namespace);
    send(client, "POST", &path, JSON, &named("refused-old")).await?;
    let mut body = named("refused-old");
    body["metadata"]["resourceVersion"] = "1".into();
    let message = "Operation cannot be fulfilled on configmaps \"refused-old\": the object has been modified; please apply your changes to the latest version and try again";
    let path = format!("{path}/refused-old");
    for refused in [send(client, "PUT", &path, JSON, &body).await?, apply(client, &path, "one", &body).await?] {
        assert_eq!((refused.code, refused.text("/reason")), (409, "Conflict"));
        assert_eq!(refused.text("/message"), message);
        assert!(refused.body.pointer("/details/causes").is_none());
    }
    Ok(())
}

pub(crate) async fn an_immutable_secret_stays_as_it_is(client: &Client, namespace: &str) -> Outcome {
    let path = format!("/api/v1/namespaces/{namespace}/secrets");
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "refused-fixed"}, "immutable": true, "data": {"a": "YQ=="}});
    send(client, "POST", &path, JSON, &body).await?;
    let refused =
        send(client, "PATCH", &format!("{path}/refused-fixed"), MERGE, &json!({"data": {"a": "Yg=="}})).await?;
    assert_eq!(refused.code, 422);
    let message = "Secret \"refused-fixed\" is invalid: data: Forbidden: field is immutable when `immutable` is set";
    assert_eq!(refused.text("/message"), message);
    let cause = json!([{"reason": "FieldValueForbidden", "message": "Forbidden: field is immutable when `immutable` is set", "field": "data"}]);
    assert_eq!(refused.body["details"], json!({"name": "refused-fixed", "kind": "Secret", "causes": cause}));
    Ok(())
}

pub(crate) async fn a_selector_cannot_be_changed(client: &Client, namespace: &str) -> Outcome {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/refused-selector");
    let body = |label: &str| {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "refused-selector"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": label}},
                "template": {"metadata": {"labels": {"app": label}}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
            },
        })
    };
    assert_eq!(apply(client, &path, "one", &body("a")).await?.code, 201);
    let refused = apply(client, &path, "one", &body("b")).await?;
    assert_eq!((refused.code, refused.text("/reason")), (422, "Invalid"), "{refused:?}");
    assert_eq!(refused.text("/details/causes/0/field"), "spec.selector");
    assert!(refused.text("/message").ends_with("field is immutable"), "{refused:?}");
    Ok(())
}
