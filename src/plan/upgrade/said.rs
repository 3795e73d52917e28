//! What an upgrade says beside its objects: what is made anew and how, which answers come out otherwise, what cannot be
//! taken back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Earlier;
use super::fixed::kept_volume;
use crate::answers::{RecordedAnswer, value};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::adopt::{has_volume, is_of_chart};
use crate::plan::gates::{self, Way};
use crate::plan::{Action, Class, FieldChange, Plan, Step};
use crate::product::schema::{Kind, Product, Question};

/// That it is an upgrade, whichever verb began it, and from where to where.
pub(super) fn upgrade(plan: &Plan, earlier: &Earlier<'_>) -> Option<Finding> {
    let (installed, chosen) = (&earlier.deployed.product.version, &plan.product.version);
    let changes = plan.steps.iter().any(|step| step.action != Action::Keep) || installed != chosen;
    let to = if installed == chosen { "; the version stays".to_owned() } else { format!(" to {chosen}") };
    let what = format!("{} is installed with {installed}: this is an upgrade{to}", plan.target.release);
    changes.then(|| Finding::new("UPGRADE", Severity::Info, what))
}

/// A finding for each object that is made anew: what that means while it happens.
pub(super) fn replaced(plan: &Plan) -> Vec<Finding> {
    let found = plan.steps.iter().filter_map(|step| {
        let Action::Replace { why } = &step.action else { return None };
        let object = &step.wanted.object;
        let id = object.id();
        let means = match object.kind() {
            "Job" => "the old one is deleted with its pods, then it runs once more",
            "Service" => {
                "it is deleted and made again: it gets a new address, and nothing is reached by it for a moment"
            }
            _ if object.pod_spec().is_some() => {
                "its pods end first, then the new ones start: nothing of it runs in between; claims are not touched"
            }
            _ => "it is deleted, then made again",
        };
        Some(
            Finding::new("MADE_ANEW", Severity::Warning, format!("{} is made anew: {why}", id.short()))
                .why(means)
                .at(id.to_string()),
        )
    });
    found.collect()
}

fn is_preset(answer: &RecordedAnswer) -> bool {
    matches!(answer.origin.as_str(), "default" | "profile")
}

/// Whether an answer says where something is kept: not how large it is, and not what reads it.
fn is_a_place(question: &Question) -> bool {
    question.sticky && question.kind != Kind::Quantity && question.fixed.is_none()
}

/// Whether a volume was the release's already, and is not only found where the new answer points.
fn was_there(earlier: &Earlier<'_>, volume: &str) -> bool {
    earlier.deployed.steps.iter().any(|step| step.wanted.object.name() == volume)
}

