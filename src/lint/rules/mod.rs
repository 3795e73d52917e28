//! Rules of taste (language.md "Lint"): each in a file of its own and in one line of [`ALL`]. A product allows one in one
//! place with `allow: [{rule: CODE, at: PLACE, reason: WHY}]`; an allowance that allows nothing is told too.

mod claim_under_rolling_update;
mod data_without_volume;
mod idle_choice;
mod key_without_home;
mod latest_image;
mod no_requests;
mod policy_without_dns;
mod restricted_undone;
mod slow_probe;
mod unused_question;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::suggest;

use super::explain::Explanation;
use super::rendered::Seen;
use super::spots::Spot;

/// A rule.
struct Rule {
    explanation: Explanation,
    judge: fn(&Seen, &[Spot]) -> Vec<Broken>,
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Broken {
    /// A question's path, `Kind/name` or `Kind/name/container`.
    at: String,
    what: String,
    remedy: String,
}

impl Broken {
    fn new(at: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), remedy: remedy.into() }
    }
}

const ALL: &[Rule] = &[
    unused_question::RULE,
    idle_choice::RULE,
    no_requests::RULE,
    slow_probe::RULE,
    latest_image::RULE,
    claim_under_rolling_update::RULE,
    policy_without_dns::RULE,
    restricted_undone::RULE,
    data_without_volume::RULE,
    key_without_home::RULE,
];

pub(super) fn explanations() -> impl Iterator<Item = Explanation> {
    let allowed = Explanation {
        code: "ALLOWED_NOTHING",
        title: "an allowance allows nothing",
        text: "An entry of `allow` names a rule that is not broken at that place, or no rule at all. Take it out, so that it cannot hide a later fault.",
    };
    ALL.iter().map(|rule| rule.explanation).chain([allowed])
}

/// Codes of the rules.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|rule| rule.explanation.code)
}

/// Judges everything that was rendered by every rule, without what the product allows.
pub(super) fn judge(seen: &Seen, spots: &[Spot]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for rule in ALL {
        let code = rule.explanation.code;
        let broken: BTreeSet<Broken> = (rule.judge)(seen, spots).into_iter().collect();
        for one in broken {
            if let Some(number) = seen.product.allow.iter().position(|allow| allow.rule == code && allow.at == one.at) {
                used.insert(number);
                continue;
            }
            let why = rule.explanation.title;
            found.push(Finding::new(code, Severity::Warning, one.what).why(why).remedy(one.remedy).at(one.at));
        }
    }
    for (_, allow) in seen.product.allow.iter().enumerate().filter(|(number, _)| !used.contains(number)) {
        let known = ALL.iter().map(|rule| rule.explanation.code);
        let remedy = if known.clone().any(|code| code == allow.rule) {
            "take it out of `allow`".to_owned()
        } else {
            suggest::nearest(&allow.rule, known).map(|near| format!("did you mean `{near}`?")).unwrap_or_default()
        };
        let what = format!("`allow` names {} at `{}`, where it is not broken", allow.rule, allow.at);
        found.push(Finding::new("ALLOWED_NOTHING", Severity::Warning, what).remedy(remedy).at(allow.at.clone()));
    }
    found
}

/// Every object of every rendering, with the others of its rendering.
fn objects(seen: &Seen) -> impl Iterator<Item = (&Object, Vec<&Object>)> {
    seen.cases.iter().flat_map(|case| {
        let together: Vec<&Object> = case.objects.iter().map(|wanted| &wanted.object).collect();
        case.objects.iter().map(move |wanted| (&wanted.object, together.clone()))
    })
}

/// The containers of a workload's pods, those that only run before the others left out unless `before`.
fn containers(object: &Object, before: bool) -> Vec<&Value> {
    let Some(spec) = object.pod_spec() else { return Vec::new() };
    let list = |name: &str| spec.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sidecar = |one: &&Value| before || one.get("restartPolicy").and_then(Value::as_str) == Some("Always");
    list("containers").iter().chain(list("initContainers").iter().filter(sidecar)).collect()
}

fn name_of(value: &Value) -> &str {
    value.get("name").and_then(Value::as_str).unwrap_or("")
}

/// Names of the claims that a workload's pods mount.
fn claims(object: &Object) -> Vec<&str> {
    let volumes = object.pod_spec().and_then(|spec| spec.get("volumes")).and_then(Value::as_array);
    let names = volumes.into_iter().flatten().filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName"));
    names.filter_map(Value::as_str).collect()
}
