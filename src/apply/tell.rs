//! Telling what happens.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::run::{Ended, Run};
use super::survey::rests;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::{Event, EventKind, RunInfo, StepInfo, VERSION};
use crate::object::ObjectId;
use crate::plan::{Action, Verb};

/// Emits the events of a run.
#[derive(Clone)]
pub(super) struct Tell {
    sender: mpsc::Sender<Event>,
    began: Instant,
}

impl Tell {
    pub(super) fn new(sender: mpsc::Sender<Event>) -> Self {
        Self { sender, began: Instant::now() }
    }

    /// Tells; waits where the listener is slow, and goes on where nobody listens.
    pub(super) async fn all(&self, kind: EventKind) {
        let _heard = self.sender.send(self.event(None, kind)).await;
    }

    /// Tells about a step.
    pub(super) async fn step(&self, id: &ObjectId, kind: EventKind) {
        let _heard = self.sender.send(self.event(Some(id), kind)).await;
    }

    /// Tells without waiting, from where one cannot wait; such events are worth less than progress.
    pub(super) fn at_once(&self, step: Option<&ObjectId>, kind: EventKind) {
        let _heard = self.sender.try_send(self.event(step, kind));
    }

    fn event(&self, step: Option<&ObjectId>, kind: EventKind) -> Event {
        let elapsed: Duration = self.began.elapsed();
        Event { version: VERSION, at: Timestamp::now(), elapsed, step: step.map(ToString::to_string), kind }
    }
}

impl Run<'_> {
    /// What the run is, as its first event tells it.
    pub(super) fn info(&self) -> RunInfo {
        let plan = self.plan;
        let steps = plan.steps.iter().map(|step| {
            let id = step.wanted.object.id();
            StepInfo {
                id: id.to_string(),
                object_kind: id.kind.clone(),
                name: id.name.clone(),
                group: step.wanted.group.clone(),
                wave: step.wave,
                waits: !matches!(plan.verb, Verb::Uninstall | Verb::Adopt)
                    && step.action != Action::Delete
                    && !rests(plan.verb, step)
                    && super::execute::waits(&step.wanted.object),
            }
        });
        RunInfo {
            verb: plan.verb.word().into(),
            title: plan.product.title.clone(),
            product_version: plan.product.version.clone(),
            release: plan.target.release.clone(),
            namespace: plan.target.namespace.clone(),
            context: plan.target.context.clone(),
            server: plan.target.server.clone(),
            practice: plan.target.practice,
            usual_seconds: plan.usual_seconds,
            steps: steps.collect(),
            keys: plan.key_places(),
            door: plan.door(),
        }
    }

    /// Tells what the run is: its first event.
    pub(super) async fn announce(&self) {
        self.tell.all(EventKind::RunStarted { run: self.info() }).await;
    }

    /// Whether something went wrong in the cluster, which going back would take out of sight.
    fn keeps_evidence(&self, failure: &Failure) -> bool {
        self.plan.verb != Verb::Uninstall && matches!(failure.kind, FailureKind::Deployment | FailureKind::TimedOut)
    }

    /// The failure with where its evidence is, and with what can be done: go back, mend and go on, stay.
    async fn with_evidence(&self, failure: Failure) -> Failure {
        let back = self.back.get().copied().filter(|_| self.plan.verb != Verb::Rollback);
        let (info, mut failure) = (self.info(), failure);
        if let Some(place) = self.readiness.keep_evidence(&failure).await {
            let state = match failure.state.as_str() {
                "" => "what was written stays; the release's record tells how far it came",
                state => state,
            };
            failure.state = format!("{state}; what was seen of it is kept in {place}");
            self.tell.all(EventKind::EvidenceKept { place, back }).await;
        }
        if let Some(back) = back {
            let command = info.command("rollback", &format!(" --to {back}"));
            failure = failure.hint(format!("go back to revision {back}, which ended well: {command}"));
        }
        let mend = "mend the cause, then run the same command again: it goes on from here";
        failure
            .hint(if back.is_some() { format!("or {mend}") } else { mend.into() })
            .hint(format!("or leave it as it is, and see how it is: {}", info.command("status", "")))
    }

    /// Tells how the run ended: its last event. A failure says what is in the cluster now.
    pub(super) async fn conclude(&self, ended: Result<Ended, Failure>) -> Result<Ended, Failure> {
        let (tell, attach) = (&self.tell, self.info().attach());
        let wrote = self.wrote.load(Ordering::Relaxed);
        let ended = match ended {
            Err(failure) if wrote && self.keeps_evidence(&failure) => Err(self.with_evidence(failure).await),
            ended => ended,
        };
        let ended = ended.map_err(|failure| {
            let failure = match failure.state.as_str() {
                "" if wrote => failure.state("what was written stays; the release's record tells how far it came"),
                "" => failure.state(NOTHING_WRITTEN),
                _ => failure,
            };
            match failure.kind {
                FailureKind::Interrupted if wrote => {
                    failure.hint(format!("or see what goes on, and go on with the rest: {attach}"))
                }
                _ => failure,
            }
        });
        match &ended {
            Ok(ended) if ended.left.is_none() => {
                let notes = self.plan.notes.clone();
                tell.all(EventKind::RunFinished { written: ended.written, unchanged: ended.unchanged, notes }).await;
            }
            Ok(ended) => {
                let what = format!(
                    "what is in the cluster goes on by itself; {attach} shows it, and goes on with what remains"
                );
                tell.all(EventKind::RunLeft { remaining: ended.left.unwrap_or(0), what }).await;
            }
            Err(failure) => tell.all(EventKind::RunFailed { failure: failure.clone() }).await,
        }
        ended
    }
}
