//! What a kind means for waiting.

use crate::object::ObjectId;

/// Whether objects of a kind are ready by being there: they are not watched, which would only cost.
pub fn is_passive(id: &ObjectId) -> bool {
    match id.group.as_str() {
        "" => matches!(
            id.kind.as_str(),
            "ConfigMap" | "Secret" | "ServiceAccount" | "Namespace" | "LimitRange" | "ResourceQuota"
        ),
        "rbac.authorization.k8s.io" | "scheduling.k8s.io" => true,
        "networking.k8s.io" => id.kind == "NetworkPolicy",
        "policy" => id.kind == "PodDisruptionBudget",
        _ => false,
    }
}

/// Whether what depends on an object waits until it is ready. Services and what publishes or scales hold nothing back;
/// their state is judged at the end (cluster.md 4).
pub fn holds_back(id: &ObjectId) -> bool {
    !matches!(
        (id.group.as_str(), id.kind.as_str()),
        ("", "Service")
            | ("networking.k8s.io", "Ingress")
            | ("gateway.networking.k8s.io", _)
            | ("autoscaling", _)
            | ("keda.sh", _)
            | ("cert-manager.io", "Certificate")
            | ("monitoring.coreos.com", _)
    )
}
