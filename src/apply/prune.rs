//! Pruning what left the set: at the end, when everything else worked, by label and UID, never by name alone.

use std::collections::BTreeSet;

use super::run::Run;
use super::step;
use crate::cluster::applyset::group_kinds;
use crate::cluster::record::JournalEntry;
use crate::cluster::{Deletion, FaultKind};
use crate::error::Failure;
use crate::event::{Done, EventKind};
use crate::object::{Object, ObjectId};
use crate::plan::set::PART_OF;
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
        let kinds = parent.map(group_kinds).unwrap_or_default();
        let selector = format!("{PART_OF}={}", target.set_id());
        let mut surplus = Vec::new();
        for name in kinds {
            let (kind, group) = name.split_once('.').unwrap_or((&name, ""));
            let resource = match self.cluster.resource(group, kind, "").await {
                Ok(resource) => resource,
                // Its definition is gone, and its objects with it.
                Err(fault) if fault.kind == FaultKind::UnknownKind => continue,
                Err(fault) => return Err(fault.into()),
            };
            let namespace = if resource.namespaced { target.namespace.as_str() } else { "" };
            for object in self.cluster.list(group, kind, namespace, &selector).await?.objects {
                // What another object owns goes with its owner; claims and definitions are never pruned.
                let dependent = !object.list(&["metadata", "ownerReferences"]).is_empty();
                let kept = matches!(Class::of(&object), Class::Claim | Class::Crd);
                if !wanted.contains(&object.id()) && !dependent && !kept {
                    surplus.push(object);
                }
            }
        }
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
