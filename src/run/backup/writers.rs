//! What writes is stopped while a backup is taken (`--stop-writers`), and started again whatever became of the backup.

use std::time::Duration;

use super::{BACKUP_GOES, Databases, Teller, unless_stopped};
use crate::apply::writers as at;
use crate::cli::Shared;
use crate::cluster::lock::{self, Lock, LockTiming};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::ObjectId;
use crate::plan::backup::writers::{Writers, writers};

/// How long pods may take to end, where nothing else was said.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is left where they could not be started again.
const STILL_STOPPED: &str = "some of what an earlier backup stopped is stopped still; slipway doctor names it";

/// Writers that were stopped, under the release's lock.
pub(in crate::run) struct Still {
    ids: Vec<ObjectId>,
    lock: Lock,
    /// Nothing of the release can write any more.
    pub(in crate::run) whole: bool,
}

impl Still {
    /// Gives the lock back, and leaves everything stopped: it is about to go.
    pub(in crate::run) async fn leave(self) {
        self.lock.release().await;
    }

    /// Nobody else has changed the release meanwhile.
    pub(in crate::run) fn holds(&self) -> Result<(), Failure> {
        self.lock.check()
    }
}

fn of(databases: &Databases) -> Writers {
    writers(databases.plan(), &databases.sources)
}

/// What is stopped while a backup is taken.
pub(in crate::run) fn named(databases: &Databases) -> Option<String> {
    let ids = of(databases).scaled;
    (!ids.is_empty()).then(|| names(&ids))
}

fn names(ids: &[ObjectId]) -> String {
    ids.iter().map(ObjectId::short).collect::<Vec<_>>().join(", ")
}

/// What a backup that died left stopped is started again; one that goes on elsewhere holds the lock, and is left alone.
///
/// # Errors
/// Somebody else is changing the release, or it cannot be written.
pub(in crate::run) async fn restart_left(
    shared: &Shared,
    databases: &Databases,
    teller: &Teller,
) -> Result<(), Failure> {
    let left = at::left_stopped(&databases.cluster, &of(databases).scaled).await?;
    if left.is_empty() {
        return Ok(());
    }
    let lock = take(shared, databases, teller).await?;
    tell(teller, "start", names(&left), "a backup that did not end had stopped it");
    let started = unless_stopped(teller, STILL_STOPPED, start(databases, &left, &lock)).await;
    lock.release().await;
    started
}

async fn take(shared: &Shared, databases: &Databases, teller: &Teller) -> Result<Lock, Failure> {
    let (cluster, target) = (&databases.cluster, &databases.target);
    let tell = |kind| teller.tell(kind);
    let taken = lock::take(cluster, target, shared.take_over.as_deref(), LockTiming::default(), &tell);
    unless_stopped(teller, NOTHING_WRITTEN, taken).await
}

fn tell(teller: &Teller, verb: &str, what: String, place: &str) {
    teller.tell(EventKind::DataStarted { verb: verb.into(), what, place: place.into(), size: None });
}

async fn start(databases: &Databases, ids: &[ObjectId], lock: &Lock) -> Result<(), Failure> {
    let manager = databases.target.field_manager();
    let mut first = None;
    // One that cannot be started must not keep the others down.
    for id in ids {
        let started = match lock.check() {
            Ok(()) => at::start(&databases.cluster, id, &manager).await.map(drop),
            Err(lost) => Err(lost),
        };
        if let Err(failure) = started {
            first.get_or_insert(failure);
        }
    }
    first.map_or(Ok(()), Err)
}

/// Stops everything that writes, and waits until its pods are gone.
///
/// # Errors
/// It cannot be stopped: what was stopped by then is started again.
pub(in crate::run) async fn stop(shared: &Shared, databases: &Databases, teller: &Teller) -> Result<Still, Failure> {
    let Writers { scaled, others } = of(databases);
    at::can_stop(&databases.cluster, &databases.target.namespace, &scaled).await?;
    let patience = crate::run::apply::options(shared)?.timeout.unwrap_or(PATIENCE);
    let lock = take(shared, databases, teller).await?;
    let mut still = Still { ids: Vec::new(), lock, whole: others.is_empty() };
    let stopped = async {
        for id in &scaled {
            still.lock.check()?;
            if at::stop(&databases.cluster, id, &databases.target.field_manager()).await? {
                still.ids.push(id.clone());
            }
        }
        if !still.ids.is_empty() {
            tell(teller, "stop", names(&still.ids), "it is started again afterwards");
        }
        at::until_none(&databases.cluster, &still.ids, patience).await
    };
    let stopped: Result<(), Failure> = unless_stopped(teller, BACKUP_GOES, stopped).await;
    match stopped {
        Ok(()) => Ok(still),
        Err(failure) => Err(again(databases, still, failure, teller).await),
    }
}

