//! The set of a release's objects (KEP-3659): its parent, and the label that every member carries.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Target;

/// Label on members of the set; its value is the set's id.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// Label on the parent with the set's id.
pub const SET_ID: &str = "applyset.kubernetes.io/id";
/// Label on what belongs to a release and is never pruned: claims and key Secrets (cluster.md 1).
pub const RELEASE: &str = "slipway.dev/release";
/// Annotation on a claim: the key Secret and the keys in it that open the data, as `name/key`, comma-separated.
pub const OPENED_BY: &str = "slipway.dev/opened-by";
/// Annotation on a key Secret: what it opens, a JSON list.
pub const OPENS: &str = "slipway.dev/opens";

/// The id of a set by its parent (facts: installers 6.5): the core group leaves a dot at the end.
pub fn set_id(name: &str, namespace: &str, kind: &str, group: &str) -> String {
    let hash = Sha256::digest(format!("{name}.{namespace}.{kind}.{group}"));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash))
}

impl Target {
    /// The id of the release's set, whose parent is the ConfigMap [`Target::parent_name`].
    pub fn set_id(&self) -> String {
        set_id(&self.parent_name(), &self.namespace, "ConfigMap", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_set_is_the_one_that_kubectl_computes() {
        assert_eq!(set_id("set1", "foo", "Secret", ""), "applyset-7CmtoRyMlhBIeIT1oJFa9-afdKAlctFH-0bE1dsQUDQ-v1");
        assert_eq!(
            set_id("x", "", "ClusterThing", "example.com"),
            "applyset-RKLJoluuxcZN09IfpFj-wCZUmmikadVbABJ5eT_P6wI-v1"
        );
        let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
        assert_eq!(target.set_id(), "applyset-FjTFGjwqephssM2r49pL19AfBABjS48n-MIfqP1FUEE-v1");
    }
}
