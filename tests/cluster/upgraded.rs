//! A release before and after an upgrade, over the plan that is written by hand: an image, a selector, a Service that makes way
//! for another, and a ConfigMap that goes.

use std::collections::BTreeMap;

use serde_json::json;
use slipway::cluster::{Cluster, Fault};
use slipway::object::{Object, ObjectId};
use slipway::plan::{Action, Class, Plan, Step, Verb, Wanted};

use crate::inngest::plan;

fn step(
    namespace: &str,
    api: &str,
    kind: &str,
    name: &str,
    rest: serde_json::Value,
    action: Action,
    wave: u32,
) -> Step {
    let mut object =
        Object(json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}}));
    for (key, value) in rest.as_object().into_iter().flatten() {
        object.set(&[key], value.clone());
    }
    let class = Class::of(&object);
    let wanted = Wanted { object, group: "server".into(), after: vec![], recipes: BTreeMap::new() };
    Step { wanted, action, wave, after: vec![], class, one_first: false }
}

fn service(namespace: &str, name: &str, action: Action, wave: u32) -> Step {
    let spec = json!({"spec": {"selector": {"app": "x"}, "ports": [{"name": "a", "port": 80, "targetPort": 80}]}});
    step(namespace, "v1", "Service", name, spec, action, wave)
}

fn extra(namespace: &str, action: Action, wave: u32) -> Step {
    step(namespace, "v1", "ConfigMap", "extra", json!({"data": {"a": "b"}}), action, wave)
}

/// What stands before: Inngest, a Service that something else will take the place of, and a ConfigMap that goes.
pub(crate) fn before(namespace: &str) -> Plan {
    let mut plan = plan(namespace);
    plan.steps.insert(0, extra(namespace, Action::Create, 0));
    plan.steps.push(service(namespace, "old", Action::Create, 3));
    plan
}

/// The plan as it would be made over what is there: another image and another selector, so that the Deployment is made anew.
///
/// # Errors
/// What is there cannot be read.
pub(crate) async fn after(cluster: &Cluster, namespace: &str) -> Result<Plan, Fault> {
    let mut plan = plan(namespace);
    (plan.verb, plan.namespace_exists, plan.keys.exists) = (Verb::Upgrade, true, true);
    plan.product.version = "2".into();
    let found = |kind: &str, group: &str, name: &str| {
        let id = ObjectId::new(group, kind, namespace, name);
        async move { cluster.find(&id).await }
    };
    let there = found("Deployment", "apps", "inngest").await?;
    let anew = there.is_some_and(|live| live.text(&["spec", "selector", "matchLabels", "rung"]) != "2");
    for step in &mut plan.steps {
        let object = &mut step.wanted.object;
        step.action = Action::Change { fields: vec![], restarts: false };
        match object.kind() {
            "ConfigMap" => object.set(&["data", "LOG_LEVEL"], "debug".into()),
            "Deployment" => {
                object.set(&["spec", "selector", "matchLabels", "rung"], "2".into());
                object.set(&["spec", "template", "metadata", "labels", "rung"], "2".into());
                let mut container = object.list(&["spec", "template", "spec", "containers"])[0].clone();
                container["image"] = "inngest/inngest:v2".into();
                object.set(&["spec", "template", "spec", "containers"], json!([container]));
                if anew {
                    step.action = Action::Replace { why: "spec.selector cannot be changed".into() };
                }
                step.wave = 4;
            }
            _ => {}
        }
    }
    plan.waves = ["configuration", "storage", "database", "way", "server", "late"].map(String::from).to_vec();
    if found("Service", "", "old").await?.is_some() {
        plan.steps.push(service(namespace, "old", Action::Delete, 3));
    }
    plan.steps.push(service(namespace, "new", Action::Create, 4));
    if found("ConfigMap", "", "extra").await?.is_some() {
        plan.steps.push(extra(namespace, Action::Delete, 5));
    }
    plan.steps.sort_by_key(|step| step.wave);
    Ok(plan)
}
