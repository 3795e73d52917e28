//! `slipway backup --snapshot`: snapshots of a release's volumes, made by their storage.

use std::time::Duration;

use futures::StreamExt as _;

use super::{BackupHow, Databases, Taken, Teller, confirmed, stamp};
use crate::cli::Shared;
use crate::cluster::{FaultKind, Seen, Watched};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::backup::snapshot::{GROUP, claim_of, class, driver, snapshot, state};
use crate::plan::set::RELEASE;
use crate::run::{interactive, print};

/// How long the storage may take, where nothing else was said.
const PATIENCE: Duration = Duration::from_secs(600);

/// A claim with the snapshot that is made of it.
pub(super) struct Wanted {
    claim: Object,
    snapshot: Object,
    /// Name of its class.
    class: String,
}

fn refused(databases: &Databases, what: String, why: String) -> Failure {
    Failure::new(FailureKind::Refused, what)
        .place(format!("namespace {} in {}", databases.target.namespace, databases.target.server))
        .why(why)
        .state(NOTHING_WRITTEN)
        .hint("dump the databases instead: slipway backup --to PATH")
}

/// What is to be made; the server is asked for its opinion of each.
///
/// # Errors
/// A volume that has no class of snapshots, or the server refuses.
pub(super) async fn wanted(databases: &Databases, how: &BackupHow) -> Result<Vec<Wanted>, Failure> {
    let (cluster, target) = (&databases.cluster, &databases.target);
    let unread = |fault| Failure::from(fault).state(NOTHING_WRITTEN);
    let selector = format!("{RELEASE}={}", target.release);
    let claims = cluster.list("", "PersistentVolumeClaim", &target.namespace, &selector).await.map_err(unread)?;
    let mut claims = claims.objects;
    if let Some(unknown) = how.volume.iter().find(|name| !claims.iter().any(|claim| claim.name() == *name)) {
        let names: Vec<&str> = claims.iter().map(Object::name).collect();
        return Err(Failure::new(FailureKind::Usage, format!("there is no volume {unknown}"))
            .why(format!("{} has {}", target.release, names.join(", ")))
            .state(NOTHING_WRITTEN));
    }
    claims.retain(|claim| {
        !claim.text(&["spec", "volumeName"]).is_empty()
            && (how.volume.is_empty() || how.volume.iter().any(|name| name == claim.name()))
    });
    if claims.is_empty() {
        return Err(refused(
            databases,
            format!("{} has no volume with data", target.release),
            "no claim of it is bound".into(),
        ));
    }
    let classes = match cluster.list(GROUP, "VolumeSnapshotClass", "", "").await {
        Ok(listed) => listed.objects,
        Err(fault) if matches!(fault.kind, FaultKind::UnknownKind | FaultKind::NotFound) => {
            return Err(refused(
                databases,
                "this cluster makes no snapshots of volumes".into(),
                "it does not know the kind VolumeSnapshot, which the storage's snapshot controller brings".into(),
            ));
        }
        Err(fault) => return Err(unread(fault)),
    };
    let stamp = stamp("%Y%m%d-%H%M%S");
    let mut wanted = Vec::new();
    for claim in claims {
        // What may not be read is unknown, and then the class has to be named.
        let volume =
            cluster.find(&ObjectId::new("", "PersistentVolume", "", claim.text(&["spec", "volumeName"]))).await;
        let of_storage = match claim.text(&["spec", "storageClassName"]) {
            "" => None,
            name => cluster.find(&ObjectId::new("storage.k8s.io", "StorageClass", "", name)).await.ok().flatten(),
        };
        let driver = driver(volume.ok().flatten().as_ref(), of_storage.as_ref());
        let class = class(driver.as_deref(), &classes, how.snapshot_class.as_deref()).map_err(|why| {
            refused(databases, format!("no snapshot can be made of the volume {}", claim.name()), why)
                .hint("name the class: --snapshot-class NAME; or only the volumes that have one: --volume NAME")
        })?;
        let snapshot = snapshot(target, &claim, class, &stamp);
        cluster.try_create(&snapshot, &target.field_manager()).await.map_err(unread)?;
        wanted.push(Wanted { class: class.name().into(), claim, snapshot });
    }
    Ok(wanted)
}

