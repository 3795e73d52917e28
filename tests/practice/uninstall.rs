//! An uninstall at every call: one that keeps volumes and keys, and one to which all of them were named.

use std::collections::BTreeSet;

use slipway::apply;
use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome, Revision};
use slipway::error::Failure;
use slipway::object::ObjectId;
use slipway::plan::uninstall::{Wishes, is_key, plan as end_of};
use slipway::plan::{Action, Class, Target, Verb};
use slipway::secret::Secrets;

use crate::every_call::{Flow, NAMESPACE, Told, lease};
use crate::inngest::{plan, secrets};
use crate::install::{run_of, timing};

fn target() -> Target {
    plan(NAMESPACE).target
}

/// As the verb does it: what was begun goes on with what was said then, and what is behind its record is swept away.
async fn uninstall(cluster: &Cluster, volumes: &[&str], keys: &[&str]) -> Result<(), Failure> {
    let revisions = record::read(cluster, &target()).await?;
    let Some(recorded) = revisions.iter().find(|one| one.plan.verb != Verb::Uninstall).or(revisions.first()) else {
        return apply::sweep(cluster, &target(), None, timing()).await.map(drop);
    };
    let kinds: BTreeSet<String> = revisions
        .iter()
        .flat_map(|revision| &revision.plan.steps)
        .filter(|step| matches!(step.class, Class::Ordinary | Class::ClusterScoped))
        .map(|step| step.wanted.object.id().group_kind())
        .collect();
    let held = cluster.held_of(&target(), &kinds).await?;
    let there = |names: &[&str]| -> BTreeSet<String> {
        let holds = |object: &slipway::object::Object| object.kind() == "PersistentVolumeClaim" || is_key(object);
        let is_there = |name: &&&str| held.objects.iter().any(|object| holds(object) && object.name() == **name);
        names.iter().filter(is_there).map(ToString::to_string).collect()
    };
    let mut wishes = Wishes { volumes: there(volumes), keys: there(keys), ..Wishes::default() };
    begun(&revisions, &mut wishes, &held.objects.iter().map(slipway::object::Object::id).collect());
    run_of(cluster, &end_of(&recorded.plan, &held, &target(), &wishes)?, &Secrets::default()).await?;
    let namespace = ObjectId::new("", "Namespace", "", NAMESPACE);
    match cluster.find(&namespace).await? {
        Some(found) if found.at(&["metadata", "deletionTimestamp"]).is_some() => {
            Ok(cluster.gone(&namespace, found.uid()).await?)
        }
        _ => Ok(()),
    }
}

fn begun(revisions: &[Revision], wishes: &mut Wishes, there: &BTreeSet<ObjectId>) {
    let pending =
        revisions.first().filter(|one| one.plan.verb == Verb::Uninstall && one.progress.outcome == Outcome::Pending);
    let steps = pending.into_iter().flat_map(|one| &one.plan.steps);
    for step in steps.filter(|step| step.action == Action::Delete) {
        let object = &step.wanted.object;
        if there.contains(&object.id()) && step.class == Class::Claim {
            wishes.volumes.insert(object.name().into());
        } else if there.contains(&object.id()) && is_key(object) {
            wishes.keys.insert(object.name().into());
        }
    }
}

async fn nothing_of_the_record(cluster: &Cluster, when: &str) {
    let parent = cluster.find(&ObjectId::new("", "ConfigMap", NAMESPACE, "slipway-inngest")).await.unwrap();
    assert!(parent.is_none(), "{when}: the parent is left");
    assert!(cluster.find(&lease()).await.unwrap().is_none(), "{when}: the lock is left");
    let records = cluster.list("", "ConfigMap", NAMESPACE, "slipway.dev/revision").await.unwrap().objects;
    assert!(records.is_empty(), "{when}: {records:?}");
}

/// Everything goes but the volume and its key.
struct Keeping;

impl Flow for Keeping {
    async fn ready(cluster: &Cluster) {
        run_of(cluster, &plan(NAMESPACE), &secrets()).await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        uninstall(cluster, &[], &[]).await
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        nothing_of_the_record(cluster, when).await;
        for (kind, name) in [("PersistentVolumeClaim", "inngest-postgresql"), ("Secret", "inngest-keys-1")] {
            let kept = cluster.find(&ObjectId::new("", kind, NAMESPACE, name)).await.unwrap();
            assert!(kept.is_some(), "{when}: {kind} {name} is lost");
        }
    }
}

mod keeping {
    use super::Keeping;
    use crate::every_call::at_every_call;

    at_every_call!(Keeping);
}

/// The volume and the key go too, and with them the Namespace, which the install made.
struct Wiping;

impl Flow for Wiping {
    async fn ready(cluster: &Cluster) {
        run_of(cluster, &plan(NAMESPACE), &secrets()).await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        uninstall(cluster, &["inngest-postgresql"], &["inngest-keys-1"]).await
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        nothing_of_the_record(cluster, when).await;
        for (kind, name) in [("PersistentVolumeClaim", "inngest-postgresql"), ("Secret", "inngest-keys-1")] {
            let kept = cluster.find(&ObjectId::new("", kind, NAMESPACE, name)).await.unwrap();
            assert!(kept.is_none(), "{when}: {kind} {name} is left");
        }
    }
}

mod wiping {
    use super::Wiping;
    use crate::every_call::at_every_call;

    at_every_call!(Wiping);
}
