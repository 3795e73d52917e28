//! Nobody else owns the namespace (cluster.md 2).

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::product::schema::Product;

/// Marks that tools leave on what they own.
const MARKS: &[(&str, &str)] = &[
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("objectset.rio.cattle.io/id", "Rancher"),
    ("kapp.k14s.io/app", "kapp"),
];

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let namespace = &facts.namespace;
    let marks = namespace.labels.iter().chain(&namespace.annotations);
    marks
        .filter_map(|(key, value)| MARKS.iter().find(|(mark, _)| mark == key).map(|(_, who)| (who, value)))
        .take(1)
        .map(|(who, value)| {
            let what = format!("the namespace {} belongs to {who} ({value})", plan.target.namespace);
            Finding::new("FOREIGN_OWNER", Severity::Error, what)
                .why("two owners undo each other's work")
                .remedy("choose another namespace: -n NAMESPACE")
                .at(format!("Namespace/{}", plan.target.namespace))
        })
        .collect()
}
