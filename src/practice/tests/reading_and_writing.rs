use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, WatchEvent, WatchParams};
use serde_json::json;

use super::*;

fn settings(name: &str, value: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"a": value}}, "data": {"a": value}})).unwrap()
}

fn status(error: kube::Error) -> Box<kube::core::Status> {
    match error {
        kube::Error::Api(status) => status,
        other => panic!("not an answer: {other}"),
    }
}

#[tokio::test]
async fn an_object_is_made_read_listed_changed_and_deleted() {
    let (server, client) = start(Options::default());
    let api: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let made = api.create(&PostParams::default(), &settings("a", "1")).await.unwrap();
    assert!(made.metadata.uid.is_some() && made.metadata.creation_timestamp.is_some());
    let again = status(api.create(&PostParams::default(), &settings("a", "1")).await.unwrap_err());
    assert_eq!((again.code, again.reason.as_str()), (409, "AlreadyExists"));
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    api.create(&dry, &settings("b", "2")).await.unwrap();
    assert!(api.get_opt("b").await.unwrap().is_none());
    assert_eq!(api.list(&ListParams::default().labels("a=1")).await.unwrap().items.len(), 1);
    assert_eq!(api.list(&ListParams::default().labels("a,a!=1")).await.unwrap().items.len(), 0);
    assert_eq!(api.list(&ListParams::default().fields("metadata.name=a")).await.unwrap().items.len(), 1);
    let merged = api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"a": null, "b": "2"}}))).await;
    assert_eq!(merged.unwrap().data.unwrap().into_iter().collect::<Vec<_>>(), [("b".to_string(), "2".to_string())]);
    let late = status(api.replace("a", &PostParams::default(), &made).await.unwrap_err());
    assert_eq!((late.code, late.reason.as_str()), (409, "Conflict"));
    let other = DeleteParams {
        preconditions: Some(Preconditions { uid: Some("other".into()), resource_version: None }),
        ..DeleteParams::default()
    };
    assert_eq!(status(api.delete("a", &other).await.unwrap_err()).code, 409);
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let gone = status(api.get("a").await.unwrap_err());
    assert_eq!(gone.message, "configmaps \"a\" not found");
    let metadata = api.list_metadata(&ListParams::default()).await.unwrap();
    assert!(metadata.items.iter().all(|item| item.metadata.name.is_some()));
    assert_eq!(server.writes().iter().map(|write| write.code).collect::<Vec<_>>(), [201, 409, 200, 409, 409, 200]);
}

#[tokio::test]
async fn discovery_names_the_kinds_both_ways() {
    let (_server, client) = start(Options::default());
    assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
    for aggregated in [false, true] {
        let discovery = kube::Discovery::new(client.clone());
        let discovery = if aggregated { discovery.run_aggregated().await } else { discovery.run().await }.unwrap();
        let group = discovery.get("keda.sh").unwrap();
        assert_eq!(group.recommended_kind("ScaledObject").unwrap().0.plural, "scaledobjects");
    }
}

#[tokio::test]
async fn an_immutable_object_refuses_a_change() {
    let (_server, client) = start(Options::default());
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let frozen = ConfigMap { immutable: Some(true), ..settings("a", "1") };
    api.create(&PostParams::default(), &frozen).await.unwrap();
    let refused = api.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"a": "2"}}))).await;
    let refused = status(refused.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (422, "Invalid"));
}

#[tokio::test]
async fn a_watch_tells_what_changes_after_a_version_and_an_old_one_is_expired() {
    let (server, client) = start(Options::default());
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let made = api.create(&PostParams::default(), &settings("a", "1")).await.unwrap();
    let from = made.metadata.resource_version.unwrap();
    let mut events = api.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    api.create(&PostParams::default(), &settings("b", "1")).await.unwrap();
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(object) => seen.push(format!("+{}", object.metadata.name.unwrap())),
            WatchEvent::Deleted(object) => seen.push(format!("-{}", object.metadata.name.unwrap())),
            _ => {}
        }
    }
    assert_eq!(seen, ["+b", "-a"]);
    server.forget();
    let mut events = api.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    let Some(WatchEvent::Error(expired)) = events.try_next().await.unwrap() else { panic!("not expired") };
    assert_eq!(expired.code, 410);
}

#[tokio::test]
async fn an_apply_takes_what_it_no_longer_names_and_refuses_what_another_owns() {
    let (_server, client) = start(Options::default());
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let apply = |manager: &'static str, data: serde_json::Value| {
        let api = api.clone();
        async move {
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
            api.patch("a", &PatchParams::apply(manager), &Patch::Apply(object)).await
        }
    };
    apply("one", json!({"x": "1", "y": "1"})).await.unwrap();
    let conflict = status(apply("two", json!({"x": "2"})).await.unwrap_err());
    let causes = conflict.details.unwrap().causes;
    assert_eq!((causes[0].reason.as_str(), causes[0].field.as_str()), ("FieldManagerConflict", ".data.x"));
    let after = apply("one", json!({"y": "1"})).await.unwrap();
    assert_eq!(after.data.unwrap().into_keys().collect::<Vec<_>>(), ["y"]);
}

#[tokio::test]
async fn the_same_apply_again_changes_nothing() {
    let (server, client) = start(Options::default());
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}});
    let first = api.patch("a", &PatchParams::apply("one"), &Patch::Apply(&object)).await.unwrap();
    let again = api.patch("a", &PatchParams::apply("one"), &Patch::Apply(&object)).await.unwrap();
    assert_eq!(first.metadata.resource_version, again.metadata.resource_version);
    assert_eq!(server.writes().iter().map(|write| write.code).collect::<Vec<_>>(), [201, 200]);
}
