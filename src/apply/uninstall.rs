//! The end of an uninstall: revisions, parent, Lease, Namespace (cluster.md 4).

use std::collections::{BTreeMap, BTreeSet};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use super::control::Control;
use super::namespace::CREATED_BY;
use super::run::{Ended, MOVED, Run};
use super::survey::Item;
use crate::cluster::lock::{self, LockTiming};
use crate::cluster::record::{REVISION, Revision};
use crate::cluster::{Cluster, Deletion, Fault, FaultKind, Resource};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::Target;
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
        // A run that died had come to the very end: what is left goes with the Namespace.
        if let Some(ending) = namespace.as_ref().filter(|found| found.at(&["metadata", "deletionTimestamp"]).is_some())
            && ending.annotation(CREATED_BY) == Some(&self.manager)
        {
            self.until_gone(&id, ending.uid()).await?;
            return Ok(Ended::default());
        }
        self.locked().await?;
        let (kept, live) = tokio::try_join!(self.kept(), self.live(false))?;
        self.still_everything(kept.parent.as_ref()).await?;
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
        // Its own revision goes last, so that a run that dies here still knows what it was doing; of the others also the parts
        // that a run left which died while it wrote or deleted them.
        let own = revision.number.to_string();
        let mut old = records(&self.cluster, target).await?;
        old.retain(|record| record.label(REVISION) != Some(&own));
        let parts = old.split_off(old.partition_point(|record| record.at(&["data", "format"]).is_some()));
        for together in [old, parts] {
            let deletions: Vec<_> = together.iter().map(|record| self.record_goes(record).boxed()).collect();
            futures::future::try_join_all(deletions).await?;
        }
        self.may_write()?;
        self.cluster
            .delete(&ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name()), &Deletion::default())
            .await?;
        // Looked and decided while nobody else may begin; the Lease itself goes last, which gives the lock back.
        let id_of_lease = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
        // What is kept keeps its Namespace: then nothing else has to be looked for.
        let ours = namespace
            .filter(|namespace| namespace.annotation(CREATED_BY) == Some(&self.manager))
            .filter(|_| !items.iter().any(|item| item.unchanged && item.live.is_some()));
        let lease = async { self.cluster.find(&id_of_lease).await.map_err(Failure::from) };
        let remains = async { if ours.is_some() { self.remains().await } else { Ok(Vec::new()) } };
        let (lease, mut remains) = tokio::try_join!(lease, remains)?;
        let own = Revision::name(target, revision.number);
        let is_own = |left: &ObjectId| left.kind == "ConfigMap" && left.name.strip_prefix(&own).is_some_and(is_part);
        remains.retain(|left| *left != id_of_lease && !is_own(left));
        self.may_write()?;
        // From here on the lock may go with what is deleted, and a deletion that is sent again is no write without it.
        let cluster = self.cluster.unguarded();
        if let Some(namespace) = ours.filter(|_| remains.is_empty()) {
            cluster.delete(&id, &Deletion::of(namespace.uid())).await?;
        } else {
            Revision::delete(&self.cluster, target, revision.number).await?;
            if let Some(lease) = lease {
                self.may_write()?;
                cluster.delete(&id_of_lease, &Deletion::of(lease.uid())).await?;
            }
        }
        if let Some(lock) = self.lock.write().await.take() {
            lock.release().await;
        }
        Ok(ended)
    }

    async fn record_goes(&self, record: &Object) -> Result<bool, Failure> {
        self.may_write()?;
        Ok(self.cluster.delete(&record.id(), &Deletion::of(record.uid())).await?)
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
    async fn remains(&self) -> Result<Vec<ObjectId>, Failure> {
        let kinds = self.cluster.resources().await?;
        let namespaced: BTreeSet<(&str, &str)> =
            kinds.iter().filter(|kind| kind.namespaced).map(|kind| (kind.group.as_str(), kind.kind.as_str())).collect();
        let kinds = kinds.iter().filter(|kind| {
            kind.namespaced && ["list", "delete"].iter().all(|verb| kind.verbs.iter().any(|has| has == verb))
        });
        let kinds = kinds.filter(|kind| {
            !matches!(kind.kind.as_str(), "Event" | "EndpointSlice" | "Endpoints" | "ControllerRevision")
        });
        let lists: Vec<_> = kinds.map(|kind| self.remains_of(kind, &namespaced).boxed()).collect();
        let lists: Vec<Vec<ObjectId>> =
            futures::stream::iter(lists).buffered(self.options.parallel).try_collect().await?;
        Ok(lists.concat())
    }

    async fn remains_of(&self, kind: &Resource, namespaced: &BTreeSet<(&str, &str)>) -> Result<Vec<ObjectId>, Failure> {
        let namespace = &self.plan.target.namespace;
        match self.cluster.list(&kind.group, &kind.kind, namespace, "").await {
            Ok(listed) => Ok(listed.objects.iter().filter(|one| counts(one, namespaced)).map(Object::id).collect()),
            // What may not be seen may be there: the namespace stays.
            Err(fault) if matches!(fault.kind, FaultKind::Forbidden | FaultKind::Unsupported) => {
                Ok(vec![ObjectId::new(&kind.group, &kind.kind, namespace, "?")])
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

/// Whether what follows a revision's name says that it is it, or a part of it.
fn is_part(rest: &str) -> bool {
    rest.strip_prefix('.').map_or(rest.is_empty(), |number| number.chars().all(|c| c.is_ascii_digit()))
}

/// The ConfigMaps of a release's revisions; a revision before its parts, so that one of which some are gone means nothing.
async fn records(cluster: &Cluster, target: &Target) -> Result<Vec<Object>, Fault> {
    let selector = format!("{RELEASE}={},{REVISION}", target.release);
    let mut records = cluster.list("", "ConfigMap", &target.namespace, &selector).await?.objects;
    records.sort_by_key(|record| record.at(&["data", "format"]).is_none());
    Ok(records)
}

/// Takes away what an uninstall left that died after its record was gone: parts of that, and the lock. Whether there was any
/// of it; a release that has a record is not touched.
///
/// # Errors
/// Somebody is changing the release, or it cannot be read or deleted.
pub async fn sweep(
    cluster: &Cluster,
    target: &Target,
    take_over: Option<&str>,
    timing: LockTiming,
) -> Result<bool, Failure> {
    let parent = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
    let lease = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
    let unread = |fault: Fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let is_left = async || {
        let records = records(cluster, target).await?;
        let gone = cluster.find(&parent).await?.is_none();
        let gone = gone && records.iter().all(|record| record.at(&["data", "format"]).is_none());
        let lock = cluster.find(&lease).await?.filter(|lock| lock.label(RELEASE) == Some(&target.release));
        Ok::<_, Fault>((gone && (lock.is_some() || !records.is_empty())).then_some(records))
    };
    if is_left().await.map_err(unread)?.is_none() {
        return Ok(false);
    }
    let lock = lock::take(cluster, target, take_over, timing, &|_| ()).await?;
    // Under the lock: nobody begins meanwhile.
    let swept = async {
        let Some(records) = is_left().await? else { return Ok(false) };
        for record in &records {
            lock.check()?;
            cluster.delete(&record.id(), &Deletion::of(record.uid())).await?;
        }
        lock.check()?;
        if let Some(found) = cluster.find(&lease).await? {
            cluster.delete(&lease, &Deletion::of(found.uid())).await?;
        }
        Ok::<_, Failure>(true)
    };
    let swept = swept.await;
    lock.release().await;
    swept
}

/// Whether an object keeps its Namespace. `namespaced`: group and kind of everything that lives in one.
fn counts(object: &Object, namespaced: &BTreeSet<(&str, &str)>) -> bool {
    let own =
        matches!((object.kind(), object.name()), ("ConfigMap", "kube-root-ca.crt") | ("ServiceAccount", "default"));
    let going = object.at(&["metadata", "deletionTimestamp"]).is_some();
    if own || going {
        return false;
    }
    // Data and keys count whoever owns them: an operator for storage or backups makes itself their owner.
    if object.kind() == "PersistentVolumeClaim" || object.kind() == "Secret" && object.label(RELEASE).is_some() {
        return true;
    }
    // What an object of this namespace owns goes with it; an owner beside the namespaces says nothing.
    let owners = object.list(&["metadata", "ownerReferences"]);
    let here = |owner: &serde_json::Value| {
        let group =
            owner["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
        namespaced.contains(&(group, owner["kind"].as_str().unwrap_or("")))
    };
    owners.is_empty() || !owners.iter().all(here)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn data_keys_and_what_nobody_here_owns_keep_the_namespace() {
        let namespaced = BTreeSet::from([("apps", "ReplicaSet"), ("example.com", "Backup")]);
        let owned = |version: &str, kind: &str| json!([{"apiVersion": version, "kind": kind, "name": "o", "uid": "1"}]);
        let backup = || owned("example.com/v1", "Backup");
        let labels = json!({RELEASE: "shop"});
        let cases: [(&str, Value, bool); 10] = [
            ("PersistentVolumeClaim", json!({"name": "db", "ownerReferences": backup()}), true),
            ("Secret", json!({"name": "shop-keys-1", "labels": labels, "ownerReferences": backup()}), true),
            ("Secret", json!({"name": "theirs", "ownerReferences": backup()}), false),
            ("Pod", json!({"name": "p", "ownerReferences": owned("apps/v1", "ReplicaSet")}), false),
            ("Pod", json!({"name": "p", "ownerReferences": owned("v1", "Node")}), true),
            ("Pod", json!({"name": "p", "ownerReferences": owned("other.com/v1", "Backup")}), true),
            ("Pod", json!({"name": "p"}), true),
            ("Pod", json!({"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}), false),
            ("ConfigMap", json!({"name": "kube-root-ca.crt"}), false),
            ("ServiceAccount", json!({"name": "other"}), true),
        ];
        for (kind, metadata, wanted) in cases {
            let object = Object(json!({"apiVersion": "v1", "kind": kind, "metadata": metadata}));
            assert_eq!(counts(&object, &namespaced), wanted, "{object:?}");
        }
    }
}
