//! Workloads come up by themselves.

use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod};
use kube::api::{AttachParams, ListParams, LogParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use slipway::practice::Scenario;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::Practice;

fn pod_template(name: &str, spec: Value) -> Value {
    json!({"metadata": {"labels": {"app": name}}, "spec": spec})
}

fn deployment(name: &str, replicas: u32) -> Deployment {
    let spec = json!({
        "initContainers": [{"name": "wait", "image": "wait:1"}],
        "containers": [{"name": "main", "image": "example.com/app:1", "ports": [{"containerPort": 80}]}],
    });
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod_template(name, spec)},
    }))
    .unwrap()
}

async fn ready(practice: &Practice, name: &str, replicas: i32) {
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    let what = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut seen = watcher(deployments, what).applied_objects().boxed();
    loop {
        let status = seen.next().await.unwrap().unwrap().status.unwrap_or_default();
        if status.ready_replicas == Some(replicas) && status.updated_replicas == Some(replicas) {
            return;
        }
    }
}

async fn reasons(practice: &Practice) -> Vec<String> {
    let events: Api<Event> = Api::namespaced(practice.client.clone(), "default");
    let list = events.list(&ListParams::default()).await.unwrap();
    list.items.into_iter().filter_map(|event| event.reason).collect()
}

async fn pod_that(practice: &Practice, fits: impl Fn(&Pod) -> bool) -> Pod {
    let pods: Api<Pod> = Api::namespaced(practice.client.clone(), "default");
    let mut seen = watcher(pods, watcher::Config::default()).applied_objects().boxed();
    loop {
        let pod = seen.next().await.unwrap().unwrap();
        if fits(&pod) {
            return pod;
        }
    }
}

fn waits_for(pod: &Pod, reason: &str) -> bool {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    statuses
        .filter_map(|status| status.state.as_ref()?.waiting.as_ref()?.reason.as_deref())
        .any(|waits| waits == reason)
}

