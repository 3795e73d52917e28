//! Labels, membership in the release's set, and the namespace.

use serde_json::Value;

use super::Notes;
use crate::object::Object;
use crate::plan::set::{OPENED_BY, PART_OF, RELEASE, set_id};
use crate::plan::{Class, Wanted};
use crate::product::node::Node;
use crate::product::world::World;
use crate::secret::SecretRef;

/// Kinds without a namespace, of those that products bring; a custom resource is taken to have one.
pub(in crate::plan) const CLUSTER_SCOPED: [&str; 22] = [
    "APIService",
    "CSIDriver",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "GatewayClass",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Puts an object into its namespace and marks it as the release's (cluster.md 1).
pub(super) fn mark(object: &mut Object, group: &str, node: &Node, world: &World<'_>, notes: &mut Notes) {
    if !CLUSTER_SCOPED.contains(&object.kind()) && object.namespace().is_empty() {
        object.set(&["metadata", "namespace"], Value::from(world.namespace));
        // The namespace behind the name, as people write it.
        let metadata = object.0.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata
            && let (Some(name), Some(namespace)) = (metadata.shift_remove("name"), metadata.shift_remove("namespace"))
        {
            metadata.shift_insert(0, "name".into(), name);
            metadata.shift_insert(1, "namespace".into(), namespace);
        }
    }
    for reserved in [PART_OF, RELEASE] {
        if object.label(reserved).is_some() {
            notes.fault("RESERVED_LABEL", &node.place, format!("the label {reserved} is written by slipway")).remedy =
                "take it out of the manifest".into();
        }
    }
    let component = world.product.components.get(group);
    let name = component.map_or(world.product.name.as_str(), |component| component.uses.as_str());
    let labels = [
        ("app.kubernetes.io/name", name),
        ("app.kubernetes.io/instance", world.release),
        ("app.kubernetes.io/component", group),
        ("app.kubernetes.io/part-of", world.product.name.as_str()),
        ("app.kubernetes.io/managed-by", "slipway"),
    ];
    for (label, value) in labels {
        if object.label(label).is_none() {
            object.set_label(label, value);
        }
    }
    match Class::of(object) {
        Class::Claim => object.set_label(RELEASE, world.release),
        Class::Crd => {}
        Class::Ordinary | Class::ClusterScoped => {
            let parent = format!("slipway-{}", world.release);
            object.set_label(PART_OF, &set_id(&parent, world.namespace, "ConfigMap", ""));
        }
    }
    let Some(path) = object.pod_template_path().filter(|path| !path.is_empty()) else { return };
    if object.at(path).is_none() {
        return;
    }
    for (label, value) in labels.into_iter().filter(|(label, _)| !label.ends_with("/part-of")) {
        let mut path = path.to_vec();
        path.extend(["metadata", "labels", label]);
        if object.at(&path).is_none() {
            object.set(&path, Value::from(value));
        }
    }
}

/// Writes on each claim which keys open its data (cluster.md 5 "Pact of volume and key").
pub(super) fn opened_by(objects: &mut [Wanted], world: &World<'_>) {
    let mut openers: Vec<(String, String)> = Vec::new();
    for question in world.product.questions.values().filter(|question| !question.opens.is_empty()) {
        let Some(secret) = world.secrets.get(&question.path) else { continue };
        let opener = match &secret.at {
            SecretRef::Keys { generation, key } => format!("{}-keys-{}/{key}", world.release, (*generation).max(1)),
            SecretRef::Existing { name, key, .. } => format!("{name}/{key}"),
        };
        let scope = world.scope(&question.scope);
        // What cannot be said is left out here; the key's own entry of the plan tells the fault.
        for opened in question.opens.iter().filter_map(|template| scope.text(template).ok()) {
            openers.push((opened, opener.clone()));
        }
    }
    for wanted in objects.iter_mut().filter(|wanted| Class::of(&wanted.object) == Class::Claim) {
        let by: Vec<&str> = openers
            .iter()
            .filter(|(claim, _)| claim == wanted.object.name())
            .map(|(_, opener)| opener.as_str())
            .collect();
        if !by.is_empty() {
            wanted.object.set_annotation(OPENED_BY, &by.join(","));
        }
    }
}

/// Where a claim of an earlier install is set aside, the release's own has another name (cluster.md 5).
pub(super) fn rename_claims(objects: &mut [Wanted], world: &World<'_>) {
    let pact = &world.facts.namespace.pact;
    if pact.is_empty() {
        return;
    }
    for wanted in objects {
        let object = &mut wanted.object;
        if Class::of(object) == Class::Claim {
            let name = pact.claim(object.name()).to_string();
            object.set(&["metadata", "name"], Value::from(name));
            continue;
        }
        let Some(path) = object.pod_template_path() else { continue };
        let mut path = path.to_vec();
        path.extend(["spec", "volumes"]);
        let mut volumes = object.list(&path).to_vec();
        for volume in &mut volumes {
            let claim = volume.pointer_mut("/persistentVolumeClaim/claimName");
            if let Some(claim) = claim
                && let Some(name) = claim.as_str().map(|name| pact.claim(name).to_string())
            {
                *claim = Value::from(name);
            }
        }
        if !volumes.is_empty() {
            object.set(&path, Value::Array(volumes));
        }
    }
}
