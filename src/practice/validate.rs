//! What the server refuses of an object: names, unknown fields, fields that may not change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::apply::with_keys;
use super::kinds::Kind;
use super::status::{Cause, Refusal, bad_request, invalid};
use crate::object::Object;

/// Tells the fields of an object that its kind does not have: `spec.template.spec.containers[0].imag`. Nothing of a kind
/// that it does not know.
pub type UnknownFields = Arc<dyn Fn(&Value) -> Vec<String> + Send + Sync>;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SERVICE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// UnknownFields that the kind does not have, in the order of their names.
fn unknown_fields(kind: &Kind, fields: Option<&UnknownFields>, object: &Object) -> Vec<String> {
    let known = |name: &&String| {
        matches!(name.as_str(), "apiVersion" | "kind" | "metadata") || kind.fields.iter().any(|field| field == *name)
    };
    let mut unknown: Vec<String> =
        object.0.as_object().into_iter().flat_map(|map| map.keys()).filter(|name| !known(name)).cloned().collect();
    if let Some(fields) = fields {
        let mut whole = object.clone();
        // Whose kind it is, the path says; the body may leave it out.
        whole.set(&["apiVersion"], kind.api_version().into());
        whole.set(&["kind"], kind.kind.as_str().into());
        unknown.extend(fields(&whole.0));
    }
    unknown.sort();
    unknown.dedup();
    unknown
}

/// Strict validation refuses them, in the words of a create.
pub(crate) fn strict(kind: &Kind, fields: Option<&UnknownFields>, object: &Object) -> Result<(), Refusal> {
    let unknown = unknown_fields(kind, fields, object);
    if unknown.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = unknown.iter().map(|name| format!("unknown field {name:?}")).collect();
    let name_of = &kind.kind;
    Err(bad_request(format!(
        "{name_of} in version {:?} cannot be handled as a {name_of}: strict decoding error: {}",
        kind.version,
        told.join(", ")
    )))
}

/// The same in the words of a server-side apply.
pub(crate) fn strict_apply(kind: &Kind, fields: Option<&UnknownFields>, object: &Object) -> Result<(), Refusal> {
    let unknown = unknown_fields(kind, fields, object);
    let told: Vec<String> =
        unknown.iter().map(|path| format!(".{}: field not declared in schema", with_keys(&object.0, path))).collect();
    let told = match told.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        several => format!("errors:\n  {}", several.join("\n  ")),
    };
    let (namespace, of, version) = (object.namespace(), object.name(), kind.api_version());
    let at = if kind.group.is_empty() { format!("/{}", kind.version) } else { version };
    let message = format!("failed to create typed patch object ({namespace}/{of}; {at}, Kind={}): {told}", kind.kind);
    Err(Refusal::new(500, "", message, Value::Null))
}

fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// A name as its kind wants it.
pub(crate) fn name(kind: &Kind, object: &Object) -> Result<(), Refusal> {
    let name = object.name();
    let (ok, longest, rule) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("rbac.authorization.k8s.io", _) => return Ok(()),
        ("", "Namespace") => (is_label(name), 63, LABEL),
        ("", "Service") => (is_label(name) && name.starts_with(|first: char| first.is_ascii_alphabetic()), 63, SERVICE),
        _ => (name.split('.').all(is_label), 253, SUBDOMAIN),
    };
    let value = Value::from(name);
    let mut causes = Vec::new();
    if !ok {
        causes.push(Cause::invalid("metadata.name", &value, rule));
    }
    if name.len() > longest {
        let message = format!("Too long: may not be more than {longest} bytes");
        causes.push(Cause { reason: "FieldValueTooLong", message, field: "metadata.name".into() });
    }
    if causes.is_empty() { Ok(()) } else { Err(invalid(&kind.group, &kind.kind, name, &causes)) }
}

