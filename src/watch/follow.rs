//! The follower: watches the kinds of a release, folds what they bring into one state, tells what changed, and lets the
//! executor wait for readiness. By watches, not by asking again and again: a reason is on the screen when it is in the
//! cluster.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::channel::Channel;
use super::fold::{Fold, Standing};
use super::kinds::holds_back;
use super::logs::{self, Ear, Logs, Run};
use super::scope::Follow;
use super::source::{Seen, Source, Watched};
use crate::diagnose::{Patterns, kin};
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};

/// Changes that come within so short a time are judged together.
const BURST: Duration = Duration::from_millis(5);

struct Shared {
    fold: Mutex<Fold>,
    /// The number of restarts of the run of a container that is read now, by pod and container.
    heard: Mutex<HashMap<(String, String), u32>>,
    refused: Mutex<BTreeMap<String, Failure>>,
    changed: Notify,
    /// The last state is to be told, and nothing after it.
    closing: CancellationToken,
    /// It was told.
    closed: CancellationToken,
    standing: watch::Sender<Standing>,
    began: (Timestamp, Instant),
}

impl Shared {
    /// The state. A panic while it was held leaves it as it was between two changes, which is good enough to go on.
    fn fold(&self) -> MutexGuard<'_, Fold> {
        self.fold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment, on a clock that does not jump.
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.1.elapsed()).unwrap_or_default();
        self.began.0.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    fn change(&self, change: impl FnOnce(&mut Fold)) {
        change(&mut self.fold());
        self.changed.notify_one();
    }
}

/// A follower at work; it ends when the last handle is dropped.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    _tasks: Arc<JoinSet<()>>,
}

/// Begins to follow.
pub fn follow(source: impl Source, what: Follow, channel: Channel) -> Handle {
    let began = (Timestamp::now(), Instant::now());
    let fold = Fold::new(
        &what.followed,
        what.facts.clone(),
        Patterns::new(&what.patterns),
        what.redactor.clone(),
        what.as_found,
        began.0,
    );
    let shared = Arc::new(Shared {
        fold: Mutex::new(fold),
        heard: Mutex::default(),
        refused: Mutex::default(),
        changed: Notify::new(),
        closing: CancellationToken::new(),
        closed: CancellationToken::new(),
        standing: watch::Sender::new(Standing::default()),
        began,
    });
    let mut tasks = JoinSet::new();
    for watched in what.watches() {
        tasks.spawn(attend(source.clone(), watched, shared.clone(), channel.clone()));
    }
    let logs = what.logs.then(|| Logs::new(source, Listener(shared.clone()), channel.clone(), what.redactor.clone()));
    let closed = shared.closed.clone().drop_guard();
    let telling = tell(shared.clone(), channel, logs);
    tasks.spawn(async move {
        let _closed = closed;
        telling.await;
    });
    Handle { shared, _tasks: Arc::new(tasks) }
}

/// Takes in what one watch brings.
async fn attend(source: impl Source, watched: Watched, shared: Arc<Shared>, channel: Channel) {
    let mut stream = source.watch(&watched);
    let mut listed = false;
    while let Some(seen) = stream.next().await {
        match seen {
            Seen::Listed(objects) if watched.kind == "Event" => {
                let earlier = !std::mem::replace(&mut listed, true);
                shared.change(|fold| objects.iter().for_each(|event| fold.notice(event, earlier)));
            }
            Seen::Put(event) if watched.kind == "Event" => shared.change(|fold| fold.notice(&event, false)),
            Seen::Gone(_) if watched.kind == "Event" => {}
            Seen::Listed(objects) => {
                let name = watched.fields.strip_prefix("metadata.name=");
                let mine = |object: &Object| name.is_none_or(|name| object.name() == name);
                shared.change(|fold| fold.listed(&watched.kind, &watched.group, objects, mine));
            }
            Seen::Put(object) => shared.change(|fold| fold.put(object)),
            Seen::Gone(object) => shared.change(|fold| fold.gone(&object)),
            Seen::Broken(why) => tracing::debug!(kind = watched.kind, why, "a watch broke and is taken up again"),
            Seen::Refused(failure) => {
                refuse(&shared, &watched, failure, &channel).await;
                return;
            }
        }
    }
}

/// A kind that may not be watched: said once; who waits for one of its objects is told so instead of waiting for ever.
async fn refuse(shared: &Shared, watched: &Watched, failure: Failure, channel: &Channel) {
    let what = match watched.kind.as_str() {
        "Event" => "what Kubernetes reports cannot be shown, so that causes may stay hidden".to_string(),
        "Pod" => "pods cannot be shown; readiness is judged by what their workloads say".into(),
        kind => format!("{kind} objects may not be watched, so that their readiness is not known"),
    };
    let finding = Finding::new("WATCH_FORBIDDEN", Severity::Warning, what)
        .why(failure.what.clone())
        .remedy("slipway rbac prints the rights that a run needs");
    channel.tell(None, EventKind::FindingRaised { finding, hopeless: false }).await;
    let mut refused = shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
    refused.insert(watched.kind.clone(), failure);
    drop(refused);
    shared.changed.notify_one();
}

