//! Seeing it: readiness per kind, pods, logs, what Kubernetes reports; asks `diagnose` why it is stuck, emits events.

pub mod pod_state;
pub mod readiness;