/// UnknownFields that a change may not touch.
pub(crate) fn change(kind: &Kind, old: &Object, new: &Object) -> Result<(), Refusal> {
    let differs = |path: &[&str]| old.at(path) != new.at(path);
    let mut causes = Vec::new();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret" | "ConfigMap") => {
            if old.at(&["immutable"]) == Some(&json!(true)) {
                let why = "field is immutable when `immutable` is set";
                for field in ["immutable", "data", "binaryData"] {
                    if differs(&[field]) {
                        causes.push(Cause::forbidden(field, why));
                    }
                }
            }
            if kind.kind == "Secret" && differs(&["type"]) {
                causes.push(Cause::invalid("type", new.at(&["type"]).unwrap_or(&Value::Null), "field is immutable"));
            }
        }
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") if differs(&["spec", "selector"]) => {
            let value = new.at(&["spec", "selector"]).cloned().unwrap_or(Value::Null);
            causes.push(Cause::invalid("spec.selector", &value, "field is immutable"));
        }
        ("apps", "StatefulSet") => {
            let mutable = [
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ];
            let frozen = |object: &Object| {
                let mut spec = object.at(&["spec"]).and_then(Value::as_object).cloned().unwrap_or_default();
                spec.retain(|name, _| !mutable.contains(&name.as_str()));
                spec
            };
            if frozen(old) != frozen(new) {
                let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
                causes.push(Cause::forbidden("spec", why));
            }
        }
        ("batch", "Job") => {
            for field in ["selector", "template", "completionMode"] {
                if differs(&["spec", field]) {
                    let value = new.at(&["spec", field]).cloned().unwrap_or(Value::Null);
                    causes.push(Cause::invalid(&format!("spec.{field}"), &value, "field is immutable"));
                }
            }
        }
        ("", "PersistentVolumeClaim") => claim(old, new, &mut causes),
        ("", "Service") => {
            let before = old.text(&["spec", "clusterIP"]);
            if !before.is_empty() && differs(&["spec", "clusterIP"]) {
                let value = json!(new.text(&["spec", "clusterIP"]));
                causes.push(Cause::invalid("spec.clusterIP", &value, "field is immutable"));
            }
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") if differs(&["roleRef"]) => {
            let value = new.at(&["roleRef"]).cloned().unwrap_or(Value::Null);
            causes.push(Cause::invalid("roleRef", &value, "cannot change roleRef"));
        }
        _ => {}
    }
    if causes.is_empty() { Ok(()) } else { Err(invalid(&kind.group, &kind.kind, new.name(), &causes)) }
}

fn claim(old: &Object, new: &Object, causes: &mut Vec<Cause>) {
    let spec = |object: &Object| {
        let mut spec = object.at(&["spec"]).and_then(Value::as_object).cloned().unwrap_or_default();
        spec.retain(|name, _| !matches!(name.as_str(), "resources" | "volumeName" | "volumeAttributesClassName"));
        spec
    };
    if spec(old) != spec(new) {
        let why =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        causes.push(Cause::forbidden("spec", why));
    }
    let size = |object: &Object| super::defaults::bytes(object.text(&["spec", "resources", "requests", "storage"]));
    if size(new) < size(old) {
        let why = "field can not be less than status.capacity";
        causes.push(Cause::forbidden("spec.resources.requests.storage", why));
    }
}

/// What an object of a kind must have.
pub(crate) fn complete(kind: &Kind, object: &Object) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    if kind.group == "apps" && matches!(kind.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        let labels = object.at(&["spec", "template", "metadata", "labels"]).cloned().unwrap_or(json!({}));
        let wanted = object.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_object);
        if object.at(&["spec", "selector"]).is_none() {
            causes.push(Cause::required("spec.selector", ""));
        } else if wanted.into_iter().flatten().any(|(name, value)| labels.get(name) != Some(value)) {
            let why = "`selector` does not match template `labels`";
            causes.push(Cause::invalid("spec.template.metadata.labels", &labels, why));
        }
    }
    if let Some(pod) = pod_spec(kind, object) {
        let at = if kind.kind == "Pod" { "spec" } else { "spec.template.spec" };
        let containers = pod.get("containers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if containers.is_empty() {
            causes.push(Cause::required(&format!("{at}.containers"), ""));
        }
        for (i, container) in containers.iter().enumerate() {
            if container.get("image").and_then(Value::as_str).unwrap_or("").is_empty() {
                causes.push(Cause::required(&format!("{at}.containers[{i}].image"), ""));
            }
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(invalid(&kind.group, &kind.kind, object.name(), &causes)) }
}

fn pod_spec<'a>(kind: &Kind, object: &'a Object) -> Option<&'a Value> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => object.at(&["spec"]),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
            object.at(&["spec", "template", "spec"])
        }
        _ => None,
    }
}
