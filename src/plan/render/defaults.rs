//! What rendering adds to pods where the manifest is silent: PodSecurity `restricted`
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>), no environment variables of Services, and the
//! hash that restarts them.

use serde_json::{Map, Value, json};

use super::as_map;
use crate::object::Object;
use crate::plan::restart::reads;
use crate::plan::{OPEN_HASH, RESTART_HASH};

/// Adds what is missing; what the author wrote stays. On OpenShift fixed uids and fsGroup are left out: its admission
/// chooses them out of the namespace's range.
pub(super) fn fill(object: &mut Object, openshift: bool) {
    let Some(path) = object.pod_template_path() else { return };
    let Some(template) = path.iter().try_fold(&mut object.0, |value, key| value.get_mut(*key)) else { return };
    let Some(spec) = template.get_mut("spec").and_then(as_map) else { return };
    // A Service called like the product gives its pods variables that the product reads as its own.
    spec.entry("enableServiceLinks").or_insert(Value::Bool(false));
    let os_windows = spec.get("os").is_some_and(|os| os["name"] == "windows");
    if let Some(context) = spec.entry("securityContext").or_insert_with(|| json!({})).as_object_mut()
        && !os_windows
    {
        context.entry("runAsNonRoot").or_insert(Value::Bool(true));
        context.entry("seccompProfile").or_insert_with(|| json!({"type": "RuntimeDefault"}));
        if openshift {
            let leave_out = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"];
            context.retain(|key, _| !leave_out.contains(&key.as_str()));
        }
    }
    for kind in ["initContainers", "containers"] {
        for container in spec.get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = as_map(container)
                && !os_windows
            {
                restrict(container, openshift);
            }
        }
    }
    let spec = Value::Object(spec.clone());
    // A Job's template cannot change, and a CronJob's next pod reads what is there then.
    if matches!(object.kind(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") && !reads(&spec).is_empty() {
        let mut path = path.to_vec();
        path.extend(["metadata", "annotations", RESTART_HASH]);
        object.set(&path, Value::from(OPEN_HASH));
    }
}

fn restrict(container: &mut Map<String, Value>, openshift: bool) {
    let context = container.entry("securityContext").or_insert_with(|| json!({}));
    let Some(context) = context.as_object_mut() else { return };
    context.entry("allowPrivilegeEscalation").or_insert(Value::Bool(false));
    if let Some(capabilities) = context.entry("capabilities").or_insert_with(|| json!({})).as_object_mut() {
        capabilities.entry("drop").or_insert_with(|| json!(["ALL"]));
    }
    if openshift {
        context.retain(|key, _| !matches!(key.as_str(), "runAsUser" | "runAsGroup"));
    }
}
