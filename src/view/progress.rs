//! Events folded into what a screen shows: groups, steps, pods, logs, a timeline, the cause when something stands still.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use indexmap::IndexMap;

use crate::error::Failure;
use crate::event::{Done, Event, EventKind, PodState, Readiness, RunInfo, StepInfo};
use crate::finding::Finding;

/// Lines that are kept of one container's log.
pub const KEPT_LINES: usize = 1_000;
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
}

impl StepState {
    /// Written, and ready where readiness is waited for.
    pub fn finished(&self) -> bool {
        self.done.is_some() && (!self.info.waits || self.readiness == Readiness::Ready)
    }
}

/// Where a group stands, the worst of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// Nothing of it was begun.
    Held,
    /// Everything of it is ready.
    Ready,
    /// It is being worked on.
    Working,
    /// Something of it failed.
    Failed,
}

/// One container's log, bounded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerLog {
    /// The last [`KEPT_LINES`] lines, safe to show.
    pub lines: VecDeque<String>,
    /// Lines that were dropped, since they came faster than they can be shown.
    pub dropped: u64,
    /// Lines that ever came.
    pub total: u64,
    /// Why the stream is broken, while it is.
    pub broken: Option<String>,
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
    pub pods: IndexMap<String, (PodState, Duration)>,
    /// Logs by pod and container.
    pub logs: BTreeMap<(String, String), ContainerLog>,
    /// What happened, in sentences, oldest first.
    pub timeline: VecDeque<(Duration, String)>,
    /// Findings that hold, the newest last, with whether they are hopeless.
    pub findings: Vec<(Finding, bool)>,
    /// Who holds the lock while it is awaited.
    pub lock_holder: Option<String>,
    /// The last retry, shown until something else happens.
    pub retry: Option<String>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Object id that the last step event named.
    current: Option<String>,
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one event in.
    pub fn take(&mut self, event: &Event) {
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
            EventKind::LockTaken => self.lock_holder = None,
            EventKind::RequestRetried { what, why, .. } => self.retry = Some(format!("{what}: {why}")),
            EventKind::PodChanged { pod } => self.pod(pod, event.elapsed),
            EventKind::PodGone { uid, .. } => {
                self.pods.shift_remove(uid);
            }
            EventKind::LogLine { pod, container, text, .. } => self.log(pod, container, text),
            EventKind::LogDropped { pod, container, lines } => {
                self.logs.entry((pod.clone(), container.clone())).or_default().dropped += lines;
            }
            EventKind::LogBroken { pod, container, why } => {
                self.logs.entry((pod.clone(), container.clone())).or_default().broken = Some(why.clone());
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
            EventKind::RunLeft { what, .. } => self.ending = Some(Ending::Left { what: what.clone() }),
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
    }

    fn pod(&mut self, pod: &PodState, elapsed: Duration) {
        let since = match self.pods.get(&pod.uid) {
            Some((known, since)) if known.phase == pod.phase && known.reason == pod.reason => *since,
            _ => elapsed,
        };
        self.pods.insert(pod.uid.clone(), (pod.clone(), since));
    }

    fn log(&mut self, pod: &str, container: &str, text: &str) {
        let log = self.logs.entry((pod.to_string(), container.to_string())).or_default();
        log.broken = None;
        log.total += 1;
        log.lines.push_back(text.to_string());
        if log.lines.len() > KEPT_LINES {
            log.lines.pop_front();
        }
    }

    /// Steps that are finished, and all steps. Never equal before the run ended well.
    pub fn counts(&self) -> (usize, usize) {
        let finished = self.steps.values().filter(|step| step.finished()).count();
        (finished, self.steps.len())
    }

    /// The groups in the order of their first step, with where each stands and since when.
    pub fn groups(&self) -> Vec<(&str, GroupState, Duration)> {
        let mut groups: IndexMap<&str, Vec<&StepState>> = IndexMap::new();
        for step in self.steps.values() {
            groups.entry(step.info.group.as_str()).or_default().push(step);
        }
        groups
            .into_iter()
            .map(|(name, steps)| {
                let state = if steps.iter().any(|step| step.readiness == Readiness::Failed) {
                    GroupState::Failed
                } else if steps.iter().all(|step| step.finished()) {
                    GroupState::Ready
                } else if steps.iter().any(|step| step.started || step.done.is_some()) {
                    GroupState::Working
                } else {
                    GroupState::Held
                };
                let since = steps.iter().map(|step| step.since).max().unwrap_or_default();
                (name, state, since)
            })
            .collect()
    }

    /// The pods of a workload, current revision first, in the order they appeared.
    pub fn pods_of(&self, owner: &str) -> Vec<&(PodState, Duration)> {
        let mut pods: Vec<_> = self.pods.values().filter(|(pod, _)| pod.owner == owner).collect();
        pods.sort_by_key(|(pod, _)| !pod.current);
        pods
    }

    /// The one line that says what is being waited for, with its reason and age; empty when nothing is.
    pub fn waiting_for(&self) -> String {
        if let Some(holder) = &self.lock_holder {
            return format!("waiting for {holder}, who is changing this release");
        }
        let waiting = self.steps.values().find(|step| {
            step.done.is_some() && step.info.waits && matches!(step.readiness, Readiness::Waiting | Readiness::Failed)
        });
        let Some(step) = waiting else {
            return self.retry.clone().unwrap_or_default();
        };
        let pod = self.pods_of(&step.info.id).into_iter().find(|(pod, _)| pod.current && !pod.ready);
        let (name, reason, since) = match pod {
            Some((pod, since)) if !pod.reason.is_empty() => (pod.name.as_str(), pod.reason.as_str(), *since),
            _ => (step.info.name.as_str(), step.reason.as_str(), step.since),
        };
        let age = seconds(self.elapsed.saturating_sub(since));
        if reason.is_empty() {
            format!("waiting for {name}, {age}")
        } else {
            format!("waiting for {name}: {reason}, {age}")
        }
    }

    /// The finding that comes to the top when something stands still: hopeless ones first, then by severity.
    pub fn cause(&self) -> Option<&(Finding, bool)> {
        self.findings.iter().max_by_key(|(finding, hopeless)| (*hopeless, finding.severity))
    }
}

/// A duration as a person reads it: `12 s`, `1 min 12 s`, `2 h 3 min`.
pub fn seconds(duration: Duration) -> String {
    let all = duration.as_secs();
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A duration as a clock: `0:21`, `1:02:03`.
pub fn clock(duration: Duration) -> String {
    let all = duration.as_secs();
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
