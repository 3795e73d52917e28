//! A Service of type LoadBalancer without an address.

use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "LOAD_BALANCER_PENDING",
            "Nobody has given the Service an address yet. In a cloud this takes one to three minutes; elsewhere a controller such as MetalLB must be installed, or the product be exposed another way.",
        ),
        (
            "LOAD_BALANCER_FAILED",
            "The cloud refuses the load balancer: a quota, a subnet, an annotation; its own words are shown. It is tried again.",
        ),
    ],
};

/// Clouds take one to three minutes; after five nobody is going to give one.
const NOBODY: Hold = Hold::seconds(300);

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for service in scene.of_kind("Service") {
        if service.text(&["spec", "type"]) != "LoadBalancer"
            || !service.list(&["status", "loadBalancer", "ingress"]).is_empty()
        {
            continue;
        }
        let at = service.id().to_string();
        if let Some(failed) = scene.last_notice(service, &["SyncLoadBalancerFailed", "AllocationFailed"]) {
            let finding = Finding::new(
                "LOAD_BALANCER_FAILED",
                Severity::Warning,
                format!("the load balancer of {} cannot be made", service.name()),
            )
            .why(failed.message.clone())
            .remedy("see the message, or expose it by an Ingress or a node port")
            .at(at);
            out.push(Symptom::new(finding, Hold::Never));
        } else {
            let finding = Finding::new(
                "LOAD_BALANCER_PENDING",
                Severity::Warning,
                format!("the Service {} has no address yet", service.name()),
            )
            .why("a load balancer must be given by the cloud or by a controller such as MetalLB")
            .remedy("wait, or expose it by an Ingress or a node port")
            .at(at);
            out.push(Symptom::new(finding, NOBODY).quiet_for(30));
        }
    }
}
