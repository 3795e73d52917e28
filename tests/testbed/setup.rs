//! What the bed holds before the first test: nodes, definitions, classes, an issuer, and the rights of its users.

use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use serde_json::{Value, json};

use super::processes::Processes;
use super::{NAMESPACED, Outcome, until};

/// Server-side apply of `body` (JSON or YAML) at `path`.
async fn put(client: &Client, path: &str, body: Vec<u8>) -> Outcome<()> {
    let asked = http::Request::patch(format!("{path}?fieldManager=testbed&force=true"))
        .header("content-type", "application/apply-patch+yaml")
        .body(body)?;
    client.request_text(asked).await.map_err(|e| format!("{path}: {e}"))?;
    Ok(())
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Applies all definitions (too big for a client-side apply) and everything that needs none of them.
pub(crate) async fn fill(client: &Client, built: &Path) -> Outcome<()> {
    let mut wanted: Vec<(String, Vec<u8>)> = Vec::new();
    for file in std::fs::read_dir(built.join("crds"))? {
        let text = std::fs::read_to_string(file?.path())?;
        let name = text.lines().find_map(|l| l.strip_prefix("  name: ")).ok_or("a definition without a name")?;
        wanted.push((format!("{DEFINITIONS}/{}", name.trim()), text.into_bytes()));
    }
    for (path, object) in plain(super::binaries::version()?) {
        wanted.push((path, object.to_string().into_bytes()));
    }
    // A status is written after its object.
    wanted.sort_by_key(|(path, _)| path.ends_with("/status"));
    let statuses = wanted.split_off(wanted.partition_point(|(path, _)| !path.ends_with("/status")));
    put_all(client, wanted).await?;
    put_all(client, statuses).await
}

async fn put_all(client: &Client, wanted: Vec<(String, Vec<u8>)>) -> Outcome<()> {
    stream::iter(wanted)
        .map(|(path, body)| async move { put(client, &path, body).await })
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(())
}

fn plain(kubernetes: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (name, zone) in [("node-a", "zone-a"), ("node-b", "zone-b"), ("node-c", "zone-c")] {
        let has = json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"});
        let labels = json!({
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": "testbed",
        });
        let meta = json!({"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}});
        all.push((format!("/api/v1/nodes/{name}"), json!({"apiVersion": "v1", "kind": "Node", "metadata": meta})));
        // The simulated kubelet answers on loopback; KWOK adds its port.
        let at = json!([{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}]);
        let info = json!({"kubeletVersion": kubernetes});
        let status = json!({"allocatable": has, "capacity": has, "nodeInfo": info, "addresses": at});
        let object = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status});
        all.push((format!("/api/v1/nodes/{name}/status"), object));
    }
    // `stuck` has nobody who provisions for it.
    for (name, default, reclaim, binding) in [
        ("standard", true, "Delete", "Immediate"),
        ("retained", false, "Retain", "Immediate"),
        ("first-consumer", false, "Delete", "WaitForFirstConsumer"),
        ("stuck", false, "Delete", "Immediate"),
    ] {
        let mark = json!({"storageclass.kubernetes.io/is-default-class": default.to_string()});
        let class = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name, "annotations": mark},
            "provisioner": "testbed.slipway.dev/volumes", "reclaimPolicy": reclaim, "volumeBindingMode": binding,
            "allowVolumeExpansion": true,
        });
        all.push((format!("/apis/storage.k8s.io/v1/storageclasses/{name}"), class));
    }
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    });
    all.push(("/apis/networking.k8s.io/v1/ingressclasses/nginx".into(), class));
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACED}});
    all.push((format!("/api/v1/namespaces/{NAMESPACED}"), space));
    all
}

/// Objects of the definitions, and what lies in a namespace of [`plain`].
fn later() -> Vec<(String, Value)> {
    let issuer = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "testbed"}, "spec": {"selfSigned": {}},
    });
    let now = jiff::Timestamp::now().to_string();
    let ready = json!({"type": "Ready", "status": "True", "reason": "IsReady", "lastTransitionTime": now});
    let mut issuer_ready = issuer.clone();
    issuer_ready["status"] = json!({"conditions": [ready]});
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "testbed"},
        "spec": {"controllerName": "testbed.slipway.dev/gateway"},
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "namespaced"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "User", "name": "namespaced", "apiGroup": "rbac.authorization.k8s.io"}],
    });
    let lease = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "leases"},
        "rules": [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]}],
    });
    let mut leases = binding.clone();
    leases["metadata"]["name"] = json!("leases");
    leases["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "leases"});
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACED}");
    vec![
        ("/apis/cert-manager.io/v1/clusterissuers/testbed".into(), issuer),
        ("/apis/cert-manager.io/v1/clusterissuers/testbed/status".into(), issuer_ready),
        ("/apis/gateway.networking.k8s.io/v1/gatewayclasses/testbed".into(), gateway),
        (format!("{rbac}/rolebindings/namespaced"), binding),
        (format!("{rbac}/roles/leases"), lease),
        (format!("{rbac}/rolebindings/leases"), leases),
    ]
}

/// Waits for the definitions, the nodes and the first service account, and then makes what needs them.
pub(crate) async fn until_usable(client: &Client, processes: &Processes) -> Outcome<()> {
    for (path, object) in later() {
        until(&format!("{path} can be made"), processes, || async {
            put(client, &path, object.to_string().into_bytes()).await.map(|()| true)
        })
        .await?;
    }
    until("every definition is established", processes, || async {
        let all = list(client, DEFINITIONS).await?;
        Ok(!all.is_empty() && all.iter().all(|crd| condition(crd, "Established")))
    })
    .await?;
    until("three nodes are ready", processes, || async {
        let nodes = list(client, "/api/v1/nodes").await?;
        Ok(nodes.iter().filter(|node| condition(node, "Ready") && node["spec"]["taints"].is_null()).count() == 3)
    })
    .await?;
    until("the service account `default` is there", processes, || async {
        let asked = http::Request::get("/api/v1/namespaces/default/serviceaccounts/default").body(Vec::new())?;
        Ok(client.request_text(asked).await.is_ok())
    })
    .await
}

async fn list(client: &Client, path: &str) -> Outcome<Vec<Value>> {
    let mut all: Value = client.request(http::Request::get(path).body(Vec::new())?).await?;
    Ok(all["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn condition(object: &Value, kind: &str) -> bool {
    let all = object["status"]["conditions"].as_array();
    all.is_some_and(|all| all.iter().any(|c| c["type"] == kind && c["status"] == "True"))
}
