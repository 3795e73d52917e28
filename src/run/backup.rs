//! `slipway backup`: the databases of a release into a folder of this machine, a claim or a bucket (cluster.md 5 "Backup").

mod in_cluster;
mod snapshot;
pub(super) mod writers;

use std::io::IsTerminal as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::apply::backup as data;
use crate::cli::{BackupHow, BackupTo, Shared};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::Target;
use crate::plan::backup::job::To;
use crate::plan::backup::{FORMAT, MANIFEST, Manifest, Part, Source};
use crate::view::consent::Consent;
use crate::view::plain::{Dialogue, GiveBack, LineReader, Prompt, Reply};
use crate::view::tui;

use super::databases::{Databases, Deed, mounts};
use super::moving::{self, BACKUP_GOES, Teller, shown, unless_stopped};
use super::{apply, interactive, plain, print};
pub(super) use in_cluster::{in_cluster, schedule};
use writers::Still;

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, to: &BackupTo, how: &BackupHow) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "backup").await?;
    let to = match in_cluster(&databases, to).await? {
        _ if how.snapshot => Place::Storage(snapshot::wanted(&databases, how).await?),
        None => Place::Folder(folder(shared, &databases, to)?),
        Some(to) => Place::Cluster(to),
    };
    let sources = match &to {
        Place::Storage(_) => &[],
        _ => databases.some(Deed::Backup)?,
    };
    let yes = match &to {
        Place::Folder(folder) => agreed(shared, &databases, sources, folder, how).await?,
        Place::Storage(wanted) => {
            let stopped = how.stop_writers.then(|| writers::named(&databases)).flatten();
            snapshot::agreed(shared, &databases, wanted, stopped).await?
        }
        Place::Cluster(_) => true,
    };
    if !yes {
        return print("Nothing was written.\n");
    }
    if how.stop_writers && !shared.yes && !interactive(shared) {
        return Err(Failure::new(FailureKind::Refused, "nobody said yes")
            .why("what writes is scaled to zero while the backup is taken, and back afterwards")
            .state(NOTHING_WRITTEN)
            .hint("agree to it: --yes"));
    }
    let stops = "what was written of this backup goes again";
    shown(shared, &databases.target, ("back up", stops), async |teller| {
        writers::restart_left(shared, &databases, teller).await?;
        let work = async |still: Option<&Still>| match &to {
            Place::Folder(folder) => into_folder(shared, &databases, sources, folder, still, teller).await,
            Place::Cluster(to) => {
                let once = in_cluster::once(shared, &databases, sources, to, teller);
                unless_stopped(teller, BACKUP_GOES, once).await
            }
            Place::Storage(wanted) => {
                let taken = snapshot::take(shared, &databases, wanted, teller);
                unless_stopped(teller, BACKUP_GOES, taken).await
            }
        };
        let taken = if how.stop_writers {
            // What was stopped runs again before the end is told.
            writers::while_still(shared, &databases, teller, async |still| work(Some(still)).await).await?
        } else {
            work(None).await?
        };
        taken.tell(teller);
        Ok(())
    })
    .await
}

/// A backup that was taken, with what there is to say of it.
pub(super) struct Taken {
    place: String,
    notes: Vec<String>,
}

impl Taken {
    /// Says so; nothing else is told afterwards.
    pub(super) fn tell(self, teller: &Teller) {
        let Self { place, notes } = self;
        teller.tell(EventKind::DataFinished { verb: "backup".into(), place, notes });
    }
}

/// Where a backup goes.
enum Place {
    Folder(PathBuf),
    Cluster(To),
    Storage(Vec<snapshot::Wanted>),
}

