//! A release as plain manifests for a GitOps tool: without membership in slipway's set, without a namespace, and without a
//! value of a secret. Secrets become stubs of the External Secrets operator, or whole Secrets for a file that is encrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::{Action, Class, OPEN_HASH, Plan, RESTART_HASH, Wanted};
use crate::object::Object;
use crate::secret::Secrets;

/// Annotation on a release's parent: who has its objects now. No run of slipway writes them any more.
pub const HANDED_OVER: &str = "slipway.dev/handed-over";

/// Labels and annotations that mean something to slipway alone.
fn is_ours(key: &str) -> bool {
    key.starts_with("slipway.dev/") || key.starts_with("applyset.kubernetes.io/")
}

/// What is exported of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// Everything but the Secrets that hold secrets, in the order in which it is made.
    pub objects: Vec<Value>,
    /// A stub for each Secret that holds secrets.
    pub stubs: Vec<Value>,
}

/// Exports the recorded objects of a plan. `hash` tells the restart hash of a workload, as it is in the cluster: with another
/// one its pods would restart.
pub fn export(plan: &Plan, hash: &dyn Fn(&Object) -> Option<String>) -> Exported {
    let mut exported = Exported::default();
    let steps = plan.steps.iter().filter(|step| step.action != Action::Delete);
    for wanted in steps.map(|step| &step.wanted) {
        if wanted.object.kind() == "Secret" && !wanted.recipes.is_empty() {
            exported.stubs.push(stub(wanted, &plan.target.release));
            continue;
        }
        let mut object = plain(&wanted.object);
        if let Some(path) = object.pod_template_path() {
            let path: Vec<&str> = path.iter().copied().chain(["metadata", "annotations", RESTART_HASH]).collect();
            if object.text(&path) == OPEN_HASH {
                match hash(&wanted.object) {
                    Some(hash) => object.set(&path, hash.into()),
                    None => drop(object.remove(&path)),
                }
            }
        }
        if Class::of(&object) == Class::Claim {
            // Data is not to go because a file went.
            object.set_annotation("argocd.argoproj.io/sync-options", "Prune=false,Delete=false");
            object.set_annotation("kustomize.toolkit.fluxcd.io/prune", "disabled");
        }
        exported.objects.push(object.0);
    }
    exported
}

/// The Secrets of a plan with their values, for a file that is encrypted. Hold it only while it is.
pub fn secrets(plan: &Plan, secrets: &Secrets) -> Vec<Value> {
    let steps = plan.steps.iter().filter(|step| step.action != Action::Delete);
    let wanted = steps.map(|step| &step.wanted).filter(|wanted| !wanted.recipes.is_empty());
    wanted.filter(|wanted| wanted.object.kind() == "Secret").map(|wanted| plain(&wanted.complete(secrets)).0).collect()
}

/// Without what is slipway's alone.
fn plain(object: &Object) -> Object {
    let mut object = object.clone();
    object.remove(&["metadata", "namespace"]);
    for place in ["labels", "annotations"] {
        if let Some(Value::Object(all)) = object.0.pointer_mut(&format!("/metadata/{place}")) {
            all.retain(|key, value| !is_ours(key) && *value != "slipway");
            if all.is_empty() {
                object.remove(&["metadata", place]);
            }
        }
    }
    object
}

/// The stub of a Secret: where the operator keeps each secret entry is for the operator to say; what is clean stands in it.
fn stub(wanted: &Wanted, release: &str) -> Value {
    let name = wanted.object.name();
    let keys: Vec<Value> = wanted
        .recipes
        .keys()
        .map(|key| json!({"secretKey": key, "remoteRef": {"key": format!("{release}/{name}"), "property": key}}))
        .collect();
    let all = wanted.object.at(&["data"]).and_then(Value::as_object).into_iter().flatten();
    let clean = all.filter(|(key, _)| !wanted.recipes.contains_key(*key)).filter_map(|(key, value)| {
        let text = String::from_utf8(BASE64.decode(value.as_str()?).ok()?).ok()?;
        Some((key.clone(), Value::from(text)))
    });
    let clean: Map<String, Value> = clean.collect();
    let mut target = json!({"name": name, "creationPolicy": "Owner"});
    if !clean.is_empty() {
        target["template"] = json!({"engineVersion": "v2", "mergePolicy": "Merge", "data": clean});
    }
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": "name-of-your-store"},
            "target": target,
            "data": keys,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{ProductRef, Step, Target, Verb};
    use super::*;
    use crate::product::Recipe;

    fn plan(objects: Vec<(Object, BTreeMap<String, Recipe>)>) -> Plan {
        let step = |(object, recipes)| {
            let wanted = Wanted { object, group: "a".into(), after: Vec::new(), recipes };
            let class = Class::of(&wanted.object);
            Step { wanted, action: Action::Create, wave: 0, after: Vec::new(), class, one_first: false }
        };
        Plan {
            steps: objects.into_iter().map(step).collect(),
            waves: vec!["a".into()],
            ..Plan::new(
                Verb::Install,
                Target { release: "r".into(), namespace: "n".into(), ..Target::default() },
                ProductRef::default(),
            )
        }
    }

    fn object(kind: &str, more: Value) -> Object {
        let mut object = Object(json!({
            "apiVersion": if kind == "Deployment" { "apps/v1" } else { "v1" }, "kind": kind,
            "metadata": {"name": "a", "namespace": "n", "labels": {
                "applyset.kubernetes.io/part-of": "x", "slipway.dev/release": "r", "app.kubernetes.io/managed-by": "slipway", "app": "a",
            }},
        }));
        for (key, value) in more.as_object().unwrap() {
            object.set(&[key], value.clone());
        }
        object
    }

    #[test]
    fn what_is_exported_carries_no_mark_and_restarts_nobody() {
        let template = json!({"template": {"metadata": {"annotations": {RESTART_HASH: OPEN_HASH}}, "spec": {}}});
        let plan = plan(vec![
            (object("Deployment", json!({"spec": template})), BTreeMap::new()),
            (object("PersistentVolumeClaim", json!({"spec": {}})), BTreeMap::new()),
        ]);
        let exported = export(&plan, &|_| Some("abc".into()));
        let deployment = Object(exported.objects[0].clone());
        assert_eq!(deployment.at(&["metadata"]), Some(&json!({"name": "a", "labels": {"app": "a"}})));
        assert_eq!(deployment.text(&["spec", "template", "metadata", "annotations", RESTART_HASH]), "abc");
        assert_eq!(exported.objects[1]["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"], "disabled");
    }

    #[test]
    fn a_secret_becomes_a_stub_that_names_its_entries_and_holds_what_is_clean() {
        let recipe = Recipe { template: "${value}".into(), with: BTreeMap::new() };
        let data = json!({"data": {"password": super::super::PLACEHOLDER, "user": BASE64.encode("ana")}});
        let plan = plan(vec![(object("Secret", data), BTreeMap::from([("password".to_string(), recipe)]))]);
        let exported = export(&plan, &|_| None);
        assert_eq!(exported.objects, [] as [Value; 0]);
        let spec = &exported.stubs[0]["spec"];
        assert_eq!(
            spec["data"],
            json!([{"secretKey": "password", "remoteRef": {"key": "r/a", "property": "password"}}])
        );
        assert_eq!(spec["target"]["template"]["data"], json!({"user": "ana"}));
    }
}
