//! Logs of pods, followed as their containers start: of this run and, after a restart, of the one before. Every line is
//! sanitised and redacted, the flood is bounded, and a stream that breaks is taken up again without repeating itself.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::channel::Channel;
use super::source::{LogOf, Source};
use crate::diagnose::Scene;
use crate::diagnose::condition::containers;
use crate::event::EventKind;
use crate::object::Object;
use crate::sanitize::{self, Redactor};

/// Pods whose logs are followed at most.
pub(super) const MOST_PODS: usize = 20;
/// Lines kept of a window; the oldest of more are dropped and counted.
const LINES_PER_WINDOW: usize = 50;
/// How long lines are gathered before they are told.
const WINDOW: Duration = Duration::from_millis(100);
/// A pod that is ready is in no hurry: its log is opened this much later, when those that are looked into have theirs.
const CALM: Duration = Duration::from_secs(1);
/// A stream that is taken up again asks for this much before its last line: clocks and seconds are rounded.
const OVERLAP_SECONDS: i64 = 5;
/// Lines remembered to know which of the overlap were told already.
const REMEMBERED: usize = 50;
/// How much of the run before a restart is read.
const PREVIOUS_LINES: u32 = 50;

/// One run of a container: its log ends with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// Namespace.
    pub(super) namespace: String,
    /// Pod.
    pub(super) pod: String,
    /// UID of the pod.
    pub(super) uid: String,
    /// Container.
    pub(super) container: String,
    /// Which run it is: the number of restarts before it.
    pub(super) restarts: u32,
    /// Its pod is ready.
    pub(super) calm: bool,
}

/// The runs whose logs can be read now: containers that run or ended, of at most [`MOST_PODS`] pods, those that are not
/// ready first. `mine` says which pods are followed.
pub(super) fn readable(scene: &Scene, mine: impl Fn(&Object) -> bool) -> Vec<Run> {
    let mut pods: Vec<&Object> = scene.of_kind("Pod").filter(|pod| mine(pod)).collect();
    pods.sort_by_key(|pod| (super::pod_state::is_ready(pod), pod.name()));
    let mut runs = Vec::new();
    for pod in pods.into_iter().take(MOST_PODS) {
        // Without a probe it is ready as soon as it runs, whatever becomes of it.
        let probed = pod.list(&["spec", "containers"]).iter().all(|one| one.get("readinessProbe").is_some());
        let calm = probed && super::pod_state::is_ready(pod);
        for container in containers(pod) {
            let state = container.state();
            if state.name != "waiting" || container.last_end().is_some() {
                runs.push(Run {
                    namespace: pod.namespace().into(),
                    pod: pod.name().into(),
                    uid: pod.uid().into(),
                    container: container.name.into(),
                    restarts: container.restarts(),
                    calm,
                });
            }
        }
    }
    runs
}

/// Takes the lines of a stream, tells which are new, and remembers where to go on.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    last: Option<Timestamp>,
    told: VecDeque<String>,
}

impl Cursor {
    /// The text of a line as the server sends it (time, space, text), if it was not told before.
    pub(super) fn take<'a>(&mut self, raw: &'a str) -> Option<&'a str> {
        if self.told.iter().any(|told| told == raw) {
            return None;
        }
        if self.told.len() == REMEMBERED {
            self.told.pop_front();
        }
        self.told.push_back(raw.to_string());
        match raw.split_once(' ') {
            Some((time, text)) if time.parse::<Timestamp>().is_ok() => {
                self.last = time.parse().ok().or(self.last);
                Some(text)
            }
            // An empty line is its time alone; a line of the server's own has none.
            _ if raw.parse::<Timestamp>().is_ok() => Some(""),
            _ => Some(raw),
        }
    }

    /// From when on to ask again.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.last?.checked_sub(jiff::SignedDuration::from_secs(OVERLAP_SECONDS)).ok()
    }
}

/// Lines of one window: the newest are kept, the rest is counted.
#[derive(Debug, Default)]
pub(super) struct Window {
    lines: VecDeque<String>,
    dropped: u64,
}

