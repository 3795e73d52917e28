//! Events folded into what a screen shows: groups, steps, pods, logs, a timeline, the cause when something stands still.

mod groups;
mod log;
pub mod tree;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::error::Failure;
use crate::event::{Done, Event, EventKind, PodState, Readiness, RunInfo, StepInfo};
use crate::finding::Finding;

pub use groups::{GroupSeen, GroupState};
pub use log::{ContainerLog, KEPT_LINES};
pub use words::{clock, keys_in_words, named, seconds};

/// Reports of Kubernetes that are kept.
const KEPT_REPORTS: usize = 200;
/// Entries that are kept of the timeline.
pub const KEPT_TIMELINE: usize = 500;

/// A step as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct StepState {
    /// As announced.
    pub info: StepInfo,
    /// What was done, once it was.
    pub done: Option<Done>,
    /// It was begun.
    pub started: bool,
    /// Where its object stands.
    pub readiness: Readiness,
    /// What it waits for, or why it is ready.
    pub reason: String,
    /// Parts ready.
    pub ready: u32,
    /// Parts in all.
    pub of: u32,
    /// Elapsed time of the run at the last change of the readiness.
    pub since: Duration,
    /// Elapsed time of the run when it was begun.
    pub began: Option<Duration>,
    /// Elapsed time of the run when it was finished first.
    pub ended: Option<Duration>,
}

impl StepState {
    /// Written, and ready where readiness is waited for.
    pub fn finished(&self) -> bool {
        self.done.is_some() && (!self.info.waits || self.readiness == Readiness::Ready)
    }
}

/// A pod as it was last seen, with since when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSeen {
    /// The pod.
    pub pod: PodState,
    /// Elapsed time of the run at the last change of its phase or reason.
    pub since: Duration,
    /// The same of each container's state, in their order.
    pub containers: Vec<Duration>,
}

/// What Kubernetes reported about one of our objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Elapsed time of the run when it was last seen.
    pub at: Duration,
    /// What it is about: `Pod inngest-postgresql-0`.
    pub about: String,
    /// Its reason: `FailedScheduling`.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// A warning, not a normal event.
    pub warning: bool,
    /// How often.
    pub count: u32,
}

/// A run of somebody else that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    /// Its revision.
    pub revision: u32,
    /// Who began it.
    pub who: String,
    /// When.
    pub began: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// Well.
    Finished {
        /// Objects written.
        written: u32,
        /// Objects as wanted.
        unchanged: u32,
        /// Notes of the product.
        notes: Vec<String>,
    },
    /// Left before its end.
    Left {
        /// Steps that were not begun.
        remaining: u32,
        /// What goes on and what waits.
        what: String,
    },
    /// It failed.
    Failed(Failure),
}

