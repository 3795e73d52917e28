//! The Gateways that routes name exist.

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let none = Vec::new();
    let known = if facts.namespace.exists { facts.namespace.gateways.known() } else { Some(&none) };
    let Some(known) = known else { return Vec::new() };
    let steps = || plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted.object);
    let made: Vec<&str> = steps().filter(|object| object.kind() == "Gateway").map(|object| object.name()).collect();
    let mut findings: Vec<Finding> = Vec::new();
    for object in
        steps().filter(|object| object.group() == "gateway.networking.k8s.io" && object.kind().ends_with("Route"))
    {
        for parent in object.list(&["spec", "parentRefs"]) {
            let here = parent["namespace"].is_null() || parent["namespace"] == object.namespace();
            let gateway = parent["kind"].is_null() || parent["kind"] == "Gateway";
            let Some(name) = parent["name"].as_str().filter(|_| here && gateway) else { continue };
            if made.contains(&name) || known.iter().any(|known| known == name) {
                continue;
            }
            let there = if known.is_empty() { "none".to_string() } else { known.join(", ") };
            let what = format!("there is no Gateway {name} in the namespace {}", plan.target.namespace);
            let finding = Finding::new("GATEWAY_MISSING", Severity::Error, what)
                .why(format!("{} is attached to it; there are {there}", object.id().short()))
                .remedy("name one that exists, or leave it empty to have one made")
                .at(object.id().to_string());
            if !findings.iter().any(|told| told.what == finding.what) {
                findings.push(finding);
            }
        }
    }
    findings
}
