//! What an uninstall deletes and what it keeps (cluster.md 1 and 5, design.md 5 "Uninstall"). Volumes and keys are kept unless
//! they are named; a key is kept as long as a kept volume is opened by it.

mod held;

use std::collections::{BTreeMap, BTreeSet};

pub use held::{KeySecret, Usage, Volume, strangers};

use super::set::{OPENS, PART_OF, RELEASE};
use super::waves::waves;
use super::{Action, Class, KeyPlan, Plan, Step, Target, Verb, Wanted};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};

/// What the operator said is to go, beside what always goes. By name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Claims whose data is given up.
    pub volumes: BTreeSet<String>,
    /// Key Secrets.
    pub keys: BTreeSet<String>,
    /// Those of the claims whose databases are backed up first, each with the folder that the backup goes into.
    pub backups: BTreeMap<String, String>,
}

/// Annotation of a recorded claim that goes: the folder that its databases were backed up into before anything was deleted.
/// An uninstall that died afterwards goes on without another backup, for which nothing may run any more.
pub const BACKED_UP: &str = "slipway.dev/backed-up";

/// Everything of a release that is in the cluster, as it was read.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Members of the set, claims, key Secrets (without their data), definitions.
    pub objects: Vec<Object>,
    /// Its volumes.
    pub volumes: Vec<Volume>,
    /// Its key Secrets.
    pub keys: Vec<KeySecret>,
    /// What is recorded as its own and is there, but carries its mark no more: it stays.
    pub unmarked: Vec<ObjectId>,
}

/// Plans the end of a release. `recorded` is the plan of its newest revision: it knows the groups and who depends on whom.
///
/// # Errors
/// A volume or key that is named does not exist, or a key opens what is kept.
pub fn plan(recorded: &Plan, held: &Held, target: &Target, wishes: &Wishes) -> Result<Plan, Failure> {
    known("volume", &wishes.volumes, held.volumes.iter().map(|volume| volume.name.as_str()), target)?;
    known(
        "volume",
        &wishes.backups.keys().cloned().collect(),
        held.volumes.iter().map(|volume| volume.name.as_str()),
        target,
    )?;
    known("key Secret", &wishes.keys, held.keys.iter().map(|key| key.name.as_str()), target)?;
    needed(held, target, wishes)?;
    let steps = steps(recorded, held, wishes)?;
    Ok(Plan {
        verb: Verb::Uninstall,
        // An install over an uninstall that did not end goes on with the same volumes and keys.
        target: Target { pact: recorded.target.pact.clone(), ..target.clone() },
        product: recorded.product.clone(),
        namespace_exists: true,
        keys: KeyPlan { generation: recorded.keys.generation, ..KeyPlan::default() },
        waves: steps.1,
        steps: steps.0,
        health: Vec::new(),
        log_patterns: Vec::new(),
        notes: notes(held, target, wishes),
        answers: recorded.answers.clone(),
        facts: BTreeMap::new(),
        findings: findings(held, target, wishes),
        usual_seconds: None,
        seen: BTreeMap::new(),
    })
}

fn known<'a>(
    what: &str,
    named: &BTreeSet<String>,
    there: impl Iterator<Item = &'a str>,
    target: &Target,
) -> Result<(), Failure> {
    let there: Vec<&str> = there.collect();
    let Some(unknown) = named.iter().find(|name| !there.contains(&name.as_str())) else { return Ok(()) };
    let failure = Failure::new(FailureKind::Usage, format!("there is no {what} {unknown}"))
        .place(format!("release {}, namespace {}", target.release, target.namespace))
        .state(NOTHING_WRITTEN);
    let near = crate::suggest::nearest(unknown, there.iter().copied());
    Err(match (near, there.is_empty()) {
        (Some(near), _) => failure.hint(format!("did you mean {near}?")),
        (None, true) => failure.why(format!("this release has no {what}")),
        (None, false) => failure.hint(format!("there is {}", there.join(", "))),
    })
}

