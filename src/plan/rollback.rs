//! The plan that takes a release back to a recorded revision: its recorded objects against what is there, never a new
//! render, since the old product may exist nowhere else (cluster.md 1 and 3). What holds data and what opens it goes
//! forward only: claims never shrink, a rotated secret stays rotated, migrations are not run again.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use keys::{Generations, of_generation};

use super::action::{ChangedConfiguration, action};
use super::set::OPENED_BY;
use super::upgrade::leaving;
use super::{Action, Class, Plan, Step, Target, Verb, Wanted};
use crate::error::Failure;
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::secret::{SecretRef, SecretText, Secrets};

/// Annotation on a *recorded* Secret: its entries of which the record does not know how they are made, comma-separated. A
/// record that was built anew has such Secrets; a rollback leaves them as they are.
pub const UNKNOWN_ENTRIES: &str = "slipway.dev/unknown-entries";

/// What a rollback is made from; everything of it was read.
pub struct Ground<'a> {
    /// Number of the revision to go back to.
    pub number: u32,
    /// What that revision recorded.
    pub to: &'a Plan,
    /// The plans of all revisions on record, the newest first; never empty.
    pub recorded: &'a [&'a Plan],
    /// Values of the key Secrets that are there.
    pub generations: &'a Generations,
    /// Values of the Secrets that the operator named, as they are now.
    pub existing: &'a BTreeMap<SecretRef, SecretText>,
    /// What is there of the recorded objects, by id.
    pub live: &'a BTreeMap<ObjectId, Object>,
    /// The members of the set that are there.
    pub members: &'a [Object],
    /// Fields that were left to other managers, by object.
    pub left: &'a BTreeMap<ObjectId, Vec<String>>,
    /// Where.
    pub target: &'a Target,
}

/// Plans the way back, with the secrets that it needs.
///
/// # Errors
/// A key that opens the data of that revision is gone.
pub fn plan(ground: &Ground<'_>) -> Result<(Plan, Secrets), Failure> {
    let to = ground.to;
    let keys = keys::choose(ground)?;
    let mut findings = vec![data_stays(ground)];
    findings.extend(keys.findings);
    let steps = steps(ground, &keys.secrets, keys.plan.generation, &mut findings);
    let newest = ground.recorded.first().copied().unwrap_or(to);
    // What was decided about an earlier install's volumes and keys holds for every later run.
    let pact = ground.recorded.iter().find(|plan| plan.verb != Verb::Uninstall).map(|plan| plan.target.pact.clone());
    let target = Target {
        profile: to.target.profile.clone(),
        pact: pact.unwrap_or_else(|| ground.target.pact.clone()),
        ..ground.target.clone()
    };
    let answers = to.answers.iter().map(|(path, answer)| {
        let mut answer = answer.clone();
        if let Some(SecretRef::Keys { generation, .. }) = &mut answer.secret {
            *generation = keys.plan.generation;
        }
        (path.clone(), answer)
    });
    let mut plan = Plan {
        verb: Verb::Rollback,
        target,
        product: to.product.clone(),
        namespace_exists: true,
        steps,
        waves: to.waves.clone(),
        health: to.health.clone(),
        // What the newer version says is understood as well: its pods are there until the older ones are.
        log_patterns: patterns(to, newest),
        notes: to.notes.clone(),
        answers: answers.collect(),
        facts: to.facts.clone(),
        findings,
        usual_seconds: to.usual_seconds,
        seen: ground.live.iter().map(|(id, object)| (id.to_string(), object.resource_version().to_string())).collect(),
        keys: keys.plan,
    };
    let recorded = ground.recorded;
    let group = |id: &ObjectId| {
        let mut known = recorded.iter().flat_map(|plan| &plan.steps).filter(|step| step.wanted.object.id() == *id);
        known.next().map(|step| step.wanted.group.clone())
    };
    leaving(&mut plan, ground.members, &group);
    Ok((plan, keys.secrets))
}

fn patterns(to: &Plan, newest: &Plan) -> Vec<super::LogPattern> {
    let mut patterns = to.log_patterns.clone();
    patterns.extend(newest.log_patterns.iter().filter(|pattern| !to.log_patterns.contains(pattern)).cloned());
    patterns
}

/// A step for each recorded object, in the recorded order; what leaves comes later.
fn steps(ground: &Ground<'_>, secrets: &Secrets, generation: u32, findings: &mut Vec<Finding>) -> Vec<Step> {
    let manager = ground.target.field_manager();
    let mut changed = ChangedConfiguration::default();
    let mut recorded: Vec<&Step> = ground.to.steps.iter().filter(|step| step.action != Action::Delete).collect();
    recorded.sort_by_key(|step| step.wave);
    let mut steps = Vec::new();
    let mut waits: BTreeSet<ObjectId> = BTreeSet::new();
    for step in recorded {
        let id = step.wanted.object.id();
        let live = ground.live.get(&id);
        let mut wanted = step.wanted.clone();
        for recipe in wanted.recipes.values_mut() {
            of_generation(recipe, generation);
        }
        match (step.class, live) {
            _ if is_job(&wanted.object) => {
                findings.push(job_rests(&id));
                if live.is_some() {
                    let (after, one_first) = (Vec::new(), false);
                    steps.push(Step { wanted, action: Action::Keep, after, one_first, ..step.clone() });
                }
                continue;
            }
            _ if wanted.object.annotation(UNKNOWN_ENTRIES).is_some() => {
                findings.push(unknown(&id, live.is_some()));
                if live.is_some() {
                    steps.push(Step { wanted, action: Action::Keep, one_first: false, ..step.clone() });
                }
                continue;
            }
            // A definition is shared by the cluster, and an older one may not know what is stored by now.
            (Class::Crd, Some(_)) => continue,
            (Class::Claim, Some(live)) => as_it_is(&mut wanted.object, live),
            (Class::Claim, None) => findings.push(empty_claim(&id)),
            _ => {}
        }
        opened_by(&mut wanted.object, ground.target, generation);
        findings.extend(live.and_then(|live| replicas_stay(&mut wanted, live, &manager)));
        let there = (live, ground.left.get(&id).map_or(&[][..], Vec::as_slice));
        let action = action(&mut wanted, there, secrets, &manager, &changed, findings);
        changed.add(&wanted.object, &action);
        let one_first = step.one_first && live.is_none();
        waits.insert(id);
        steps.push(Step { wanted, action, wave: step.wave, after: step.after.clone(), class: step.class, one_first });
    }
    for step in &mut steps {
        // What is not brought back is not waited for.
        step.after.retain(|id| waits.contains(id));
    }
    steps
}

