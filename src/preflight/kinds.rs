//! The cluster knows every custom kind that the plan uses.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

/// Groups that are not Kubernetes' own, and who brings them.
const BROUGHT: &[(&str, &str)] = &[
    ("keda.sh", "KEDA"),
    ("cert-manager.io", "cert-manager"),
    ("gateway.networking.k8s.io", "the Gateway API"),
    ("monitoring.coreos.com", "the Prometheus operator"),
];

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(known) = facts.crds.known() else { return Vec::new() };
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for step in plan.steps.iter().filter(|step| step.action != Action::Delete) {
        let id = step.wanted.object.id();
        let own = !id.group.contains('.') || id.group.ends_with(".k8s.io") && id.group != "gateway.networking.k8s.io";
        if own || known.contains(&id.group_kind()) || !told.insert(id.group_kind()) {
            continue;
        }
        let who = BROUGHT.iter().find(|(group, _)| *group == id.group).map(|(_, who)| *who);
        let finding =
            Finding::new("KIND_MISSING", Severity::Error, format!("the cluster does not know {}", id.group_kind()))
                .at(id.to_string());
        findings.push(match who {
            Some(who) => finding.why(format!("{who} brings it")).remedy(format!("install {who}, or answer without it")),
            None => finding.remedy("install what brings it, or answer without it"),
        });
    }
    findings
}
