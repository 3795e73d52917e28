//! Kubernetes is of a supported version (cluster.md 6).

use crate::facts::{Facts, SUPPORTED, Version};
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::product::schema::Product;

pub(super) fn check(facts: &Facts, _plan: &Plan, _product: &Product) -> Vec<Finding> {
    let (oldest, newest) = SUPPORTED;
    if facts.version == Version::default() {
        return Vec::new();
    }
    if facts.version < oldest {
        return vec![
            Finding::new(
                "KUBERNETES_OLD",
                Severity::Error,
                format!("Kubernetes {} is older than {oldest}, the oldest supported", facts.version),
            )
            .remedy("upgrade the cluster"),
        ];
    }
    if facts.version > newest {
        let what = format!("Kubernetes {} is newer than {newest}, the newest that was tested", facts.version);
        return vec![Finding::new("KUBERNETES_NEW", Severity::Warning, what)];
    }
    Vec::new()
}