/// What became of the answers since the last run.
pub(super) fn answers(plan: &Plan, earlier: &Earlier<'_>, product: &Product) -> Vec<Finding> {
    let (was, now) = (&earlier.deployed.answers, &plan.answers);
    let text = |path: &str, answer: &Value| match product.questions.get(path) {
        Some(question) if !answer.is_null() => value::to_text(&question.kind, answer),
        _ if answer.is_null() => "nothing".into(),
        _ => answer.to_string(),
    };
    let newer = earlier.deployed.product.digest != plan.product.digest;
    let (mut presets, mut pinned, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (path, answer) in now.iter().filter(|(path, answer)| *path != "version" && answer.secret.is_none()) {
        match was.get(path) {
            Some(before) if before.value == answer.value => {}
            Some(before) => {
                let change = format!("{path}: {} -> {}", text(path, &before.value), text(path, &answer.value));
                let question = product.questions.get(path);
                if question.is_some_and(is_a_place) {
                    pinned.push((path.clone(), change));
                } else if is_preset(before) && is_preset(answer) {
                    let from = if answer.origin == "profile" { "from the profile" } else { "default" };
                    presets.push(format!("{change} ({from})"));
                }
            }
            None if newer && is_preset(answer) => {
                presets.push(format!("{path}: {} (new)", text(path, &answer.value)));
            }
            None => {}
        }
    }
    for (path, _) in
        was.iter().filter(|(path, answer)| !is_preset(answer) && answer.secret.is_none() && *path != "version")
    {
        let inside = product.questions.keys().any(|known| path.starts_with(&format!("{known}.")));
        if !product.questions.contains_key(path) && !inside {
            gone.push(path.clone());
        }
    }
    let mut found = Vec::new();
    if !presets.is_empty() {
        let noun = if presets.len() == 1 {
            "1 preset answer comes out".into()
        } else {
            format!("{} preset answers come out", presets.len())
        };
        found.push(
            Finding::new("PRESETS_CHANGED", Severity::Info, format!("{noun} otherwise than at the last run"))
                .why(presets.join("; "))
                .remedy("keep one as it was by answering it: --set PATH=VALUE"),
        );
    }
    for (path, change) in pinned {
        let target = &plan.target;
        let (why, remedy) = match kept_volume(plan, &path).filter(|volume| was_there(earlier, volume)) {
            Some(volume) => (
                format!(
                    "the volume {volume} stays with what is in it: nothing there is converted, renamed or made for the new answer"
                ),
                format!(
                    "make a backup first: slipway backup {} -n {}; or leave the answer out to keep what is",
                    target.release, target.namespace
                ),
            ),
            None => (
                "nothing moves what was kept in the old place: it stays there, and the new place does not have it"
                    .into(),
                "make a backup first and restore it afterwards, or leave the answer out to keep what is".into(),
            ),
        };
        found.push(
            Finding::new(
                "PINNED_CHANGED",
                Severity::Warning,
                format!("what was pinned at the install changes: {change}"),
            )
            .why(why)
            .remedy(remedy)
            .at(path),
        );
    }
    if !gone.is_empty() {
        found.push(
            Finding::new("ANSWERS_GONE", Severity::Warning, format!("no longer asked: {}", gone.join(", ")))
                .why("what was answered at an earlier run is dropped"),
        );
    }
    found.extend(kept_version(plan, product, earlier.finally));
    found
}

/// A version that was set once stays, which is easily forgotten.
fn kept_version(plan: &Plan, product: &Product, chosen: &str) -> Option<Finding> {
    let answer = plan.answers.get("version").filter(|answer| answer.origin == "lastRun")?;
    let default = &product.versions.default;
    let later = gates::way(&product.versions, chosen, default) == Way::Up;
    (later && answer.value == chosen).then(|| {
        Finding::new(
            "VERSION_KEPT",
            Severity::Info,
            format!("the version stays {chosen}, as it was set at an earlier run"),
        )
        .why(format!("this slipway would install {default}"))
        .remedy(format!("--set version={default}, or --reset version to follow it from now on"))
        .at("version")
    })
}

/// Claims that nothing mounts any more: they stay, with what is on them.
pub(super) fn unused_volumes(plan: &Plan, earlier: &Earlier<'_>, live: &BTreeMap<ObjectId, Object>) -> Vec<Finding> {
    let unused = earlier.wanted.keys().filter(|id| {
        id.kind == "PersistentVolumeClaim" && !plan.steps.iter().any(|step| step.wanted.object.id() == **id)
    });
    let found = unused.filter_map(|id| live.get(id)).map(|claim| {
        let size = claim.text(&["spec", "resources", "requests", "storage"]);
        Finding::new(
            "VOLUME_UNUSED",
            Severity::Info,
            format!("the volume {} ({size}) is not used any more", claim.name()),
        )
        .why("it stays with everything on it, and its key with it; it is used again when the answers ask for it")
        .at(claim.id().to_string())
    });
    found.collect()
}

/// Data that is still in the pod of a workload which was taken over as it was: what takes its place begins with an empty volume.
pub(super) fn data_in_pods(plan: &Plan, earlier: &Earlier<'_>) -> Vec<Finding> {
    if !is_of_chart(earlier.deployed) {
        return Vec::new();
    }
    let comes = |step: &&Step| step.class == Class::Claim && step.action == Action::Create;
    let volumes = plan.steps.iter().filter(comes).map(|step| &step.wanted);
    let found = volumes.flat_map(|volume| {
        let taken = earlier.deployed.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted);
        let of_group = taken.filter(|wanted| wanted.group == volume.group && wanted.object.pod_spec().is_some());
        of_group.filter(|wanted| !has_volume(&wanted.object)).map(|wanted| {
            let id = wanted.object.id();
            let what = format!("{} keeps its data in its pod, which ends now", id.short());
            Finding::new("DATA_WITHOUT_VOLUME", Severity::Error, what)
                .why(format!("what comes instead begins with an empty volume, {}", volume.object.name()))
                .remedy(format!(
                    "take the data out first: slipway backup {release}; then: --skip-preflight DATA_WITHOUT_VOLUME, and put it back afterwards: slipway restore",
                    release = plan.target.release
                ))
                .at(id.to_string())
        })
    });
    found.collect()
}

/// What a rollback does not bring back.
pub(super) fn no_way_back(
    plan: &Plan,
    earlier: &Earlier<'_>,
    product: &Product,
    live: &BTreeMap<ObjectId, Object>,
) -> Option<Finding> {
    let (installed, chosen) = (&earlier.deployed.product.version, &plan.product.version);
    let mut never = Vec::new();
    if gates::migrates(product, installed, chosen) {
        never.push(format!("the data: it is migrated on the way from {installed} to {chosen}"));
    } else if !product.migration.is_empty() && gates::way(&product.versions, installed, chosen) == Way::Up {
        never.push(format!("the schema of the data: {chosen} may change it when it starts"));
    }
    for step in &plan.steps {
        let name = step.wanted.object.id().short();
        match &step.action {
            Action::Change { fields, .. } if step.class == Class::Claim && grows(fields) => {
                never.push(format!("the size of {name}: a volume cannot shrink"));
            }
            Action::Replace { .. } if step.wanted.object.kind() == "Job" => {
                never.push(format!("what {name} does"));
            }
            // Nobody can tell what is lost with an object that this program does not know.
            Action::Delete if step.class == Class::Ordinary && holds_data(live.get(&step.wanted.object.id())) => {
                never.push(format!("what was written into {name} by others"));
            }
            _ => {}
        }
    }
    if never.is_empty() {
        return None;
    }
    Some(
        Finding::new("NO_WAY_BACK", Severity::Info, "a rollback does not bring everything back")
            .why(never.join("; "))
            .remedy(format!("make a backup first: slipway backup {}", plan.target.release)),
    )
}

fn grows(fields: &[FieldChange]) -> bool {
    fields.iter().any(|field| field.path == "spec.resources.requests.storage")
}

/// Configuration that others may have written into.
fn holds_data(live: Option<&Object>) -> bool {
    let Some(live) = live.filter(|live| matches!(live.kind(), "ConfigMap" | "Secret")) else { return false };
    let managers = live.list(&["metadata", "managedFields"]).iter();
    let mut others = managers.filter(|entry| {
        let data = entry["fieldsV1"].get("f:data").is_some();
        data && !entry["manager"].as_str().unwrap_or("").starts_with("slipway:")
    });
    others.next().is_some()
}
