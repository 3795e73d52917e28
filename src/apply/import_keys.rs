//! Key Secrets out of a copy: made where they are missing, and never beside or in the place of others.

use std::collections::BTreeMap;

use super::compose::Making;
use super::{hash, namespace};
use crate::cluster::keys::{self, Keys};
use crate::cluster::lock::{self, LockTiming};
use crate::cluster::{Cluster, record};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::ObjectId;
use crate::plan::Target;
use crate::product::Recipe;
use crate::secret::SecretRef;

/// Makes the key Secrets that are missing, each by POST, immutable and marked; returns the names of those that it made. The
/// Namespace is made where it is absent.
///
/// # Errors
/// One of the names is there with other values, or newer keys than these are: then nothing is written.
pub async fn import_keys(
    cluster: &Cluster,
    target: &Target,
    brought: &[Keys],
    take_over: Option<&str>,
    timing: LockTiming,
) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    for one in brought {
        match keys::read(cluster, target, one.generation).await? {
            None => missing.push(one),
            Some(there) if same(&there, one) => {}
            Some(there) => return Err(others(target, &there.secret)),
        }
    }
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    newest_of_all(cluster, target, brought).await?;
    belongs(cluster, target, brought).await?;
    let found = namespace::ensure(cluster, target, &format!("{:016x}", rand::random::<u64>())).await?;
    let lock = lock::take(cluster, target, take_over, timing, &|_| {}).await?;
    let eye = lock.eye();
    let guarded = cluster.guarded(move || eye.check());
    let made = make(&guarded, target, brought, &missing, &found).await;
    lock.release().await;
    made
}

fn same(there: &Keys, one: &Keys) -> bool {
    there.values == one.values && there.salt == one.salt
}

/// A newer generation beside them means that the copy is older than what opens the data.
async fn newest_of_all(cluster: &Cluster, target: &Target, brought: &[Keys]) -> Result<(), Failure> {
    let newest = brought.iter().map(|one| one.generation).max().unwrap_or(0);
    let newer = keys::all(cluster, target).await?.into_iter().find(|there| there.generation > newest);
    match newer {
        None => Ok(()),
        Some(newer) => Err(Failure::new(FailureKind::Refused, format!("newer keys are here: {}", newer.secret))
            .place(place(target, &newer.secret))
            .why("the copy is of an earlier generation, which nothing of this release uses any more")
            .state(NOTHING_WRITTEN)
            .hint("import a newer copy, or none: slipway keys show")),
    }
}

/// Under the lock.
async fn make(
    cluster: &Cluster,
    target: &Target,
    brought: &[Keys],
    missing: &[&Keys],
    found: &namespace::Found,
) -> Result<Vec<String>, Failure> {
    // Somebody may have changed the release until the lock was ours.
    newest_of_all(cluster, target, brought).await?;
    belongs(cluster, target, brought).await?;
    let mut made = Vec::new();
    for one in missing {
        let kept = keys::make(cluster, target, one.generation, &one.values, &one.salt, &one.opens).await;
        let (there, new) = match kept {
            Ok(kept) => kept,
            Err(failure) => {
                if made.is_empty() {
                    namespace::take_back(cluster, found).await;
                }
                return Err(failure);
            }
        };
        if !same(&there, one) {
            // Somebody made it between the look and the POST.
            return Err(others(target, &there.secret));
        }
        if new {
            made.push(there.secret);
        }
    }
    Ok(made)
}

/// A release that lost its keys gets its own back, and no other's: what it composed out of them is on record as a hash that
/// only they give again.
async fn belongs(cluster: &Cluster, target: &Target, brought: &[Keys]) -> Result<(), Failure> {
    for revision in record::read(cluster, target).await? {
        let generation = revision.plan.keys.generation.max(1);
        let Some(keys) = brought.iter().find(|keys| keys.generation == generation) else { continue };
        let existing = BTreeMap::new();
        let making = Making { target: &revision.plan.target, values: &keys.values, existing: &existing };
        for step in revision.plan.steps.iter().filter(|step| !step.wanted.recipes.is_empty()) {
            let id = step.wanted.object.id();
            let mut secrets = step.wanted.recipes.values().flat_map(Recipe::secrets);
            let own = secrets.all(|(_, at)| matches!(at, SecretRef::Keys { .. }));
            let (written, left) = (revision.progress.written.get(&id), revision.progress.left.contains_key(&id));
            let Some(written) = written.filter(|written| own && !left && !written.sent.is_empty()) else { continue };
            let composed = making.object(step).ok();
            if composed.is_none_or(|object| hash::of(&keys.salt, &object.0) != written.sent) {
                return Err(Failure::new(FailureKind::Refused, "these are not the keys of this release")
                    .place(id.to_string())
                    .why(format!("revision {} composed it out of other values", revision.number))
                    .state(NOTHING_WRITTEN)
                    .hint("look for the copy that was made of this release, or of a later generation"));
            }
        }
    }
    Ok(())
}

fn place(target: &Target, secret: &str) -> String {
    ObjectId::new("", "Secret", &target.namespace, secret).to_string()
}

fn others(target: &Target, secret: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("the Secret {secret} is there, with other values"))
        .place(place(target, secret))
        .why("keys are never exchanged in place: what they open would stay shut")
        .state(NOTHING_WRITTEN)
        .hint(format!("see what the release uses: slipway keys show {} -n {}", target.release, target.namespace))
        .hint("or import under another name of the release: --name RELEASE")
}
