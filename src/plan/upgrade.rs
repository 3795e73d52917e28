//! The plan of a change to a release that is installed: that of an installation, with what leaves, what has to make way, and
//! everything that an operator wants to know before the yes (design.md 5 "Upgrade").

mod exclusive;
mod fixed;
mod hand;
mod said;

use std::collections::{BTreeMap, BTreeSet};

use super::gates::{self, Caution};
use super::uninstall::without_values;
use super::{Action, Class, Plan, RecordedAnswer, Step, Target, Verb, Wanted, install};
use crate::finding::Finding;
use crate::object::{Object, ObjectId};
use crate::product::world::World;

/// What a release has before it is changed.
pub struct Earlier<'a> {
    /// The plan of its newest revision that was deployed.
    pub deployed: &'a Plan,
    /// What was wanted of each object by the revisions that wrote it, the newest first.
    pub wanted: BTreeMap<ObjectId, Vec<&'a Wanted>>,
    /// Fields that were left to other managers, by object.
    pub left: &'a BTreeMap<ObjectId, Vec<String>>,
    /// The members of its set, as they were listed.
    pub members: &'a [Object],
    /// The version that it goes to in the end, where one has to be installed in between.
    pub finally: &'a str,
    /// What is said about backups.
    pub caution: Caution,
}

/// Plans the change. `live` holds what is there of the wanted objects, of those of the revisions and of the release's key
/// Secrets, by id.
///
/// # Errors
/// Everything that keeps the product from being rendered or ordered.
pub fn upgrade(
    earlier: &Earlier<'_>,
    world: &World<'_>,
    live: &BTreeMap<ObjectId, Object>,
    target: &Target,
    answers: BTreeMap<String, RecordedAnswer>,
) -> Result<Plan, Vec<Finding>> {
    let mut live = live.clone();
    live.extend(earlier.members.iter().map(|member| (member.id(), member.clone())));
    let mut plan = install::plan(Verb::Upgrade, world, &live, earlier.left, target, answers)?;
    finished_jobs(&mut plan, earlier, &live);
    let group = |id: &ObjectId| earlier.wanted.get(id)?.first().map(|known| known.group.clone());
    leaving(&mut plan, earlier.members, &group);
    let mut found: Vec<Finding> = said::upgrade(&plan, earlier).into_iter().collect();
    found.extend(gates::findings(
        world.product,
        (&earlier.deployed.product.version, &plan.product.version, earlier.finally),
        &target.release,
        earlier.caution,
    ));
    found.extend(hand::changed(&plan, earlier, &live, world.secrets));
    found.extend(said::replaced(&plan));
    found.extend(said::answers(&plan, earlier, world.product));
    found.extend(fixed::findings(&plan, earlier, world.product));
    found.extend(said::unused_volumes(&plan, earlier, &live));
    found.extend(said::data_in_pods(&plan, earlier));
    found.extend(said::no_way_back(&plan, earlier, world.product, &live));
    plan.findings.extend(found);
    Ok(plan)
}

/// A Job that ran and was cleaned up afterwards is not run again (cluster.md 4 "Migrations").
fn finished_jobs(plan: &mut Plan, earlier: &Earlier<'_>, live: &BTreeMap<ObjectId, Object>) {
    let ran = |step: &Step| {
        let recorded = earlier.deployed.steps.iter().find(|known| known.wanted.object.id() == step.wanted.object.id());
        recorded.is_some_and(|known| known.wanted.object == step.wanted.object && known.action != Action::Delete)
    };
    for step in &mut plan.steps {
        let job = step.wanted.object.group() == "batch" && step.wanted.object.kind() == "Job";
        if job && step.action == Action::Create && !live.contains_key(&step.wanted.object.id()) && ran(step) {
            step.action = Action::Keep;
        }
    }
}

/// Members of the set that are not wanted any more. What stands in the way of something that comes is deleted right before
/// it; everything else once all the rest works.
pub(super) fn leaving(plan: &mut Plan, members: &[Object], group: &dyn Fn(&ObjectId) -> Option<String>) {
    let wanted: BTreeSet<ObjectId> = plan.steps.iter().map(|step| step.wanted.object.id()).collect();
    let mut late = Vec::new();
    let mut early: BTreeMap<u32, Vec<Step>> = BTreeMap::new();
    for member in members {
        let class = Class::of(member);
        if wanted.contains(&member.id()) || matches!(class, Class::Claim | Class::Crd) {
            continue;
        }
        let step = Step {
            wanted: Wanted {
                object: without_values(member),
                group: group(&member.id()).unwrap_or_else(|| "other".to_owned()),
                after: Vec::new(),
                recipes: BTreeMap::new(),
            },
            action: Action::Delete,
            wave: 0,
            after: Vec::new(),
            class,
            one_first: false,
        };
        let comes = plan.steps.iter().filter(|step| !matches!(step.action, Action::Keep | Action::Delete));
        match comes.filter(|step| exclusive::stands_in_the_way(member, &step.wanted.object)).map(|step| step.wave).min()
        {
            Some(wave) => early.entry(wave).or_default().push(step),
            None => late.push(step),
        }
    }
    // From the last on, so that the numbers of those before still hold.
    for (wave, steps) in early.into_iter().rev() {
        plan.steps.iter_mut().filter(|step| step.wave >= wave).for_each(|step| step.wave += 1);
        plan.waves.insert((wave as usize).min(plan.waves.len()), "What has to make way".into());
        plan.steps.extend(steps.into_iter().map(|step| Step { wave, ..step }));
    }
    if !late.is_empty() {
        let wave = u32::try_from(plan.waves.len()).unwrap_or(u32::MAX);
        plan.waves.push("No longer wanted".into());
        plan.steps.extend(late.into_iter().map(|step| Step { wave, ..step }));
    }
    plan.steps.sort_by_key(|step| step.wave);
}

impl Plan {
    /// The first wave of what is deleted only once everything else works; none of an uninstall, which does nothing else, and
    /// of a taking over, which is not done while Helm knows the release.
    pub fn late(&self) -> u32 {
        let wanted = matches!(self.verb, Verb::Uninstall | Verb::Adopt);
        let stays = self.steps.iter().filter(|step| wanted || step.action != Action::Delete);
        stays.map(|step| step.wave + 1).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
