//! What could not be read was not checked, and is not called fine (cluster.md 6).

use crate::facts::{Fact, Facts};
use crate::finding::{Finding, Severity};
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let steps = || plan.steps.iter().filter(|step| !matches!(step.action, Action::Keep | Action::Delete));
    let has = |kind: &str| steps().any(|step| step.wanted.object.kind() == kind);
    let pods = steps().any(|step| step.wanted.object.pod_spec().is_some());
    let mut unread = Vec::new();
    let mut look = |noun: &str, matters: bool, why: Option<&str>| {
        if let Some(why) = why.filter(|_| matters) {
            unread.push((noun.to_string(), why.to_string()));
        }
    };
    look("nodes", pods, why(&facts.nodes));
    look("storage classes", has("PersistentVolumeClaim"), why(&facts.storage_classes));
    look("ingress classes", has("Ingress"), why(&facts.ingress_classes));
    look("the hosts of other Ingresses", has("Ingress"), why(&facts.served_hosts));
    look("gateway classes", has("Gateway"), why(&facts.gateway_classes));
    let issued = |step: &crate::plan::Step| {
        ["cluster-issuer", "issuer"]
            .iter()
            .any(|mark| step.wanted.object.annotation(&format!("cert-manager.io/{mark}")).is_some())
    };
    look(
        "issuers",
        steps().any(issued),
        why(&facts.issuers)
            .or_else(|| (!facts.unread_issuers.is_empty()).then_some("one of the kinds of issuers may not be listed")),
    );
    let namespace = &facts.namespace;
    if namespace.exists {
        let any = steps().next().is_some();
        look("quotas", any, why(&namespace.quotas));
        look("limit ranges", pods, why(&namespace.limit_ranges));
        look("claims of an earlier install", any, why(&namespace.claims));
        look("Secrets", any, why(&namespace.secrets));
        look("records of releases", any, why(&namespace.releases));
        look("Gateways", has("HTTPRoute"), why(&namespace.gateways));
    }
    let Some((_, first)) = unread.first() else { return Vec::new() };
    let reason = first.clone();
    let nouns: Vec<String> = unread.into_iter().map(|(noun, _)| noun).collect();
    vec![
        Finding::new(
            "NOT_CHECKED",
            Severity::Warning,
            format!("not checked, since they could not be read: {}", nouns.join(", ")),
        )
        .why(reason)
        .remedy("have them checked by somebody who may read them: slipway preflight PRODUCT"),
    ]
}

fn why<T>(fact: &Fact<T>) -> Option<&str> {
    match fact {
        Fact::Known(_) => None,
        Fact::Unknown(why) => Some(why),
    }
}
