//! What discovery answers: aggregated (KEP-3352) where that is asked for, else the plain lists; and the version.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Kind;

/// The version that is practised.
pub(crate) const VERSION: &str = "v1.36.3";
/// Its minor version, whose fields are known.
pub const MINOR: &str = "1.36";

pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": format!("{VERSION}+practice"),
        "gitCommit": "practice",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "practice",
    })
}

/// Whether `Accept` prefers aggregated discovery.
pub(crate) fn is_aggregated(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=APIGroupDiscoveryList"))
}

/// The content type of the aggregated answer.
pub(crate) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn verbs(kind: &Kind) -> Value {
    if kind.is_question() {
        return json!(["create"]);
    }
    json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
}

fn subresource_verbs(subresource: &str) -> Value {
    match subresource {
        "log" => json!(["get"]),
        "exec" | "portforward" | "proxy" => json!(["create", "get"]),
        "eviction" | "token" => json!(["create"]),
        "finalize" => json!(["update"]),
        _ => json!(["get", "patch", "update"]),
    }
}

fn singular(kind: &Kind) -> String {
    kind.kind.to_lowercase()
}

/// Groups in the order of their first kind, each with its versions.
fn groups(kinds: &[Arc<Kind>]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for kind in kinds {
        match groups.iter_mut().find(|(group, _)| *group == kind.group) {
            Some((_, versions)) if versions.contains(&kind.version.as_str()) => {}
            Some((_, versions)) => versions.push(&kind.version),
            None => groups.push((&kind.group, vec![&kind.version])),
        }
    }
    groups
}

/// Aggregated discovery of the core group, or of all others.
pub(crate) fn aggregated(kinds: &[Arc<Kind>], core: bool) -> Value {
    let resource = |kind: &Arc<Kind>| {
        let response = |name: &str| json!({"group": kind.group, "version": kind.version, "kind": name});
        let subresources: Vec<Value> = kind
            .subresources
            .iter()
            .map(|name| {
                let of = if name == "scale" {
                    json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
                } else {
                    response(&kind.kind)
                };
                json!({"subresource": name, "responseKind": of, "verbs": subresource_verbs(name)})
            })
            .collect();
        let mut resource = json!({
            "resource": kind.plural,
            "responseKind": response(&kind.kind),
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
            "singularResource": singular(kind),
            "verbs": verbs(kind),
        });
        if !subresources.is_empty() {
            resource["subresources"] = subresources.into();
        }
        resource
    };
    let items: Vec<Value> = groups(kinds)
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .into_iter()
                .map(|version| {
                    let of = kinds.iter().filter(|kind| kind.group == group && kind.version == version);
                    json!({"version": version, "freshness": "Current", "resources": of.map(resource).collect::<Vec<_>>()})
                })
                .collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

/// `/api`.
pub(crate) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

fn group_value(group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions[0]})
}

/// `/apis`.
pub(crate) fn group_list(kinds: &[Arc<Kind>]) -> Value {
    let groups = groups(kinds).into_iter().filter(|(group, _)| !group.is_empty());
    let groups: Vec<Value> = groups.map(|(group, versions)| group_value(group, &versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`.
pub(crate) fn group(kinds: &[Arc<Kind>], name: &str) -> Option<Value> {
    let (group, versions) = groups(kinds).into_iter().find(|(group, _)| *group == name && !group.is_empty())?;
    let mut value = group_value(group, &versions);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

/// `/api/v1` and `/apis/<group>/<version>`.
pub(crate) fn resource_list(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        resources.push(json!({
            "name": kind.plural,
            "singularName": singular(kind),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": verbs(kind),
        }));
        for name in &kind.subresources {
            resources.push(json!({
                "name": format!("{}/{name}", kind.plural),
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": if name == "scale" { "Scale" } else { kind.kind.as_str() },
                "verbs": subresource_verbs(name),
            }));
        }
    }
    let of = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    (!resources.is_empty())
        .then(|| json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": of, "resources": resources}))
}
