//! The backups that an uninstall takes before it deletes a volume (design.md 5 "Uninstall": back up and delete). One that
//! fails ends the run before anything is deleted.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::Shared;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::uninstall::{BACKED_UP, Volume};
use crate::plan::{Action, Class, Plan, Target};
use crate::run::backup::{self, writers};
use crate::run::databases::Databases;
use crate::run::moving::Teller;

/// What `--backup-volume NAME[=PATH]` says: the folder of each claim.
///
/// # Errors
/// A folder that is named twice, or is there already: a backup is never written over another.
pub(super) fn read(words: &[String], release: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut folders = BTreeMap::new();
    for word in words {
        let (name, folder) = match word.split_once('=') {
            Some((name, folder)) => (name, folder.to_string()),
            None => (word.as_str(), usual(release, word)),
        };
        let folder = absolute(&folder);
        let wrong = |what: String| {
            Failure::new(FailureKind::Usage, what)
                .place(format!("--backup-volume {word}"))
                .state(NOTHING_WRITTEN)
                .hint("give each volume a folder that is not there yet: --backup-volume NAME=PATH")
        };
        if Path::new(&folder).exists() {
            return Err(wrong(format!("{folder} is there already")).why("a backup is never written over another"));
        }
        if folders.values().any(|other| *other == folder) {
            return Err(wrong(format!("{folder} is named twice")));
        }
        folders.insert(name.to_string(), folder);
    }
    Ok(folders)
}

/// The folder of a backup that nobody named one for.
fn usual(release: &str, claim: &str) -> String {
    let of = if claim.starts_with(release) { claim.to_string() } else { format!("{release}-{claim}") };
    format!("{of}-{}", backup::stamp("%Y%m%d-%H%M%S"))
}

fn absolute(folder: &str) -> String {
    std::path::absolute(folder).map_or_else(|_| folder.to_string(), |path| path.display().to_string())
}

/// The databases of a release that is about to go.
///
/// # Errors
/// Its product is not known here.
pub(super) async fn databases(shared: &Shared, target: &Target) -> Result<Databases, Failure> {
    let shared = Shared { namespace: Some(target.namespace.clone()), ..shared.clone() };
    Databases::find(&shared, Some(&target.release), "uninstall").await
}

/// Where a backup of each volume would go, for those that hold a database.
pub(super) fn offered(
    databases: &Databases,
    volumes: &[Volume],
    said: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let with_data = volumes.iter().filter(|volume| !volume.disk.is_empty());
    let known = with_data.filter(|volume| !databases.of_claim(&volume.name).is_empty());
    let release = &databases.target.release;
    known
        .map(|volume| {
            let folder = said.get(&volume.name).cloned();
            (volume.name.clone(), folder.unwrap_or_else(|| absolute(&usual(release, &volume.name))))
        })
        .collect()
}

/// Refuses what cannot be backed up before anybody is asked about it.
///
/// # Errors
/// A volume that holds no database that is known.
pub(super) fn possible(databases: &Databases, folders: &BTreeMap<String, String>) -> Result<(), Failure> {
    match folders.keys().find(|claim| databases.of_claim(claim).is_empty()) {
        None => Ok(()),
        Some(claim) => {
            Err(Failure::new(FailureKind::Refused, format!("the volume {claim} holds no database that is known"))
                .why("its product names none that could be backed up before it is deleted")
                .state(NOTHING_WRITTEN)
                .hint(format!("keep it: leave --backup-volume {claim} out; or copy what is in it yourself")))
        }
    }
}

/// The claims of a plan that go after a backup, each with the folder of it.
pub(super) fn wanted(plan: &Plan) -> Vec<(String, String)> {
    let claims = plan.steps.iter().filter(|step| step.class == Class::Claim && step.action == Action::Delete);
    let objects = claims.map(|step| &step.wanted.object);
    objects.filter_map(|claim| Some((claim.name().to_string(), claim.annotation(BACKED_UP)?.to_string()))).collect()
}

/// Takes the backups that a plan wants, and reads each back.
///
/// # Errors
/// One fails: nothing was deleted then, and nothing may be.
pub(super) async fn take(shared: &Shared, databases: &Databases, plan: &Plan) -> Result<(), Failure> {
    // The yes was given for all of it.
    let shared = Shared { yes: true, ..shared.clone() };
    let wanted = wanted(plan);
    if wanted.is_empty() {
        return Ok(());
    }
    let kept = |failure: Failure| {
        failure
            .state("nothing was deleted: the release, its volumes and its keys are as they were")
            .hint("keep the volume: the same command without --backup-volume")
    };
    let teller = Teller::new(&shared);
    // What is written between the dump and the deletion would be lost: nothing writes from here on.
    let still = writers::stop(&shared, databases, &teller).await.map_err(kept)?;
    for (claim, folder) in wanted {
        let sources = databases.of_claim(&claim);
        let folder = Path::new(&folder);
        // Each backup has its own end, and after an end nothing is told.
        let told = Teller::new(&shared);
        match backup::into_folder(&shared, databases, &sources, folder, Some(&still), &told).await {
            Ok(taken) => taken.tell(&told),
            Err(failure) => {
                let failure = kept(failure);
                return Err(match writers::go_on(databases, still, &teller).await {
                    Ok(()) => failure,
                    Err(more) => failure.why(more.what).state(more.state),
                });
            }
        }
    }
    still.leave().await;
    Ok(())
}

/// Starts what was stopped for the backup, where the uninstall was refused afterwards.
pub(super) async fn undo(shared: &Shared, databases: &Databases) {
    // Told by the failure of the run; where somebody else is at it, an install starts it.
    let _started = writers::restart_left(shared, databases, &Teller::new(shared)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_volume_has_a_folder_of_its_own_that_is_not_there_yet() {
        let read = |words: &[&str]| read(&words.iter().map(|word| word.to_string()).collect::<Vec<_>>(), "shop");
        let folders = read(&["shop-db=/nowhere/a", "queue"]).unwrap();
        assert_eq!(folders["shop-db"], "/nowhere/a");
        assert!(folders["queue"].contains("/shop-queue-2"), "{folders:?}");
        assert!(read(&["shop-db"]).unwrap()["shop-db"].contains("/shop-db-2"));
        let twice = read(&["a=/nowhere/a", "b=/nowhere/a"]).unwrap_err();
        assert!(twice.to_string().contains("named twice"), "{twice}");
        let there = read(&["a=/"]).unwrap_err();
        assert!(there.to_string().contains("is there already"), "{there}");
    }
}
