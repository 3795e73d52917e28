//! What containers, pods and claims ask for is within the namespace's LimitRanges; admission would refuse it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::{Facts, LimitRange};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::product::schema::Product;
use crate::quantity::Quantity;

use super::demand::{Asking, containers, pods};

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(ranges) = facts.namespace.limit_ranges.known() else { return Vec::new() };
    let asking = Asking::with(ranges);
    let mut findings = Vec::new();
    for range in ranges {
        match range.kind.as_str() {
            "Container" | "Pod" => {
                for pods in pods(plan) {
                    let broken = if range.kind == "Pod" {
                        let of = |which: &str, name: &str| {
                            Some(asking.pod(pods.spec, which, name)).filter(|all| !all.is_zero())
                        };
                        broken(range, of).map(|why| format!("a pod {why}"))
                    } else {
                        containers(pods.spec).find_map(|container| {
                            let name = container.get("name").and_then(Value::as_str).unwrap_or("");
                            let why = broken(range, |which, name| asking.of(container, which, name))?;
                            Some(format!("the container {name} {why}"))
                        })
                    };
                    findings.extend(broken.map(|why| told(range, pods.object, why)));
                }
            }
            "PersistentVolumeClaim" => {
                let steps =
                    plan.steps.iter().filter(|step| matches!(step.action, Action::Create | Action::Replace { .. }));
                for object in steps.map(|step| &step.wanted.object).filter(|object| object.kind() == range.kind) {
                    let storage: Option<Quantity> =
                        object.text(&["spec", "resources", "requests", "storage"]).parse().ok();
                    let of = |which: &str, name: &str| storage.filter(|_| which == "requests" && name == "storage");
                    findings
                        .extend(outside(range, &of, "requests").map(|why| told(range, object, format!("it {why}"))));
                }
            }
            _ => {}
        }
    }
    findings
}

fn told(range: &LimitRange, object: &Object, why: String) -> Finding {
    let what = format!("the LimitRange {} refuses {}", range.name, object.id().short());
    Finding::new("LIMIT_RANGE", Severity::Error, what)
        .why(why)
        .remedy(format!("answer within it, or have it changed: kubectl describe limitrange {}", range.name))
        .at(object.id().to_string())
}

/// The first bound that requests or limits break (Kubernetes: LimitRanger): both lie between the least and the most; where
/// there is a most a limit must be set, and where there is a least a request.
fn broken(range: &LimitRange, of: impl Fn(&str, &str) -> Option<Quantity>) -> Option<String> {
    let unset = || {
        let (name, most) = range.max.iter().find(|(name, _)| of("limits", name).is_none())?;
        Some(format!("has no limit of {name}, and {most} is the most"))
    };
    let unasked = || {
        let (name, least) = range.min.iter().find(|(name, _)| of("requests", name).is_none())?;
        Some(format!("asks for no {name}, and {least} is the least"))
    };
    outside(range, &of, "requests").or_else(|| outside(range, &of, "limits")).or_else(unset).or_else(unasked)
}

fn outside(range: &LimitRange, of: &impl Fn(&str, &str) -> Option<Quantity>, which: &str) -> Option<String> {
    let bound =
        |bounds: &BTreeMap<String, String>, name: &str| bounds.get(name).and_then(|text| text.parse::<Quantity>().ok());
    let verb = if which == "requests" { "asks for" } else { "may use" };
    range.min.keys().chain(range.max.keys()).find_map(|name| {
        let asked = of(which, name)?;
        if let Some(least) = bound(&range.min, name).filter(|least| asked < *least) {
            return Some(format!("{verb} {asked} {name}, and the least is {least}"));
        }
        let most = bound(&range.max, name).filter(|most| asked > *most)?;
        Some(format!("{verb} {asked} {name}, and the most is {most}"))
    })
}