/// A person sees what is done, and says yes.
async fn agreed(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    folder: &Path,
    how: &BackupHow,
) -> Result<bool, Failure> {
    if shared.yes || !interactive(shared) {
        return Ok(true);
    }
    let target = &databases.target;
    let what: Vec<String> = sources.iter().map(Source::title).collect();
    let outside = sources.iter().filter(|source| databases.is_outside(source));
    let mut said = vec![format!(
        "Backs up {} of {} in {} ({}), namespace {}, into {}.",
        what.join(", "),
        target.release,
        target.context,
        target.server,
        target.namespace,
        folder.display()
    )];
    said.extend(outside.map(|source| {
        let name = crate::plan::backup::client::name(target, source);
        format!("A pod {name} with the image {} asks over the network, and goes again.", source.image)
    }));
    said.push(match (how.stop_writers, sources.len()) {
        (true, _) => format!(
            "Stopped meanwhile, and started again: {}.",
            writers::named(databases).unwrap_or_else(|| "nothing".into())
        ),
        (false, 1) => "What writes goes on meanwhile; the dump is of the moment when it begins.".into(),
        (false, _) => "What writes goes on meanwhile: the parts are of different moments (--stop-writers).".into(),
    });
    confirmed(shared, target, said).await
}

/// Asks for a yes, on the face that fits.
async fn confirmed(shared: &Shared, target: &Target, said: Vec<String>) -> Result<bool, Failure> {
    if moving::on_screen(shared) {
        let asked = format!("Back up {}?", target.release);
        let (here, doing) = (moving::here(target, "back up"), "Back it up".to_string());
        let about = "A backup counts once it was read back as a whole; half of one goes again.".to_string();
        return tui::consent(Consent { here, asked, said, doing, about, typed: None }, apply::theme(shared)).await;
    }
    in_lines(&said.join("\n"), plain(shared))
}

fn in_lines(said: &str, plain: bool) -> Result<bool, Failure> {
    let _terminal = GiveBack::on_signals();
    let dialogue = std::io::stderr().is_terminal() && !plain;
    let ask = |prompt: &mut dyn Prompt| {
        prompt.say(said)?;
        Ok(matches!(prompt.choose("Do it", &["No".into(), "Yes".into()], Some(1))?, Reply::Said(1)))
    };
    let answered: std::io::Result<bool> = if dialogue {
        ask(&mut Dialogue::new())
    } else {
        ask(&mut LineReader::on_terminal(std::io::stdin().lock(), std::io::stdout()))
    };
    answered.map_err(|error| {
        Failure::new(FailureKind::Usage, "the terminal cannot be read or written")
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("agree to it beforehand: --yes")
    })
}

/// Now, for names and manifests.
pub(super) fn stamp(format: &str) -> String {
    jiff::Timestamp::now().strftime(format).to_string()
}

/// The folder of this machine; a person gets one beside where they stand.
fn folder(shared: &Shared, databases: &Databases, to: &BackupTo) -> Result<PathBuf, Failure> {
    match &to.to {
        Some(path) => Ok(path.clone()),
        None if interactive(shared) => {
            Ok(PathBuf::from(format!("{}-{}", databases.target.release, stamp("%Y%m%d-%H%M%S"))))
        }
        None => Err(Failure::new(FailureKind::Invalid, "nobody said where the backup goes")
            .state(NOTHING_WRITTEN)
            .hint("into a new folder of this machine: --to PATH")
            .hint("into a claim of the namespace, by a Job: --to-claim NAME")
            .hint("into a bucket, by a Job: --to-s3 s3://BUCKET/PREFIX --s3-secret NAME")),
    }
}

