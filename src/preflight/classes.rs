//! The classes and issuers that objects name exist, and hosts are real.

use crate::facts::{Class, Fact, Facts};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

/// Provisioner of a class whose volumes are made by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What is there already has its classes settled.
    for step in plan.steps.iter().filter(|step| step.action != Action::Keep && step.action != Action::Delete) {
        let object = &step.wanted.object;
        match object.kind() {
            "PersistentVolumeClaim" if matches!(step.action, Action::Create | Action::Replace { .. }) => {
                findings.extend(claim(facts, object))
            }
            "Ingress" => {
                findings.extend(class(
                    &facts.ingress_classes,
                    object,
                    object.text(&["spec", "ingressClassName"]),
                    "INGRESS_CLASS_MISSING",
                    "ingress class",
                ));
                findings.extend(issuer(facts, object));
                let hosts = object.list(&["spec", "rules"]).iter().filter_map(|rule| rule.get("host")?.as_str());
                findings.extend(hosts.filter_map(|name| host(object, name)));
            }
            "Gateway" => {
                findings.extend(class(
                    &facts.gateway_classes,
                    object,
                    object.text(&["spec", "gatewayClassName"]),
                    "GATEWAY_CLASS_MISSING",
                    "gateway class",
                ));
                findings.extend(issuer(facts, object));
                let hosts = object
                    .list(&["spec", "listeners"])
                    .iter()
                    .filter_map(|listener| listener.get("hostname")?.as_str());
                findings.extend(hosts.filter_map(|name| host(object, name)));
            }
            _ => {}
        }
    }
    findings.dedup();
    findings
}

fn claim(facts: &Facts, object: &Object) -> Option<Finding> {
    let classes = facts.storage_classes.known()?;
    let wanted = object.text(&["spec", "storageClassName"]);
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    if !wanted.is_empty() && !names.contains(&wanted) {
        let what =
            format!("the claim {} asks for the storage class {wanted}, which does not exist here", object.name());
        return Some(
            Finding::new("STORAGE_CLASS_MISSING", Severity::Error, what)
                .why(format!("there are {}", or_none(&names)))
                .remedy("choose another with --set <component>.storageClass=NAME")
                .at(object.id().to_string()),
        );
    }
    let chosen = classes.iter().find(|class| if wanted.is_empty() { class.is_default } else { class.name == wanted });
    if let Some(class) = chosen.filter(|class| class.provisioner == NO_PROVISIONER) {
        let what = format!("nothing makes volumes for the class {} of the claim {}", class.name, object.name());
        return Some(
            Finding::new("STORAGE_CLASS_STATIC", Severity::Warning, what)
                .why("it has no provisioner: the claim waits until somebody makes a fitting volume by hand")
                .remedy("make the volume, or choose another class with --set <component>.storageClass=NAME")
                .at(object.id().to_string()),
        );
    }
    if wanted.is_empty() && !classes.iter().any(|class| class.is_default) {
        let what = format!("the claim {} names no storage class, and there is no default one", object.name());
        return Some(
            Finding::new("STORAGE_CLASS_DEFAULT", Severity::Error, what)
                .why(format!("there are {}", or_none(&names)))
                .remedy("name one with --set <component>.storageClass=NAME")
                .at(object.id().to_string()),
        );
    }
    None
}

fn class(fact: &Fact<Vec<Class>>, object: &Object, wanted: &str, code: &str, noun: &str) -> Option<Finding> {
    let classes = fact.known()?;
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let what = if wanted.is_empty() {
        if classes.iter().any(|class| class.is_default) {
            return None;
        }
        format!("{} names no {noun}, and there is no default one", object.id().short())
    } else if names.contains(&wanted) {
        return None;
    } else {
        format!("{} names the {noun} {wanted}, which does not exist here", object.id().short())
    };
    Some(
        Finding::new(code, Severity::Error, what)
            .why(format!("there are {}", or_none(&names)))
            .remedy("name one that exists, or install the controller that brings it")
            .at(object.id().to_string()),
    )
}

fn issuer(facts: &Facts, object: &Object) -> Option<Finding> {
    let known = facts.issuers.known()?;
    let (kind, name) =
        match (object.annotation("cert-manager.io/cluster-issuer"), object.annotation("cert-manager.io/issuer")) {
            (Some(name), _) => ("ClusterIssuer", name),
            (None, Some(name)) => ("Issuer", name),
            (None, None) => return None,
        };
    let found = known.iter().find(|issuer| issuer.kind == kind && issuer.name == name);
    if facts.unread_issuers.iter().any(|unread| unread == kind) {
        return None;
    }
    if found.is_some_and(|issuer| issuer.ready) {
        return None;
    }
    let what = match found {
        Some(_) => format!("the issuer {kind}/{name} is not ready"),
        None => format!("there is no issuer {kind}/{name}"),
    };
    let names: Vec<String> = known.iter().map(|issuer| format!("{}/{}", issuer.kind, issuer.name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Some(
        Finding::new("ISSUER_MISSING", Severity::Error, what)
            .why(format!("there are {}", or_none(&names)))
            .remedy(format!("kubectl describe {} {name}", kind.to_ascii_lowercase()))
            .at(object.id().to_string()),
    )
}

/// Names kept for examples (RFC 2606).
fn host(object: &Object, name: &str) -> Option<Finding> {
    let example = ["example.com", "example.org", "example.net", "example", "invalid"];
    let is = example.iter().any(|known| name == *known || name.ends_with(&format!(".{known}")));
    is.then(|| {
        Finding::new(
            "HOST_EXAMPLE",
            Severity::Warning,
            format!("{name} is a name kept for examples: nobody will reach it"),
        )
        .remedy("set the name under which it is to be reached")
        .at(object.id().to_string())
    })
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
