//! No other Ingress serves the host already.

use crate::facts::{Facts, ServedHost};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(served) = facts.served_hosts.known() else { return Vec::new() };
    let steps = plan.steps.iter().filter(|step| !matches!(step.action, Action::Keep | Action::Delete));
    let ingresses = steps.map(|step| &step.wanted.object).filter(|object| object.kind() == "Ingress");
    ingresses.flat_map(|ingress| taken(ingress, served)).collect()
}

fn taken(ingress: &Object, served: &[ServedHost]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in ingress.list(&["spec", "rules"]) {
        let Some(host) = rule["host"].as_str() else { continue };
        let paths = rule["http"]["paths"].as_array().cloned().unwrap_or_default();
        let ours = |other: &ServedHost| paths.iter().any(|path| same(path["path"].as_str().unwrap_or(""), &other.path));
        let others = || {
            let own = |other: &&ServedHost| other.namespace != ingress.namespace() || other.ingress != ingress.name();
            served.iter().filter(|other| other.host == host).filter(own)
        };
        // The same path is a clash; the same host with other paths may be meant.
        let (other, severity, why) = match (others().find(|other| ours(other)), others().next()) {
            (Some(other), _) => (other, Severity::Error, format!("both serve {}", shown(&other.path))),
            (None, Some(other)) => (other, Severity::Warning, "the two serve different paths of it".to_string()),
            (None, None) => continue,
        };
        let what = format!(
            "the host {host} is served by Ingress/{} in the namespace {} already",
            other.ingress, other.namespace
        );
        findings.push(
            Finding::new("HOST_TAKEN", severity, what)
                .why(why)
                .remedy(format!(
                    "choose another host, or take the other one away: kubectl -n {} get ingress {}",
                    other.namespace, other.ingress
                ))
                .at(ingress.id().to_string()),
        );
    }
    findings
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}
