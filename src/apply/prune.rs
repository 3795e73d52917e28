//! Pruning what left the set: at the end, when everything else worked, by label and UID, never by name alone.

use std::collections::BTreeSet;

use super::run::Run;
use super::step;
use crate::cluster::record::JournalEntry;
use crate::cluster::{Deletion, FaultKind};
use crate::error::Failure;
use crate::event::{Done, EventKind};
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Class};

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
}

/// The journal of a prune.
pub(super) fn journal(surplus: &[Object]) -> Vec<JournalEntry> {
    surplus.iter().map(|object| step::entry("prune", object)).collect()
}
