//! What the plan adds fits what the namespace's quotas have left. A dry run counts each pod alone (cluster.md 4); here
//! all are counted together.

use std::collections::BTreeMap;

use crate::facts::{Facts, Quota};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::schema::Product;
use crate::quantity::Quantity;

use super::demand::{Asking, containers, plus, pods, times};

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(quotas) = facts.namespace.quotas.known().filter(|quotas| !quotas.is_empty()) else { return Vec::new() };
    let ranges = facts.namespace.limit_ranges.known().map_or(&[][..], Vec::as_slice);
    let added = added(facts, plan, &Asking::with(ranges));
    let mut findings: Vec<Finding> = quotas.iter().filter_map(|quota| exceeded(quota, &added)).collect();
    // What may not be read could give the defaults that are missing.
    if facts.namespace.limit_ranges.known().is_some() {
        findings.extend(quotas.iter().filter_map(|quota| unsaid(quota, plan, &Asking::with(ranges))));
    }
    findings
}

fn exceeded(quota: &Quota, added: &BTreeMap<String, Quantity>) -> Option<Finding> {
    let mut short = Vec::new();
    for (resource, hard) in &quota.hard {
        let Some(more) = added.get(alias(resource)).filter(|more| !more.is_zero()) else { continue };
        let Ok(hard) = hard.parse::<Quantity>() else { continue };
        let used = quota.used.get(resource).and_then(|used| used.parse().ok()).unwrap_or(Quantity::ZERO);
        if plus(used, *more) > hard {
            short.push(format!("{resource}: {more} more are needed, {used} of {hard} are used"));
        }
    }
    (!short.is_empty()).then(|| {
        Finding::new(
            "QUOTA_TOO_SMALL",
            Severity::Error,
            format!("the quota {} leaves too little for everything that would be made", quota.name),
        )
        .why(short.join("; "))
        .remedy(format!("ask for less or for fewer replicas, or have it raised: kubectl describe quota {}", quota.name))
        .at(format!("ResourceQuota/{}", quota.name))
    })
}

/// A quota over requests or limits refuses every pod with a container that names none.
fn unsaid(quota: &Quota, plan: &Plan, asking: &Asking<'_>) -> Option<Finding> {
    for resource in quota.hard.keys() {
        let (which, name) = match alias(resource).split_once('.') {
            Some((which @ ("requests" | "limits"), name @ ("cpu" | "memory"))) => (which, name),
            _ => continue,
        };
        for pods in pods(plan).iter().filter(|pods| pods.more > 0) {
            let silent = containers(pods.spec).find(|container| asking.of(container, which, name).is_none());
            let Some(silent) = silent else { continue };
            let container = silent.get("name").and_then(|name| name.as_str()).unwrap_or("");
            let what = format!("the quota {} wants every container to name its {which} of {name}", quota.name);
            return Some(
                Finding::new("QUOTA_WANTS_LIMITS", Severity::Error, what)
                    .why(format!("the container {container} of {} does not", pods.object.id().short()))
                    .remedy("set them where the product asks for them, or have a LimitRange with defaults put into the namespace")
                    .at(pods.object.id().to_string()),
            );
        }
    }
    None
}

/// The full name of what quotas also call by a short one.
fn alias(resource: &str) -> &str {
    match resource {
        "cpu" => "requests.cpu",
        "memory" => "requests.memory",
        "count/pods" => "pods",
        "count/services" => "services",
        "count/secrets" => "secrets",
        "count/configmaps" => "configmaps",
        "count/persistentvolumeclaims" => "persistentvolumeclaims",
        other => other,
    }
}

/// What the plan adds, by the names that quotas use.
fn added(facts: &Facts, plan: &Plan, asking: &Asking<'_>) -> BTreeMap<String, Quantity> {
    let mut added: BTreeMap<String, Quantity> = BTreeMap::new();
    let mut add = |name: &str, more: Quantity| {
        let sum = added.entry(name.to_string()).or_insert(Quantity::ZERO);
        *sum = plus(*sum, more);
    };
    for pods in pods(plan) {
        add("pods", pieces(pods.more));
        for which in ["requests", "limits"] {
            for resource in ["cpu", "memory", "ephemeral-storage"] {
                add(&format!("{which}.{resource}"), times(asking.pod(pods.spec, which, resource), pods.more));
            }
        }
    }
    for object in plan.steps.iter().filter(|step| step.action == Action::Create).map(|step| &step.wanted.object) {
        add(&counted(object), pieces(1));
        match object.kind() {
            "PersistentVolumeClaim" => claim(facts, object, &mut add),
            "Service" if object.text(&["spec", "type"]) == "LoadBalancer" => add("services.loadbalancers", pieces(1)),
            "Service" if object.text(&["spec", "type"]) == "NodePort" => {
                add("services.nodeports", pieces(i64::try_from(object.list(&["spec", "ports"]).len()).unwrap_or(1)));
            }
            _ => {}
        }
    }
    // The release's own: its parent and a revision, and the key Secret.
    let recorded = facts.namespace.releases.known().is_some_and(|all| all.contains(&plan.target.release));
    add("configmaps", pieces(if recorded { 1 } else { 2 }));
    add("secrets", pieces(i64::from(!plan.keys.exists && !plan.keys.entries.is_empty())));
    added
}

fn claim(facts: &Facts, object: &Object, add: &mut impl FnMut(&str, Quantity)) {
    let storage = object.text(&["spec", "resources", "requests", "storage"]).parse().unwrap_or(Quantity::ZERO);
    add("requests.storage", storage);
    let named = object.text(&["spec", "storageClassName"]);
    let classes = facts.storage_classes.known();
    let default = classes.and_then(|all| all.iter().find(|class| class.is_default)).map(|class| class.name.as_str());
    if let Some(class) = (!named.is_empty()).then_some(named).or(default) {
        add(&format!("{class}.storageclass.storage.k8s.io/requests.storage"), storage);
        add(&format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), pieces(1));
    }
}

/// How a quota counts objects of a kind: `services`, `count/deployments.apps`.
fn counted(object: &Object) -> String {
    let kind = object.kind().to_ascii_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if kind.ends_with('s') => format!("{kind}es"),
        _ => format!("{kind}s"),
    };
    match object.group() {
        "" if matches!(plural.as_str(), "services" | "secrets" | "configmaps" | "persistentvolumeclaims") => plural,
        "" => format!("count/{plural}"),
        group => format!("count/{plural}.{group}"),
    }
}

fn pieces(many: i64) -> Quantity {
    times(Quantity::milli(1000), many)
}
