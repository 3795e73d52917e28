//! The way back to a recorded revision: everything of the cluster that its plan is made from is read.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Cluster, keys, record};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::rollback::{Generations, Ground, plan};
use crate::plan::{Action, Plan, Target};
use crate::secret::{SecretRef, SecretText, Secrets};

/// Plans the way back to a revision out of what is there now; with the secrets that it needs.
///
/// # Errors
/// Something could not be read, or the keys of that revision's data are gone.
pub async fn back(cluster: &Cluster, target: &Target, number: u32) -> Result<(Plan, Secrets), Failure> {
    let revisions = record::read(cluster, target).await?;
    let to = revisions.iter().find(|revision| revision.number == number).ok_or_else(|| {
        Failure::new(FailureKind::Refused, format!("revision {} is gone from the record", number))
            .state(NOTHING_WRITTEN)
    })?;
    let unread = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let ids = to.plan.steps.iter().filter(|step| step.action != Action::Delete);
    let ids: Vec<ObjectId> = ids.map(|step| step.wanted.object.id()).collect();
    let parent = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
    let members = async { cluster.members(target, cluster.find(&parent).await?.as_ref()).await };
    let newest = revisions.iter().map(|revision| revision.plan.keys.generation.max(1)).max().unwrap_or(1);
    let (live, members, generations, existing) = tokio::join!(
        cluster.read(ids),
        members,
        generations(cluster, target, newest),
        existing(cluster, revisions.iter().map(|revision| &revision.plan), &to.plan),
    );
    let (live, members): (BTreeMap<ObjectId, Object>, Vec<Object>) = (live.map_err(unread)?, members.map_err(unread)?);
    let recorded: Vec<&Plan> = revisions.iter().map(|revision| &revision.plan).collect();
    plan(&Ground {
        number,
        to: &to.plan,
        recorded: &recorded,
        generations: &generations?,
        existing: &existing?,
        live: &live,
        members: &members,
        left: &revisions.first().map(|newest| newest.progress.left.clone()).unwrap_or_default(),
        target,
    })
}

/// The values of the key Secrets that are there.
///
/// # Errors
/// One could not be read, or is not ours.
pub async fn generations(cluster: &Cluster, target: &Target, newest: u32) -> Result<Generations, Failure> {
    let read = (1..=newest).map(|generation| keys::read(cluster, target, generation));
    let read = futures::future::try_join_all(read).await?;
    Ok(read.into_iter().flatten().map(|found| (found.generation, found.values)).collect())
}

/// The values of the Secrets that the operator named, as they are now; those that `needs` needs must be there.
///
/// # Errors
/// One that is needed is gone, or may not be read.
async fn existing<'a>(
    cluster: &Cluster,
    plans: impl Iterator<Item = &'a Plan>,
    needs: &Plan,
) -> Result<BTreeMap<SecretRef, SecretText>, Failure> {
    let named = |plan: &Plan| -> BTreeSet<SecretRef> {
        let recipes = plan.steps.iter().flat_map(|step| step.wanted.recipes.values()).flat_map(|one| one.secrets());
        recipes.map(|(_, at)| at.clone()).filter(|at| matches!(at, SecretRef::Existing { .. })).collect()
    };
    let needed = named(needs);
    let all: BTreeSet<SecretRef> = plans.flat_map(named).collect();
    let mut values = BTreeMap::new();
    for at in all {
        let SecretRef::Existing { namespace, name, key } = &at else { continue };
        let missing = |why: String| {
            Failure::new(FailureKind::Refused, format!("the Secret {name} cannot be used"))
                .place(format!("namespace {namespace}"))
                .why(why)
                .state(NOTHING_WRITTEN)
                .hint(format!("bring {key} back in the Secret {name}, then run the same command again"))
        };
        match cluster.secret_values(namespace, name).await {
            Ok(mut found) => match found.remove(key) {
                Some(value) => drop(values.insert(at.clone(), value)),
                None if needed.contains(&at) => {
                    return Err(missing(format!("it has no key {key} any more, and that revision needs it")));
                }
                None => {}
            },
            Err(fault) if !needed.contains(&at) => tracing::debug!(%fault, "a Secret of another revision"),
            Err(fault) if fault.is_absent() => return Err(missing("it is gone, and that revision needs it".into())),
            Err(fault) => return Err(Failure::from(fault).state(NOTHING_WRITTEN)),
        }
    }
    Ok(values)
}
