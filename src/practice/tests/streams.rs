use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, LogParams, PostParams};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A pod that runs.
async fn running(client: &kube::Client) -> Api<Pod> {
    let api: Api<Pod> = Api::default_namespaced(client.clone());
    let pod = json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}});
    api.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    let runs = |pod: Option<&Pod>| pod.and_then(|pod| pod.status.as_ref()?.phase.as_deref()) == Some("Running");
    kube::runtime::wait::await_condition(api.clone(), "a", runs).await.unwrap();
    api
}

#[tokio::test]
async fn a_running_pod_has_a_log() {
    let (_server, client) = start(Options { speed: 20, ..Options::default() });
    let api = running(&client).await;
    assert!(api.logs("a", &LogParams::default()).await.unwrap().contains("main: starting"));
}

#[tokio::test]
async fn a_command_in_a_pod_prints_and_ends_with_its_code() {
    let (_server, client) = start(Options { speed: 20, ..Options::default() });
    let api = running(&client).await;
    for (command, prints, ends) in [("redis-cli ping", "PONG\n", "Success"), ("false", "", "Failure")] {
        let mut process = api.exec("a", command.split(' '), &AttachParams::default().stderr(false)).await.unwrap();
        let mut printed = String::new();
        process.stdout().unwrap().read_to_string(&mut printed).await.unwrap();
        assert_eq!(printed, prints);
        assert_eq!(process.take_status().unwrap().await.unwrap().status.as_deref(), Some(ends));
    }
}

#[tokio::test]
async fn a_forwarded_port_answers_http() {
    let (_server, client) = start(Options { speed: 20, ..Options::default() });
    let api = running(&client).await;
    let mut forwarder = api.portforward("a", &[8288]).await.unwrap();
    let mut stream = forwarder.take_stream(8288).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut heard = vec![0; 15];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, b"HTTP/1.1 200 OK");
}