impl Window {
    /// Takes a line in.
    pub(super) fn push(&mut self, line: String) {
        if self.lines.len() == LINES_PER_WINDOW {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    /// What was gathered, and how many were dropped before it.
    pub(super) fn take(&mut self) -> (Vec<String>, u64) {
        (std::mem::take(&mut self.lines).into(), std::mem::take(&mut self.dropped))
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// What the follower is told of a line, for diagnosis.
pub(super) trait Ear: Clone + Send + Sync + 'static {
    /// A container wrote lines.
    fn wrote(&self, run: &Run, previous: bool, lines: &[String]);
    /// The log of a run begins; what was heard before is of an older run.
    fn begins(&self, run: &Run);
    /// The run is over: its container ended, was started anew, or its pod is gone.
    fn is_over(&self, run: &Run) -> bool;
}

/// Follows the logs of every run it is shown.
pub(super) struct Logs<S, E> {
    source: S,
    ear: E,
    channel: Channel,
    redactor: Redactor,
    seen: BTreeMap<(String, String), u32>,
    tasks: JoinSet<()>,
}

impl<S: Source, E: Ear> Logs<S, E> {
    pub(super) fn new(source: S, ear: E, channel: Channel, redactor: Redactor) -> Self {
        Self { source, ear, channel, redactor, seen: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// Starts to follow the runs that are new.
    pub(super) fn show(&mut self, runs: Vec<Run>) {
        while self.tasks.try_join_next().is_some() {}
        for run in runs {
            let key = (run.uid.clone(), run.container.clone());
            let known = self.seen.get(&key).copied();
            if known.is_some_and(|restarts| restarts >= run.restarts) {
                continue;
            }
            // The run before it is read once, and only where it was not followed itself.
            let missed = run.restarts > 0 && known != Some(run.restarts - 1);
            self.seen.insert(key, run.restarts);
            let follower = Follower {
                source: self.source.clone(),
                ear: self.ear.clone(),
                channel: self.channel.clone(),
                redactor: self.redactor.clone(),
                run,
            };
            self.tasks.spawn(follower.follow(missed));
        }
    }
}

struct Follower<S, E> {
    source: S,
    ear: E,
    channel: Channel,
    redactor: Redactor,
    run: Run,
}

impl<S: Source, E: Ear> Follower<S, E> {
    async fn follow(self, read_previous: bool) {
        self.ear.begins(&self.run);
        if self.run.calm {
            sleep(CALM).await;
        }
        if read_previous {
            self.read(&self.log_of(true, None), &mut Cursor::default(), true).await;
        }
        let mut cursor = Cursor::default();
        let mut patience = Duration::from_millis(200);
        // A log that cannot be opened at the first try is about to begin; only what lasts is told.
        let mut failures = 0;
        loop {
            let (broken, lines) = self.read(&self.log_of(false, cursor.since()), &mut cursor, false).await;
            // A log that ended because its container did is whole.
            if self.ear.is_over(&self.run) {
                return;
            }
            if lines > 0 {
                (patience, failures) = (Duration::from_millis(200), 0);
            }
            failures += u32::from(broken.is_some());
            if let Some(why) = broken.filter(|_| failures == 2) {
                let (pod, container) = (self.run.pod.clone(), self.run.container.clone());
                self.channel.tell(None, EventKind::LogBroken { pod, container, why }).await;
            }
            sleep(patience).await;
            patience = (patience * 2).min(Duration::from_secs(10));
            if self.ear.is_over(&self.run) {
                return;
            }
        }
    }

    /// Foreign text that may be shown. It is redacted before it is cut, so that no half of a value is left, and after,
    /// since taking escapes out may put one together.
    fn shown(&self, text: &str) -> String {
        self.redactor.hide(&sanitize::line(&self.redactor.hide(text)))
    }

    fn log_of(&self, previous: bool, since: Option<Timestamp>) -> LogOf {
        LogOf {
            namespace: self.run.namespace.clone(),
            pod: self.run.pod.clone(),
            container: self.run.container.clone(),
            previous,
            follow: !previous,
            since,
            tail: previous.then_some(PREVIOUS_LINES),
        }
    }

    /// Reads a log to its end. Returns why it broke, if it did, and how many new lines it had.
    async fn read(&self, what: &LogOf, cursor: &mut Cursor, previous: bool) -> (Option<String>, usize) {
        let mut stream = self.source.log(what);
        let mut window = Window::default();
        let mut closes = Instant::now() + WINDOW;
        let mut count = 0;
        loop {
            tokio::select! {
                line = stream.next() => match line {
                    Some(Ok(raw)) => {
                        let Some(text) = cursor.take(&raw) else { continue };
                        if window.is_empty() {
                            closes = Instant::now() + WINDOW;
                        }
                        count += 1;
                        window.push(self.shown(text));
                    }
                    Some(Err(why)) => {
                        self.flush(&mut window, previous);
                        return (Some(self.shown(&why)), count);
                    }
                    None => {
                        self.flush(&mut window, previous);
                        return (None, count);
                    }
                },
                () = sleep_until(closes), if !window.is_empty() => self.flush(&mut window, previous),
            }
            if !window.is_empty() && Instant::now() >= closes {
                self.flush(&mut window, previous);
            }
        }
    }

    /// Tells what was gathered. Where the listener has no room, lines are dropped and counted: a log never holds up a
    /// run.
    fn flush(&self, window: &mut Window, previous: bool) {
        let (lines, mut dropped) = window.take();
        self.ear.wrote(&self.run, previous, &lines);
        let (pod, container) = (&self.run.pod, &self.run.container);
        for text in lines {
            let line = EventKind::LogLine { pod: pod.clone(), container: container.clone(), previous, text };
            if !self.channel.try_tell(None, line) {
                dropped += 1;
            }
        }
        if dropped > 0 {
            let told = EventKind::LogDropped { pod: pod.clone(), container: container.clone(), lines: dropped };
            if !self.channel.try_tell(None, told) {
                // Said with the next window.
                window.dropped = dropped;
            }
        }
    }
}

#[cfg(test)]
mod tests;
