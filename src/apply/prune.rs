//! Pruning what left the set: at the end, when everything else worked, by label and UID, never by name alone.

use std::collections::BTreeSet;

use super::run::Run;
use super::step;
use crate::cluster::record::JournalEntry;
use crate::cluster::{Deletion, FaultKind};
use crate::error::Failure;
use crate::event::{Done, EventKind};
use crate::facts::Fate;
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Class, Plan};

impl Run<'_> {
    /// The kinds of the members after this plan.
    pub(super) fn group_kinds(&self) -> BTreeSet<String> {
        let members = self.plan.steps.iter().filter(|step| step.action != Action::Delete);
        let members = members.filter(|step| matches!(step.class, Class::Ordinary | Class::ClusterScoped));
        members.map(|step| step.wanted.object.id().group_kind()).collect()
    }

    /// Members of the set that the plan does not want any more.
    pub(super) async fn surplus(&self, parent: Option<&Object>) -> Result<Vec<Object>, Failure> {
        let target = &self.plan.target;
        let wanted: BTreeSet<ObjectId> = self
            .plan
            .steps
            .iter()
            .filter(|step| step.action != Action::Delete)
            .map(|step| step.wanted.object.id())
            .collect();
        let mut surplus = self.cluster.members(target, parent).await?;
        // Claims and definitions are never pruned.
        surplus
            .retain(|object| !wanted.contains(&object.id()) && !matches!(Class::of(object), Class::Claim | Class::Crd));
        Ok(surplus)
    }

    /// Deletes them; the journal was written before.
    pub(super) async fn prune(&self, surplus: &[Object]) -> Result<(), Failure> {
        for object in surplus {
            self.may_write()?;
            let id = object.id();
            self.tell.step(&id, EventKind::StepStarted).await;
            match self.cluster.delete(&id, &Deletion::of(object.uid())).await {
                Ok(_) => self.tell.step(&id, EventKind::StepFinished { done: Done::Deleted }).await,
                // Another object has its name now: not what was listed.
                Err(fault) if fault.kind == FaultKind::Changed => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    /// Claims and key Secrets of an earlier install that were named to be wiped, and in whose place nothing comes: the very
    /// ones that were named, by kind, name and UID.
    pub(super) async fn wiped(&self) -> Result<Vec<Object>, Failure> {
        let ids = doomed(self.plan);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let there = self.cluster.read(ids).await?.into_values();
        let pact = &self.plan.target.pact;
        Ok(there.filter(|object| pact.wipes(object.kind() == "Secret", object.name(), object.uid())).collect())
    }

    /// Deletes them as they were seen, and waits until they are gone; the journal was written before.
    pub(super) async fn wipe(&self, wiped: &[Object]) -> Result<(), Failure> {
        for object in wiped {
            self.may_write()?;
            let id = object.id();
            self.tell.step(&id, EventKind::StepStarted).await;
            let how = Deletion { resource_version: object.resource_version().into(), ..Deletion::of(object.uid()) };
            self.delete(&id, &how).await?;
            self.tell.step(&id, EventKind::StepFinished { done: Done::Deleted }).await;
        }
        Ok(())
    }
}

/// What a plan deletes at its very end because the pact says so, for every kind that a pact is about.
fn doomed(plan: &Plan) -> Vec<ObjectId> {
    let late = plan.late();
    let steps = plan.steps.iter().filter(|step| step.action == Action::Delete && step.wave >= late);
    let named = steps.map(|step| step.wanted.object.id()).filter(|id| {
        let fate = plan.target.pact.0.get(&id.name).map(|one| (one.key, one.fate));
        id.group.is_empty()
            && id.namespace == plan.target.namespace
            && match id.kind.as_str() {
                "Secret" => fate == Some((true, Fate::Wipe)),
                "PersistentVolumeClaim" => fate == Some((false, Fate::Wipe)),
                _ => false,
            }
    });
    named.collect()
}

/// The journal of what is wiped.
pub(super) fn journal_of_wiped(wiped: &[Object]) -> Vec<JournalEntry> {
    wiped.iter().map(|object| step::entry("delete", object)).collect()
}

/// The journal of a prune.
pub(super) fn journal(surplus: &[Object]) -> Vec<JournalEntry> {
    surplus.iter().map(|object| step::entry("prune", object)).collect()
}

#[cfg(test)]
#[path = "prune_tests.rs"]
mod tests;
