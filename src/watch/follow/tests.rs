use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::{self, BoxStream};
use serde_json::json;
use tokio::sync::mpsc;

use super::super::fold::Followed;
use super::super::source::LogOf;
use super::*;
use crate::event::Event;
use crate::plan::LogPattern;
use crate::sanitize::Redactor;

const DB: &str = "StatefulSet.apps/n/db";

/// A cluster that shows what the test puts into it.
#[derive(Clone, Default)]
struct Stage {
    watches: Arc<Mutex<BTreeMap<String, mpsc::UnboundedSender<Seen>>>>,
    log: Arc<Mutex<Vec<String>>>,
    logs_read: Arc<AtomicUsize>,
}

impl Source for Stage {
    fn watch(&self, what: &Watched) -> BoxStream<'static, Seen> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.watches.lock().unwrap().insert(what.kind.clone(), sender);
        stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) }).boxed()
    }

    fn log(&self, _: &LogOf) -> BoxStream<'static, Result<String, String>> {
        self.logs_read.fetch_add(1, Ordering::SeqCst);
        let lines: Vec<_> = self.log.lock().unwrap().drain(..).map(Ok).collect();
        stream::iter(lines).boxed()
    }
}

impl Stage {
    fn shows(&self, kind: &str, seen: Seen) {
        self.watches.lock().unwrap()[kind].send(seen).unwrap();
    }
}

fn db(generation: i64, ready: u32) -> Object {
    Object(json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "n", "uid": "set", "generation": generation, "resourceVersion": format!("{generation}{ready}")},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": generation, "replicas": 1, "readyReplicas": ready, "currentRevision": "r", "updateRevision": "r"}}))
}

fn pod(status: serde_json::Value) -> Object {
    Object(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "n", "uid": "pod", "labels": {"controller-revision-hash": "r"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set", "controller": true}]},
        "spec": {"nodeName": "x", "containers": [{"name": "main", "image": "postgres:17"}]}, "status": status}),
    )
}

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

