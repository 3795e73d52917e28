//! What a new practice cluster has: namespaces, two nodes, classes, an issuer.

use serde_json::json;

use super::scenario::Scenario;
use super::store::Key;
use super::world::World;

/// Name of the quota that the scenario `quota` puts into every namespace of people.
pub(crate) const QUOTA: &str = "practice-quota";

/// The class that claims without one get.
const CLASS: &str = super::defaults::DEFAULT_CLASS;

/// Plants what every new cluster has.
pub(crate) fn plant(world: &mut World) {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        world.make_built_in("", "Namespace", json!({"metadata": {"name": name}}));
    }
    for name in ["practice-1", "practice-2"] {
        node(world, name);
    }
    world.make_built_in(
        "storage.k8s.io",
        "StorageClass",
        json!({
            "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "practice.slipway/volumes",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": true,
        }),
    );
    world.make_built_in(
        "networking.k8s.io",
        "IngressClass",
        json!({
            "metadata": {"name": "nginx", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        }),
    );
    let now = super::clock::seconds(world.now());
    let condition = |kind: &str, reason: &str, message: &str| json!([{"type": kind, "status": "True", "reason": reason, "message": message, "observedGeneration": 1, "lastTransitionTime": now}]);
    world.make_built_in(
        "gateway.networking.k8s.io",
        "GatewayClass",
        json!({
            "metadata": {"name": "practice"},
            "spec": {"controllerName": "practice.slipway/gateway"},
            "status": {"conditions": condition("Accepted", "Accepted", "accepted")},
        }),
    );
    world.make_built_in(
        "cert-manager.io",
        "ClusterIssuer",
        json!({
            "metadata": {"name": "letsencrypt-staging"},
            "spec": {"acme": {
                "server": "https://acme-staging-v02.api.letsencrypt.org/directory",
                "privateKeySecretRef": {"name": "letsencrypt-staging"},
                "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
            }},
            "status": {"conditions": condition("Ready", "ACMEAccountRegistered", "The ACME account was registered with the ACME server")},
        }),
    );
    world.make_built_in(
        "",
        "Service",
        json!({
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
        }),
    );
}

fn node(world: &mut World, name: &str) {
    let now = super::clock::seconds(world.now());
    let size = json!({"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    let condition = |kind: &str, status: &str, reason: &str| json!({"type": kind, "status": status, "reason": reason, "lastHeartbeatTime": now, "lastTransitionTime": now});
    world.make_built_in(
        "",
        "Node",
        json!({
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            }},
            "spec": {},
            "status": {
                "capacity": size,
                "allocatable": size,
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                    condition("Ready", "True", "KubeletReady"),
                ],
                "nodeInfo": {
                    "kubeletVersion": super::discovery::VERSION,
                    "operatingSystem": "linux",
                    "architecture": "amd64",
                    "osImage": "practice",
                    "containerRuntimeVersion": "practice://1",
                },
            },
        }),
    );
}

/// Puts the quota where the scenario wants it, and takes it away where it does not.
pub(crate) fn quota(world: &mut World) {
    let namespaces: Vec<String> = world
        .store
        .list("namespaces", "")
        .map(|namespace| namespace.name().to_string())
        .filter(|name| !name.starts_with("kube-"))
        .collect();
    for namespace in namespaces {
        let key = Key::new("resourcequotas", &namespace, QUOTA);
        if world.scenario != Scenario::Quota {
            world.store.remove(&key);
            continue;
        }
        world.make_built_in(
            "",
            "ResourceQuota",
            json!({
                "metadata": {"name": QUOTA, "namespace": namespace},
                "spec": {"hard": {"pods": "0"}},
                "status": {"hard": {"pods": "0"}, "used": {"pods": "0"}},
            }),
        );
        // Always just used up, by the pods that are no Deployment's.
        let used = world.store.list("pods", &namespace).count().to_string();
        world.change(&key, |quota| {
            for path in [&["spec", "hard", "pods"][..], &["status", "hard", "pods"], &["status", "used", "pods"]] {
                quota.set(path, used.as_str().into());
            }
        });
    }
}
