//! Objects that exclude each other: one has to be gone before the other comes (cluster.md 2).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::Object;
use crate::plan::action::claims;

/// Whether an object that leaves has to be gone before one that comes can be made.
pub(super) fn stands_in_the_way(leaves: &Object, comes: &Object) -> bool {
    let shared = |of: fn(&Object) -> BTreeSet<String>| !of(leaves).is_disjoint(&of(comes));
    // Two autoscalers of one workload undo each other; KEDA and the API server's own refuse the second.
    shared(scaled)
        // Two pods on one volume damage what is on it.
        || shared(claims)
        || leaves.kind() == "Service" && comes.kind() == "Service" && shared(node_ports)
        || leaves.kind() == "Ingress" && comes.kind() == "Ingress" && shared(hosts)
}

/// The workload that an autoscaler scales.
fn scaled(object: &Object) -> BTreeSet<String> {
    if !matches!(object.kind(), "HorizontalPodAutoscaler" | "ScaledObject") {
        return BTreeSet::new();
    }
    let target = |key: &str| object.text(&["spec", "scaleTargetRef", key]);
    let kind = if target("kind").is_empty() { "Deployment" } else { target("kind") };
    [format!("{kind}/{}/{}", object.namespace(), target("name"))].into()
}

fn node_ports(object: &Object) -> BTreeSet<String> {
    let ports = object.list(&["spec", "ports"]).iter();
    ports.filter_map(|port| port["nodePort"].as_u64()).map(|port| port.to_string()).collect()
}

/// The hosts and paths of an Ingress.
fn hosts(object: &Object) -> BTreeSet<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or("").to_owned();
    let mut hosts = BTreeSet::new();
    for rule in object.list(&["spec", "rules"]) {
        let host = text(rule, "host");
        let paths = rule["http"]["paths"].as_array().into_iter().flatten();
        hosts.extend(paths.map(|path| format!("{host} {}", text(path, "path"))));
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: &str, name: &str, spec: Value) -> Object {
        Object(json!({"kind": kind, "metadata": {"name": name, "namespace": "n"}, "spec": spec}))
    }

    #[test]
    fn what_cannot_stand_beside_what_comes_stands_in_its_way() {
        let hpa =
            object("HorizontalPodAutoscaler", "a", json!({"scaleTargetRef": {"kind": "Deployment", "name": "web"}}));
        let scaled = |name: &str| object("ScaledObject", name, json!({"scaleTargetRef": {"name": "web"}}));
        let other = object("ScaledObject", "c", json!({"scaleTargetRef": {"kind": "StatefulSet", "name": "web"}}));
        let service =
            |name: &str, port: Value| object("Service", name, json!({"ports": [{"port": 80, "nodePort": port}]}));
        let ingress = |name: &str, host: &str| {
            object("Ingress", name, json!({"rules": [{"host": host, "http": {"paths": [{"path": "/"}]}}]}))
        };
        let pod = |kind: &str, claim: &str| {
            let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]);
            let mut object = object(kind, "db", json!({"template": {"spec": {"volumes": volumes}}}));
            object.set(&["apiVersion"], "apps/v1".into());
            object
        };
        let template = json!({"metadata": {"name": "data"}, "spec": {}});
        let set = object("StatefulSet", "old", json!({"replicas": 1, "volumeClaimTemplates": [template]}));
        for (leaves, comes, wanted) in [
            (&hpa, &scaled("b"), true),
            (&scaled("b"), &hpa, true),
            (&scaled("b"), &scaled("renamed"), true),
            (&hpa, &other, false),
            (&service("a", json!(30080)), &service("b", json!(30080)), true),
            (&service("a", json!(30080)), &service("b", json!(30081)), false),
            (&service("a", Value::Null), &service("b", Value::Null), false),
            (&ingress("a", "x.io"), &ingress("b", "x.io"), true),
            (&ingress("a", "x.io"), &ingress("b", "y.io"), false),
            (&pod("Deployment", "data"), &pod("StatefulSet", "data"), true),
            (&pod("Deployment", "data"), &pod("StatefulSet", "other"), false),
            (&set, &pod("StatefulSet", "data-old-0"), true),
            (&set, &pod("StatefulSet", "data-old-1"), false),
        ] {
            assert_eq!(stands_in_the_way(leaves, comes), wanted, "{leaves:?} {comes:?}");
        }
    }
}