/// Whether an object is a Job: it ran once, and a rollback runs nothing twice (cluster.md 4 "Migrations").
pub fn is_job(object: &Object) -> bool {
    object.group() == "batch" && object.kind() == "Job"
}

/// A claim is left as it is, but for what may still grow: what it was made with cannot be changed.
fn as_it_is(claim: &mut Object, live: &Object) {
    let spec = claim.at(&["spec"]).and_then(Value::as_object).cloned().unwrap_or_default();
    for key in spec.keys().filter(|key| *key != "resources") {
        match live.at(&["spec", key]) {
            Some(there) => claim.set(&["spec", key], there.clone()),
            None => drop(claim.remove(&["spec", key])),
        }
    }
}

/// What opens a claim is in the generation that is used, not in the one of that time.
fn opened_by(claim: &mut Object, target: &Target, generation: u32) {
    let Some(keys) = claim.annotation(OPENED_BY) else { return };
    let prefix = format!("{}-keys-", target.release);
    let named =
        keys.split(',').map(|key| match key.trim().strip_prefix(&prefix).and_then(|rest| rest.split_once('/')) {
            Some((_, key)) => format!("{}/{key}", target.key_secret_name(generation)),
            None => key.trim().to_string(),
        });
    let named = named.collect::<Vec<_>>().join(",");
    claim.set(&["metadata", "annotations", OPENED_BY], named.into());
}

/// The number of replicas that another owns stays as it is (cluster.md 2 "Autoscalers").
fn replicas_stay(wanted: &mut Wanted, live: &Object, manager: &str) -> Option<Finding> {
    let path = ["spec", "replicas"];
    let recorded = wanted.object.at(&path)?.clone();
    let owner = live.list(&["metadata", "managedFields"]).iter().find(|entry| {
        entry["manager"].as_str().is_some_and(|name| name != manager)
            && entry.pointer("/fieldsV1/f:spec/f:replicas").is_some()
    })?;
    wanted.object.remove(&path);
    let now = live.at(&path).filter(|now| **now != recorded)?;
    let id = live.id();
    let who = crate::sanitize::line(owner["manager"].as_str().unwrap_or(""));
    Some(
        Finding::new("REPLICAS_STAY", Severity::Info, format!("{} stays at {now} replicas", id.short()))
            .why(format!("{who} set that number; the recorded one is {recorded}"))
            .remedy(format!("to have it otherwise: kubectl -n {} scale {} --replicas=N", id.namespace, id.short()))
            .at(id.to_string()),
    )
}

fn unknown(id: &ObjectId, there: bool) -> Finding {
    let (severity, what) = match there {
        true => (Severity::Warning, format!("{} stays as it is", id.short())),
        false => (Severity::Error, format!("{} is gone and cannot be made again", id.short())),
    };
    Finding::new("SECRET_UNKNOWN", severity, what)
        .why("the record of that revision was built anew by slipway repair, and does not know how its entries are made")
        .remedy(if there { "" } else { "install or upgrade with the product instead: that makes it" })
        .at(id.to_string())
}

/// Whether a step of a rollback is left as it is found: a Job, and a Secret that the record cannot make.
pub fn rests(step: &Step) -> bool {
    is_job(&step.wanted.object) || step.wanted.object.annotation(UNKNOWN_ENTRIES).is_some()
}

fn job_rests(id: &ObjectId) -> Finding {
    Finding::new("JOB_NOT_RUN", Severity::Info, format!("{} is not run again", id.short()))
        .why("a rollback runs no migration: what it did to the data stays done")
        .at(id.to_string())
}

fn empty_claim(id: &ObjectId) -> Finding {
    Finding::new("CLAIM_EMPTY", Severity::Warning, format!("{} is gone and is made anew, empty", id.short()))
        .why("its data went with it")
        .remedy("restore a backup into it, once it is there")
        .at(id.to_string())
}

/// What a rollback can never give back, and says first.
fn data_stays(ground: &Ground<'_>) -> Finding {
    let newest = ground.recorded.first().map_or("", |plan| plan.product.version.as_str());
    let back = &ground.to.product.version;
    let what = format!("data does not go back to revision {}: volumes and databases stay as they are", ground.number);
    let finding = Finding::new("DATA_STAYS", Severity::Warning, what);
    if newest == back || newest.is_empty() {
        return finding.why("objects are put back, what was written since then is not taken away");
    }
    finding
        .why(format!("what {newest} wrote or migrated is read by {back} as it finds it"))
        .remedy(format!("make sure that {back} reads it; if it does not, restore the backup that was taken before"))
}

#[cfg(test)]
mod tests;
