//! A job under the executor, watched by the followers.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::apply::{self as executor, Controls, Ended, Readiness};
use crate::cli::Shared;
use crate::cluster::Cluster;
use crate::error::Failure;
use crate::event::Event;
use crate::object::{Object, ObjectId};
use crate::plan::{HealthCheck, Plan};
use crate::sanitize::Redactor;
use crate::secret::Secrets;
use crate::watch::{Channel, Door, Follow, Handle, follow, health};

use super::super::evidence::{self, Seen};
use super::{How, Job, options};

/// Does the job; everything it has to tell goes to `events`.
pub(in crate::run) async fn work(
    shared: &Shared,
    job: &Job<'_>,
    how: &How<'_>,
    events: mpsc::Sender<Event>,
    controls: Controls,
) -> Result<Ended, Failure> {
    let options = options(shared)?;
    let Job { cluster, facts, plan, secrets, .. } = job;
    let redactor = redactor(cluster, plan, secrets).await;
    let what = Follow::of(plan, &plan.target.set_id(), Arc::new((*facts).clone()), redactor.clone());
    let what = Follow { as_found: matches!(how, How::Shown(_)), ..what };
    let channel = Channel::new(events.clone(), Instant::now());
    let handle = follow((*cluster).clone(), what, channel.clone());
    let watching = Watching {
        handle: handle.clone(),
        cluster: (*cluster).clone(),
        namespace: plan.target.namespace.clone(),
        release: plan.target.release.clone(),
        health: plan.health.clone(),
        channel,
        redactor,
    };
    let ended = match how {
        How::Agreed(again) => {
            executor::run_planned(cluster, plan, *again, secrets, &watching, &options, events, controls).await
        }
        How::Recorded => executor::run(cluster, plan, secrets, &watching, &options, events, controls).await,
        How::Shown(revision) => executor::attach(cluster, revision, &watching, &options, events, controls).await,
    };
    drop(watching);
    handle.close().await;
    // The executor ends a failed run with an event of it.
    ended.map_err(|failure| Failure { told: true, ..failure })
}

/// Hides the secrets of a run; those of earlier generations too, which pods of an older revision may still print.
async fn redactor(cluster: &Cluster, plan: &Plan, secrets: &Secrets) -> Redactor {
    let newest = plan.keys.generation;
    let earlier = match newest {
        0 | 1 => Default::default(),
        // Who may not read them sees no more than before.
        _ => executor::generations(cluster, &plan.target, newest).await.unwrap_or_default(),
    };
    Redactor::new(secrets.values().chain(earlier.values().flat_map(|values| values.values())))
}

/// Readiness by the followers, and the product's own health at the end.
struct Watching {
    handle: Handle,
    cluster: Cluster,
    namespace: String,
    release: String,
    health: Vec<HealthCheck>,
    channel: Channel,
    redactor: Redactor,
}

impl Readiness for Watching {
    fn written(&self, object: &Object) {
        self.handle.written(object.clone());
    }

    fn ready<'a>(&'a self, ids: &'a [ObjectId]) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.handle.ready(ids))
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
