//! The end of an uninstall: revisions, parent, Lease, Namespace (cluster.md 4).

use std::collections::{BTreeMap, BTreeSet};

use super::control::Control;
use super::namespace::CREATED_BY;
use super::run::{Ended, MOVED, Run};
use super::survey::Item;
use crate::cluster::record::Revision;
use crate::cluster::{Deletion, FaultKind};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::set::RELEASE;
use crate::secret::SecretText;

impl Run<'_> {
    /// Deletes what the plan names, then what is kept of the release.
    pub(super) async fn uninstall(&self) -> Result<Ended, Failure> {
        let target = &self.plan.target;
        let id = ObjectId::new("", "Namespace", "", &target.namespace);
        let namespace = match self.cluster.find(&id).await {
            Ok(None) => {
                return Ok(Ended::default());
            }
            Ok(found) => found,
            Err(fault) if fault.kind == FaultKind::Forbidden => None,
            Err(fault) => return Err(fault.into()),
        };
        self.locked().await?;
        let kept = self.kept().await?;
        self.still_everything(kept.parent.as_ref()).await?;
        let live = self.live(false).await?;
        let items = self.deletions(&live)?;
        let mut revision = match kept.pending() {
            Some(pending) if pending.plan.verb == self.plan.verb => {
                self.tell.all(EventKind::RunResumed { revision: pending.number, who: pending.who.clone() }).await;
                pending.clone()
            }
            _ => {
                let number = kept.revisions.first().map_or(0, |revision| revision.number) + 1;
                let mut revision = Revision::new(number, self.plan, &self.options.who);
                self.may_write()?;
                revision.write(&self.cluster, target).await?;
                revision
            }
        };
        let ended = match self.waves(&mut revision, &items, &SecretText::new("")).await {
            Err(failure) if self.controls.now() == Control::Detach && failure.kind == FailureKind::Interrupted => {
                return Ok(Ended {
                    revision: revision.number,
                    left: Some(super::run::count(items.len())),
                    ..Ended::default()
                });
            }
            ended => ended?,
        };
        // The newest revision goes last, so that a run that dies here still knows what it was doing.
        let selector = format!("{RELEASE}={}", target.release);
        let mut numbers: Vec<u32> =
            kept.revisions.iter().map(|old| old.number).filter(|old| *old != revision.number).collect();
        numbers.push(revision.number);
        for number in numbers {
            self.may_write()?;
            Revision::delete(&self.cluster, target, number).await?;
        }
        self.may_write()?;
        self.cluster
            .delete(&ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name()), &Deletion::default())
            .await?;
        let mut remains = self.remains(&selector).await?;
        if let Some(lock) = self.lock.write().await.take() {
            lock.release().await;
        }
        let lease = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
        self.cluster.delete(&lease, &Deletion::default()).await?;
        remains.retain(|left| *left != lease);
        if let Some(namespace) = namespace
            && namespace.annotation(CREATED_BY) == Some(&self.manager)
            && remains.is_empty()
        {
            self.cluster.delete(&id, &Deletion::of(namespace.uid())).await?;
        }
        Ok(ended)
    }

    /// What another run added after the plan was made would be left without a record: it is said instead, and nothing is
    /// written.
    async fn still_everything(&self, parent: Option<&Object>) -> Result<(), Failure> {
        let target = &self.plan.target;
        let known: BTreeSet<ObjectId> = self.plan.steps.iter().map(|step| step.wanted.object.id()).collect();
        let members = self.cluster.members(target, parent).await?;
        let new: Vec<ObjectId> = members.iter().map(Object::id).filter(|id| !known.contains(id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let failure = Failure::new(FailureKind::Refused, MOVED).place(format!("namespace {}", target.namespace));
        let failure = new.iter().fold(failure, |failure, id| failure.why(format!("{}: it is new", id.short())));
        Err(failure.state(NOTHING_WRITTEN).hint("run the same command again: it shows the plan as it is now"))
    }

    fn deletions<'a>(&'a self, live: &BTreeMap<ObjectId, Object>) -> Result<Vec<Item<'a>>, Failure> {
        let mut refused = Vec::new();
        let items = self
            .plan
            .steps
            .iter()
            .map(|step| {
                let (object, id) = (step.wanted.object.clone(), step.wanted.object.id());
                let live = live.get(&id).cloned();
                if let Some(live) = &live {
                    refused.extend(super::ownership::refusal(live, &self.plan.target, step.class));
                }
                let unchanged = step.action != crate::plan::Action::Delete;
                Item { step, id, object, live, unchanged, left: Vec::new(), adopted: false }
            })
            .collect();
        match super::survey::together(refused) {
            Some(failure) => Err(failure),
            None => Ok(items),
        }
    }

    /// What is still in the namespace, apart from what Kubernetes itself puts into every one and what is going away.
    async fn remains(&self, _selector: &str) -> Result<Vec<ObjectId>, Failure> {
        let namespace = &self.plan.target.namespace;
        let kinds = self.cluster.resources().await?;
        let kinds = kinds.iter().filter(|kind| {
            kind.namespaced && ["list", "delete"].iter().all(|verb| kind.verbs.iter().any(|has| has == verb))
        });
        let kinds = kinds.filter(|kind| {
            !matches!(kind.kind.as_str(), "Event" | "EndpointSlice" | "Endpoints" | "ControllerRevision")
        });
        let mut remains = Vec::new();
        for kind in kinds {
            let listed = match self.cluster.list(&kind.group, &kind.kind, namespace, "").await {
                Ok(listed) => listed.objects,
                // What may not be seen may be there: the namespace stays.
                Err(fault) if matches!(fault.kind, FaultKind::Forbidden | FaultKind::Unsupported) => {
                    remains.push(ObjectId::new(&kind.group, &kind.kind, namespace, "?"));
                    continue;
                }
                Err(fault) => return Err(fault.into()),
            };
            for object in listed {
                let own = matches!(
                    (object.kind(), object.name()),
                    ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default")
                );
                let going = object.at(&["metadata", "deletionTimestamp"]).is_some();
                // What another object owns goes with it.
                let dependent = !object.list(&["metadata", "ownerReferences"]).is_empty();
                if !own && !going && !dependent {
                    remains.push(object.id());
                }
            }
        }
        Ok(remains)
    }
}
