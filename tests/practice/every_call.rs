//! A client that dies, or a server that fails, at every single call of an install: the next run finishes it, with the
//! first keys and nothing twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use slipway::apply::{self, Control, Controls, Ended, Options as Run, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Cluster, Connector, Identity, Patience, Wire, in_memory, keys};
use slipway::error::Failure;
use slipway::event::Event;
use slipway::object::ObjectId;
use slipway::plan::Plan;
use slipway::practice::{Call, Fault, Options, Server};
use tokio::sync::{Notify, mpsc, watch};

use crate::inngest::{plan, secrets};

pub(crate) const NAMESPACE: &str = "inngest";
/// Clusters that are tried at once: most of the time goes by waiting for the dead client's lock to expire.
const AT_ONCE: usize = 12;

/// A client of its own, as another process would have.
pub(crate) fn cluster(server: &Arc<Server>) -> Cluster {
    let server = server.clone();
    let connector: Connector = Arc::new(move || {
        let wire: Box<dyn Wire> = Box::new(server.connect());
        Box::pin(std::future::ready(Ok(wire)))
    });
    in_memory(connector, Identity { practice: true, ..Identity::default() })
}

pub(crate) async fn run(cluster: &Cluster) -> Result<Ended, Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    run_with(cluster, &plan(NAMESPACE), wishes).await.0
}

/// Runs a plan under the operator's wishes; its end, and what it told.
pub(crate) async fn run_with(
    cluster: &Cluster,
    plan: &Plan,
    wishes: watch::Receiver<Control>,
) -> (Result<Ended, Failure>, Vec<Event>) {
    let lock = LockTiming {
        lasts: Duration::from_secs(1),
        trusted: Duration::from_secs(60),
        // Also the deadline of its requests: these clusters share the processors.
        renew: Duration::from_secs(20),
    };
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, plan, &secrets(), &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    (ended, events)
}

pub(crate) fn server() -> Arc<Server> {
    Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap())
}

/// For a test whose clock is paused: waiting costs nothing there.
pub(crate) fn at_its_own_pace() -> Arc<Server> {
    Arc::new(Server::start(Options::default()).unwrap())
}

/// What there is of ours, by id.
pub(crate) async fn objects(cluster: &Cluster) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (group, kind) in [
        ("", "Secret"),
        ("", "ConfigMap"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("", "PersistentVolumeClaim"),
        ("apps", "StatefulSet"),
        ("apps", "Deployment"),
        ("coordination.k8s.io", "Lease"),
    ] {
        let listed = cluster.list(group, kind, NAMESPACE, "").await.unwrap();
        all.extend(listed.objects.iter().map(|object| object.id().to_string()));
    }
    all
}

/// What must hold once an install was finished, whatever happened before.
pub(crate) async fn finished(cluster: &Cluster, wanted: &BTreeSet<String>, first: Option<&str>, when: &str) {
    assert_eq!(&objects(cluster).await, wanted, "{when}");
    let keys = keys::read(cluster, &plan(NAMESPACE).target, 1).await.unwrap().unwrap();
    assert!(first.is_none_or(|first| first == keys.uid), "{when}: the keys were made twice");
    let secret = |name: &str| ObjectId::new("", "Secret", NAMESPACE, name);
    let composed = cluster.get(&secret("inngest-postgresql")).await.unwrap();
    let made = cluster.get(&secret(&keys.secret)).await.unwrap();
    assert_eq!(composed.text(&["data", "postgres-password"]), made.text(&["data", "database.password"]), "{when}");
    let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
    let outcomes: Vec<Recorded> = revisions.iter().map(|revision| revision.progress.outcome).collect();
    assert_eq!(outcomes, [Recorded::Deployed], "{when}");
}

/// UID of the key Secret, if it was made.
pub(crate) async fn key_uid(cluster: &Cluster) -> Option<String> {
    keys::read(cluster, &plan(NAMESPACE).target, 1).await.unwrap().map(|keys| keys.uid)
}

/// An install without faults: its requests, and what it makes.
pub(crate) async fn undisturbed(server: Arc<Server>) -> (u64, BTreeSet<String>) {
    let cluster = cluster(&server);
    run(&cluster).await.unwrap();
    let calls = server.calls();
    (calls, objects(&cluster).await)
}

/// Dies at call `nth`: nothing that it asks later arrives.
async fn die(nth: u64, after: bool, wanted: &BTreeSet<String>) {
    let server = server();
    let (dead, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if told.load(Ordering::SeqCst) {
            return Some(Fault::Hang);
        }
        if call.number < nth {
            return None;
        }
        told.store(true, Ordering::SeqCst);
        now.notify_one();
        Some(if after { Fault::DropAfter } else { Fault::Hang })
    })));
    let when = format!("died at call {nth}, {}", if after { "after it was done" } else { "before it arrived" });
    let victim = cluster(&server);
    tokio::select! {
        // The last calls may come after the end.
        ended = run(&victim) => drop(ended.unwrap()),
        () = reached.notified() => {
            // What was on the way when it died is done.
            tokio::task::yield_now().await;
        }
    }
    drop(victim);
    server.set_faults(None);
    let cluster = cluster(&server);
    let first = key_uid(&cluster).await;
    run(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&cluster, wanted, first.as_deref(), &when).await;
}

