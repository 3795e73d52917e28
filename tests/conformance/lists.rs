//! Lists, watches and discovery.

use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use kube::Client;
use serde_json::{Value, json};

use super::ask::{JSON, Outcome, accept, get, send};

async fn make(client: &Client, namespace: &str, name: &str, group: &str) -> Outcome {
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"group": group}}});
    let made = send(client, "POST", &format!("/api/v1/namespaces/{namespace}/configmaps"), JSON, &body).await?;
    assert_eq!(made.code, 201, "{made:?}");
    Ok(())
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item.pointer("/metadata/name")?.as_str()).collect()
}

pub(crate) async fn lists_select_by_label_and_come_in_pages(client: &Client, namespace: &str) -> Outcome {
    for name in ["page-a", "page-b", "page-c"] {
        make(client, namespace, name, "pages").await?;
    }
    make(client, namespace, "page-d", "other").await?;
    let path = format!("/api/v1/namespaces/{namespace}/configmaps?labelSelector=group%3Dpages");
    let first = get(client, &format!("{path}&limit=2")).await?;
    assert_eq!(first.text("/kind"), "ConfigMapList");
    assert_eq!(names(&first.body), ["page-a", "page-b"]);
    let token = first.text("/metadata/continue").replace('=', "%3D").replace('+', "%2B");
    assert_ne!(token, "");
    let second = get(client, &format!("{path}&limit=2&continue={token}")).await?;
    assert_eq!(names(&second.body), ["page-c"]);
    assert_eq!(second.text("/metadata/continue"), "");
    let one =
        get(client, &format!("/api/v1/namespaces/{namespace}/configmaps?fieldSelector=metadata.name%3Dpage-d")).await?;
    assert_eq!(names(&one.body), ["page-d"]);
    let without =
        get(client, &format!("/api/v1/namespaces/{namespace}/configmaps?labelSelector=group,group%20notin%20(pages)"))
            .await?;
    assert!(names(&without.body).contains(&"page-d") && !names(&without.body).contains(&"page-a"));
    Ok(())
}

pub(crate) async fn metadata_alone_can_be_listed(client: &Client, namespace: &str) -> Outcome {
    make(client, namespace, "meta", "meta").await?;
    let path = format!("/api/v1/namespaces/{namespace}/configmaps?labelSelector=group%3Dmeta");
    let list = accept(client, &path, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").await?;
    assert_eq!((list.text("/kind"), list.text("/apiVersion")), ("PartialObjectMetadataList", "meta.k8s.io/v1"));
    assert_eq!(list.text("/items/0/kind"), "PartialObjectMetadata");
    assert_eq!(list.text("/items/0/metadata/name"), "meta");
    Ok(())
}

pub(crate) async fn a_watch_goes_on_from_a_list(client: &Client, namespace: &str) -> Outcome {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let list = get(client, &path).await?;
    let from = list.text("/metadata/resourceVersion");
    make(client, namespace, "watched", "watched").await?;
    let unlabel = json!({"metadata": {"labels": {"group": "left"}}});
    send(client, "PATCH", &format!("{path}/watched"), super::ask::MERGE, &unlabel).await?;
    send(client, "DELETE", &format!("{path}/watched"), JSON, &Value::Null).await?;
    let seen = async |selector: &str, expected: usize| -> Outcome<Vec<String>> {
        let uri = format!("{path}?watch=true&resourceVersion={from}&timeoutSeconds=5&{selector}");
        let request = http::Request::builder().uri(uri).body(Vec::new())?;
        let mut lines = client.request_stream(request).await?.lines();
        let mut words = Vec::new();
        while words.len() < expected
            && let Some(line) = lines.try_next().await?
        {
            let event: Value = serde_json::from_str(&line)?;
            if event.pointer("/object/metadata/name") == Some(&json!("watched")) {
                words.push(event["type"].as_str().unwrap_or("").to_string());
            }
        }
        Ok(words)
    };
    assert_eq!(seen("", 3).await?, ["ADDED", "MODIFIED", "DELETED"]);
    // What leaves the selection is told as deleted, and its real deletion no more.
    assert_eq!(seen("labelSelector=group%3Dwatched", 2).await?, ["ADDED", "DELETED"]);
    Ok(())
}

pub(crate) async fn kinds_are_discovered(client: &Client, _namespace: &str) -> Outcome {
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    for (path, plural, kind) in
        [("/api", "pods", "Pod"), ("/apis", "deployments", "Deployment"), ("/apis", "scaledobjects", "ScaledObject")]
    {
        let list = accept(client, path, aggregated).await?;
        assert_eq!(list.text("/kind"), "APIGroupDiscoveryList");
        let all: Vec<&Value> = list.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|group| group["versions"].as_array().into_iter().flatten())
            .flat_map(|version| version["resources"].as_array().into_iter().flatten())
            .collect();
        let found = all.iter().find(|resource| resource["resource"] == plural).ok_or(plural)?;
        assert_eq!(found.pointer("/responseKind/kind"), Some(&json!(kind)));
        assert_eq!(found["scope"], "Namespaced");
    }
    let plain = get(client, "/apis/apps/v1").await?;
    assert_eq!(plain.text("/kind"), "APIResourceList");
    Ok(())
}
