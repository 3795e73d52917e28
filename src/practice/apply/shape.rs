//! Which lists merge by which keys, and which values are one piece: what the real server reads from the markers
//! `+listType`, `+listMapKey` and `+mapType` of its types (k8s.io/api), for the kinds that are used here.

use serde_json::{Map, Value};

/// How a list merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Items {
    /// By the values of these fields.
    Keyed(&'static [&'static str]),
    /// As a set of values.
    Set,
    /// As one piece.
    Atomic,
}

/// The names of the fields on the way to a value; list items add nothing.
pub(crate) type Path<'a> = &'a [String];

/// How the list at `path` merges.
pub(crate) fn items(path: Path<'_>) -> Items {
    let Some((name, way)) = path.split_last() else { return Items::Atomic };
    let parent = way.last().map_or("", String::as_str);
    match (parent, name.as_str()) {
        (_, "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "schedulingGates") => {
            Items::Keyed(&["name"])
        }
        (_, "volumeMounts") => Items::Keyed(&["mountPath"]),
        (_, "volumeDevices") => Items::Keyed(&["devicePath"]),
        ("spec", "imagePullSecrets") => Items::Keyed(&["name"]),
        (_, "imagePullSecrets" | "secrets") if way.is_empty() => {
            if name == "secrets" {
                Items::Keyed(&["name"])
            } else {
                Items::Atomic
            }
        }
        (_, "hostAliases") => Items::Keyed(&["ip"]),
        (_, "topologySpreadConstraints") => Items::Keyed(&["topologyKey", "whenUnsatisfiable"]),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            Items::Keyed(&["containerPort", "protocol"])
        }
        ("spec", "ports") if way.len() == 1 => Items::Keyed(&["port", "protocol"]),
        (_, "conditions") if way.contains(&"status".to_string()) => Items::Keyed(&["type"]),
        ("status", "podIPs" | "hostIPs") => Items::Keyed(&["ip"]),
        ("metadata", "ownerReferences") => Items::Keyed(&["uid"]),
        ("metadata", "finalizers") => Items::Set,
        // Gateway API declares this one for its Gateways.
        ("spec", "listeners") => Items::Keyed(&["name"]),
        _ => Items::Atomic,
    }
}

/// Whether the mapping at `path` is one piece.
pub(crate) fn is_atomic(path: Path<'_>) -> bool {
    let Some((name, way)) = path.split_last() else { return false };
    let parent = way.last().map_or("", String::as_str);
    matches!(
        (parent, name.as_str()),
        (_, "selector" | "labelSelector" | "namespaceSelector" | "podSelector" | "nodeSelector" | "roleRef")
            | (
                _,
                "secretKeyRef" | "configMapKeyRef" | "fieldRef" | "resourceFieldRef" | "scaleTargetRef" | "dataSource"
            )
            | (_, "requiredDuringSchedulingIgnoredDuringExecution" | "claimRef")
            | ("env" | "volumes" | "csi", "secretRef")
    )
}

/// A path as a server-side apply writes it: the items of lists by their keys, `spec.containers[name="a"].imag`.
pub(crate) fn with_keys(object: &Value, path: &str) -> String {
    let mut out = String::new();
    let mut way: Vec<String> = Vec::new();
    let mut at = Some(object);
    for name in path.split('.') {
        let (field, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((field, index)) => (field, index.parse::<usize>().ok()),
            None => (name, None),
        };
        if !out.is_empty() {
            out.push('.');
        }
        let Some(index) = index else {
            out.push_str(name);
            at = at.and_then(|at| at.get(name));
            way.push(name.into());
            continue;
        };
        out.push_str(field);
        way.push(field.into());
        let item = at.and_then(|at| at.get(field)?.get(index));
        let key = match (items(&way), item) {
            (Items::Keyed(keys), Some(item)) => {
                let told = keys.iter().filter_map(|key| Some(format!("{key}={}", item.get(*key)?)));
                told.collect::<Vec<_>>().join(",")
            }
            _ => index.to_string(),
        };
        out.push_str(&format!("[{key}]"));
        at = item;
    }
    out
}

/// The branch of an item in a keyed list or a set; `None` where the item lacks its keys.
pub(crate) fn element(items: Items, item: &Value) -> Option<String> {
    match items {
        Items::Atomic => None,
        Items::Set => Some(format!("v:{item}")),
        Items::Keyed(keys) => {
            let mut found = Map::new();
            for key in keys {
                // The one key with a default.
                let default = (*key == "protocol").then(|| Value::from("TCP"));
                found.insert((*key).to_string(), item.get(*key).cloned().or(default)?);
            }
            Some(format!("k:{}", Value::Object(found)))
        }
    }
}