/// Settles whenever something changed or a finding has held for its time, and tells what is new.
async fn tell<S: Source>(shared: Arc<Shared>, channel: Channel, mut logs: Option<Logs<S, Listener>>) {
    loop {
        let settled = Instant::now();
        let closing = shared.closing.is_cancelled();
        let (told, next, runs) = {
            let mut fold = shared.fold();
            let told = fold.settle(shared.now());
            let runs = match &logs {
                Some(_) => logs::readable(fold.scene(), |pod| fold.follows(&kin::workload_of(fold.scene(), pod))),
                None => Vec::new(),
            };
            (told, fold.next(), runs)
        };
        for told in told {
            channel.tell(told.step, told.kind).await;
        }
        // After it was told: whoever waits goes on, and what follows comes after it in the stream of events.
        shared.publish(&shared.fold());
        if closing {
            return;
        }
        if let Some(logs) = &mut logs {
            logs.show(runs);
        }
        let wait = next.map(|next| Duration::try_from(next.duration_since(shared.now())).unwrap_or_default());
        tokio::select! {
            () = shared.changed.notified() => {}
            () = shared.closing.cancelled() => continue,
            () = async { match wait {
                // A hair later, so that the moment itself is past.
                Some(wait) => tokio::time::sleep(wait + Duration::from_millis(1)).await,
                None => std::future::pending().await,
            } } => {}
        }
        // A burst of changes is judged together.
        tokio::time::sleep_until(settled + BURST).await;
    }
}

impl Shared {
    fn publish(&self, fold: &Fold) {
        self.standing.send_if_modified(|standing| {
            let changed = standing != fold.standing();
            if changed {
                standing.clone_from(fold.standing());
            }
            // Who waits for a kind that was refused must look again too.
            changed || !self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
        });
    }
}

impl Handle {
    /// Tells the follower what the server answered to a write of this run (or what it keeps): from now on the object is
    /// judged, and nothing older speaks for it.
    pub fn written(&self, object: Object) {
        let id = object.id();
        self.shared.change(|fold| {
            fold.written(object);
            // At once, so that who waits next does not see the old.
            fold.unsettle(&id);
            self.shared.publish(fold);
        });
    }

    /// What is seen now as texts by file name, to be kept before anything is undone; redacted by value.
    pub fn evidence(&self) -> BTreeMap<String, String> {
        self.shared.fold().evidence()
    }

    /// The pods that are not well, each with its containers and whether one of them ran before.
    pub fn unwell(&self) -> Vec<(String, Vec<(String, bool)>)> {
        let fold = self.shared.fold();
        let pods = fold
            .scene()
            .of_kind("Pod")
            .filter(|pod| fold.follows(&kin::workload_of(fold.scene(), pod)) && !super::pod_state::is_ready(pod));
        pods.map(|pod| {
            let containers = crate::diagnose::condition::containers(pod);
            let all = containers.iter().map(|one| (one.name.to_string(), one.restarts() > 0)).collect();
            (pod.name().to_string(), all)
        })
        .collect()
    }

    /// Tells what there is to tell of the last state, and ends. A handle that is only dropped ends at once, and what was
    /// not told yet is lost.
    pub async fn close(self) {
        self.shared.closing.cancel();
        self.shared.closed.cancelled().await;
    }

    /// The name of a ready pod of a group, of the revision that is being rolled out.
    pub fn ready_pod_of(&self, group: &str) -> Option<String> {
        self.shared.fold().ready_pod_of(group)
    }

    /// Where everything stands.
    pub fn standing(&self) -> Standing {
        self.shared.standing.borrow().clone()
    }

    /// Changes of where everything stands.
    pub fn subscribe(&self) -> watch::Receiver<Standing> {
        self.shared.standing.subscribe()
    }

    /// Waits until every one of the objects that hold something back is ready. It may be dropped at any moment: a
    /// deadline and the operator's wish to stop are the caller's, and [`Handle::timed_out`] says what was waited for.
    /// Services and what publishes or scales hold nothing back: [`Handle::published`] judges them at the end.
    ///
    /// # Errors
    /// What does not heal by itself, once its hold time is over, wherever in the release it is; and a kind of these
    /// objects that may not be watched.
    pub async fn ready(&self, ids: &[ObjectId]) -> Result<(), Failure> {
        let ids: Vec<&ObjectId> = ids.iter().filter(|id| holds_back(id)).collect();
        let mut standing = self.shared.standing.subscribe();
        loop {
            let (done, hopeless) = {
                let now = standing.borrow_and_update();
                (ids.iter().all(|id| now.is_ready(id)), now.hopeless.first().cloned())
            };
            if done {
                return Ok(());
            }
            if let Some(finding) = hopeless {
                return Err(failure_of(&finding));
            }
            if let Some(failure) = self.refusal(&ids) {
                return Err(failure);
            }
            if standing.changed().await.is_err() {
                return Err(Failure::new(FailureKind::Bug, "the follower ended while it was waited for"));
            }
        }
    }

