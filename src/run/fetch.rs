//! The backup that a restore takes: a folder of this machine, or what a pod reads out of a claim or a bucket into a private
//! folder, which goes when the restore is done.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::apply::backup as data;
use crate::cli::{BackupTo, RestoreFrom, Shared};
use crate::cluster::{Broken, Command};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::plan::backup::job::{Bucket, To};
use crate::plan::backup::{MANIFEST, Manifest, fetch, words};

use super::databases::{Databases, Opened};
use super::moving::{Teller, unless_stopped};
use super::{backup, interactive};

/// A backup that can be read here.
pub(super) struct Backup {
    folder: PathBuf,
    /// Where it is, for people.
    pub(super) place: String,
    fetched: bool,
}

impl Drop for Backup {
    fn drop(&mut self) {
        if self.fetched {
            // It was made for this, and holds copies only.
            let _gone = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Backup {
    /// Its folder, or a single dump.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was named, brought here if it is in the cluster; `only` the dump of that group.
    ///
    /// # Errors
    /// It is not there, cannot be read, or there is no room for it.
    pub(super) async fn at_hand(
        shared: &Shared,
        databases: &Databases,
        from: &RestoreFrom,
        only: Option<&str>,
        teller: &Teller,
    ) -> Result<Self, Failure> {
        if let Some(path) = &from.path {
            return Ok(Self { folder: path.clone(), place: path.display().to_string(), fetched: false });
        }
        let (claim, named) = match from.claim.as_deref().map(|claim| claim.split_once('/').unwrap_or((claim, ""))) {
            Some((claim, named)) => {
                (Some(claim.to_string()), Some(named.trim_matches('/')).filter(|it| !it.is_empty()))
            }
            None => (None, None),
        };
        if named.is_some_and(|named| named.contains(['/', '\'']) || named == "..") {
            return Err(Failure::new(FailureKind::Usage, "--from-claim names a claim and a folder in it")
                .state(NOTHING_WRITTEN)
                .hint("such as --from-claim backups/inngest-20261121-031700, or --from-claim backups for the newest"));
        }
        let to = BackupTo {
            to: None,
            claim,
            s3: from.s3.clone(),
            s3_secret: from.s3_secret.clone(),
            s3_image: from.s3_image.clone(),
        };
        let Some(to) = backup::in_cluster(databases, &to).await? else {
            return Err(Failure::new(FailureKind::Bug, "a restore from nowhere"));
        };
        let source = databases.sources.first();
        let source = source.ok_or_else(|| Failure::new(FailureKind::Bug, "a release without databases"))?;
        if !shared.yes && !interactive(shared) {
            return Err(Failure::new(FailureKind::Refused, "nobody said yes")
                .why(format!(
                    "a pod {} is made for as long as it takes, to read the backup",
                    fetch::name(&databases.target)
                ))
                .state(NOTHING_WRITTEN)
                .hint("agree to it: --yes"));
        }
        let opened = databases.fetcher((&to, source)).await?;
        let fetch = Fetch { databases, opened: &opened, to: &to };
        let brought = unless_stopped(teller, NOTHING_WRITTEN, fetch.bring(teller, named, only)).await;
        opened.close().await;
        brought.map_err(|failure| failure.state("nothing was restored"))
    }
}

/// A pod that can read a backup.
struct Fetch<'a> {
    databases: &'a Databases,
    opened: &'a Opened<'a>,
    to: &'a To,
}

impl Fetch<'_> {
    async fn bring(&self, teller: &Teller, named: Option<&str>, only: Option<&str>) -> Result<Backup, Failure> {
        let (cluster, door) = (&self.databases.cluster, &self.opened.door);
        let place = place(self.to);
        let what = format!("{place} cannot be read");
        let name = door.ask(cluster, &fetch::choose(&self.databases.target, self.to, named), &what).await?;
        if name.is_empty() {
            return Err(Failure::new(FailureKind::Refused, format!("there is no whole backup in {place}")).why(
                match named {
                    Some(named) => format!("{named} has no {MANIFEST}, which is written last"),
                    None => format!("none is called {}-… and has a {MANIFEST}", self.databases.target.release),
                },
            ));
        }
        let folder = private()?;
        let place = if name == "." { place } else { format!("{place}, {name}") };
        let backup = Backup { folder, place, fetched: true };
        self.file(&backup, &name, MANIFEST, &mut |_| {}).await?;
        let text = std::fs::read(backup.folder.join(MANIFEST)).unwrap_or_default();
        // What cannot be understood is told by who reads the folder.
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else { return Ok(backup) };
        let parts = || manifest.parts.iter().filter(|part| only.is_none_or(|only| part.group == only));
        let all: u64 = parts().map(|part| part.bytes).sum();
        if let Ok(free) = data::free(&backup.folder)
            && free < all
        {
            return Err(Failure::new(
                FailureKind::Refused,
                format!(
                    "{} has {} free, and the backup has {}",
                    std::env::temp_dir().display(),
                    words(free),
                    words(all)
                ),
            )
            .hint("name a folder with more room in the environment variable TMPDIR"));
        }
        // A name that leads out of the folder is refused with the rest of the manifest.
        for part in parts().filter(|part| Path::new(&part.file).components().count() == 1 && part.file != "..") {
            let (mut told, began) = (std::time::Instant::now(), std::time::Instant::now());
            let mut moved = |bytes: u64| {
                if told.elapsed().as_secs() >= 1 {
                    told = std::time::Instant::now();
                    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
                    let per_second = bytes.saturating_mul(1000) / millis;
                    teller.tell(EventKind::DataMoved { what: part.file.clone(), bytes, per_second });
                }
            };
            self.file(&backup, &name, &part.file, &mut moved).await?;
        }
        Ok(backup)
    }

    async fn file(
        &self,
        backup: &Backup,
        name: &str,
        file: &str,
        moved: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), Failure> {
        let path = backup.folder.join(file);
        let here = |error: std::io::Error| {
            Failure::new(FailureKind::Usage, format!("cannot write {}", path.display())).why(error.to_string())
        };
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(here)?;
        let mut made = tokio::fs::File::from_std(made);
        let door = &self.opened.door;
        let command = Command {
            namespace: door.namespace.clone(),
            pod: door.pod.clone(),
            container: door.container.clone(),
            words: fetch::read(self.to, name, file),
        };
        let what = format!("{file} of {} cannot be read", backup.place);
        let streamed =
            self.databases.cluster.exec_out(&command, &mut made, moved).await.map_err(|broken| match broken {
                Broken::Here(error) => here(error),
                Broken::Fault(fault) => Failure::from(fault),
            })?;
        if streamed.code != 0 {
            return Err(Failure::new(FailureKind::Deployment, what).why(streamed.errors));
        }
        Ok(())
    }
}

fn place(to: &To) -> String {
    match to {
        To::Claim(claim) => format!("the claim {claim}"),
        To::S3(Bucket { bucket, prefix, .. }) => format!("s3://{bucket}/{prefix}"),
    }
}

/// A new folder that only this user may look into.
fn private() -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("slipway-restore-{:016x}", rand::random::<u64>()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder).map(|()| folder.clone()).map_err(|error| {
        Failure::new(FailureKind::Usage, format!("cannot make the folder {}", folder.display()))
            .why(error.to_string())
            .hint("name a folder that may be written in the environment variable TMPDIR")
    })
}
