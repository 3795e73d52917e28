//! Nobody else owns the namespace, or an object that is to become ours (cluster.md 2).

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::Plan;
use crate::product::schema::Product;

/// Marks that tools leave on what they own: labels, annotations, also those of a chart.
const MARKS: &[(&str, &str)] = &[
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("objectset.rio.cattle.io/id", "Rancher"),
    ("fleet.cattle.io/bundle-id", "Rancher"),
    ("catalog.cattle.io/ui-source-repo", "Rancher"),
    ("kapp.k14s.io/app", "kapp"),
    ("kro.run/owned", "kro"),
];

/// Field managers of controllers that write what they own again and again.
const MANAGERS: &[(&str, &str)] = &[
    ("argocd-controller", "Argo CD"),
    ("argocd-application-controller", "Argo CD"),
    ("helm-controller", "Flux"),
    ("kustomize-controller", "Flux"),
    ("fleetagent", "Rancher"),
    ("fleet-agent", "Rancher"),
    ("rancher", "Rancher"),
    ("kapp-controller", "kapp"),
];

/// Who owns what has these labels or annotations, and what the mark says.
pub fn marked<'a>(marks: impl Iterator<Item = (&'a String, &'a String)>) -> Option<(&'static str, String)> {
    let mut found = marks.filter_map(|(key, value)| {
        let (_, who) = MARKS.iter().find(|(mark, _)| mark == key)?;
        Some((*who, format!("{key}: {}", crate::sanitize::line(value))))
    });
    found.next()
}

/// The tool that keeps an object as it wants it, with the sign of it: a label, an annotation, or who writes its fields.
pub fn owner(object: &Object) -> Option<(&'static str, String)> {
    let texts = |place: &str| -> BTreeMap<String, String> {
        let all = object.at(&["metadata", place]).and_then(|all| all.as_object());
        all.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_string()))).collect()
    };
    let (labels, annotations) = (texts("labels"), texts("annotations"));
    marked(labels.iter().chain(&annotations)).or_else(|| {
        let entries = object.list(&["metadata", "managedFields"]).iter();
        let mut managers = entries.filter_map(|entry| entry["manager"].as_str());
        managers.find_map(|manager| {
            let (_, who) = MANAGERS.iter().find(|(name, _)| *name == manager)?;
            Some((*who, format!("field manager {manager}")))
        })
    })
}

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let namespace = &facts.namespace;
    marked(namespace.labels.iter().chain(&namespace.annotations))
        .map(|(who, mark)| {
            let what = format!("the namespace {} belongs to {who} ({mark})", plan.target.namespace);
            Finding::new("FOREIGN_OWNER", Severity::Error, what)
                .why("two owners undo each other's work")
                .remedy("choose another namespace: -n NAMESPACE")
                .at(format!("Namespace/{}", plan.target.namespace))
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_owner_is_known_by_label_annotation_or_field_manager() {
        let cases = [
            (json!({"labels": {"helm.toolkit.fluxcd.io/name": "inngest"}}), Some("Flux")),
            (json!({"annotations": {"argocd.argoproj.io/tracking-id": "a"}}), Some("Argo CD")),
            (json!({"annotations": {"objectset.rio.cattle.io/id": "a"}}), Some("Rancher")),
            (json!({"managedFields": [{"manager": "helm-controller"}]}), Some("Flux")),
            (json!({"managedFields": [{"manager": "helm"}], "labels": {"app.kubernetes.io/managed-by": "Helm"}}), None),
        ];
        for (metadata, who) in cases {
            assert_eq!(owner(&Object(json!({"metadata": metadata}))).map(|(who, _)| who), who);
        }
    }
}
