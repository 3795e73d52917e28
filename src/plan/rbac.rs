//! The least rights that a run needs (cluster.md 6 "Rights"): a Role, and a ClusterRole where something has no namespace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::object::{Object, ObjectId};

/// What is done to every object of a run: looked at, watched, applied, and taken away.
const ALL: &[&str] = &["create", "delete", "get", "list", "patch", "watch"];
const SEE: &[&str] = &["get", "list", "watch"];

/// What every run needs in its namespace, whatever it installs: group, resource, verbs.
const ALWAYS: &[(&str, &str, &[&str])] = &[
    // The set's parent and the revisions; a revision that is written is changed by compare-and-swap.
    ("", "configmaps", &["create", "delete", "get", "list", "patch", "update", "watch"]),
    // The lock.
    ("coordination.k8s.io", "leases", &["create", "delete", "get", "list", "patch", "update", "watch"]),
    // The key Secret, and Secrets that are named.
    ("", "secrets", ALL),
    // Seeing what becomes of it, and asking it whether it is well.
    ("", "pods", SEE),
    ("", "pods/log", &["get"]),
    ("", "pods/exec", &["create", "get"]),
    ("", "pods/portforward", &["create", "get"]),
    ("", "events", SEE),
    ("", "persistentvolumeclaims", SEE),
    ("", "serviceaccounts", SEE),
    ("apps", "replicasets", SEE),
];

/// The Role of a run that makes `objects`, and the ClusterRole where there is need of one. Both carry the rules of the Roles
/// that are made: nobody may hand out what it does not have (RBAC escalation prevention).
pub fn roles(name: &str, namespace: &str, objects: &[Object]) -> Vec<Object> {
    let mut within = Rules::default();
    let mut everywhere = Rules::default();
    for (group, resource, verbs) in ALWAYS {
        within.allow(group, resource, verbs);
    }
    // Pods that the templates would make are tried, by the ServiceAccount that is there.
    within.allow("", "pods", &["create"]);
    for object in objects {
        let id = object.id();
        let resource = plural(&id);
        let rules = if id.namespace.is_empty() { &mut everywhere } else { &mut within };
        if id.kind == "Namespace" {
            continue;
        }
        rules.allow(&id.group, &resource, ALL);
        if id.kind == "StatefulSet" {
            // A pod that keeps its StatefulSet waiting for ever is ended.
            rules.allow("", "pods", &["delete"]);
        }
        for rule in object.list(&["rules"]).iter().filter(|_| matches!(id.kind.as_str(), "Role" | "ClusterRole")) {
            rules.passed_on.push(rule.clone());
        }
    }
    let mut roles = vec![within.role("Role", name, Some(namespace))];
    if !everywhere.is_empty() {
        roles.push(everywhere.role("ClusterRole", name, None));
    }
    roles
}

#[derive(Default)]
struct Rules {
    /// Verbs by group and resource.
    verbs: BTreeMap<(String, String), BTreeSet<String>>,
    passed_on: Vec<Value>,
}

impl Rules {
    fn allow(&mut self, group: &str, resource: &str, verbs: &[&str]) {
        let known = self.verbs.entry((group.into(), resource.into())).or_default();
        known.extend(verbs.iter().map(ToString::to_string));
    }

    fn is_empty(&self) -> bool {
        self.verbs.is_empty() && self.passed_on.is_empty()
    }

    /// Resources of one group with the same verbs share a rule.
    fn role(self, kind: &str, name: &str, namespace: Option<&str>) -> Object {
        let mut shared: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
        for ((group, resource), verbs) in self.verbs {
            shared.entry((group, verbs.into_iter().collect())).or_default().push(resource);
        }
        let rules = shared
            .into_iter()
            .map(|((group, verbs), resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}));
        let rules: Vec<Value> = rules.chain(self.passed_on).collect();
        let mut metadata = json!({"name": name});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        Object(
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules}),
        )
    }
}

/// The resource of a kind, as every API server that keeps to the convention names it: no cluster is asked, since who asks
/// for rights has none yet.
fn plural(id: &ObjectId) -> String {
    let kind = id.kind.to_lowercase();
    let vowel_before_y = kind.strip_suffix('y').is_some_and(|stem| stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match kind.chars().last() {
        Some('s' | 'x') => format!("{kind}es"),
        Some('y') if !vowel_before_y => format!("{}ies", kind.trim_end_matches('y')),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resources_of_kinds_are_named_as_the_server_names_them() {
        for (kind, resource) in [
            ("Deployment", "deployments"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("HTTPRoute", "httproutes"),
            ("StorageClass", "storageclasses"),
        ] {
            assert_eq!(plural(&ObjectId::new("", kind, "", "x")), resource);
        }
    }

    #[test]
    fn a_role_that_is_made_passes_its_rules_on_and_what_has_no_namespace_needs_a_cluster_role() {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r", "namespace": "n"},
            "rules": [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]}],
        });
        let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "p"}});
        let roles = roles("slipway-x", "n", &[Object(role), Object(class)]);
        assert_eq!(roles.iter().map(Object::kind).collect::<Vec<_>>(), ["Role", "ClusterRole"]);
        let rules = roles[0].list(&["rules"]);
        assert!(rules.iter().any(|rule| rule["resources"][0] == "jobs" && rule["verbs"][0] == "create"), "{rules:?}");
        assert!(roles[1].list(&["rules"])[0]["resources"][0] == "priorityclasses");
        assert!(!roles[0].list(&["rules"]).iter().any(|rule| rule["verbs"][0] == "*" || rule["resources"][0] == "*"));
    }
}
