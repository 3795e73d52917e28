use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Namespace, PersistentVolumeClaim, Pod};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::*;

/// A cluster whose clock runs twenty times as fast.
fn fast(scenario: Scenario) -> (Arc<Server>, kube::Client) {
    start(Options { scenario, speed: 20, ..Options::default() })
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main", "image": image}]}})
}

fn deployment() -> Deployment {
    let spec = json!({"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template("web:1")});
    serde_json::from_value(json!({"metadata": {"name": "a"}, "spec": spec})).unwrap()
}

/// Waits until something is true of what a call answers.
async fn until<T, F: Future<Output = T>>(ask: impl Fn() -> F, is: impl Fn(&T) -> bool) -> T {
    let search = async {
        loop {
            let found = ask().await;
            if is(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), search).await.unwrap()
}

#[tokio::test]
async fn a_deployment_becomes_ready_and_its_deletion_takes_its_pods() {
    let (_server, client) = fast(Scenario::Healthy);
    let api: Api<Deployment> = Api::default_namespaced(client.clone());
    api.create(&PostParams::default(), &deployment()).await.unwrap();
    let ready = until(
        || async { api.get("a").await.unwrap() },
        |live| live.status.as_ref().and_then(|status| status.ready_replicas) == Some(2),
    )
    .await;
    assert_eq!(ready.status.unwrap().observed_generation, ready.metadata.generation);
    let pods: Api<Pod> = Api::default_namespaced(client);
    assert_eq!(pods.list(&ListParams::default().labels("app=a")).await.unwrap().items.len(), 2);
    api.delete("a", &DeleteParams::default()).await.unwrap();
    until(|| async { pods.list(&ListParams::default()).await.unwrap().items }, Vec::is_empty).await;
}

#[tokio::test]
async fn the_same_apply_of_a_running_deployment_changes_neither_generation_nor_managers() {
    let (_server, client) = fast(Scenario::Healthy);
    let api: Api<Deployment> = Api::default_namespaced(client);
    let mut wanted = serde_json::to_value(deployment()).unwrap();
    wanted["apiVersion"] = "apps/v1".into();
    wanted["kind"] = "Deployment".into();
    let apply = || async { api.patch("a", &PatchParams::apply("one"), &Patch::Apply(&wanted)).await.unwrap() };
    apply().await;
    let ready = until(
        || async { api.get("a").await.unwrap() },
        |live| live.status.as_ref().and_then(|status| status.ready_replicas) == Some(2),
    )
    .await;
    let again = apply().await;
    assert_eq!(again.metadata.generation, Some(1));
    assert_eq!(again.metadata.managed_fields, ready.metadata.managed_fields);
    wanted["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
    let changed = api.patch("a", &PatchParams::apply("one"), &Patch::Apply(&wanted)).await.unwrap();
    assert_eq!(changed.metadata.generation, Some(2));
    until(
        || async { api.get("a").await.unwrap().status.unwrap() },
        |status| {
            let complete =
                (status.updated_replicas, status.ready_replicas, status.replicas) == (Some(2), Some(2), Some(2));
            complete && status.observed_generation == Some(2)
        },
    )
    .await;
}

#[tokio::test]
async fn a_stateful_set_makes_its_pods_in_order_with_bound_claims() {
    let (_server, client) = fast(Scenario::Healthy);
    let api: Api<StatefulSet> = Api::default_namespaced(client.clone());
    let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let set = json!({"metadata": {"name": "db"}, "spec": {
        "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template("db:1"), "volumeClaimTemplates": [claim],
    }});
    api.create(&PostParams::default(), &serde_json::from_value(set).unwrap()).await.unwrap();
    until(
        || async { api.get("db").await.unwrap() },
        |live| live.status.as_ref().and_then(|status| status.ready_replicas) == Some(2),
    )
    .await;
    let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(client);
    let bound = claims.get("data-db-1").await.unwrap();
    assert_eq!(bound.status.unwrap().phase.as_deref(), Some("Bound"));
}

#[tokio::test]
async fn a_job_completes() {
    let (_server, client) = fast(Scenario::Healthy);
    let api: Api<Job> = Api::default_namespaced(client);
    let mut template = template("tool:1");
    template["spec"]["restartPolicy"] = "Never".into();
    let job = json!({"metadata": {"name": "once"}, "spec": {"template": template}});
    api.create(&PostParams::default(), &serde_json::from_value(job).unwrap()).await.unwrap();
    until(
        || async { api.get("once").await.unwrap() },
        |live| live.status.as_ref().and_then(|status| status.succeeded) == Some(1),
    )
    .await;
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let (_server, client) = fast(Scenario::Healthy);
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = json!({"metadata": {"name": "short"}});
    namespaces.create(&PostParams::default(), &serde_json::from_value(made).unwrap()).await.unwrap();
    let api: Api<Deployment> = Api::namespaced(client, "short");
    api.create(&PostParams::default(), &deployment()).await.unwrap();
    namespaces.delete("short", &DeleteParams::default()).await.unwrap();
    until(|| async { namespaces.get_opt("short").await.unwrap() }, Option::is_none).await;
}

#[tokio::test]
async fn each_scenario_says_its_reason_in_events() {
    for (scenario, reason) in [
        (Scenario::ImageMissing, "BackOff"),
        (Scenario::CrashLoop, "BackOff"),
        (Scenario::Quota, "FailedCreate"),
        (Scenario::VolumeStuck, "ProvisioningFailed"),
    ] {
        let (_server, client) = fast(scenario);
        let api: Api<Deployment> = Api::default_namespaced(client.clone());
        let mut wanted = serde_json::to_value(deployment()).unwrap();
        if scenario == Scenario::VolumeStuck {
            let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(client.clone());
            let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
            claims.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
            wanted["spec"]["template"]["spec"]["volumes"] =
                json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
        }
        api.create(&PostParams::default(), &serde_json::from_value(wanted).unwrap()).await.unwrap();
        let events: Api<Event> = Api::default_namespaced(client);
        until(
            || async { events.list(&ListParams::default()).await.unwrap().items },
            |events| events.iter().any(|event| event.reason.as_deref() == Some(reason)),
        )
        .await;
        let ready = api.get("a").await.unwrap().status.and_then(|status| status.ready_replicas);
        assert_eq!(ready.unwrap_or(0), 0, "{scenario:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_saves_at_the_same_time_keeps_a_whole_state() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options { folder: Some(folder.path().into()), ..Options::default() }).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| server.save().unwrap()));
        }
    });
    let text = std::fs::read_to_string(state_file(folder.path())).unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[tokio::test]
async fn what_was_made_is_there_for_the_next_server_until_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { folder: Some(folder.path().into()), ..Options::default() };
    let uid = |client: kube::Client| async move {
        let api: Api<Namespace> = Api::all(client);
        api.get("kube-system").await.unwrap().metadata.uid.unwrap()
    };
    let (server, client) = start(options());
    let first = uid(client).await;
    end(server).await;
    let (server, client) = start(options());
    assert_eq!(uid(client).await, first);
    end(server).await;
    let apart = tempfile::tempdir().unwrap();
    assert!(!reset(apart.path()).unwrap());
    assert!(reset(folder.path()).unwrap());
}

#[tokio::test]
async fn a_fault_takes_the_place_of_an_answer() {
    let (server, client) = start(Options::default());
    let api: Api<Namespace> = Api::all(client);
    let made = |name: &str| serde_json::from_value::<Namespace>(json!({"metadata": {"name": name}})).unwrap();
    server.set_faults(Some(Arc::new(|call: &Call| (call.method == "POST").then_some(Fault::DropAfter))));
    api.create(&PostParams::default(), &made("one")).await.unwrap_err();
    assert!(api.get_opt("one").await.unwrap().is_some());
    server.set_faults(Some(Arc::new(|call: &Call| (call.method == "POST").then_some(Fault::DropBefore))));
    api.create(&PostParams::default(), &made("two")).await.unwrap_err();
    assert!(api.get_opt("two").await.unwrap().is_none());
    let refuse = Fault::Refuse { code: 409, retry_after: None };
    server.set_faults(Some(Arc::new(move |call: &Call| (call.method == "POST").then(|| refuse.clone()))));
    let refused = api.create(&PostParams::default(), &made("two")).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 409));
    assert_eq!(server.writes().len(), 1);
}
