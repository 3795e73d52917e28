//! `slipway adopt`: a release that Helm laid down becomes one of slipway's, without touching a pod.

mod find;
mod make;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use crate::apply::rehearse;
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::cluster::record::Outcome;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::plan::{Target, Verb};
use crate::view::overview::Overview;

use super::apply::{self, Face, How, Job};
use super::{agree, attach, target};
use find::{Found, find};
use make::{Adoption, Made};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>) -> Result<(), Failure> {
    let cluster = target::cluster(shared, shared.context.as_deref()).await?;
    let found = match find(shared, &cluster, release).await? {
        Some(found) => found,
        None => return resume(shared, cluster, release).await,
    };
    let adoption = Adoption { shared, cluster, found };
    let Made { plan, secrets, known, findings } = adoption.make().await?;
    let mut overview = Overview {
        repeat: repeat(&adoption.found, &plan.target),
        plan,
        cluster: vec![known.facts.git_version.clone()],
        findings,
        skipped: shared.skip_preflight.clone(),
        mends: Vec::new(),
    };
    if !shared.yes && overview.blocking().is_empty() {
        let options = apply::options(shared)?;
        overview.findings.extend(rehearse(&adoption.cluster, &overview.plan, &secrets, &options).await?);
    }
    if !agree::agreed(shared, &overview, agree::asks(shared)).await? {
        return Ok(());
    }
    let mut plan = overview.plan;
    // Before anything is written: what Helm knows is never only in memory.
    let path = export(&adoption.found)?;
    plan.notes.push(format!(
        "Helm's record is in {path}, which holds values of secrets; Helm knows the release no more. To give it back: kubectl create -f {path}"
    ));
    plan.notes.push(format!(
        "Nothing was restarted. To bring it to slipway's shape: slipway upgrade {} -n {}",
        plan.target.release, plan.target.namespace
    ));
    let how = How::Agreed(&adoption);
    let job = Job {
        cluster: &adoption.cluster,
        facts: &known.facts,
        plan: &plan,
        secrets: &secrets,
        how,
        whole: true,
        answers: None,
    };
    apply::show(shared, &job, Face::of(shared)).await.map(drop)
}

/// A taking over that was begun, and whose Helm record is gone already: it is brought to its end out of its own record.
async fn resume(shared: &Shared, cluster: Cluster, release: Option<&str>) -> Result<(), Failure> {
    let all = attach::standing(shared, &cluster).await?;
    // Its record has the name that it was given, where that is another than Helm's.
    let named = shared.release.as_deref().or(release);
    let pending = all.iter().filter(|one| one.outcome == Outcome::Pending.word());
    for one in pending.filter(|one| named.is_none_or(|named| named == one.release)) {
        let revision = attach::read(&cluster, one).await?;
        if revision.plan.verb != Verb::Adopt {
            continue;
        }
        let facts = cluster.facts(&one.namespace).await?;
        let secrets = attach::secrets(&cluster, &revision.plan).await??;
        let (plan, how) = (&revision.plan, How::Recorded);
        let job = Job { cluster: &cluster, facts: &facts, plan, secrets: &secrets, how, whole: true, answers: None };
        return apply::show(shared, &job, Face::of(shared)).await.map(drop);
    }
    let what = match release {
        Some(named) => format!("Helm has no release {named} here"),
        None => "Helm has no release here that slipway could adopt".to_string(),
    };
    Err(Failure::new(FailureKind::Usage, what)
        .place(shared.namespace.as_ref().map_or_else(|| attach::place(&cluster), |namespace| format!("namespace {namespace}")))
        .why("it is looked for in Secrets and ConfigMaps; a record that HELM_DRIVER=sql keeps in a database cannot be seen here")
        .state(NOTHING_WRITTEN)
        .hint("see what Helm knows: helm list -A")
        .hint("name it and the namespace of its record: slipway adopt RELEASE -n NAMESPACE")
        .hint("objects without a record become slipway's one by one: slipway install PRODUCT --adopt Kind/name"))
}

/// Writes Helm's record to a file that only its owner may read, beside where the operator stands; says where.
fn export(found: &Found) -> Result<String, Failure> {
    let failed = |path: &str, error: std::io::Error| {
        Failure::new(FailureKind::Usage, format!("cannot write Helm's record to {path}"))
            .why(error.to_string())
            .state(NOTHING_WRITTEN)
            .hint("run the same command in a folder that you may write to")
    };
    let text = serde_json::to_string_pretty(&found.stored.exported())
        .map_err(|error| Failure::new(FailureKind::Bug, "Helm's record cannot be written").why(error.to_string()))?;
    let name = format!("helm-{}-{}", found.chart.namespace, found.chart.name);
    for number in 0..1000 {
        let path = if number == 0 { format!("{name}.json") } else { format!("{name}-{number}.json") };
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
            Ok(()) => {
                return Ok(std::path::absolute(&path).map_or(path, |path| path.display().to_string()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
    Err(failed(&name, std::io::Error::from(std::io::ErrorKind::AlreadyExists)))
}

/// The command that repeats it.
fn repeat(found: &Found, target: &Target) -> String {
    let chart = &found.chart;
    let mut command = format!("slipway adopt {} -n {}", chart.name, chart.namespace);
    if target.release != chart.name {
        command.push_str(&format!(" --name {}", target.release));
    }
    if target.practice {
        command.push_str(" --practice");
    } else if !matches!(target.context.as_str(), "" | "in-cluster") {
        command.push_str(&format!(" --context {}", target.context));
    }
    command + " --yes"
}
