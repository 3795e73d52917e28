//! The hashes that restart readers (cluster.md 3): over just the keys of our Secrets and ConfigMaps that a pod reads,
//! without those used only at the first initialisation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hash;
use crate::object::{Object, ObjectId};
use crate::plan::{FIRST_USE_KEYS, OPEN_HASH, RESTART_HASH};
use crate::secret::SecretText;

/// The hash of every workload whose hash is open. `objects` are complete: with the data that is sent.
pub(super) fn hashes(objects: &[Object], salt: &SecretText) -> BTreeMap<ObjectId, String> {
    let sources: BTreeMap<(&str, &str), &Object> = objects
        .iter()
        .filter(|object| object.group().is_empty() && matches!(object.kind(), "Secret" | "ConfigMap"))
        .map(|object| ((object.kind(), object.name()), object))
        .collect();
    let mut hashes = BTreeMap::new();
    for object in objects {
        let Some(template) = object.pod_template_path() else { continue };
        let mut path = template.to_vec();
        path.extend(["metadata", "annotations", RESTART_HASH]);
        if object.text(&path) != OPEN_HASH {
            continue;
        }
        let mut text = String::new();
        for (kind, name, key) in object.pod_spec().map(reads).unwrap_or_default() {
            let Some(source) = sources.get(&(kind, name.as_str())) else { continue };
            let unread: BTreeSet<&str> =
                source.annotation(FIRST_USE_KEYS).unwrap_or("").split(',').map(str::trim).collect();
            for field in ["data", "binaryData"] {
                let entries = source.at(&[field]).and_then(Value::as_object);
                for (entry, value) in entries.into_iter().flatten() {
                    if !unread.contains(entry.as_str()) && key.as_ref().is_none_or(|key| key == entry) {
                        text.push_str(&format!("{kind}/{name}/{entry}={value}\n"));
                    }
                }
            }
        }
        hashes.insert(object.id(), hash::of_text(salt, &text));
    }
    hashes
}

/// What a pod reads: kind, name, and the key or all of them; sorted.
fn reads(pod: &Value) -> BTreeSet<(&'static str, String, Option<String>)> {
    let mut found = BTreeSet::new();
    let mut add = |kind: &'static str, name: &Value, key: Option<&Value>| {
        if let Some(name) = name.as_str() {
            found.insert((kind, name.to_string(), key.and_then(Value::as_str).map(str::to_string)));
        }
    };
    for list in ["containers", "initContainers"] {
        for container in pod[list].as_array().into_iter().flatten() {
            for env in container["env"].as_array().into_iter().flatten() {
                let from = &env["valueFrom"];
                add("Secret", &from["secretKeyRef"]["name"], from["secretKeyRef"].get("key"));
                add("ConfigMap", &from["configMapKeyRef"]["name"], from["configMapKeyRef"].get("key"));
            }
            for from in container["envFrom"].as_array().into_iter().flatten() {
                add("Secret", &from["secretRef"]["name"], None);
                add("ConfigMap", &from["configMapRef"]["name"], None);
            }
        }
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let projected = volume["projected"]["sources"].as_array().into_iter().flatten();
        let parts = projected.map(|source| (&source["secret"], "name", &source["configMap"]));
        for (secret, name, config) in parts.chain([(&volume["secret"], "secretName", &volume["configMap"])]) {
            for (kind, source, name) in [("Secret", secret, name), ("ConfigMap", config, "name")] {
                match source["items"].as_array() {
                    Some(items) => items.iter().for_each(|item| add(kind, &source[name], item.get("key"))),
                    None => add(kind, &source[name], None),
                }
            }
        }
    }
    found
}