/// Everything the events have told so far.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What the run is.
    pub run: Option<RunInfo>,
    /// Time of the last event since the start.
    pub elapsed: Duration,
    /// Steps in the order of the plan, by object id.
    pub steps: IndexMap<String, StepState>,
    /// Pods by UID.
    pub pods: IndexMap<String, PodSeen>,
    /// Logs by pod and container.
    pub logs: BTreeMap<(String, String), ContainerLog>,
    /// What happened, in sentences, oldest first.
    pub timeline: VecDeque<(Duration, String)>,
    /// Findings that hold, the newest last, with whether they are hopeless.
    pub findings: Vec<(Finding, bool)>,
    /// What Kubernetes reported, oldest first, each thing once.
    pub reports: VecDeque<Report>,
    /// The run is another's, and is looked at.
    pub attached: Option<Attached>,
    /// Who holds the lock while it is awaited.
    pub lock_holder: Option<String>,
    /// The last retry, shown until something else happens.
    pub retry: Option<String>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// The revision that one can go back to after a failure, where there is one.
    pub back: Option<u32>,
    /// Object id of the step that was begun last and is not done.
    current: Option<String>,
    /// The product is being asked whether it answers.
    asking: Option<String>,
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one event in.
    pub fn take(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            // The same plan tried again: what happened stays in the timeline, everything else is new.
            let timeline = std::mem::take(&mut self.timeline);
            *self = Self { timeline, ..Self::default() };
        }
        self.elapsed = self.elapsed.max(event.elapsed);
        if let Some(sentence) = super::sentence::of(event) {
            self.timeline.push_back((event.elapsed, sentence));
            if self.timeline.len() > KEPT_TIMELINE {
                self.timeline.pop_front();
            }
        }
        match &event.kind {
            EventKind::RunStarted { run } => self.begin(run),
            EventKind::LockAwaited { holder, .. } => self.lock_holder = Some(holder.clone()),
            EventKind::RunAttached { revision, who, began } => {
                self.attached = Some(Attached { revision: *revision, who: who.clone(), began: *began });
            }
            EventKind::ClusterEventSeen { about, reason, message, warning, count } => {
                self.reports.retain(|known| (&known.about, &known.reason, &known.message) != (about, reason, message));
                self.reports.push_back(Report {
                    at: event.elapsed,
                    about: about.clone(),
                    reason: reason.clone(),
                    message: message.clone(),
                    warning: *warning,
                    count: *count,
                });
                if self.reports.len() > KEPT_REPORTS {
                    self.reports.pop_front();
                }
            }
            EventKind::HealthChecked { what, healthy, .. } => self.asking = (!healthy).then(|| what.clone()),
            EventKind::LockTaken => self.lock_holder = None,
            EventKind::EvidenceKept { back, .. } => self.back = *back,
            EventKind::RequestRetried { what, why, .. } => self.retry = Some(format!("{what}: {why}")),
            EventKind::PodChanged { pod } => self.pod(pod, event.elapsed),
            EventKind::PodGone { uid, .. } => {
                self.pods.shift_remove(uid);
            }
            EventKind::LogLine { pod, container, text, .. } => {
                if self.log_of(pod, container).push(text) {
                    self.share_room();
                }
            }
            EventKind::LogDropped { pod, container, lines } => self.log_of(pod, container).dropped += lines,
            EventKind::LogBroken { pod, container, why } => {
                self.log_of(pod, container).broken = Some(why.clone());
            }
            EventKind::FindingRaised { finding, hopeless } => {
                self.findings.retain(|(known, _)| (&known.code, &known.at) != (&finding.code, &finding.at));
                self.findings.push((finding.clone(), *hopeless));
            }
            EventKind::FindingCleared { code, about } => {
                self.findings.retain(|(known, _)| (&known.code, &known.at) != (code, about));
            }
            EventKind::RunFinished { written, unchanged, notes } => {
                self.ending = Some(Ending::Finished { written: *written, unchanged: *unchanged, notes: notes.clone() });
            }
            EventKind::RunLeft { remaining, what } => {
                self.ending = Some(Ending::Left { remaining: *remaining, what: what.clone() });
            }
            EventKind::RunFailed { failure } => self.ending = Some(Ending::Failed(failure.clone())),
            _ => self.step(event),
        }
    }

    fn begin(&mut self, run: &RunInfo) {
        self.steps = run
            .steps
            .iter()
            .map(|info| {
                let state = StepState {
                    info: info.clone(),
                    done: None,
                    started: false,
                    readiness: Readiness::Held,
                    reason: String::new(),
                    ready: 0,
                    of: 0,
                    since: Duration::ZERO,
                    began: None,
                    ended: None,
                };
                (info.id.clone(), state)
            })
            .collect();
        self.run = Some(run.clone());
    }

    fn step(&mut self, event: &Event) {
        let Some(id) = &event.step else { return };
        let Some(step) = self.steps.get_mut(id) else { return };
        match &event.kind {
            EventKind::StepStarted => {
                step.started = true;
                step.began.get_or_insert(event.elapsed);
                self.retry = None;
                self.current = Some(id.clone());
                if step.readiness == Readiness::Held {
                    step.readiness = Readiness::Waiting;
                    step.since = event.elapsed;
                }
            }
            EventKind::StepFinished { done } => {
                step.done = Some(*done);
                self.retry = None;
                if self.current.as_ref() == Some(id) {
                    self.current = None;
                }
                if !step.info.waits {
                    step.readiness = Readiness::Ready;
                    step.since = event.elapsed;
                }
            }
            EventKind::StepFailed { failure } => {
                step.readiness = Readiness::Failed;
                step.reason = failure.what.clone();
                step.since = event.elapsed;
            }
            EventKind::StatusChanged { readiness, reason, ready, of } => {
                if step.readiness != *readiness || step.reason != *reason {
                    step.since = event.elapsed;
                }
                step.readiness = *readiness;
                step.reason.clone_from(reason);
                step.ready = *ready;
                step.of = *of;
            }
            _ => {}
        }
        if step.finished() {
            step.ended.get_or_insert(event.elapsed);
        }
    }

    fn pod(&mut self, pod: &PodState, elapsed: Duration) {
        let known = self.pods.get(&pod.uid);
        let since = match known {
            Some(known) if known.pod.phase == pod.phase && known.pod.reason == pod.reason => known.since,
            _ => elapsed,
        };
        let containers = pod.containers.iter().map(|now| {
            let before = known.and_then(|known| {
                let at = known.pod.containers.iter().position(|before| before.name == now.name)?;
                let before = &known.pod.containers[at];
                let same = (&before.state, &before.reason, before.restarts, before.ready)
                    == (&now.state, &now.reason, now.restarts, now.ready);
                same.then(|| known.containers.get(at).copied()).flatten()
            });
            before.unwrap_or(elapsed)
        });
        let containers = containers.collect();
        self.pods.insert(pod.uid.clone(), PodSeen { pod: pod.clone(), since, containers });
    }

    fn log_of(&mut self, pod: &str, container: &str) -> &mut ContainerLog {
        self.logs.entry((pod.to_string(), container.to_string())).or_default()
    }

    /// A log more: each has a little less room.
    fn share_room(&mut self) {
        let logs = self.logs.len();
        self.logs.values_mut().for_each(|log| log.fit(logs));
    }

    /// Steps that are finished, and all steps. Never equal before the run ended well.
    pub fn counts(&self) -> (usize, usize) {
        let finished = self.steps.values().filter(|step| step.finished()).count();
        (finished, self.steps.len())
    }

    /// The pods of a workload, current revision first, in the order they appeared.
    pub fn pods_of(&self, owner: &str) -> Vec<&PodSeen> {
        let mut pods: Vec<_> = self.pods.values().filter(|seen| seen.pod.owner == owner).collect();
        pods.sort_by_key(|seen| !seen.pod.current);
        pods
    }

    /// The last warning of Kubernetes.
    pub fn last_warning(&self) -> Option<&Report> {
        self.reports.iter().rev().find(|report| report.warning)
    }

    /// The finding that comes to the top when something stands still: hopeless ones first, then by severity.
    pub fn cause(&self) -> Option<&(Finding, bool)> {
        self.findings.iter().max_by_key(|(finding, hopeless)| (*hopeless, finding.severity))
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