    /// Waits for what is judged at the end (addresses, routes, certificates, autoscalers), at most so long. Returns what
    /// is not ready then, with the reason: the product works, and the operator should know what is still missing.
    pub async fn published(&self, ids: &[ObjectId], patience: Duration) -> Vec<(ObjectId, String)> {
        let ids: Vec<&ObjectId> = ids.iter().filter(|id| !holds_back(id)).collect();
        let mut standing = self.shared.standing.subscribe();
        let all = standing.wait_for(|now| ids.iter().all(|id| now.is_ready(id)));
        let _late = tokio::time::timeout(patience, all).await.is_err();
        let now = self.shared.standing.borrow();
        let reason =
            |id: &ObjectId| now.objects.get(id).map_or("not seen in the cluster".into(), |found| found.reason.clone());
        ids.into_iter().filter(|id| !now.is_ready(id)).map(|id| (id.clone(), reason(id))).collect()
    }

    /// The failure of a wait that took too long: what is not ready, since when and why.
    pub fn timed_out(&self, ids: &[ObjectId], after: Duration) -> Failure {
        let standing = self.shared.standing.borrow();
        let now = self.shared.now();
        let waiting: Vec<&ObjectId> = ids.iter().filter(|id| !standing.is_ready(id)).collect();
        let what = match waiting.as_slice() {
            [one] => format!("{} is not ready after {} s", one.short(), after.as_secs()),
            more => format!("{} objects are not ready after {} s", more.len(), after.as_secs()),
        };
        let mut failure = Failure::new(FailureKind::TimedOut, what);
        for id in &waiting {
            let reason = standing.objects.get(*id).map_or("not seen in the cluster", |found| found.reason.as_str());
            let since = standing
                .since
                .get(*id)
                .map_or(String::new(), |since| format!(", for {} s", now.duration_since(*since).as_secs()));
            failure = failure.why(format!("{}: {reason}{since}", id.short()));
        }
        for finding in &standing.findings {
            failure = failure.why(joined(&finding.what, &finding.why));
            if !finding.remedy.is_empty() {
                failure = failure.hint(finding.remedy.clone());
            }
        }
        match waiting.first() {
            Some(id) => failure.step(id.to_string()),
            None => failure,
        }
    }

    fn refusal(&self, ids: &[&ObjectId]) -> Option<Failure> {
        let refused = self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().find_map(|id| refused.get(&id.kind)).cloned()
    }
}

/// A finding that ends the run, as the failure it is.
fn failure_of(finding: &Finding) -> Failure {
    let mut failure =
        Failure::new(FailureKind::Deployment, finding.what.clone()).place(finding.at.clone()).step(finding.at.clone());
    if !finding.why.is_empty() {
        failure = failure.why(finding.why.clone());
    }
    if !finding.remedy.is_empty() {
        failure = failure.hint(finding.remedy.clone());
    }
    failure.hint(format!("slipway explain {}", finding.code))
}

fn joined(what: &str, why: &str) -> String {
    if why.is_empty() { what.to_string() } else { format!("{what}: {why}") }
}

/// Hears the logs for the fold.
#[derive(Clone)]
struct Listener(Arc<Shared>);

impl Ear for Listener {
    fn wrote(&self, run: &Run, previous: bool, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = heard.get(&(run.uid.clone(), run.container.clone())).copied().unwrap_or(run.restarts);
        drop(heard);
        let previous = previous || run.restarts < newest;
        self.0.change(|fold| lines.iter().for_each(|line| fold.wrote(&run.uid, &run.container, previous, line)));
    }

    fn begins(&self, run: &Run) {
        let mut heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert((run.uid.clone(), run.container.clone()), run.restarts);
        drop(heard);
        self.0.change(|fold| fold.restarted(&run.uid, &run.container));
    }

    fn is_over(&self, run: &Run) -> bool {
        let fold = self.0.fold();
        let Some(pod) = fold.scene().by_uid(&run.uid) else { return true };
        crate::diagnose::condition::containers(pod)
            .iter()
            .find(|container| container.name == run.container)
            .is_none_or(|container| container.restarts() > run.restarts || container.state().name != "running")
    }
}

#[cfg(test)]
mod tests;