/// Whether it may be made: a person is asked, nobody else.
///
/// # Errors
/// Nobody can be asked.
pub(super) async fn agreed(
    shared: &Shared,
    databases: &Databases,
    wanted: &[Wanted],
    stopped: Option<String>,
) -> Result<bool, Failure> {
    let mut said: Vec<String> = wanted
        .iter()
        .map(|one| {
            format!(
                "Makes {} of the class {}, of the volume {}.",
                one.snapshot.id().short(),
                one.class,
                one.claim.name()
            )
        })
        .collect();
    said.push(match (stopped, wanted.len()) {
        (Some(names), _) => format!("Stopped meanwhile, and started again: {names}."),
        (None, 1) => "What writes goes on meanwhile: it is as after a power cut.".into(),
        (None, _) => "What writes goes on meanwhile: they are of different moments (--stop-writers).".into(),
    });
    if shared.yes {
        return Ok(true);
    }
    if interactive(shared) {
        return confirmed(shared, &databases.target, said).await;
    }
    print(&format!("{}\n", said.join("\n")))?;
    Err(Failure::new(FailureKind::Refused, "nobody said yes").state(NOTHING_WRITTEN).hint("agree to it: --yes"))
}

/// Makes the snapshots, and waits until each can be used.
///
/// # Errors
/// The storage does not make one.
pub(super) async fn take(
    shared: &Shared,
    databases: &Databases,
    wanted: &[Wanted],
    teller: &Teller,
) -> Result<Taken, Failure> {
    let (cluster, target) = (&databases.cluster, &databases.target);
    for one in wanted {
        teller.tell(EventKind::DataStarted {
            verb: "backup".into(),
            what: format!("volume {}", one.claim.name()),
            place: format!("{} of the class {}", one.snapshot.id().short(), one.class),
            size: None,
        });
        cluster.create(&one.snapshot, &target.field_manager()).await?;
    }
    let patience = crate::run::apply::options(shared)?.timeout.unwrap_or(PATIENCE);
    for one in wanted {
        let mut trouble = None;
        let waited = tokio::time::timeout(patience, ready(databases, &one.snapshot.id(), &mut trouble)).await;
        waited
            .unwrap_or_else(|_| {
                Err(Failure::new(
                    FailureKind::TimedOut,
                    format!("{} is not ready after {} s", one.snapshot.id().short(), patience.as_secs()),
                ))
            })
            .map_err(|failure| {
                let id = one.snapshot.id();
                let failure = trouble.into_iter().fold(failure, Failure::why);
                failure
                    .place(id.to_string())
                    .state("the snapshots remain, and may still become ready; nothing else was touched")
                    .hint(format!("look at it: kubectl -n {} describe volumesnapshot {}", id.namespace, id.name))
            })?;
    }
    let notes =
        std::iter::once("a snapshot lies in the same storage as its volume, and nobody has read it".to_string());
    let notes = notes.chain(wanted.iter().flat_map(|one| how_to_restore(databases, one))).collect();
    let names: Vec<String> = wanted.iter().map(|one| one.snapshot.id().short()).collect();
    Ok(Taken { place: names.join(", "), notes })
}

fn how_to_restore(databases: &Databases, one: &Wanted) -> Vec<String> {
    let (release, namespace) = (&databases.target.release, &databases.target.namespace);
    let name = one.claim.name();
    vec![
        format!(
            "go back to it: slipway uninstall {release} -n {namespace} --delete-volume {name} --yes; then make the volume out of it:"
        ),
        format!("  echo '{}' | kubectl create -f -", claim_of(&one.claim, &one.snapshot)),
        format!("  and install again with --existing {name}=use"),
    ]
}

async fn ready(databases: &Databases, id: &ObjectId, trouble: &mut Option<String>) -> Result<(), Failure> {
    let mut seen = databases.cluster.watch(Watched::object(id));
    while let Some(now) = seen.next().await {
        let found = match now {
            Seen::All(all) => all.into_iter().next(),
            Seen::Changed(found) => Some(found),
            Seen::Gone(_) => return Err(Failure::new(FailureKind::Deployment, format!("{} was deleted", id.short()))),
            Seen::Broken(_) => continue,
        };
        let Some(found) = found else { continue };
        let (ready, told) = state(&found);
        if ready {
            return Ok(());
        }
        // The controller tries again by itself.
        *trouble = told.or(trouble.take());
    }
    Err(Failure::new(FailureKind::Cluster, format!("{} cannot be watched", id.short())))
}
