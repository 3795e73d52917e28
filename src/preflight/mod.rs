//! Will it work? Facts and a plan in, findings out (pure). One file a matter, listed in one line.

mod classes;
mod cluster_version;
mod kinds;
mod owners;
mod pod_security;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::plan::Plan;
use crate::product::schema::Product;

/// One matter: what it has to say.
type Matter = fn(&Facts, &Plan, &Product) -> Vec<Finding>;

/// Every matter, in the order in which it is told.
const MATTERS: &[Matter] = &[cluster_version::check, classes::check, kinds::check, owners::check, pod_security::check];

/// Every code, with its explanation.
pub const CODES: &[(&str, &str)] = &[
    (
        "KUBERNETES_OLD",
        "The cluster runs an older Kubernetes than slipway is tested with: fields it sends may be unknown there. Upgrade the cluster, or pass over it at your own risk.",
    ),
    ("KUBERNETES_NEW", "The cluster runs a newer Kubernetes than slipway was tested with. It will most likely work."),
    (
        "STORAGE_CLASS_MISSING",
        "A claim names a storage class that the cluster does not have: it would wait for ever. Choose one that exists.",
    ),
    (
        "STORAGE_CLASS_DEFAULT",
        "A claim names no storage class and the cluster has no default one: it would wait for ever. Name one.",
    ),
    (
        "INGRESS_CLASS_MISSING",
        "The Ingress names a class that the cluster does not have, or none where there is no default: nothing would serve it, and nothing would say so.",
    ),
    (
        "GATEWAY_CLASS_MISSING",
        "The Gateway names a class that the cluster does not have: it would never get an address.",
    ),
    ("ISSUER_MISSING", "The certificate's issuer does not exist or is not ready: the certificate would never come."),
    (
        "KIND_MISSING",
        "The cluster does not know a kind of object that the product uses: the operator that brings it is not installed.",
    ),
    ("HOST_EXAMPLE", "The host name is one of those kept for examples (RFC 2606); nobody will ever reach it."),
    (
        "FOREIGN_OWNER",
        "The namespace belongs to a GitOps tool, which would undo what slipway does, and slipway what it does. Two owners is an incident.",
    ),
    (
        "POD_SECURITY",
        "The namespace refuses pods of less than a level of PodSecurity, and a pod of the product does not pass it.",
    ),
];

/// What speaks for and against a plan.
pub fn check(facts: &Facts, plan: &Plan, product: &Product) -> Vec<Finding> {
    MATTERS.iter().flat_map(|matter| matter(facts, plan, product)).collect()
}

#[cfg(test)]
mod tests;