/// A kept volume keeps its key (cluster.md 5 "Pact of volume and key").
fn needed(held: &Held, target: &Target, wishes: &Wishes) -> Result<(), Failure> {
    for key in held.keys.iter().filter(|key| wishes.keys.contains(&key.name)) {
        let kept = held.volumes.iter().filter(|volume| !wishes.volumes.contains(&volume.name));
        let opened: Vec<&str> = kept.filter(|volume| key.opens(volume)).map(|volume| volume.name.as_str()).collect();
        if let Some(first) = opened.first() {
            return Err(Failure::new(FailureKind::Refused, format!("the key Secret {} is still needed", key.name))
                .place(format!("release {}, namespace {}", target.release, target.namespace))
                .why(format!("it opens {}, which is kept", opened.join(", ")))
                .state(NOTHING_WRITTEN)
                .hint(format!("delete its data too: --delete-volume {first}"))
                .hint("or keep the key: it costs nothing"));
        }
    }
    Ok(())
}

/// The steps with the titles of their waves: what came last goes first, so that nothing loses what it stands on.
fn steps(recorded: &Plan, held: &Held, wishes: &Wishes) -> Result<(Vec<Step>, Vec<String>), Failure> {
    let by_id: BTreeMap<ObjectId, &Wanted> =
        recorded.steps.iter().map(|step| (step.wanted.object.id(), &step.wanted)).collect();
    let wanted: Vec<Wanted> = held
        .objects
        .iter()
        .map(|object| {
            let known = by_id.get(&object.id());
            let mut object = without_values(object);
            if let (Some(folder), "PersistentVolumeClaim") = (wishes.backups.get(object.name()), object.kind()) {
                object.set_annotation(BACKED_UP, folder);
            }
            Wanted {
                object,
                group: known.map_or_else(|| "other".to_string(), |known| known.group.clone()),
                after: known.map(|known| known.after.clone()).unwrap_or_default(),
                recipes: BTreeMap::new(),
            }
        })
        .collect();
    let named = recorded.steps.iter().flat_map(|step| step.wanted.after.iter().map(String::as_str));
    let groups: BTreeSet<&str> = wanted
        .iter()
        .map(|wanted| wanted.group.as_str())
        .chain(named.map(|name| name.strip_prefix("components.").unwrap_or(name)))
        .chain(recorded.steps.iter().map(|step| step.wanted.group.as_str()))
        .collect();
    let order = waves(&wanted, &groups).map_err(|faults| {
        let failure = Failure::new(FailureKind::Bug, "the recorded objects have no order");
        faults.into_iter().fold(failure, |failure, fault| failure.why(fault.what)).state(NOTHING_WRITTEN)
    })?;
    let last = u32::try_from(order.titles.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let mut steps: Vec<Step> = wanted
        .into_iter()
        .zip(order.places)
        .map(|(wanted, (wave, _))| {
            let class = Class::of(&wanted.object);
            let action = if goes(&wanted.object, class, wishes) { Action::Delete } else { Action::Keep };
            Step { wanted, action, wave: last - wave, after: Vec::new(), class, one_first: false }
        })
        .collect();
    steps.sort_by_key(|step| step.wave);
    Ok((steps, order.titles.into_iter().rev().collect()))
}

fn goes(object: &Object, class: Class, wishes: &Wishes) -> bool {
    match class {
        Class::Claim => wishes.volumes.contains(object.name()),
        Class::Crd => false,
        _ if is_key(object) => wishes.keys.contains(object.name()),
        Class::Ordinary | Class::ClusterScoped => true,
    }
}

/// Whether an object is a key Secret: it has the release's label and says what it opens.
pub fn is_key(object: &Object) -> bool {
    object.kind() == "Secret" && object.label(RELEASE).is_some() && object.annotation(OPENS).is_some()
}

/// A record holds no values of Secrets; nor of ConfigMaps, where a chart may have put a password: what goes needs none.
pub(super) fn without_values(object: &Object) -> Object {
    let mut object = object.clone();
    object.remove(&["metadata", "managedFields"]);
    object.remove(&["status"]);
    if matches!(object.kind(), "Secret" | "ConfigMap") {
        object.remove(&["data"]);
        object.remove(&["binaryData"]);
        object.remove(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"]);
    }
    object
}

/// What is kept, why, and how to remove it afterwards: by then the record is gone, so the commands are kubectl's.
fn notes(held: &Held, target: &Target, wishes: &Wishes) -> Vec<String> {
    let at = &target.namespace;
    let mut notes = Vec::new();
    for volume in held.volumes.iter().filter(|volume| !wishes.volumes.contains(&volume.name)) {
        notes.push(format!(
            "kept: volume {} ({}); to delete it and its data: kubectl -n {at} delete pvc {}",
            volume.name, volume.size, volume.name
        ));
    }
    for volume in held.volumes.iter().filter(|volume| wishes.volumes.contains(&volume.name) && volume.outlives()) {
        notes.push(format!(
            "kept: the disk behind {}, since its class keeps disks ({}); to give it back: kubectl delete pv {}",
            volume.name, volume.policy, volume.disk
        ));
    }
    notes.extend(wishes.backups.iter().map(|(name, folder)| format!("backed up: volume {name}, in {folder}")));
    for key in held.keys.iter().filter(|key| !wishes.keys.contains(&key.name)) {
        notes.push(format!(
            "kept: Secret {}{}; to delete it: kubectl -n {at} delete secret {}",
            key.name,
            key.what(),
            key.name
        ));
    }
    if notes.iter().any(|note| note.starts_with("kept: ")) {
        notes.push(reinstall(target));
    }
    notes.extend(
        held.unmarked.iter().map(|id| format!("not deleted: {}, which lost the mark of this release", id.short())),
    );
    notes
}

fn reinstall(target: &Target) -> String {
    format!("an install of {} in {} finds what was kept, and asks what to do with it", target.release, target.namespace)
}

fn findings(held: &Held, target: &Target, wishes: &Wishes) -> Vec<Finding> {
    let mut findings: Vec<Finding> = held.unmarked.iter().map(|id| unmarked(id, target)).collect();
    for volume in &held.volumes {
        let at = format!("PersistentVolumeClaim/{}/{}", target.namespace, volume.name);
        if wishes.volumes.contains(&volume.name) {
            let what = match wishes.backups.get(&volume.name) {
                None => format!("the volume {} ({}) and all its data will be gone", volume.name, volume.size),
                Some(folder) => format!(
                    "the volume {} ({}) will be gone, once its database is backed up and read back in {folder}",
                    volume.name, volume.size
                ),
            };
            let finding = Finding::new("DATA_DELETED", Severity::Warning, what).at(at.clone());
            let foreign = volume.mounted_by.iter().filter(|pod| !pod.ours).map(|pod| pod.name.as_str());
            let foreign: Vec<&str> = foreign.collect();
            findings.push(if volume.outlives() {
                finding.why(format!("its class keeps the disk {} itself ({})", volume.disk, volume.policy))
            } else {
                finding
            });
            if !foreign.is_empty() {
                let what = format!("the volume {} is used by a pod that is not this release's", volume.name);
                findings.push(
                    Finding::new("VOLUME_IN_USE", Severity::Error, what)
                        .why(format!(
                            "{} mounts it; it would lose its data, or hold the deletion up",
                            foreign.join(", ")
                        ))
                        .remedy(format!(
                            "keep the volume, or end that pod first: kubectl -n {} get pods",
                            target.namespace
                        ))
                        .at(at),
                );
            }
        }
    }
    findings
}

/// Without our mark an object is not ours, whatever the record says of it (cluster.md 2).
fn unmarked(id: &ObjectId, target: &Target) -> Finding {
    let kind = id.kind.to_lowercase();
    let namespace = if id.namespace.is_empty() { String::new() } else { format!(" -n {}", id.namespace) };
    Finding::new(
        "MARK_LOST",
        Severity::Warning,
        format!("{} stays: it carries the mark of this release no more", id.short()),
    )
    .why(format!("somebody took its label {PART_OF} away, or made it anew; what is not marked is not deleted"))
    .remedy(format!(
        "mark it again: kubectl label {kind}{namespace} {} {PART_OF}={}; or delete it yourself afterwards",
        id.name,
        target.set_id()
    ))
    .at(id.to_string())
}

#[cfg(test)]
mod tests;
