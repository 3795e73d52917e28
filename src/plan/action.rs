//! What is done to one object, from what is wanted and what is there.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::adopt::template_claims;
use super::diff::changes;
use super::restart::{Source, concerns, first_use, reads};
use super::{Action, Class, FieldChange, OPEN_HASH, RESTART_HASH, Wanted};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::quantity::Quantity;
use crate::secret::Secrets;

/// Keys of ConfigMaps and Secrets that a plan changes, by kind and name; with the keys that restart nobody.
#[derive(Default)]
pub(super) struct ChangedConfiguration(BTreeMap<(Source, String), (BTreeSet<String>, BTreeSet<String>)>);

impl ChangedConfiguration {
    /// Takes in what is done to a ConfigMap or Secret.
    pub(super) fn add(&mut self, object: &Object, action: &Action) {
        let Some(source) = Source::of(object) else { return };
        let keys: BTreeSet<String> = match action {
            Action::Change { fields, .. } => fields.iter().filter_map(|field| entry_of(&field.path)).collect(),
            Action::Create | Action::Replace { .. } => {
                let data = ["data", "binaryData"].into_iter().filter_map(|field| object.at(&[field])?.as_object());
                data.flat_map(|data| data.keys().cloned()).collect()
            }
            Action::Keep | Action::Delete => return,
        };
        self.0.insert((source, object.name().to_owned()), (keys, first_use(object)));
    }

    /// Whether the pods of a workload read something that changes.
    fn restarts(&self, object: &Object) -> bool {
        let Some(spec) = object.pod_spec() else { return false };
        reads(spec).iter().any(|(which, keys)| {
            self.0
                .get(which)
                .is_some_and(|(changed, first_use)| changed.iter().any(|key| concerns(keys, first_use, key)))
        })
    }
}

/// The entry of `data` that a path names: `data.a`, or `data["tls.key"]`.
pub(super) fn entry_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("binaryData").or_else(|| path.strip_prefix("data"))?;
    match rest.strip_prefix('.') {
        Some(key) => Some(key.to_owned()),
        None => serde_json::from_str(rest.strip_prefix('[')?.strip_suffix(']')?).ok(),
    }
}

/// Fields that the API server refuses to change, by kind; where one changes the object is made anew.
fn immutable(object: &Object, path: &str) -> bool {
    let under = |prefixes: &[&str]| {
        prefixes
            .iter()
            .any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])))
    };
    match (object.group(), object.kind()) {
        ("batch", "Job") => under(&["spec.template", "spec.selector", "spec.completions", "spec.completionMode"]),
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => under(&["spec.selector"]),
        ("apps", "StatefulSet") => {
            under(&["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"])
        }
        ("", "Service") => path == "spec.clusterIP",
        ("", "PersistentVolumeClaim") => {
            path.starts_with("spec.")
                && path != "spec.resources.requests.storage"
                && !path.contains("volumeAttributesClass")
        }
        ("", "Secret") => path == "type",
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => under(&["roleRef"]),
        ("storage.k8s.io", "StorageClass") => !path.starts_with("metadata") && !path.starts_with("allow"),
        _ => false,
    }
}

impl Wanted {
    /// The wanted object with its secret entries made, where their values are known; else without them. Hold it only while
    /// it is compared.
    pub(crate) fn complete(&self, secrets: &Secrets) -> Object {
        let mut object = self.object.clone();
        for (key, recipe) in &self.recipes {
            match recipe.resolve(&|path, _| secrets.value(path).cloned()) {
                Ok(Some(value)) if object.kind() == "ConfigMap" => object.set(&["data", key], value.expose().into()),
                Ok(Some(value)) => object.set(&["data", key], Value::from(STANDARD.encode(value.expose()))),
                Ok(None) | Err(_) => drop(object.remove(&["data", key])),
            }
        }
        object
    }
}

/// What is done to an object that is there, or not, with the fields that were left to other managers. A claim in `wanted`
/// that asks for less than there is gets what is there.
pub(super) fn action(
    wanted: &mut Wanted,
    (live, left): (Option<&Object>, &[String]),
    secrets: &Secrets,
    manager: &str,
    changed: &ChangedConfiguration,
    findings: &mut Vec<Finding>,
) -> Action {
    let Some(live) = live else { return Action::Create };
    if Class::of(&wanted.object) == Class::Claim {
        keep_size(&mut wanted.object, live, findings);
    }
    let mut fields = changes(&wanted.complete(secrets), live, manager);
    fields.retain(|field| !left.contains(&field.path));
    // A key that could not be made here is neither new nor gone: its value is not known.
    fields.retain(|field| {
        field.to.is_some() || entry_of(&field.path).is_none_or(|key| !wanted.recipes.contains_key(&key))
    });
    let object = &wanted.object;
    let fixed: Vec<&str> =
        fields.iter().map(|field| field.path.as_str()).filter(|path| immutable(object, path)).collect();
    let frozen = live.at(&["immutable"]) == Some(&Value::Bool(true))
        && fields.iter().any(|field| entry_of(&field.path).is_some());
    if !fixed.is_empty() || frozen {
        let what = if frozen {
            "it is marked immutable".to_owned()
        } else {
            format!("{} cannot be changed", fixed.join(", "))
        };
        // A claim that was never bound holds no data (cluster.md 5).
        let unbound = object.kind() == "PersistentVolumeClaim" && live.text(&["spec", "volumeName"]).is_empty();
        if unbound {
            return Action::Replace { why: format!("{what}; it was never bound and holds no data") };
        }
        let keeps = matches!(object.kind(), "StatefulSet" | "PersistentVolumeClaim");
        if !keeps || over_the_same_claims(live, object) {
            return Action::Replace { why: what };
        }
        findings.push(
            Finding::new("IMMUTABLE_FIELD", Severity::Error, format!("{} of {}", what, object.id().short()))
                .why("making it anew could lose data, so it is never done without being asked")
                .remedy(remedy(&fields, &fixed))
                .at(object.id().to_string()),
        );
        return Action::Keep;
    }
    let restarts = restart(object, live, changed, &mut fields);
    if fields.is_empty() { Action::Keep } else { Action::Change { fields, restarts } }
}

