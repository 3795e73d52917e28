//! Runs as their events tell them: what the gallery, the pictures and the tests of any drawing play to a screen.

use super::fact;
use crate::error::{Failure, FailureKind};
use crate::event::{
    ContainerState, Done, Event, EventKind, KeyPlace, PodState, Readiness, RunInfo, ServicePlace, StepInfo,
};
use crate::finding::{Finding, Severity};

pub(super) const DATABASE: &str = "StatefulSet.apps/inngest/inngest-postgresql";
pub(super) const QUEUE: &str = "StatefulSet.apps/inngest/inngest-redis";
pub(super) const SERVER: &str = "Deployment.apps/inngest/inngest";

/// Objects that only have to be written, with their group.
const WRITTEN: [(&str, &str); 6] = [
    ("Namespace/inngest", "namespace"),
    ("Secret/inngest/inngest-keys-1", "keys"),
    ("Secret/inngest/inngest", "server"),
    ("Service/inngest/inngest-postgresql", "database"),
    ("Service/inngest/inngest-redis", "queue"),
    ("Service/inngest/inngest", "server"),
];

fn step(id: &str, group: &str, wave: u32, waits: bool) -> StepInfo {
    StepInfo {
        id: id.into(),
        object_kind: id.split(['.', '/']).next().unwrap_or("").into(),
        name: id.rsplit('/').next().unwrap_or("").into(),
        group: group.into(),
        wave,
        waits,
    }
}

pub(super) fn started(verb: &str, practice: bool) -> Event {
    let mut steps: Vec<StepInfo> = WRITTEN.iter().map(|(id, group)| step(id, group, 0, false)).collect();
    steps.push(step(DATABASE, "database", 1, true));
    steps.push(step(QUEUE, "queue", 1, true));
    steps.push(step(SERVER, "server", 2, true));
    let run = RunInfo {
        verb: verb.into(),
        title: "Inngest".into(),
        product_version: "v1.43.0".into(),
        release: "inngest".into(),
        namespace: "inngest".into(),
        context: if practice { "practice".into() } else { "prod-eu".into() },
        server: "https://34.90.1.2".into(),
        practice,
        usual_seconds: Some((40, 120)),
        steps,
        keys: ["INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"]
            .map(|key| KeyPlace { secret: "inngest".into(), key: key.into() })
            .to_vec(),
        door: Some(ServicePlace { service: "inngest".into(), port: "8288".into() }),
    };
    fact(0, None, EventKind::RunStarted { run })
}

pub(super) fn made(at: u64, id: &str) -> [Event; 2] {
    [fact(at, Some(id), EventKind::StepStarted), fact(at, Some(id), EventKind::StepFinished { done: Done::Created })]
}

pub(super) fn status(at: u64, id: &str, readiness: Readiness, reason: &str, ready: u32, of: u32) -> Event {
    fact(at, Some(id), EventKind::StatusChanged { readiness, reason: reason.into(), ready, of })
}

pub(super) fn pod(at: u64, name: &str, owner: &str, reason: &str, ready: bool) -> Event {
    let (phase, state) = if reason.is_empty() { ("Running", "running") } else { ("Pending", "waiting") };
    let container = ContainerState {
        name: "main".into(),
        state: state.into(),
        reason: if reason.is_empty() { String::new() } else { "ContainerCreating".into() },
        ready,
        ..ContainerState::default()
    };
    let pod = PodState {
        name: name.into(),
        uid: name.into(),
        owner: owner.into(),
        node: "node-2".into(),
        phase: phase.into(),
        reason: reason.into(),
        ready,
        current: true,
        containers: vec![container],
        ..PodState::default()
    };
    fact(at, None, EventKind::PodChanged { pod })
}

pub(super) fn line(at: u64, pod: &str, text: &str) -> Event {
    fact(at, None, EventKind::LogLine { pod: pod.into(), container: "main".into(), previous: false, text: text.into() })
}

/// Database and queue are written; the database pulls its image, the queue is up, the server is held back.
pub(super) fn healthy() -> Vec<Event> {
    let mut events = vec![started("install", false)];
    events.extend(WRITTEN.iter().flat_map(|(id, _)| made(1, id)));
    events.extend([DATABASE, QUEUE].iter().flat_map(|id| made(2, id)));
    events.push(status(2, DATABASE, Readiness::Waiting, "0 of 1 replicas ready", 0, 1));
    let mut database = pod(3, "inngest-postgresql-0", DATABASE, "not ready yet", false);
    if let EventKind::PodChanged { pod } = &mut database.kind {
        pod.phase = "Running".into();
        pod.containers[0].state = "running".into();
        pod.containers[0].reason.clear();
    }
    events.push(database);
    events.push(pod(3, "inngest-redis-0", QUEUE, "", true));
    events.push(status(9, QUEUE, Readiness::Ready, "1 of 1 replicas ready", 1, 1));
    events.push(line(9, "inngest-redis-0", "Ready to accept connections tcp"));
    events.push(line(10, "inngest-postgresql-0", "initdb: warning: enabling \"trust\" authentication"));
    events.push(line(12, "inngest-postgresql-0", "database system is ready to accept connections"));
    events.push(status(15, DATABASE, Readiness::Waiting, "0 of 1 replicas ready", 0, 1));
    events
}

