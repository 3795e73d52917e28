//! `slipway backup`: the databases of a release into a folder of this machine, a claim or a bucket (cluster.md 5 "Backup").

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;

use crate::apply::backup as data;
use crate::cli::{BackupTo, Shared};
use crate::cluster::{Deletion, LogAsk, Seen, Watched};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::backup::job::{self, Bucket, Order, To};
use crate::plan::backup::{FORMAT, MANIFEST, Manifest, Part, Source};
use crate::plan::set::{OPENED_BY, RELEASE};

use super::databases::{Databases, Teller};
use super::in_vain::in_vain;
use super::{interactive, print};

/// Image with rclone, where none is named.
const S3_IMAGE: &str = "rclone/rclone:1.71";

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, to: &BackupTo) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "backup").await?;
    let sources = databases.some()?;
    match in_cluster(&databases, to).await? {
        None => {
            let folder = folder(shared, &databases, to)?;
            into_folder(shared, &databases, sources, &folder).await.map(drop)
        }
        Some(to) => {
            let order = order(&databases, sources, &to, None);
            let name = format!("{}-backup-{}", databases.target.release, stamp("%Y%m%d-%H%M%S"));
            let job = job::job(&order, &name);
            databases.agreed(shared, &job, "backup").await?;
            databases.run_job(shared, &job, &to).await
        }
    }
}

/// `slipway backup schedule`.
pub(super) async fn schedule(
    shared: &Shared,
    release: Option<&str>,
    to: &BackupTo,
    (at, keep): (&str, u32),
) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "backup schedule").await?;
    let sources = databases.some()?;
    let Some(to) = in_cluster(&databases, to).await? else {
        return Err(Failure::new(FailureKind::Usage, "a schedule runs in the cluster: it needs a place there")
            .state(NOTHING_WRITTEN)
            .hint("write into a claim: --to-claim NAME")
            .hint("or into a bucket: --to-s3 s3://BUCKET/PREFIX --s3-secret NAME"));
    };
    let order = order(&databases, sources, &to, Some(keep));
    let name = format!("{}-backup", databases.target.release);
    let cron = job::cron_job(&order, &name, at);
    databases.agreed(shared, &cron, "backup schedule").await?;
    let how = crate::cluster::Apply { manager: databases.target.field_manager(), ..crate::cluster::Apply::default() };
    let id = cron.id();
    if let Some(live) = databases.cluster.find(&id).await?
        && live.label(RELEASE) != Some(&databases.target.release)
    {
        return Err(Failure::new(FailureKind::Refused, format!("the CronJob {name} is not slipway's"))
            .place(id.to_string())
            .state(NOTHING_WRITTEN)
            .hint("rename it, or delete it if nobody needs it"));
    }
    databases.cluster.apply(&cron, &how).await?;
    let teller = Teller::new(shared);
    teller.tell(EventKind::DataFinished {
        verb: "schedule".into(),
        place: name.clone(),
        notes: vec![
            format!("CronJob {name}: at {at}, the newest {keep} are kept in {}", place(&to)),
            format!("try it now: kubectl -n {} create job --from=cronjob/{name} {name}-now", id.namespace),
            format!("end it: kubectl -n {} delete cronjob {name}; what was backed up stays", id.namespace),
        ],
    });
    Ok(())
}

/// Backs up what one claim holds, before it is deleted: the databases of the group that mounts it. Answers where it is.
///
/// # Errors
/// Nothing in the claim is known as a database, or the backup fails; then the claim must stay.
#[expect(dead_code, reason = "the seam of `uninstall --backup-volume`")]
pub(super) async fn volume(shared: &Shared, release: &str, claim: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let databases = Databases::find(shared, Some(release), "uninstall").await?;
    let sources = databases.of_claim(claim);
    if sources.is_empty() {
        return Err(Failure::new(FailureKind::Refused, format!("the volume {claim} holds no database that is known"))
            .why("its product names none that could be backed up before it is deleted")
            .state(NOTHING_WRITTEN)
            .hint(format!("keep it: leave --backup-volume {claim} out; or copy what is in it yourself")));
    }
    into_folder(shared, &databases, &sources, folder).await
}

