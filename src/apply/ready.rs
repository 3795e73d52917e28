//! Waiting for what was written to be ready.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;

use crate::cluster::{Cluster, Seen, Watched};
use crate::error::{Failure, FailureKind};
use crate::event;
use crate::object::{Object, ObjectId};
use crate::plan::Step;
use crate::watch::Handle;
use crate::watch::readiness::assess;

/// Tells when objects are ready.
pub trait Readiness: Send + Sync {
    /// What the server answered to a write, or what it keeps: from now on nothing older speaks for it.
    fn written(&self, object: &Object);

    /// Waits until all are ready.
    ///
    /// # Errors
    /// What does not become ready by itself.
    fn ready<'a>(&'a self, ids: &'a [ObjectId]) -> BoxFuture<'a, Result<(), Failure>>;

    /// Waits until a workload may start: what it depends on is ready, and may have to be asked.
    ///
    /// # Errors
    /// It would start in vain.
    fn may_start<'a>(&'a self, _step: &'a Step) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Asks the product, once everything is ready, whether it answers.
    ///
    /// # Errors
    /// It does not answer as it should.
    fn verify(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    /// Keeps what is seen of a run that failed, before anything is undone; says where.
    fn keep_evidence<'a>(&'a self, _failure: &'a Failure) -> BoxFuture<'a, Option<String>> {
        Box::pin(std::future::ready(None))
    }

    /// The failure of a wait that took too long.
    fn timed_out(&self, ids: &[ObjectId], after: Duration) -> Failure {
        let names: Vec<String> = ids.iter().map(ObjectId::short).collect();
        Failure::new(FailureKind::TimedOut, format!("not ready after {} s", after.as_secs()))
            .why(format!("waited for {}", names.join(", ")))
            .state("the objects remain in the cluster and may still become ready")
            .hint("run the same command again to go on waiting, with a longer --timeout if that is usual here")
    }
}

impl Readiness for Handle {
    fn written(&self, object: &Object) {
        Self::written(self, object.clone());
    }

    fn ready<'a>(&'a self, ids: &'a [ObjectId]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(Self::ready(self, ids))
    }

    fn timed_out(&self, ids: &[ObjectId], after: Duration) -> Failure {
        Self::timed_out(self, ids, after)
    }
}

/// The plainest readiness: a watch for each object, judged alone, without a word on why it is stuck.
pub struct Watches(pub Cluster);

impl Readiness for Watches {
    fn written(&self, _object: &Object) {}

    fn ready<'a>(&'a self, ids: &'a [ObjectId]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            futures::future::try_join_all(ids.iter().map(|id| self.one(id))).await?;
            Ok(())
        })
    }
}

impl Watches {
    async fn one(&self, id: &ObjectId) -> Result<(), Failure> {
        let mut seen = self.0.watch(Watched::object(id));
        while let Some(now) = seen.next().await {
            let object = match now {
                Seen::All(all) => all.into_iter().next(),
                Seen::Changed(object) => Some(object),
                Seen::Gone(_) => None,
                Seen::Broken(_) => continue,
            };
            let Some(object) = object else { continue };
            // A claim that waits for its first consumer is as ready as it can be (cluster.md 4).
            let waits_for_consumer = object.kind() == "PersistentVolumeClaim";
            let judged = assess(&object, &crate::diagnose::Scene::default());
            if waits_for_consumer || judged.readiness == event::Readiness::Ready {
                return Ok(());
            }
        }
        Err(Failure::new(FailureKind::Cluster, format!("cannot watch {}", id.short())).place(id.to_string()))
    }
}