/// Whether a StatefulSet can be made anew without losing data: its claims were made after templates, or come to be, outlive
/// it, and the new one mounts every one of them. Where the old one has none, the new one brings the first.
fn over_the_same_claims(live: &Object, wanted: &Object) -> bool {
    let templates = |set: &Object| !set.list(&["spec", "volumeClaimTemplates"]).is_empty();
    let (had, has) = (claims(live), claims(wanted));
    let outlive = ["whenDeleted", "whenScaled"]
        .iter()
        .all(|when| live.text(&["spec", "persistentVolumeClaimRetentionPolicy", when]) != "Delete");
    match had.is_empty() {
        true => !has.is_empty(),
        false => (templates(live) || templates(wanted)) && outlive && had.is_subset(&has),
    }
}

/// The claims that the pods of a workload mount, those of a StatefulSet's templates too.
pub(super) fn claims(object: &Object) -> BTreeSet<String> {
    let volumes = object.pod_spec().and_then(|spec| spec["volumes"].as_array());
    let names = volumes.into_iter().flatten();
    let names = names.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    let templates = template_claims(object);
    let names = names.chain(templates.iter().map(Object::name));
    names.map(|name| format!("{}/{name}", object.namespace())).collect()
}

fn remedy(fields: &[FieldChange], fixed: &[&str]) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".into(), ToString::to_string);
    let first = fields.iter().find(|field| fixed.contains(&field.path.as_str()));
    first.map_or_else(String::new, |field| {
        format!("go back to what is there: {} is {}, not {}", field.path, shown(&field.from), shown(&field.to))
    })
}

/// Whether the pods restart; the open hash shows as a field where it is why.
fn restart(object: &Object, live: &Object, changed: &ChangedConfiguration, fields: &mut Vec<FieldChange>) -> bool {
    if !matches!(object.kind(), "Deployment" | "StatefulSet" | "DaemonSet") {
        return false;
    }
    let path = ["spec", "template", "metadata", "annotations", RESTART_HASH];
    if object.text(&path) == OPEN_HASH && (live.at(&path).is_none() || changed.restarts(object)) {
        fields.push(FieldChange {
            path: format!("spec.template.metadata.annotations[{}]", Value::from(RESTART_HASH)),
            from: live.at(&path).cloned(),
            to: Some(Value::from(OPEN_HASH)),
        });
    }
    fields.iter().any(|field| field.path.starts_with("spec.template"))
}

/// A claim is never made smaller (cluster.md 5): what is there stays, and that is said.
fn keep_size(claim: &mut Object, live: &Object, findings: &mut Vec<Finding>) {
    let path = ["spec", "resources", "requests", "storage"];
    let size = |object: &Object| object.text(&path).parse::<Quantity>().ok();
    if let (Some(asked), Some(there)) = (size(claim), size(live))
        && asked < there
    {
        let kept = Value::from(live.text(&path));
        findings.push(
            Finding::new(
                "CLAIM_SHRINKS",
                Severity::Warning,
                format!(
                    "{} has {} and stays so: a volume cannot shrink to {}",
                    claim.id().short(),
                    live.text(&path),
                    claim.text(&path)
                ),
            )
            .remedy("back it up and restore it into a smaller claim, if it must be smaller")
            .at(claim.id().to_string()),
        );
        claim.set(&path, kept);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(claim: Option<&str>, template: Option<&str>, retention: &str) -> Object {
        let volumes: Vec<Value> =
            claim.iter().map(|claim| json!({"name": "v", "persistentVolumeClaim": {"claimName": claim}})).collect();
        let templates: Vec<Value> =
            template.iter().map(|name| json!({"metadata": {"name": name}, "spec": {}})).collect();
        Object(json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "n"},
            "spec": {
                "replicas": 1, "volumeClaimTemplates": templates, "template": {"spec": {"volumes": volumes}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": retention, "whenScaled": "Retain"},
            },
        }))
    }

    #[test]
    fn a_stateful_set_is_made_anew_only_over_every_claim_that_it_had() {
        let template = |retention| set(None, Some("data"), retention);
        for (live, wanted, anew) in [
            (template("Retain"), set(Some("data-db-0"), None, "Retain"), true),
            (set(Some("data-db-0"), None, "Retain"), template("Retain"), true),
            (template("Retain"), set(Some("db"), None, "Retain"), false),
            (template("Delete"), set(Some("data-db-0"), None, "Retain"), false),
            (template("Retain"), set(None, None, "Retain"), false),
            (set(Some("a"), None, "Retain"), set(Some("a"), None, "Retain"), false),
            (set(None, None, "Retain"), set(Some("a"), None, "Retain"), true),
            (set(None, None, "Retain"), set(None, None, "Retain"), false),
        ] {
            assert_eq!(over_the_same_claims(&live, &wanted), anew, "{live:?} {wanted:?}");
        }
    }
}