/// Where in the cluster it goes; `None`: to this machine.
pub(super) async fn in_cluster(databases: &Databases, to: &BackupTo) -> Result<Option<To>, Failure> {
    let namespace = &databases.target.namespace;
    if let Some(claim) = &to.claim {
        let id = ObjectId::new("", "PersistentVolumeClaim", namespace, claim);
        let found = databases.cluster.find(&id).await?;
        let refused =
            |what: String| Failure::new(FailureKind::Refused, what).place(id.to_string()).state(NOTHING_WRITTEN);
        let found = found.ok_or_else(|| {
            refused(format!("there is no claim {claim}"))
                .hint("make one first: its size and class are yours to choose, and it outlives the release")
        })?;
        if found.label(RELEASE).is_some() || found.annotation(OPENED_BY).is_some() {
            return Err(refused(format!("the claim {claim} holds the data itself"))
                .why("a backup beside its data is lost with it")
                .hint("name another claim"));
        }
        return Ok(Some(To::Claim(claim.clone())));
    }
    let Some(url) = &to.s3 else { return Ok(None) };
    let usage = |what: String| Failure::new(FailureKind::Usage, what).state(NOTHING_WRITTEN);
    let (bucket, prefix) =
        Bucket::read(url).map_err(|why| usage(format!("the bucket {url} is not understood")).why(why))?;
    let secret = to.s3_secret.clone().ok_or_else(|| {
        usage("--to-s3 needs a Secret that opens the bucket".into()).hint(
            "name it: --s3-secret NAME, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL where it is not Amazon's",
        )
    })?;
    let keys = databases.cluster.secret_values(namespace, &secret).await.map_err(|fault| Failure {
        hints: vec![format!("name a Secret of the namespace {namespace}: --s3-secret NAME")],
        ..fault.into()
    })?;
    if let Some(missing) = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().find(|key| !keys.contains_key(**key)) {
        return Err(Failure::new(FailureKind::Refused, format!("the Secret {secret} has no {missing}"))
            .place(format!("namespace {namespace}"))
            .state(NOTHING_WRITTEN));
    }
    let image = to.s3_image.clone().unwrap_or_else(|| S3_IMAGE.into());
    Ok(Some(To::S3(Bucket { bucket, prefix, secret, image })))
}

fn order<'a>(databases: &'a Databases, sources: &'a [Source], to: &'a To, keep: Option<u32>) -> Order<'a> {
    Order {
        target: &databases.target,
        product: &databases.product,
        sources,
        to,
        keep,
        owner: databases.parent.as_ref(),
        openshift: databases.openshift,
    }
}

fn place(to: &To) -> String {
    match to {
        To::Claim(claim) => format!("the claim {claim}"),
        To::S3(bucket) => format!("s3://{}/{}", bucket.bucket, bucket.prefix),
    }
}

fn stamp(format: &str) -> String {
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
async fn into_folder(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    folder: &Path,
) -> Result<PathBuf, Failure> {
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
    let teller = Teller::new(shared);
    let done = dump_all(shared, databases, sources, &folder, &teller).await;
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
    }
    let (release, namespace) = (&databases.target.release, &databases.target.namespace);
    notes.push(format!("restore it: slipway restore {release} -n {namespace} --from {}", folder.display()));
    let place = folder.display().to_string();
    teller.tell(EventKind::DataFinished { verb: "backup".into(), place, notes });
    Ok(folder)
}