async fn begin(stage: &Stage, others: &[&str]) -> (Handle, mpsc::Receiver<Event>) {
    let mut followed = vec![Followed { id: id(DB), group: "database".into() }];
    followed.extend(others.iter().map(|other| Followed { id: id(other), group: "server".into() }));
    let what = Follow {
        namespace: "n".into(),
        members: "applyset.kubernetes.io/part-of=x".into(),
        pods: "app.kubernetes.io/instance=r".into(),
        followed,
        facts: Arc::default(),
        patterns: vec![LogPattern {
            matches: "no password".into(),
            code: "PASSWORD".into(),
            say: "it has no password".into(),
            remedy: "give one".into(),
        }],
        redactor: Redactor::default(),
        as_found: false,
        logs: true,
    };
    let (sender, events) = mpsc::channel(1024);
    let handle = follow(stage.clone(), what, Channel::new(sender, Instant::now()));
    while !["StatefulSet", "Pod", "Event"].iter().all(|kind| stage.watches.lock().unwrap().contains_key(*kind)) {
        tokio::task::yield_now().await;
    }
    (handle, events)
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_new_revision_is_ready_and_not_before() {
    let stage = Stage::default();
    let (handle, _events) = begin(&stage, &[]).await;
    stage.shows("StatefulSet", Seen::Listed(vec![db(1, 1)]));
    let mut answer = db(2, 1);
    answer.set(&["status", "observedGeneration"], json!(1));
    handle.written(answer);
    let ids = [id(DB)];
    let waits = handle.ready(&ids);
    tokio::pin!(waits);
    assert!(tokio::time::timeout(Duration::from_secs(60), &mut waits).await.is_err(), "the old revision was ready");
    stage.shows("StatefulSet", Seen::Put(db(2, 1)));
    assert_eq!(waits.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_is_hopeless_ends_the_wait_with_its_reason_and_remedy() {
    let stage = Stage::default();
    let (handle, mut events) = begin(&stage, &[]).await;
    handle.written(db(1, 0));
    stage.shows("Pod", Seen::Put(pod(json!({"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}}}]}))));
    let failure = handle.ready(&[id(DB)]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Deployment);
    assert_eq!(failure.what, "db-0 reads the Secret x, which does not exist");
    assert_eq!(failure.step.as_deref(), Some(DB));
    assert!(failure.hints.iter().any(|hint| hint == "slipway explain SECRET_MISSING"), "{failure}");
    drop(handle);
    let mut raised = Vec::new();
    while let Some(event) = events.recv().await {
        if let EventKind::FindingRaised { hopeless, .. } = event.kind {
            raised.push((event.elapsed.as_secs(), hopeless));
        }
    }
    assert_eq!(raised, [(0, false), (60, true)], "the reason at once, the verdict after its hold time");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_took_too_long_says_what_for_and_since_when() {
    let stage = Stage::default();
    let (handle, _events) = begin(&stage, &[]).await;
    handle.written(db(1, 0));
    stage.shows("Pod", Seen::Put(pod(json!({"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ErrImagePull", "message": "429 toomanyrequests"}}}]}))));
    assert!(tokio::time::timeout(Duration::from_secs(91), handle.ready(&[id(DB)])).await.is_err());
    let failure = handle.timed_out(&[id(DB)], Duration::from_secs(90));
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert_eq!(failure.what, "StatefulSet/db is not ready after 90 s");
    assert_eq!(failure.why[0], "StatefulSet/db: cannot pull postgres:17, for 90 s");
    assert!(failure.why[1].contains("serves no more pulls"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_service_without_an_address_holds_nothing_back_and_is_told_at_the_end() {
    let service = "Service/n/web";
    let stage = Stage::default();
    let (handle, _events) = begin(&stage, &[service, "Secret/n/keys"]).await;
    handle.written(db(1, 1));
    handle.written(Object(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "n", "uid": "keys"}}),
    ));
    handle.written(Object(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "n", "uid": "web"}, "spec": {"type": "LoadBalancer"}})));
    assert_eq!(handle.ready(&[id(DB), id(service), id("Secret/n/keys")]).await, Ok(()));
    assert_eq!(
        handle.published(&[id(service)], Duration::from_secs(30)).await,
        [(id(service), "waiting for an address".to_string())]
    );
    assert!(!stage.watches.lock().unwrap().contains_key("Secret"), "what is ready by being there is not watched");
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_may_not_be_watched_ends_the_wait_instead_of_making_it_endless() {
    let stage = Stage::default();
    let (handle, mut events) = begin(&stage, &[]).await;
    handle.written(db(1, 0));
    stage.shows("Event", Seen::Refused(Failure::new(FailureKind::Cluster, "events is forbidden")));
    stage.shows("StatefulSet", Seen::Refused(Failure::new(FailureKind::Cluster, "statefulsets is forbidden")));
    assert_eq!(handle.ready(&[id(DB)]).await.unwrap_err().what, "statefulsets is forbidden");
    let mut said = Vec::new();
    while said.len() < 2 {
        if let EventKind::FindingRaised { finding, .. } = events.recv().await.unwrap().kind {
            said.push(finding.why);
        }
    }
    said.sort();
    assert_eq!(said, ["events is forbidden", "statefulsets is forbidden"]);
}

#[tokio::test(start_paused = true)]
async fn the_log_of_a_container_that_crashed_explains_it() {
    let stage = Stage::default();
    *stage.log.lock().unwrap() = vec!["2026-11-20T10:00:00Z FATAL: no password".into()];
    let (handle, mut events) = begin(&stage, &[]).await;
    handle.written(db(1, 0));
    stage.shows("Pod", Seen::Put(pod(json!({"phase": "Running", "containerStatuses": [{"name": "main", "restartCount": 0, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}))));
    let (mut line, mut explained) = (false, false);
    while !(line && explained) {
        match events.recv().await.unwrap().kind {
            EventKind::LogLine { text, .. } => line |= text == "FATAL: no password",
            EventKind::FindingRaised { finding, .. } => explained |= finding.code == "PASSWORD",
            _ => {}
        }
    }
    assert_eq!(stage.logs_read.load(Ordering::SeqCst), 1, "the log of a container that ended is read once");
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_after_the_last_handle_is_dropped() {
    let stage = Stage::default();
    let (handle, mut events) = begin(&stage, &[]).await;
    let second = handle.clone();
    drop(handle);
    second.written(db(1, 1));
    assert_eq!(second.ready(&[id(DB)]).await, Ok(()));
    drop(second);
    while events.recv().await.is_some() {}
    assert!(stage.watches.lock().unwrap().values().all(|watch| watch.is_closed()));
}

#[tokio::test(start_paused = true)]
async fn whoever_waited_goes_on_only_after_readiness_was_told_and_closing_loses_nothing() {
    let stage = Stage::default();
    let (handle, mut events) = begin(&stage, &[]).await;
    handle.written(db(1, 1));
    assert!(!handle.standing().is_ready(&id(DB)), "it was not told yet");
    assert_eq!(handle.ready(&[id(DB)]).await, Ok(()));
    assert!(matches!(
        events.try_recv().map(|event| event.kind),
        Ok(EventKind::StatusChanged { readiness: crate::event::Readiness::Ready, .. })
    ));
    handle.written(db(2, 0));
    handle.close().await;
    let last = events.recv().await.map(|event| event.kind);
    assert!(
        matches!(last, Some(EventKind::StatusChanged { readiness: crate::event::Readiness::Waiting, .. })),
        "{last:?}"
    );
    assert_eq!(events.recv().await, None);
}
