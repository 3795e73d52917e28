//! Which release a plan is for, and the names that follow from it (cluster.md 1 to 3).

use serde::{Deserialize, Serialize};

use crate::facts::Pact;

/// Where a release lives; settled before the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    /// Name of the kubeconfig context.
    pub context: String,
    /// URL of the API server.
    pub server: String,
    /// UID of `kube-system`, the cluster's identity.
    pub cluster_uid: String,
    /// The practice cluster, not a real one.
    pub practice: bool,
    /// Namespace.
    pub namespace: String,
    /// Name of the release: a DNS label of at most 40 characters.
    pub release: String,
    /// Profile of the product.
    pub profile: String,
    /// What was decided about what an earlier install left (cluster.md 5).
    #[serde(skip_serializing_if = "Pact::is_empty")]
    pub pact: Pact,
}

impl Target {
    /// Field manager of the release's objects (cluster.md 2).
    pub fn field_manager(&self) -> String {
        format!("slipway:{}/{}", self.namespace, self.release)
    }

    /// Name of the set's parent ConfigMap and of the Lease.
    pub fn parent_name(&self) -> String {
        format!("slipway-{}", self.release)
    }

    /// Name of the key Secret of a generation (cluster.md 3).
    pub fn key_secret_name(&self, generation: u32) -> String {
        format!("{}-keys-{generation}", self.release)
    }

    /// The release as a verb that takes a product understands it: `shop -n a`, and `--name` where it is not called so.
    pub fn of_product(&self, product: &str) -> String {
        let name = if self.release == product { String::new() } else { format!(" --name {}", self.release) };
        format!("{product} -n {}{name}", self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_beside_its_product_where_it_is_not_called_so() {
        let target = |release: &str| Target { namespace: "a".into(), release: release.into(), ..Target::default() };
        assert_eq!(target("shop").of_product("shop"), "shop -n a");
        assert_eq!(target("second").of_product("shop"), "shop -n a --name second");
    }
}