async fn dump_all(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    folder: &Path,
    teller: &Teller,
) -> Result<Manifest, Failure> {
    let made = stamp("%Y-%m-%dT%H:%M:%SZ");
    let passes = shared.skip_preflight.iter().any(|code| code == "TARGET_FULL" || code == "all");
    let tell = |kind| teller.tell(kind);
    let mut parts: Vec<Part> = Vec::new();
    for source in sources {
        if source.is_external() && !shared.yes && !interactive(shared) {
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
        consistent: parts.len() == 1,
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
    fn of_claim(&self, claim: &str) -> Vec<Source> {
        self.sources.iter().filter(|source| self.mounts(&source.group, claim)).cloned().collect()
    }

    /// Shows what is to be made; the server is asked for its opinion before anybody is.
    async fn agreed(&self, shared: &Shared, object: &Object, verb: &str) -> Result<(), Failure> {
        match self.cluster.try_create(object, &self.target.field_manager()).await {
            Ok(_) => {}
            Err(fault) if fault.kind == crate::cluster::FaultKind::AlreadyExists => {}
            Err(fault) => return Err(Failure::from(fault).state(NOTHING_WRITTEN)),
        }
        let template = object.pod_template_path().and_then(|path| object.at(path)).cloned().unwrap_or_default();
        let mut pod = Object(serde_json::json!({"apiVersion": "v1", "kind": "Pod"}));
        pod.set(&["metadata"], serde_json::json!({"generateName": "slipway-try-", "namespace": self.target.namespace}));
        pod.set(&["metadata", "labels"], template["metadata"]["labels"].clone());
        pod.set(&["spec"], template["spec"].clone());
        self.cluster
            .try_create(&pod, &self.target.field_manager())
            .await
            .map_err(|fault| Failure::from(fault).state(NOTHING_WRITTEN))?;
        if shared.yes {
            return Ok(());
        }
        print(&format!("would make {} in the namespace {}\n", object.id().short(), self.target.namespace))?;
        Err(Failure::new(FailureKind::Refused, "nobody said yes")
            .why("a backup in the cluster makes an object there, which was shown")
            .state(NOTHING_WRITTEN)
            .hint(format!(
                "slipway {verb} {} -n {} with the same words, and --yes",
                self.target.release, self.target.namespace
            )))
    }

    /// Makes a Job and waits for its end, which its pod's containers told.
    async fn run_job(&self, shared: &Shared, job: &Object, to: &To) -> Result<(), Failure> {
        let teller = Teller::new(shared);
        let what = self.sources.iter().map(Source::title).collect::<Vec<_>>().join(", ");
        teller.tell(EventKind::DataStarted { verb: "backup".into(), what: what.clone(), place: place(to), size: None });
        let made = self.cluster.create(job, &self.target.field_manager()).await?;
        let id = job.id();
        tokio::select! {
            ended = self.job_ends(&id, &teller, (what, to)) => ended,
            failure = in_vain(&self.cluster, &id) => {
                let _gone = self.cluster.delete(&id, &Deletion::of(made.uid())).await;
                Err(failure.state("the Job is deleted again; nothing else was written"))
            }
        }
    }

    async fn job_ends(&self, id: &ObjectId, teller: &Teller, (what, to): (String, &To)) -> Result<(), Failure> {
        let mut seen = self.cluster.watch(Watched::object(id));
        while let Some(now) = seen.next().await {
            let found = match now {
                Seen::All(all) => all.into_iter().next(),
                Seen::Changed(found) => Some(found),
                Seen::Gone(_) => {
                    return Err(Failure::new(FailureKind::Deployment, format!("{} was deleted", id.short())));
                }
                Seen::Broken(_) => continue,
            };
            let Some(found) = found else { continue };
            let ended = |kind: &str| {
                let conditions = found.list(&["status", "conditions"]);
                conditions.iter().any(|one| one["type"] == kind && one["status"] == "True")
            };
            if ended("Complete") {
                teller.tell(EventKind::DataChecked { what, bytes: 0 });
                let notes = vec![
                    format!("in {}, as the newest of {}-…", place(to), self.target.release),
                    format!("what it said: kubectl -n {} logs job/{} --all-containers", id.namespace, id.name),
                ];
                teller.tell(EventKind::DataFinished { verb: "backup".into(), place: place(to), notes });
                return Ok(());
            }
            if ended("Failed") {
                let failure = Failure::new(FailureKind::Deployment, format!("the backup by {} failed", id.short()))
                    .place(id.to_string());
                let said = self.last_words(id).await;
                let failure = said.into_iter().fold(failure, Failure::why);
                return Err(failure
                    .state("what it left half-way is no backup, and goes with the next one; nothing else was touched")
                    .hint(format!(
                        "see all of it: kubectl -n {} logs job/{} --all-containers",
                        id.namespace, id.name
                    )));
            }
        }
        Err(Failure::new(FailureKind::Cluster, format!("{} cannot be watched", id.short())))
    }

    /// The last line of each container of a Job's pod that failed.
    async fn last_words(&self, job: &ObjectId) -> Vec<String> {
        let selector = format!("batch.kubernetes.io/job-name={}", job.name);
        let Ok(pods) = self.cluster.list("", "Pod", &job.namespace, &selector).await else { return Vec::new() };
        let mut said = Vec::new();
        for pod in &pods.objects {
            let statuses = ["initContainerStatuses", "containerStatuses"];
            let failed = statuses
                .iter()
                .flat_map(|kind| pod.list(&["status", kind]))
                .filter(|status| status["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0));
            for container in failed.filter_map(|status| status["name"].as_str()) {
                let ask = LogAsk {
                    namespace: job.namespace.clone(),
                    pod: pod.name().into(),
                    container: container.into(),
                    tail: Some(3),
                    ..LogAsk::default()
                };
                let Ok(mut lines) = self.cluster.log(&ask).await else { continue };
                while let Some(Ok(line)) = lines.next().await {
                    said.push(format!("{container}: {}", crate::sanitize::line(&line)));
                }
            }
        }
        said
    }
}