/// The database cannot get its volume.
pub(super) fn failing() -> Vec<Event> {
    let mut events = healthy();
    // A pod without its volume is on no node, and has written nothing.
    events.retain(|event| match &event.kind {
        EventKind::PodChanged { pod } => pod.owner != DATABASE,
        EventKind::LogLine { pod, .. } => pod != "inngest-postgresql-0",
        _ => true,
    });
    let mut pod = pod(3, "inngest-postgresql-0", DATABASE, "waits for its volume", false);
    if let EventKind::PodChanged { pod } = &mut pod.kind {
        pod.node.clear();
    }
    events.push(pod);
    let finding = Finding::new("STORAGE_CLASS_MISSING", Severity::Error, "the database cannot get its volume")
        .why("claim inngest-postgresql asks for storage class \"fast\", which does not exist here (event ProvisioningFailed)")
        .remedy("choose another class: standard (default), premium-rwo")
        .at("PersistentVolumeClaim/inngest/inngest-postgresql");
    events.push(fact(34, Some(DATABASE), EventKind::FindingRaised { finding, hopeless: true }));
    events
}

/// The same while there is still hope.
pub(super) fn stuck() -> Vec<Event> {
    let mut events = failing();
    if let Some(EventKind::FindingRaised { hopeless, .. }) = events.last_mut().map(|event| &mut event.kind) {
        *hopeless = false;
    }
    events
}

/// The same after slipway gave up.
pub(super) fn failed() -> Vec<Event> {
    let mut events = failing();
    let failure = Failure::new(FailureKind::Deployment, "the database cannot get its volume")
        .place("PersistentVolumeClaim/inngest/inngest-postgresql")
        .why("storage class \"fast\" does not exist here")
        .hint("choose another class: standard (default), premium-rwo");
    events.push(fact(35, None, EventKind::RunFailed { failure }));
    events
}

/// A run that ended well.
pub(super) fn done(verb: &str, practice: bool) -> Vec<Event> {
    let mut events = healthy();
    events[0] = started(verb, practice);
    events.push(status(31, DATABASE, Readiness::Ready, "1 of 1 replicas ready", 1, 1));
    events.push(pod(31, "inngest-postgresql-0", DATABASE, "", true));
    events.extend(made(32, SERVER));
    events.push(pod(40, "inngest-7d4b9-x2lvp", SERVER, "", true));
    events.push(status(70, SERVER, Readiness::Ready, "1 of 1 replicas ready", 1, 1));
    let notes = vec![
        "Open: https://inngest.example.com".to_string(),
        "The event key is in secret inngest, key INNGEST_EVENT_KEY".to_string(),
        "Keep the keys safe: back up the Secret inngest-keys-1".to_string(),
    ];
    events.push(fact(72, None, EventKind::RunFinished { written: 9, unchanged: 0, notes }));
    events
}

/// A run of somebody else, looked at.
pub(super) fn attached() -> Vec<Event> {
    let mut events = healthy();
    let (who, began) = ("ana@laptop".to_string(), "2026-11-21T10:02:11Z".parse().unwrap());
    events.insert(1, fact(0, None, EventKind::RunAttached { revision: 1, who, began }));
    events
}

/// A run that was left half-way.
pub(super) fn left() -> Vec<Event> {
    let mut events = healthy();
    let what = "what is in the cluster goes on by itself; slipway attach inngest -n inngest --context prod-eu shows it, and goes on with what remains".to_string();
    events.push(fact(20, None, EventKind::RunLeft { remaining: 1, what }));
    events
}

/// More pods than a screen has lines, some of an old revision, one that crashes, and a log that lost lines.
pub(super) fn crowded() -> Vec<Event> {
    let mut events = healthy();
    events.extend(made(16, SERVER));
    for i in 0..40 {
        let reason = ["", "pulling inngest/inngest:v1.43.0", "Unschedulable", ""][i % 4];
        events.push(pod(17, &format!("inngest-7d4b9-{i:05}"), SERVER, reason, reason.is_empty()));
    }
    let Event { kind: EventKind::PodChanged { pod: mut crashing }, .. } =
        pod(18, "inngest-7d4b9-crash", SERVER, "", false)
    else {
        return events;
    };
    crashing.reason = "CrashLoopBackOff".into();
    crashing.containers[0].restarts = 7;
    crashing.containers[0].exit_code = Some(1);
    crashing.containers[0].state = "waiting".into();
    events.push(fact(18, None, EventKind::PodChanged { pod: crashing }));
    for i in 0..60 {
        events.push(line(18, "inngest-7d4b9-crash", &format!("{i}: panic: no such host inngest-postgresql")));
    }
    let (pod, container) = ("inngest-7d4b9-crash".into(), "main".into());
    events.push(fact(19, None, EventKind::LogDropped { pod, container, lines: 1_234 }));
    events
}
