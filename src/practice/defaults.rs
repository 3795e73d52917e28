//! What the server fills in: the defaults that slipway and people look at, not all of them.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use crate::object::Object;

/// Annotation of the storage class that a claim without one gets.
pub(crate) const DEFAULT_CLASS: &str = "standard";

fn or(map: &mut Map<String, Value>, name: &str, value: Value) {
    map.entry(name.to_string()).or_insert(value);
}

/// Fills in what is missing.
pub(crate) fn fill(kind: &Kind, object: &mut Object) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret") => secret(object),
        ("", "Namespace") => {
            let name = object.name().to_string();
            object.set_label("kubernetes.io/metadata.name", &name);
            if object.at(&["spec", "finalizers"]).is_none() {
                object.set(&["spec", "finalizers"], json!(["kubernetes"]));
            }
            if object.text(&["status", "phase"]).is_empty() {
                object.set(&["status", "phase"], "Active".into());
            }
        }
        ("", "Pod") => {
            if let Some(spec) = spec(object) {
                pod(spec);
            }
        }
        ("", "Service") => service(object),
        ("", "PersistentVolumeClaim") => {
            if let Some(spec) = spec(object) {
                or(spec, "volumeMode", "Filesystem".into());
                or(spec, "storageClassName", DEFAULT_CLASS.into());
            }
            protect(object, "kubernetes.io/pvc-protection");
            if object.text(&["status", "phase"]).is_empty() {
                object.set(&["status", "phase"], "Pending".into());
            }
        }
        ("apps", "Deployment") => {
            if let Some(spec) = spec(object) {
                or(spec, "replicas", 1.into());
                or(spec, "revisionHistoryLimit", 10.into());
                or(spec, "progressDeadlineSeconds", 600.into());
                let rolling =
                    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
                or(spec, "strategy", rolling);
                template(spec);
            }
        }
        ("apps", "StatefulSet") => {
            if let Some(spec) = spec(object) {
                or(spec, "replicas", 1.into());
                or(spec, "podManagementPolicy", "OrderedReady".into());
                or(spec, "revisionHistoryLimit", 10.into());
                or(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
                or(
                    spec,
                    "persistentVolumeClaimRetentionPolicy",
                    json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
                );
                template(spec);
            }
        }
        ("apps", "DaemonSet" | "ReplicaSet") => {
            if let Some(spec) = spec(object) {
                template(spec);
            }
        }
        ("batch", "Job") => {
            let uid = object.uid().to_string();
            let name = object.name().to_string();
            if let Some(spec) = spec(object) {
                for (name, value) in [("parallelism", 1), ("completions", 1), ("backoffLimit", 6)] {
                    or(spec, name, value.into());
                }
                or(spec, "completionMode", "NonIndexed".into());
                or(spec, "suspend", false.into());
                or(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
                template(spec);
            }
            for (label, value) in [
                ("batch.kubernetes.io/controller-uid", &uid),
                ("batch.kubernetes.io/job-name", &name),
                ("controller-uid", &uid),
                ("job-name", &name),
            ] {
                object.set(&["spec", "template", "metadata", "labels", label], value.as_str().into());
            }
        }
        _ => {}
    }
}

fn spec(object: &mut Object) -> Option<&mut Map<String, Value>> {
    object.0.get_mut("spec").and_then(Value::as_object_mut)
}

/// What is done to an applied object before its fields are counted.
pub(crate) fn decode(kind: &Kind, object: &mut Object) {
    if kind.group.is_empty() && kind.kind == "Secret" && object.at(&["stringData"]).is_some() {
        secret(object);
    }
}

/// `stringData` ends in `data`.
fn secret(object: &mut Object) {
    use base64::Engine as _;
    if object.text(&["type"]).is_empty() {
        object.set(&["type"], "Opaque".into());
    }
    let Some(Value::Object(plain)) = object.remove(&["stringData"]) else { return };
    for (name, value) in plain {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or(""));
        object.set(&["data", &name], encoded.into());
    }
}

fn protect(object: &mut Object, finalizer: &str) {
    if object.at(&["metadata", "finalizers"]).is_none() && object.text(&["metadata", "deletionTimestamp"]).is_empty() {
        object.set(&["metadata", "finalizers"], json!([finalizer]));
    }
}

fn service(object: &mut Object) {
    let Some(spec) = spec(object) else { return };
    or(spec, "type", "ClusterIP".into());
    or(spec, "sessionAffinity", "None".into());
    or(spec, "internalTrafficPolicy", "Cluster".into());
    or(spec, "ipFamilyPolicy", "SingleStack".into());
    or(spec, "ipFamilies", json!(["IPv4"]));
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(port) = port.as_object_mut() else { continue };
        or(port, "protocol", "TCP".into());
        let target = port.get("port").cloned().unwrap_or(Value::Null);
        or(port, "targetPort", target);
    }
}

fn template(spec: &mut Map<String, Value>) {
    if let Some(inner) = spec.get_mut("template").and_then(|template| template.get_mut("spec")?.as_object_mut()) {
        pod(inner);
    }
}

fn pod(spec: &mut Map<String, Value>) {
    or(spec, "restartPolicy", "Always".into());
    or(spec, "terminationGracePeriodSeconds", 30.into());
    or(spec, "dnsPolicy", "ClusterFirst".into());
    or(spec, "schedulerName", "default-scheduler".into());
    or(spec, "securityContext", json!({}));
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(container) = container.as_object_mut() else { continue };
            let image = container.get("image").and_then(Value::as_str).unwrap_or("");
            let newest = image.ends_with(":latest") || !image.rsplit('/').next().unwrap_or("").contains([':', '@']);
            or(container, "imagePullPolicy", if newest { "Always" } else { "IfNotPresent" }.into());
            or(container, "terminationMessagePath", "/dev/termination-log".into());
            or(container, "terminationMessagePolicy", "File".into());
            or(container, "resources", json!({}));
            for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(port) = port.as_object_mut() {
                    or(port, "protocol", "TCP".into());
                }
            }
        }
    }
}

/// Bytes of a quantity such as `8Gi`, 0 where it says nothing.
pub(crate) fn bytes(quantity: &str) -> u128 {
    const UNITS: &[(&str, u128)] = &[
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    for (unit, factor) in UNITS {
        if let Some(number) = quantity.strip_suffix(unit) {
            return number.parse::<u128>().unwrap_or(0) * factor;
        }
    }
    quantity.parse().unwrap_or(0)
}
