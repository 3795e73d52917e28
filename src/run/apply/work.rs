//! A job under the executor, watched by the followers.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::watching::{Watching, redactor};
use super::{How, Job, options};
use crate::apply::{self as executor, Controls, Ended};
use crate::cli::Shared;
use crate::error::Failure;
use crate::event::Event;
use crate::run::databases::Databases;
use crate::run::password;
use crate::watch::{Channel, Follow, follow};

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
        guard: job.answers.as_ref().map(|answers| {
            let sources = answers.doubtful.clone();
            let databases = Databases::of_plan(cluster, plan, sources, facts.openshift);
            password::Guard::new(databases, shared.mend_password, channel.clone(), handle.clone())
        }),
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
