//! The set's parent (KEP-3659, as kubectl implements it; facts: installers 6.5): gives every kubectl user the list of an
//! install by label.

use std::collections::BTreeSet;

use serde_json::json;

use crate::object::Object;
use crate::plan::Target;
use crate::plan::set::{RELEASE, SET_ID};

/// Annotation on the parent: who manages the set.
pub const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// Annotation on the parent: the kinds of the members.
pub const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// The parent with the kinds that its members may have.
pub fn parent(target: &Target, group_kinds: &BTreeSet<String>) -> Object {
    let kinds: Vec<&str> = group_kinds.iter().map(String::as_str).collect();
    Object(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": target.parent_name(),
            "namespace": target.namespace,
            "labels": {
                SET_ID: target.set_id(),
                RELEASE: target.release,
                "app.kubernetes.io/managed-by": "slipway",
            },
            "annotations": {
                TOOLING: concat!("slipway/", env!("CARGO_PKG_VERSION")),
                GROUP_KINDS: kinds.join(","),
            },
        },
    }))
}

/// The kinds a parent names.
pub fn group_kinds(parent: &Object) -> BTreeSet<String> {
    let names = parent.annotation(GROUP_KINDS).unwrap_or("").split(',');
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
}

/// Whether a parent is one that slipway made.
pub fn is_ours(parent: &Object, target: &Target) -> bool {
    let tool = parent.annotation(TOOLING).and_then(|tooling| tooling.rsplit_once('/')).map(|(tool, _)| tool);
    tool == Some("slipway") && parent.label(SET_ID) == Some(target.set_id().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_tells_the_kinds_it_was_given() {
        let target = Target { namespace: "a".into(), release: "b".into(), ..Target::default() };
        let kinds = BTreeSet::from(["ConfigMap".to_string(), "Deployment.apps".to_string()]);
        let parent = parent(&target, &kinds);
        assert_eq!(group_kinds(&parent), kinds);
        assert!(is_ours(&parent, &target));
        assert!(!is_ours(&parent, &Target { release: "c".into(), ..target }));
    }
}
