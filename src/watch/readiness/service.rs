//! Service.

use super::Assessment;
use crate::diagnose::condition::text;
use crate::object::Object;
use crate::sanitize;

/// A load balancer needs at least one address; every other Service is ready when it is there. It holds nothing back
/// (cluster.md 4).
pub(super) fn assess(service: &Object) -> Assessment {
    if service.text(&["spec", "type"]) != "LoadBalancer" {
        return Assessment::ready("ready");
    }
    match address(service.list(&["status", "loadBalancer", "ingress"])) {
        Some(address) => Assessment::ready(format!("at {address}")),
        None => Assessment::waiting("waiting for an address"),
    }
}

/// The first address in a list of `{ip}` and `{hostname}`.
pub(super) fn address(ingress: &[serde_json::Value]) -> Option<String> {
    ingress
        .iter()
        .flat_map(|entry| [text(entry, "hostname"), text(entry, "ip")])
        .find(|address| !address.is_empty())
        .map(sanitize::line)
}