/// The first call from `nth` on that is of the kind goes wrong, once; whether there was one.
async fn stumble(nth: u64, of: fn(&Call) -> bool, fault: Fault, wanted: &BTreeSet<String>) -> bool {
    let server = at_its_own_pace();
    let when = format!("{fault:?} at call {nth}");
    let count = AtomicU64::new(0);
    let struck = Arc::new(AtomicBool::new(false));
    let strikes = struck.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let here = of(call) && count.fetch_add(1, Ordering::SeqCst) + 1 == nth;
        strikes.fetch_or(here, Ordering::SeqCst);
        here.then(|| fault.clone())
    })));
    // Waiting is free, but the controllers of the cluster look ten times a second meanwhile.
    let patience = Patience { deadline: Duration::from_secs(5), ..Patience::default() };
    let cluster = cluster(&server).with_patience(patience);
    let mut first = None;
    if let Err(failure) = run(&cluster).await {
        // What is not tried again by itself is finished by the next run.
        first = key_uid(&cluster).await;
        run(&cluster).await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"));
    }
    // What the test asks itself meets no fault.
    server.set_faults(None);
    finished(&cluster, wanted, first.as_deref(), &when).await;
    nothing_twice(&server, &when);
    struck.load(Ordering::SeqCst)
}

/// Nothing was made a second time, and nothing deleted once there were keys.
pub(crate) fn nothing_twice(server: &Server, when: &str) {
    let writes = server.writes();
    let keys = writes.iter().position(|write| write.method == "POST" && write.path.ends_with("/secrets"));
    let after = &writes[keys.unwrap_or(0)..];
    let lost: Vec<_> = after.iter().filter(|write| write.method == "DELETE").collect();
    assert!(lost.is_empty(), "{when}: {lost:?}");
    let mut made = BTreeSet::new();
    for write in after.iter().filter(|write| write.code == 201) {
        // The Lease, the records and the keys are posted to their collections.
        let posted = write.method == "POST";
        assert!(made.insert(&write.path) && (!posted || write.path.ends_with("/secrets")), "{when}: {write:?} again");
    }
}

/// `fault` at every call of a kind, each on a cluster of its own.
async fn at_every_call(of: fn(&Call) -> bool, faults: &[Fault]) {
    let (_, wanted) = undisturbed(at_its_own_pace()).await;
    for fault in faults {
        let mut nth = 1;
        while stumble(nth, of, fault.clone(), &wanted).await {
            nth += 1;
        }
        assert!(nth > 3, "only {nth} calls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_dies_at_any_call_is_finished_by_the_next_run() {
    let (calls, wanted) = undisturbed(server()).await;
    assert!(calls > 30, "only {calls} calls");
    let each = (1..=calls).flat_map(|nth| [(nth, false), (nth, true)]);
    let wanted = &wanted;
    futures::stream::iter(each).for_each_concurrent(AT_ONCE, |(nth, after)| die(nth, after, wanted)).await;
}

const ANY: fn(&Call) -> bool = |_| true;

#[tokio::test(start_paused = true)]
async fn an_install_whose_server_is_not_there_for_a_moment_is_finished_without_a_trace() {
    at_every_call(
        ANY,
        &[Fault::Refuse { code: 503, retry_after: None }, Fault::Refuse { code: 500, retry_after: None }],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_install_whose_server_wants_it_to_wait_is_finished_without_a_trace() {
    at_every_call(ANY, &[Fault::Refuse { code: 429, retry_after: Some(2) }]).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_that_somebody_crosses_is_finished_without_a_trace() {
    at_every_call(ANY, &[Fault::Refuse { code: 409, retry_after: None }]).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_whose_connection_breaks_is_finished_without_a_trace() {
    at_every_call(ANY, &[Fault::DropBefore, Fault::DropAfter]).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_whose_call_is_never_answered_goes_on_after_its_deadline() {
    at_every_call(ANY, &[Fault::Hang]).await;
}

#[tokio::test(start_paused = true)]
async fn an_install_whose_watches_end_early_sees_what_it_waits_for() {
    let faults = [Fault::CutWatch { after: 0 }, Fault::CutWatch { after: 1 }, Fault::Forget];
    at_every_call(Call::is_watch, &faults).await;
}

/// Seconds that the server wants are waited, and not fewer.
#[tokio::test(start_paused = true)]
async fn a_request_comes_back_when_the_server_said_and_not_before() {
    let server = at_its_own_pace();
    let began = tokio::time::Instant::now();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = asked.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let mut times = times.lock().unwrap();
        if call.method != "POST" || !call.path.ends_with("/namespaces") {
            return None;
        }
        times.push(began.elapsed());
        (times.len() == 1).then_some(Fault::Refuse { code: 429, retry_after: Some(7) })
    })));
    run(&cluster(&server)).await.unwrap();
    let times = asked.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_secs(7), "{times:?}");
}
