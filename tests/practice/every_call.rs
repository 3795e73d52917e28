//! A client that dies, or a server that fails, at every single call of an install: the next run finishes it, with the
//! first keys and nothing twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use slipway::apply::{self, Control, Controls, Ended, Options as Run, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Cluster, Connector, Identity, Wire, in_memory, keys};
use slipway::error::Failure;
use slipway::event::Event;
use slipway::object::ObjectId;
use slipway::practice::{Call, Fault, Options, Server};
use tokio::sync::{Notify, mpsc, watch};

use crate::inngest::{plan, secrets};

const NAMESPACE: &str = "inngest";
/// Clusters that are tried at once: most of the time goes by waiting for the dead client's lock to expire.
const AT_ONCE: usize = 12;

/// A client of its own, as another process would have.
fn cluster(server: &Arc<Server>) -> Cluster {
    let server = server.clone();
    let connector: Connector = Arc::new(move || {
        let wire: Box<dyn Wire> = Box::new(server.connect());
        Box::pin(std::future::ready(Ok(wire)))
    });
    in_memory(connector, Identity { practice: true, ..Identity::default() })
}

async fn run(cluster: &Cluster) -> Result<Ended, Failure> {
    let lock = LockTiming {
        lasts: Duration::from_secs(1),
        trusted: Duration::from_secs(60),
        // Also the deadline of its requests: these clusters share the processors.
        renew: Duration::from_secs(20),
    };
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let (_wish, wishes) = watch::channel(Control::Go);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, &plan(NAMESPACE), &secrets(), &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    ended
}

fn server() -> Arc<Server> {
    Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap())
}

/// What there is of ours, by id.
async fn objects(cluster: &Cluster) -> BTreeSet<String> {
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
async fn finished(cluster: &Cluster, wanted: &BTreeSet<String>, first: Option<&str>, when: &str) {
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
async fn key_uid(cluster: &Cluster) -> Option<String> {
    keys::read(cluster, &plan(NAMESPACE).target, 1).await.unwrap().map(|keys| keys.uid)
}

/// An install without faults: its requests, and what it makes.
async fn undisturbed() -> (u64, BTreeSet<String>) {
    let server = server();
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

/// Call `nth` goes wrong, once.
async fn stumble(nth: u64, fault: Fault, wanted: &BTreeSet<String>) {
    let server = server();
    let when = format!("{fault:?} at call {nth}");
    server.set_faults(Some(Arc::new(move |call: &Call| (call.number == nth).then(|| fault.clone()))));
    let cluster = cluster(&server);
    if let Err(failure) = run(&cluster).await {
        // What is not tried again by itself is finished by the next run.
        let first = key_uid(&cluster).await;
        run(&cluster).await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"));
        return finished(&cluster, wanted, first.as_deref(), &when).await;
    }
    finished(&cluster, wanted, None, &when).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_that_dies_at_any_call_is_finished_by_the_next_run() {
    let (calls, wanted) = undisturbed().await;
    assert!(calls > 30, "only {calls} calls");
    let each = (1..=calls).flat_map(|nth| [(nth, false), (nth, true)]);
    let wanted = &wanted;
    futures::stream::iter(each).for_each_concurrent(AT_ONCE, |(nth, after)| die(nth, after, wanted)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_whose_server_fails_once_at_any_call_is_finished_without_a_trace() {
    let (calls, wanted) = undisturbed().await;
    let faults = [
        Fault::Refuse { code: 503, retry_after: None },
        Fault::Refuse { code: 409, retry_after: None },
        Fault::DropBefore,
        Fault::DropAfter,
    ];
    let each = (1..=calls).flat_map(|nth| faults.iter().cloned().map(move |fault| (nth, fault)));
    let wanted = &wanted;
    futures::stream::iter(each).for_each_concurrent(AT_ONCE, |(nth, fault)| stumble(nth, fault, wanted)).await;
}