/// Dumps sources into a new folder; the manifest is written last, and without it a backup is none.
///
/// # Errors
/// The folder cannot be made, or a dump fails; what was written of it is gone then.
pub(super) async fn into_folder(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    folder: &Path,
    still: Option<&Still>,
    teller: &Teller,
) -> Result<Taken, Failure> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
    made.map_err(|error| {
        let failure = Failure::new(FailureKind::Usage, format!("cannot make the folder {}", folder.display()))
            .why(error.to_string())
            .state(NOTHING_WRITTEN);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("name one that is not there yet: a backup is never written over another")
            }
            _ => failure.hint("choose another place: --to PATH"),
        }
    })?;
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let dumped = dump_all(shared, databases, sources, &folder, still, teller);
    let done = unless_stopped(teller, BACKUP_GOES, dumped).await;
    if done.is_err() {
        // Only what this run made: files of ours, and the folder if nothing else came into it.
        for file in sources.iter().map(Source::file).chain([MANIFEST.to_string()]) {
            let _gone = std::fs::remove_file(folder.join(file));
        }
        let _gone = std::fs::remove_dir(&folder);
    }
    let manifest = done?;
    let whole: u64 = manifest.parts.iter().map(|part| part.bytes).sum();
    let mut notes = vec![format!("{} in {}", crate::plan::backup::words(whole), folder.display())];
    if !manifest.consistent {
        notes.push("its parts are of different moments: something may be in one and not in the other".into());
        notes.push("for one moment: --stop-writers, which stops what writes for as long as it takes".into());
    }
    let (release, namespace) = (&databases.target.release, &databases.target.namespace);
    notes.push(format!("restore it: slipway restore {release} -n {namespace} --from {}", folder.display()));
    Ok(Taken { place: folder.display().to_string(), notes })
}

async fn dump_all(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    folder: &Path,
    still: Option<&Still>,
    teller: &Teller,
) -> Result<Manifest, Failure> {
    let made = stamp("%Y-%m-%dT%H:%M:%SZ");
    let passes = shared.skip_preflight.iter().any(|code| code == "TARGET_FULL" || code == "all");
    let tell = |kind| teller.tell(kind);
    let mut parts: Vec<Part> = Vec::new();
    for source in sources {
        if databases.is_outside(source) && !shared.yes && !interactive(shared) {
            return Err(client_unconfirmed(databases, source));
        }
        let opened = databases.open(source).await?;
        let dumped = async {
            let (size, server) = data::look(&databases.cluster, &opened.door, source).await?;
            data::has_room(folder, size, passes)?;
            let part = data::dump(&databases.cluster, &opened.door, source, folder, size, &tell).await?;
            Ok(Part { server, ..part })
        };
        let dumped: Result<Part, Failure> = dumped.await;
        opened.close().await;
        parts.push(dumped?);
    }
    let manifest = Manifest {
        format: FORMAT,
        product: databases.product.name.clone(),
        version: databases.product.version.clone(),
        release: databases.target.release.clone(),
        namespace: databases.target.namespace.clone(),
        made,
        consistent: parts.len() == 1 || still.is_some_and(|still| still.whole && still.holds().is_ok()),
        parts,
    };
    write_manifest(folder, &manifest)?;
    Ok(manifest)
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join(MANIFEST);
    let written = serde_json::to_vec_pretty(manifest).map_err(std::io::Error::other).and_then(|text| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(&text)?;
        file.sync_all()
    });
    written.map_err(|error| {
        Failure::new(FailureKind::Usage, format!("cannot write {}", path.display()))
            .why(error.to_string())
            .state("what was written of this backup is gone again; nothing else was touched")
    })
}

/// A pod is a write to the cluster, if only for a while.
pub(super) fn client_unconfirmed(databases: &Databases, source: &Source) -> Failure {
    let name = crate::plan::backup::client::name(&databases.target, source);
    Failure::new(FailureKind::Refused, "nobody said yes")
        .why(format!(
            "a pod {name} with the image {} is made for as long as it takes, to ask over the network",
            source.image
        ))
        .state(NOTHING_WRITTEN)
        .hint("agree to it: --yes")
}

impl Databases {
    /// The databases whose group mounts a claim.
    pub(super) fn of_claim(&self, claim: &str) -> Vec<Source> {
        self.sources.iter().filter(|source| mounts(self.plan(), &source.group, claim)).cloned().collect()
    }
}
