//! An Ingress or a Gateway that nobody serves: silence is the symptom.

use super::condition::{condition, condition_in, text};
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "INGRESS_CLASS_MISSING",
            "The Ingress names a class that the cluster does not have, so that no controller serves it.",
        ),
        (
            "INGRESS_NO_ADDRESS",
            "The Ingress has no address. Some controllers never write one; otherwise the controller of its class does not run.",
        ),
        (
            "GATEWAY_NOT_ACCEPTED",
            "The Gateway, or the route attached to it, is not accepted by its controller; the message says why.",
        ),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for ingress in scene.of_kind("Ingress").filter(|ingress| ingress.group() == "networking.k8s.io") {
        out.extend(served(scene, ingress));
    }
    for gateway in scene.of_kind("Gateway").filter(|gateway| gateway.group() == "gateway.networking.k8s.io") {
        for kind in ["Accepted", "Programmed"] {
            if let Some(refused) = condition(gateway, kind).filter(super::condition::Condition::is_false) {
                out.push(not_accepted(gateway, refused.words()));
            }
        }
    }
    for route in scene.of_kind("HTTPRoute") {
        for parent in route.list(&["status", "parents"]) {
            let conditions =
                parent.get("conditions").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
            for kind in ["Accepted", "ResolvedRefs"] {
                if let Some(refused) = condition_in(conditions, kind).filter(super::condition::Condition::is_false) {
                    out.push(not_accepted(route, refused.words()));
                }
            }
        }
    }
}

fn served(scene: &Scene, ingress: &Object) -> Option<Symptom> {
    let class = ingress.text(&["spec", "ingressClassName"]);
    let at = ingress.id().to_string();
    if let Some(classes) = scene.facts.ingress_classes.known()
        && !class.is_empty()
        && !classes.iter().any(|known| known.name == class)
    {
        let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
        let remedy = if names.is_empty() {
            "install an ingress controller".to_string()
        } else {
            format!("choose one of: {}", names.join(", "))
        };
        let finding = Finding::new(
            "INGRESS_CLASS_MISSING",
            Severity::Warning,
            format!("the Ingress {} names the class {class}, which does not exist", ingress.name()),
        )
        .remedy(remedy)
        .at(at);
        return Some(Symptom::new(finding, Hold::Never));
    }
    if ingress
        .list(&["status", "loadBalancer", "ingress"])
        .iter()
        .any(|entry| !text(entry, "ip").is_empty() || !text(entry, "hostname").is_empty())
    {
        return None;
    }
    let finding = Finding::new(
        "INGRESS_NO_ADDRESS",
        Severity::Info,
        format!("the Ingress {} has no address yet", ingress.name()),
    )
    .why("its controller has not written one; some never do")
    .remedy("see whether the ingress controller runs: kubectl get pods -A")
    .at(at);
    Some(Symptom::new(finding, Hold::Never).quiet_for(30))
}

fn not_accepted(object: &Object, why: &str) -> Symptom {
    let finding =
        Finding::new("GATEWAY_NOT_ACCEPTED", Severity::Warning, format!("{} is not accepted", object.id().short()))
            .why(why)
            .at(object.id().to_string());
    // Controllers say no while they are still putting things together.
    Symptom::new(finding, Hold::Never).quiet_for(15)
}
