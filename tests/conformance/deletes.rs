//! Deletions.

use kube::Client;
use serde_json::{Value, json};

use super::ask::{JSON, MERGE, Outcome, get, send, until};

fn collection(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

pub(crate) async fn a_deletion_holds_its_preconditions(client: &Client, namespace: &str) -> Outcome {
    let path = collection(namespace);
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "deleted"}});
    let made = send(client, "POST", &path, JSON, &body).await?;
    let (uid, version) = (made.text("/metadata/uid"), made.text("/metadata/resourceVersion"));
    let path = format!("{path}/deleted");
    let delete = async |preconditions: Value| {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions});
        send(client, "DELETE", &path, JSON, &options).await
    };
    let refused = delete(json!({"uid": "x"})).await?;
    assert_eq!((refused.code, refused.text("/reason")), (409, "Conflict"));
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"deleted\": the UID in the precondition (x) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
    );
    assert_eq!(refused.text("/message"), message);
    let refused = delete(json!({"resourceVersion": "1"})).await?;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"deleted\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({version}). The object might have been modified"
    );
    assert_eq!((refused.code, refused.text("/message")), (409, message.as_str()));
    let gone = delete(json!({"uid": uid, "resourceVersion": version})).await?;
    assert_eq!((gone.code, gone.text("/status")), (200, "Success"));
    assert_eq!(gone.body["details"], json!({"name": "deleted", "kind": "configmaps", "uid": uid}));
    assert_eq!(get(client, &path).await?.code, 404);
    Ok(())
}

pub(crate) async fn an_object_with_a_finalizer_lingers(client: &Client, namespace: &str) -> Outcome {
    let path = collection(namespace);
    let meta = json!({"name": "lingering", "finalizers": ["example.com/hold"]});
    send(client, "POST", &path, JSON, &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})).await?;
    let path = format!("{path}/lingering");
    let asked = send(client, "DELETE", &path, JSON, &Value::Null).await?;
    assert_eq!((asked.code, asked.text("/kind")), (200, "ConfigMap"));
    assert_ne!(asked.text("/metadata/deletionTimestamp"), "");
    assert_eq!(get(client, &path).await?.code, 200);
    send(client, "PATCH", &path, MERGE, &json!({"metadata": {"finalizers": null}})).await?;
    assert_eq!(get(client, &path).await?.code, 404);
    Ok(())
}

pub(crate) async fn dependents_go_with_their_owner(client: &Client, namespace: &str) -> Outcome {
    let path = collection(namespace);
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}});
    let owner = send(client, "POST", &path, JSON, &body).await?;
    let reference =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.text("/metadata/uid")}]);
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dependent", "ownerReferences": reference}});
    send(client, "POST", &path, JSON, &body).await?;
    send(client, "DELETE", &format!("{path}/owner"), JSON, &json!({"propagationPolicy": "Background"})).await?;
    until(async || Ok(get(client, &format!("{path}/dependent")).await?.code == 404)).await
}
