//! Showing a run that was left, or that goes on elsewhere, out of its record and the watches (cluster.md 4 "Detach").
//! Nothing is written.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::mpsc;

use super::control::{Control, Controls, stopped};
use super::ready::Readiness;
use super::run::{Ended, Options, Run, count};
use super::survey::rests;
use crate::cluster::record::{self, Outcome, Progress, Revision};
use crate::cluster::{Cluster, FaultKind, Seen, Watched, lock};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::{Done, Event, EventKind};
use crate::object::ObjectId;
use crate::plan::Action;

/// Follows a revision that is pending until its record is closed, or until nobody works on it and what it has written is
/// ready: then it ends as left, with the steps that remain.
///
/// # Errors
/// The run failed, what it has written does not become ready, or the operator stops.
pub fn attach<'a>(
    cluster: &'a Cluster,
    revision: &'a Revision,
    readiness: &'a dyn Readiness,
    options: &'a Options,
    events: mpsc::Sender<Event>,
    controls: Controls,
) -> BoxFuture<'a, Result<Ended, Failure>> {
    Box::pin(go(Run::new(cluster, &revision.plan, readiness, options, events, controls), revision))
}

async fn go(run: Run<'_>, revision: &Revision) -> Result<Ended, Failure> {
    run.announce().await;
    let (number, who, began) = (revision.number, revision.who.clone(), revision.began);
    run.tell.all(EventKind::RunAttached { revision: number, who, began }).await;
    let told = Mutex::new(BTreeSet::new());
    let mut stop = run.controls.clone();
    let ended = tokio::select! {
        ended = run.show(revision, &told) => ended,
        wish = stop.stop() => Err(stopped(wish)),
    };
    let ended = match ended {
        Err(failure) if run.controls.now() == Control::Detach && failure.kind == FailureKind::Interrupted => {
            Ok(run.remaining(revision, &told))
        }
        ended => ended.map_err(|failure| failure.state("this looked on, and wrote nothing")),
    };
    run.conclude(ended).await
}

impl Run<'_> {
    async fn show(&self, revision: &Revision, told: &Mutex<BTreeSet<ObjectId>>) -> Result<Ended, Failure> {
        let target = &self.plan.target;
        let mut records = self.cluster.watch(Watched::object(&revision.id(target)));
        let mut progress = revision.progress.clone();
        let awaited = Mutex::new(BTreeSet::new());
        // Who holds the lock is told once, however often the record changes meanwhile.
        let tell = |kind: EventKind| {
            let new = match &kind {
                EventKind::LockAwaited { holder, .. } => {
                    awaited.lock().is_ok_and(|mut told| told.insert(holder.clone()))
                }
                _ => true,
            };
            if new {
                self.tell.at_once(None, kind);
            }
        };
        loop {
            let waited = self.tell_written(&progress, told).await?;
            match progress.outcome {
                Outcome::Pending => {}
                Outcome::Deployed => {
                    let (written, unchanged) = revision.plan.counted();
                    let (written, unchanged) = (count(written), count(unchanged));
                    return Ok(Ended { revision: revision.number, written, unchanged, ..Ended::default() });
                }
                Outcome::Failed => {
                    return Err(Failure::new(FailureKind::Deployment, "the run failed").why(progress.why.clone()));
                }
                Outcome::Superseded => {
                    return Err(Failure::new(FailureKind::Refused, "another run took this one's place")
                        .hint(format!("see that one: {}", self.info().attach())));
                }
            }
            let settled = async {
                lock::idle(&self.cluster, target, &tell).await?;
                self.until_ready(&waited).await
            };
            tokio::select! {
                settled = settled => {
                    settled?;
                    return Ok(self.remaining(revision, told));
                }
                next = changed(&mut records, &progress) => progress = next?,
            }
        }
    }

    /// Tells what the record says was written since the last time; gives everything of it that can be waited for.
    async fn tell_written(
        &self,
        progress: &Progress,
        told: &Mutex<BTreeSet<ObjectId>>,
    ) -> Result<Vec<ObjectId>, Failure> {
        let live = self.live(false).await?;
        let mut waited = Vec::new();
        for step in self.plan.steps.iter().filter(|step| step.action != Action::Delete) {
            let id = step.wanted.object.id();
            // What somebody deleted since then is not waited for: it remains to be done.
            let (true, Some(live)) = (progress.written.contains_key(&id), live.get(&id)) else { continue };
            if told.lock().is_ok_and(|mut told| told.insert(id.clone())) {
                if !rests(self.plan.verb, step) {
                    self.readiness.written(live);
                }
                self.tell.step(&id, EventKind::StepFinished { done: Done::Unchanged }).await;
            }
            if super::execute::waits(live) && !rests(self.plan.verb, step) {
                waited.push(id);
            }
        }
        Ok(waited)
    }

    fn remaining(&self, revision: &Revision, told: &Mutex<BTreeSet<ObjectId>>) -> Ended {
        let steps = self.plan.steps.iter().filter(|step| step.action != Action::Delete).count();
        let there = told.lock().map_or(0, |told| told.len());
        let left = Some(count(steps.saturating_sub(there)));
        Ended { revision: revision.number, left, ..Ended::default() }
    }
}

/// Waits until the record says something new.
async fn changed(records: &mut BoxStream<'static, Seen>, known: &Progress) -> Result<Progress, Failure> {
    while let Some(seen) = records.next().await {
        let object = match seen {
            Seen::All(all) => all.into_iter().next(),
            Seen::Changed(object) => Some(object),
            Seen::Gone(_) => None,
            // What was read is shown; that it changes cannot be.
            Seen::Broken(fault) if matches!(fault.kind, FaultKind::Forbidden | FaultKind::Unauthorized) => break,
            Seen::Broken(_) => continue,
        };
        let Some(object) = object else {
            return Err(Failure::new(FailureKind::Refused, "the run's record is gone")
                .why("somebody uninstalled the release, or deleted its records")
                .state(NOTHING_WRITTEN));
        };
        let progress = record::progress(&object)?;
        if progress != *known {
            return Ok(progress);
        }
    }
    std::future::pending().await
}
