//! What stands behind logs and port-forwards of simulated pods.

use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};

use super::{Outcome, credentials};

/// A server on loopback that answers every path with 200, as every product's health check wants it. Every port of every pod leads
/// here. Answers its port.
pub(crate) async fn serve_health() -> Outcome<u16> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let answer = hyper::service::service_fn(|asked: http::Request<hyper::body::Incoming>| async move {
                    let body = serde_json::json!({"status": 200, "message": "OK", "path": asked.uri().path()});
                    let mut reply = http::Response::new(Full::new(bytes::Bytes::from(body.to_string())));
                    reply.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
                    Ok::<_, Infallible>(reply)
                });
                let serving = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                // A client that hangs up is no concern of a stub.
                let _ = serving.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    Ok(port)
}

/// What a healthy pod says, and what a crashing one said before it ended.
pub(crate) fn first_logs(folder: &Path) -> Outcome<()> {
    write(std::fs::File::create(folder.join("pod.log"))?, &["starting", "listening on every port", "ready"])?;
    write(
        std::fs::File::create(folder.join("crash.log"))?,
        &[
            "starting",
            "error: could not connect to the database: connection refused (10.96.0.10:5432)",
            "giving up: exit code 1",
        ],
    )
}

fn write(mut file: std::fs::File, lines: &[&str]) -> Outcome<()> {
    for line in lines {
        writeln!(file, "{:.9} stdout F {line}", jiff::Timestamp::now())?;
    }
    Ok(())
}

/// Keeps the log of healthy pods growing, so that following it shows something, and gives each crashing pod the log of a crash.
pub(crate) async fn keep_logs(folder: PathBuf) {
    let growing = folder.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_secs(2));
        loop {
            every.tick().await;
            // It never makes the file: the folder may just be going, and would stay for it.
            let Ok(file) = std::fs::OpenOptions::new().append(true).open(growing.join("pod.log")) else { return };
            if write(file, &["still here"]).is_err() {
                return;
            }
        }
    });
    let Ok(client) = credentials::client(&folder.join("admin.kubeconfig")).await else { return };
    let pods = watcher(Api::<Pod>::all(client.clone()), watcher::Config::default()).default_backoff().applied_objects();
    let mut pods = std::pin::pin!(pods);
    let mut known = std::collections::BTreeSet::new();
    while let Some(pod) = pods.next().await {
        let Ok(pod) = pod else { continue };
        if crashing(&pod) && known.insert(pod.uid()) {
            // A pod that is gone again by now needs no log.
            let _ = give_log(&client, &pod, &folder.join("crash.log")).await;
        }
    }
}

/// The pod has ended at least once with a failure.
fn crashing(pod: &Pod) -> bool {
    let statuses = pod.status.iter().flat_map(|s| s.container_statuses.iter().flatten());
    statuses
        .flat_map(|s| [&s.state, &s.last_state])
        .flatten()
        .any(|s| s.terminated.as_ref().is_some_and(|t| t.exit_code != 0))
}

/// Makes `file` (in the form of the CRI) the log of that pod, now and before its last restart.
pub(crate) async fn give_log(client: &Client, pod: &Pod, file: &Path) -> Outcome<()> {
    let logs = ApiResource {
        group: "kwok.x-k8s.io".into(),
        version: "v1alpha1".into(),
        api_version: "kwok.x-k8s.io/v1alpha1".into(),
        kind: "Logs".into(),
        plural: "logs".into(),
    };
    let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
    let wanted = serde_json::json!({
        "apiVersion": logs.api_version, "kind": logs.kind,
        "metadata": {"name": name, "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod.uid()}]},
        "spec": {"logs": [{"logsFile": file, "previousLogsFile": file, "follow": true}]},
    });
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &logs);
    api.patch(&name, &PatchParams::apply("testbed").force(), &Patch::Apply(&wanted)).await?;
    Ok(())
}
