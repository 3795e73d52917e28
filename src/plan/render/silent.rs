//! What is empty and says nothing is left out. Server-side apply would own it: what a person, a policy or a cloud puts there
//! would be a conflict, or a change, for ever
//! (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>).

use serde_json::{Map, Value};

use super::as_map;
use crate::object::Object;

const OF_METADATA: [&str; 2] = ["annotations", "labels"];
/// Fields of a pod that mean the same empty and absent.
const OF_PODS: [&str; 5] =
    ["hostAliases", "imagePullSecrets", "nodeSelector", "tolerations", "topologySpreadConstraints"];
const OF_RESOURCES: [&str; 2] = ["limits", "requests"];

/// Leaves it out. Everything else that is empty stays: an empty selector selects all, and `emptyDir: {}` is a volume.
pub(super) fn leave_out(object: &mut Object) {
    if let Some(metadata) = object.0.get_mut("metadata").and_then(as_map) {
        drop_empty(metadata, &OF_METADATA);
    }
    let Some(path) = object.pod_template_path() else { return };
    let Some(template) = path.iter().try_fold(&mut object.0, |value, key| value.get_mut(*key)) else { return };
    if let Some(metadata) = template.get_mut("metadata").and_then(as_map) {
        drop_empty(metadata, &OF_METADATA);
    }
    let Some(spec) = template.get_mut("spec").and_then(as_map) else { return };
    drop_empty(spec, &OF_PODS);
    for kind in ["initContainers", "containers"] {
        for container in spec.get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(resources) = container.get_mut("resources").and_then(as_map) {
                drop_empty(resources, &OF_RESOURCES);
            }
        }
    }
}

fn drop_empty(map: &mut Map<String, Value>, fields: &[&str]) {
    map.retain(|field, value| !fields.contains(&field.as_str()) || !is_empty(value));
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