/// Starts what was stopped, after a failure.
async fn again(databases: &Databases, still: Still, failure: Failure, teller: &Teller) -> Failure {
    match go_on(databases, still, teller).await {
        Ok(()) if failure.state.is_empty() => failure.state(NOTHING_WRITTEN),
        Ok(()) => failure,
        Err(more) => failure.why(format!("and what was stopped could not be started again: {}", more.what)),
    }
}

/// Starts what was stopped, and gives the lock back.
///
/// # Errors
/// Something stays stopped: the next backup starts it.
pub(in crate::run) async fn go_on(databases: &Databases, still: Still, teller: &Teller) -> Result<(), Failure> {
    if !still.ids.is_empty() {
        tell(teller, "start", names(&still.ids), "the backup is over");
    }
    let started = start(databases, &still.ids, &still.lock).await;
    let (release, namespace) = (&databases.target.release, &databases.target.namespace);
    let started = started.map_err(|failure| {
        Failure { kind: FailureKind::Deployment, ..failure }
            .state(format!("stopped still: {}", names(&still.ids)))
            .hint(format!("start it: the next slipway backup {release} -n {namespace} does, and so does an install"))
    });
    still.lock.release().await;
    started
}

/// Takes a backup while nothing writes.
///
/// # Errors
/// As the backup, or what writes cannot be stopped or started.
pub(in crate::run) async fn while_still<T>(
    shared: &Shared,
    databases: &Databases,
    teller: &Teller,
    work: impl AsyncFnOnce(&Still) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let still = stop(shared, databases, teller).await;
    let still = still.map_err(|failure| failure.hint("or back up while it writes: without --stop-writers"))?;
    match work(&still).await {
        Ok(done) => go_on(databases, still, teller).await.map(|()| done),
        Err(failure) => Err(again(databases, still, failure, teller).await),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::Cli;
    use crate::object::Object;
    use crate::practice::{Options, Server};
    use crate::run::practice::OWN;

    fn read(words: &str) -> Cli {
        Cli::try_parse_from(format!("slipway {words} --practice --yes --no-input -n inngest").split(' ')).unwrap()
    }

    #[test]
    fn a_stop_is_heard_while_somebody_else_holds_the_lock() {
        // The verbs are large without optimisation: more than a test's stack holds.
        let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(stopped());
        std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(run).unwrap().join().unwrap();
    }

    async fn stopped() {
        OWN.set(Some(Arc::new(Server::start(Options::default()).unwrap())));
        Box::pin(crate::run::dispatch(read("install inngest"))).await.unwrap();
        let shared = read("backup").shared;
        let databases = Databases::find(&shared, None, "backup").await.unwrap();
        let name = databases.target.parent_name();
        let lease = ObjectId::new("coordination.k8s.io", "Lease", &databases.target.namespace, &name);
        if let Some(left) = databases.cluster.find(&lease).await.unwrap() {
            databases.cluster.delete(&lease, &crate::cluster::Deletion::of(left.uid())).await.unwrap();
        }
        let now = jiff::Timestamp::now().strftime("%FT%H:%M:%S.%6fZ").to_string();
        let held = Object(json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": databases.target.namespace},
            "spec": {"holderIdentity": "ana@elsewhere (process 77)", "leaseDurationSeconds": 3600, "renewTime": now}}));
        databases.cluster.create(&held, "elsewhere").await.unwrap();
        let teller = Teller::stopped_already(&shared);
        let stopped = take(&shared, &databases, &teller).await.err().unwrap();
        assert_eq!((stopped.kind, stopped.state.as_str()), (FailureKind::Interrupted, NOTHING_WRITTEN));
    }
}
