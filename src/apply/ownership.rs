//! Whose object it is (cluster.md 2): told by our mark alone, never by an object's fields.

use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::set::{PART_OF, RELEASE};
use crate::plan::{Class, Target};

/// Marks of others: label or annotation, and who writes it.
const MARKS: [(&str, &str); 9] = [
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("objectset.rio.cattle.io/id", "Rancher Fleet"),
    ("fleet.cattle.io/bundle-id", "Rancher Fleet"),
    ("kapp.k14s.io/app", "kapp"),
    ("meta.helm.sh/release-name", "Helm"),
    ("kro.run/owned", "kro"),
];

/// Who else manages an object, where its marks say so.
pub(super) fn foreign_owner(object: &Object) -> Option<String> {
    MARKS.iter().find_map(|(mark, owner)| {
        let value = object.label(mark).or_else(|| object.annotation(mark))?;
        Some(if value.is_empty() {
            (*owner).to_string()
        } else {
            format!("{owner} ({})", crate::sanitize::line(value))
        })
    })
}

/// The same for an object that is taken over from Helm.
pub(super) fn foreign_owner_but_helm(object: &Object) -> Option<String> {
    let mut object = object.clone();
    for mark in crate::plan::adopt::HELM_MARKS {
        object.remove(&["metadata", "annotations", mark]);
    }
    foreign_owner(&object)
}

/// Why a live object may not be touched; `None` when it is ours.
pub(super) fn refusal(live: &Object, target: &Target, class: Class) -> Option<Failure> {
    let id = target.set_id();
    if let Some(owner) = foreign_owner(live) {
        return Some(two_owners(live, &owner));
    }
    let ours = match class {
        Class::Ordinary | Class::ClusterScoped => live.label(PART_OF) == Some(&id) || is_key_or_record(live, target),
        Class::Claim => live.label(RELEASE) == Some(&target.release),
        // Definitions belong to the cluster; what we change of them is judged by field conflicts.
        Class::Crd => true,
    };
    if ours {
        return None;
    }
    let why = match live.label(PART_OF).or_else(|| live.label(RELEASE)) {
        Some(other) => format!("it belongs to another set: {}", crate::sanitize::line(other)),
        None => "it exists without the mark of this release".to_string(),
    };
    Some(
        Failure::new(FailureKind::Refused, format!("{} is not this release's", live.id().short()))
            .place(live.id().to_string())
            .why(why)
            .state(NOTHING_WRITTEN)
            .hint(format!("take it over: --adopt {}", live.id().short()))
            .hint("or choose another name or namespace: --name RELEASE, -n NAMESPACE"),
    )
}

/// Key Secrets and records are named in an uninstall; they carry the release's label instead of the set's.
fn is_key_or_record(live: &Object, target: &Target) -> bool {
    matches!(live.kind(), "Secret" | "ConfigMap" | "Lease") && live.label(RELEASE) == Some(&target.release)
}

/// Two owners are an incident.
pub(super) fn two_owners(object: &Object, owner: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("{} is managed by {owner}", object.id().short()))
        .place(object.id().to_string())
        .why("two owners would undo each other's changes")
        .state(NOTHING_WRITTEN)
        .hint(format!("take it out of {owner} first, or choose another namespace: -n NAMESPACE"))
}