#[tokio::test(start_paused = true)]
async fn a_deployment_comes_up_and_tells_it_in_events() {
    let practice = Practice::start(Scenario::Healthy);
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    deployments.create(&PostParams::default(), &deployment("web", 2)).await.unwrap();
    ready(&practice, "web", 2).await;
    let reasons = reasons(&practice).await;
    for reason in ["ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Pulling", "Pulled", "Created", "Started"] {
        assert!(reasons.iter().any(|one| one == reason), "{reason} in {reasons:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_image_replaces_the_pods() {
    let practice = Practice::start(Scenario::Healthy);
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    deployments.create(&PostParams::default(), &deployment("web", 1)).await.unwrap();
    ready(&practice, "web", 1).await;
    let before = pod_that(&practice, |_| true).await.name_any();
    let patch =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/app:2"}]);
    let patch: kube::api::Patch<Deployment> = kube::api::Patch::Json(serde_json::from_value(patch).unwrap());
    deployments.patch("web", &Default::default(), &patch).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(practice.client.clone(), "default");
    let after = pod_that(&practice, |pod| pod.name_any() != before && !waits_for(pod, "x")).await;
    assert_eq!(after.spec.unwrap().containers[0].image.as_deref(), Some("example.com/app:2"));
    kube::runtime::wait::await_condition(pods, &before, |pod: Option<&Pod>| pod.is_none()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_with_a_claim_comes_up_and_its_claim_is_bound() {
    let practice = Practice::start(Scenario::Healthy);
    let spec = json!({"containers": [{"name": "postgres", "image": "postgres:17"}]});
    let set = serde_json::from_value(json!({
        "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": pod_template("db", spec),
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}],
        },
    }))
    .unwrap();
    let sets: Api<k8s_openapi::api::apps::v1::StatefulSet> = Api::namespaced(practice.client.clone(), "default");
    sets.create(&PostParams::default(), &set).await.unwrap();
    pod_that(&practice, |pod| pod.name_any() == "db-0" && is_ready(pod)).await;
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(practice.client.clone(), "default");
    let claim = claims.get("data-db-0").await.unwrap();
    assert_eq!(claim.status.unwrap().phase.as_deref(), Some("Bound"));
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True")
}

#[tokio::test(start_paused = true)]
async fn logs_commands_and_ports_of_a_pod_answer() {
    let practice = Practice::start(Scenario::Healthy);
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    deployments.create(&PostParams::default(), &deployment("web", 1)).await.unwrap();
    let pod = pod_that(&practice, is_ready).await.name_any();
    let pods: Api<Pod> = Api::namespaced(practice.client.clone(), "default");

    let log = LogParams { container: Some("main".into()), tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs(&pod, &log).await.unwrap(), "main: ready to serve\n");

    for (command, output, succeeds) in [
        (vec!["redis-cli", "ping"], "PONG\n", true),
        (vec!["sh", "-c", "pg_isready -q"], "/var/run/postgresql:5432 - accepting connections\n", true),
        (vec!["nonsense"], "", false),
    ] {
        let mut process = pods.exec(&pod, command, &AttachParams::default().container("main")).await.unwrap();
        let status = process.take_status().unwrap();
        let mut text = String::new();
        process.stdout().unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, output);
        assert_eq!(status.await.unwrap().status.as_deref() == Some("Success"), succeeds);
    }

    let mut forward = pods.portforward(&pod, &[80]).await.unwrap();
    let mut stream = forward.take_stream(80).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_alternates_between_error_and_back_off() {
    let practice = Practice::start(Scenario::ImageMissing);
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    deployments.create(&PostParams::default(), &deployment("web", 1)).await.unwrap();
    pod_that(&practice, |pod| waits_for(pod, "ErrImagePull")).await;
    pod_that(&practice, |pod| waits_for(pod, "ImagePullBackOff")).await;
    assert!(reasons(&practice).await.contains(&"BackOff".to_string()));
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_counts_its_restarts_and_keeps_its_last_log() {
    let practice = Practice::start(Scenario::CrashLoop);
    let deployments: Api<Deployment> = Api::namespaced(practice.client.clone(), "default");
    deployments.create(&PostParams::default(), &deployment("web", 1)).await.unwrap();
    let first = |pod: &Pod| pod.status.as_ref()?.container_statuses.as_ref()?.first().cloned();
    let restarts = |pod: &Pod| first(pod).map_or(0, |status| status.restart_count);
    pod_that(&practice, |pod| waits_for(pod, "PodInitializing")).await;
    let runs = |pod: &Pod| first(pod).is_some_and(|status| status.state.unwrap_or_default().running.is_some());
    let pod = pod_that(&practice, runs).await;
    assert_eq!(restarts(&pod), 0);
    let ends = |pod: &Pod| first(pod).and_then(|status| status.state?.terminated);
    let pod = pod_that(&practice, |pod| ends(pod).is_some()).await;
    assert_eq!((ends(&pod).unwrap().exit_code, restarts(&pod)), (1, 0));
    // The first time it is started again at once.
    let pod = pod_that(&practice, |pod| waits_for(pod, "CrashLoopBackOff")).await;
    assert_eq!(restarts(&pod), 1);
    let pod = pod_that(&practice, |pod| waits_for(pod, "CrashLoopBackOff") && restarts(pod) == 3).await;
    let why = first(&pod).unwrap().state.unwrap().waiting.unwrap().message.unwrap();
    assert!(why.starts_with("back-off 4s restarting failed container=main pod="), "{why}");
    let status = &pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0];
    assert_eq!(status.last_state.as_ref().unwrap().terminated.as_ref().unwrap().exit_code, 1);
    let pods: Api<Pod> = Api::namespaced(practice.client.clone(), "default");
    let log = LogParams { previous: true, ..LogParams::default() };
    assert!(pods.logs(&pod.name_any(), &log).await.unwrap().contains("exit code 1"));
}

#[tokio::test(start_paused = true)]
async fn a_stuck_volume_leaves_its_pod_without_a_node() {
    let practice = Practice::start(Scenario::VolumeStuck);
    let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(practice.client.clone(), "default");
    claims.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
    let pod = json!({"metadata": {"name": "a"}, "spec": {
        "containers": [{"name": "a", "image": "a:1"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    }});
    let pods: Api<Pod> = Api::namespaced(practice.client.clone(), "default");
    pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    let pod = pod_that(&practice, |pod| pod.status.as_ref().is_some_and(|status| status.conditions.is_some())).await;
    let conditions = pod.status.unwrap().conditions.unwrap();
    assert_eq!(conditions[0].reason.as_deref(), Some("Unschedulable"));
    assert!(reasons(&practice).await.contains(&"ProvisioningFailed".to_string()));
}
