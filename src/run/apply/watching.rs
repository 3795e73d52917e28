//! What a run waits for: readiness by the followers, passwords that have to be tried, and the product's own health.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::apply::{self as executor, Readiness};
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::object::{Object, ObjectId};
use crate::plan::{HealthCheck, Plan, Step};
use crate::run::evidence::{self, Seen};
use crate::run::password;
use crate::sanitize::Redactor;
use crate::secret::Secrets;
use crate::watch::{Channel, Door, Handle, health};

/// Readiness by the followers, and the product's own health at the end.
pub(super) struct Watching {
    pub(super) handle: Handle,
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    pub(super) release: String,
    pub(super) health: Vec<HealthCheck>,
    pub(super) channel: Channel,
    pub(super) redactor: Redactor,
    /// The passwords that have to be tried before what needs them starts.
    pub(super) guard: Option<password::Guard>,
}

impl Readiness for Watching {
    fn written(&self, object: &Object) {
        self.handle.written(object.clone());
    }

    fn ready<'a>(&'a self, ids: &'a [ObjectId]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.handle.ready(ids))
    }

    fn may_start<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            match &self.guard {
                Some(guard) => guard.pass(step).await,
                None => Ok(()),
            }
        })
    }

    fn verify(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            let door = Door { cluster: &self.cluster, namespace: &self.namespace, handle: &self.handle };
            health::check(&door, &self.health, &self.channel, &self.redactor).await
        })
    }

    fn keep_evidence<'a>(&'a self, failure: &'a Failure) -> BoxFuture<'a, Option<String>> {
        let Self { cluster, handle, redactor, namespace, release, .. } = self;
        Box::pin(async move { evidence::keep(&Seen { cluster, handle, redactor, namespace, release }, failure).await })
    }

    fn timed_out(&self, ids: &[ObjectId], after: Duration) -> Failure {
        self.handle.timed_out(ids, after)
    }
}

/// Hides the secrets of a run; those of earlier generations too, which pods of an older revision may still print.
pub(super) async fn redactor(cluster: &Cluster, plan: &Plan, secrets: &Secrets) -> Redactor {
    let newest = plan.keys.generation;
    let earlier = match newest {
        0 | 1 => Default::default(),
        // Who may not read them sees no more than before.
        _ => executor::generations(cluster, &plan.target, newest).await.unwrap_or_default(),
    };
    Redactor::new(secrets.values().chain(earlier.values().flat_map(|values| values.values())))
}
