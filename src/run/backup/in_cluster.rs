//! Backups that a Job of the cluster makes: into a claim or a bucket, once or on a schedule.

use futures::StreamExt as _;

use super::{Databases, Taken, Teller, stamp};
use crate::cli::{BackupTo, Shared};
use crate::cluster::{Deletion, LogAsk, Seen, Watched};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::backup::Source;
use crate::plan::backup::job::{self, Bucket, Order, To};
use crate::plan::set::{OPENED_BY, RELEASE};
use crate::run::databases::Deed;
use crate::run::in_vain::in_vain;
use crate::run::print;

/// Image with rclone, where none is named.
const S3_IMAGE: &str = "rclone/rclone:1.71";

/// A backup by a Job, which is waited for.
///
/// # Errors
/// It cannot be made, or fails.
pub(super) async fn once(
    shared: &Shared,
    databases: &Databases,
    sources: &[Source],
    to: &To,
    teller: &Teller,
) -> Result<Taken, Failure> {
    let order = order(databases, sources, to, None);
    let name = format!("{}-backup-{}", databases.target.release, stamp("%Y%m%d-%H%M%S"));
    let job = job::job(&order, &name);
    databases.agreed(shared, &job, "backup").await?;
    databases.run_job(teller, &job, to).await
}

/// `slipway backup schedule`.
pub(in crate::run) async fn schedule(
    shared: &Shared,
    release: Option<&str>,
    to: &BackupTo,
    (at, keep): (&str, u32),
) -> Result<(), Failure> {
    let databases = Databases::find(shared, release, "backup schedule").await?;
    let sources = databases.some(Deed::Backup)?;
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
/// Where in the cluster it goes; `None`: to this machine.
pub(in crate::run) async fn in_cluster(databases: &Databases, to: &BackupTo) -> Result<Option<To>, Failure> {
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
impl Databases {
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
    async fn run_job(&self, teller: &Teller, job: &Object, to: &To) -> Result<Taken, Failure> {
        let what = self.sources.iter().map(Source::title).collect::<Vec<_>>().join(", ");
        teller.tell(EventKind::DataStarted { verb: "backup".into(), what: what.clone(), place: place(to), size: None });
        let made = self.cluster.create(job, &self.target.field_manager()).await?;
        let id = job.id();
        tokio::select! {
            ended = self.job_ends(&id, teller, (what, to)) => ended,
            failure = in_vain(&self.cluster, &id) => {
                let _gone = self.cluster.delete(&id, &Deletion::of(made.uid())).await;
                Err(failure.state("the Job is deleted again; nothing else was written"))
            }
        }
    }

    async fn job_ends(&self, id: &ObjectId, teller: &Teller, (what, to): (String, &To)) -> Result<Taken, Failure> {
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
                return Ok(Taken { place: place(to), notes });
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
