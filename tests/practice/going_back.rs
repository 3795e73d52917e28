//! A client that dies, or a server that fails, at calls all along a rollback, or at every write of a repair: the next run
//! finishes it, with the same keys and nothing lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use slipway::apply::repair::{self, Found};
use slipway::apply::{self, Control, Controls, Ended, Options as Run, Watches, back};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded, Revision};
use slipway::cluster::{Cluster, Patience, keys};
use slipway::error::Failure;
use slipway::event::Event;
use slipway::object::{Object, ObjectId};
use slipway::plan::{Plan, Verb};
use slipway::practice::{Call, Fault, Options, Server};
use slipway::secret::Secrets;
use tokio::sync::{Notify, mpsc, watch};

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster};
use crate::inngest::{plan, secrets};
use crate::race::mixed;

const AT_ONCE: usize = 12;
/// Places at which each fault is tried.
const PLACES: u64 = 4;

/// A few of so many calls, one out of each stretch, where a seed puts it: two faults meet different calls.
fn places(calls: u64, seed: u64) -> Vec<u64> {
    let stretch = calls.div_ceil(PLACES).max(1);
    let place = |i: u64| 1 + i * stretch + mixed(seed.wrapping_mul(1_000).wrapping_add(i)) % stretch;
    (0..PLACES).map(place).filter(|place| *place <= calls).collect()
}

fn timing() -> LockTiming {
    LockTiming { lasts: Duration::from_secs(1), trusted: Duration::from_secs(60), renew: Duration::from_secs(20) }
}

pub(crate) async fn run(cluster: &Cluster, plan: &Plan, secrets: &Secrets) -> Result<Ended, Failure> {
    let options = Run { lock: timing(), timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let (_wish, wishes) = watch::channel(Control::Go);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, plan, secrets, &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    ended
}

/// Everything that must be the same afterwards, by id: what was made once is never made again.
async fn uids(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (group, kind) in [
        ("", "Secret"),
        ("", "PersistentVolumeClaim"),
        ("apps", "StatefulSet"),
        ("apps", "Deployment"),
        ("", "Service"),
    ] {
        let listed = cluster.list(group, kind, NAMESPACE, "").await.unwrap();
        all.extend(listed.objects.iter().map(|object| (object.id().to_string(), object.uid().to_string())));
    }
    all
}

/// Revision 1, and revision 2 on top of it: another port, and no account any more.
async fn changed(cluster: &Cluster) -> BTreeMap<String, String> {
    let first = plan(NAMESPACE);
    run(cluster, &first, &secrets()).await.unwrap();
    forth(cluster).await;
    uids(cluster).await
}

async fn forth(cluster: &Cluster) {
    let mut second = plan(NAMESPACE);
    second.steps.retain(|step| step.wanted.object.kind() != "ServiceAccount");
    for step in second.steps.iter_mut().filter(|step| step.wanted.object.kind() == "ConfigMap") {
        step.wanted.object.set(&["data", "INNGEST_PORT"], "9999".into());
    }
    run(cluster, &second, &secrets()).await.unwrap();
}

async fn roll_back(cluster: &Cluster) -> Result<Ended, Failure> {
    let target = plan(NAMESPACE).target;
    // The newest that is as revision 1 was: the history is bounded.
    let revisions = record::read(cluster, &target).await?;
    let is_first = |one: &&Revision| {
        let mut objects = one.plan.steps.iter().map(|step| &step.wanted.object);
        one.progress.outcome == Recorded::Deployed
            && objects.any(|object| object.text(&["data", "INNGEST_PORT"]) == "8288")
    };
    let number = revisions.iter().find(is_first).map_or(1, |one| one.number);
    let (plan, secrets) = back(cluster, &target, number).await?;
    run(cluster, &plan, &secrets).await
}

async fn is_back(cluster: &Cluster, before: &BTreeMap<String, String>, when: &str) {
    assert_eq!(&uids(cluster).await, before, "{when}: something was made anew or lost");
    let port = cluster.get(&ObjectId::new("", "ConfigMap", NAMESPACE, "inngest")).await.unwrap();
    assert_eq!(port.text(&["data", "INNGEST_PORT"]), "8288", "{when}");
    let account = cluster.find(&ObjectId::new("", "ServiceAccount", NAMESPACE, "inngest")).await.unwrap();
    assert!(account.is_some(), "{when}: what revision 1 had is there again");
    let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
    let ended: Vec<_> = revisions.iter().map(|one| (one.plan.verb, one.progress.outcome)).collect();
    assert_eq!(ended[0], (Verb::Rollback, Recorded::Deployed), "{when}: {ended:?}");
}

pub(crate) fn fast() -> Arc<Server> {
    Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap())
}

/// The writes among the calls of what is tried, each by how many calls came before it. What a client leaves behind when it dies
/// changes with a write alone: dying at a read is dying after the write before it.
fn writes(server: &Arc<Server>, from: u64) -> Vec<u64> {
    server
        .writes()
        .iter()
        .map(|write| write.number)
        .filter(|number| *number > from)
        .map(|number| number - from)
        .collect()
}

/// Dies at its call `nth`: nothing that it asks later arrives.
async fn die(nth: u64, after: bool) {
    let server = fast();
    let before = changed(&cluster(&server)).await;
    let (from, dead, reached) = (server.calls(), Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if told.load(Ordering::SeqCst) {
            return Some(Fault::Hang);
        }
        if call.number < from + nth {
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
        ended = roll_back(&victim) => drop(ended.unwrap()),
        () = reached.notified() => tokio::task::yield_now().await,
    }
    drop(victim);
    server.set_faults(None);
    let cluster = cluster(&server);
    roll_back(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    is_back(&cluster, &before, &when).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_dies_on_the_way_is_finished_by_the_next_run() {
    let server = fast();
    let undisturbed = cluster(&server);
    let before = changed(&undisturbed).await;
    let from = server.calls();
    roll_back(&undisturbed).await.unwrap();
    let writes = writes(&server, from);
    is_back(&undisturbed, &before, "undisturbed").await;
    assert!(writes.len() > 8, "only {writes:?}");
    // Dying before a write arrives is dying after the one before it was done.
    let count = u64::try_from(writes.len()).unwrap();
    let some = [places(count, 5), places(count, 6)].concat();
    let chosen = writes.iter().zip(1..).filter(|(_, place)| some.contains(place)).map(|(nth, _)| (*nth, true));
    let each = [(writes[0], false)].into_iter().chain(chosen);
    futures::stream::iter(each).for_each_concurrent(AT_ONCE, |(nth, after)| die(nth, after)).await;
}

/// Whether there was an `nth` call of the kind from the beginning of what is tried; it goes wrong, once.
fn strikes(server: &Arc<Server>, nth: u64, of: fn(&Call) -> bool, fault: &Fault) -> Arc<AtomicBool> {
    let (count, struck, fault) = (AtomicU64::new(0), Arc::new(AtomicBool::new(false)), fault.clone());
    let strikes = struck.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let here = of(call) && count.fetch_add(1, Ordering::SeqCst) + 1 == nth;
        strikes.fetch_or(here, Ordering::SeqCst);
        here.then(|| fault.clone())
    })));
    struck
}

fn patient(server: &Arc<Server>) -> Cluster {
    // Waiting is free, but the controllers of the cluster look ten times a second meanwhile.
    cluster(server).with_patience(Patience { deadline: Duration::from_secs(5), ..Patience::default() })
}

async fn at_every_call(of: fn(&Call) -> bool, faults: &[Fault]) {
    // Back and forth on one cluster: what is made once must still be the same at the very end.
    let server = at_its_own_pace();
    let before = changed(&cluster(&server)).await;
    let calls = Arc::new(AtomicU64::new(0));
    let counts = calls.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        counts.fetch_add(u64::from(of(call)), Ordering::SeqCst);
        None
    })));
    roll_back(&cluster(&server)).await.unwrap();
    server.set_faults(None);
    is_back(&cluster(&server), &before, "undisturbed").await;
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls > 3, "only {calls} calls");
    for (fault, seed) in faults.iter().zip(1..) {
        let mut struck_at = 0;
        for nth in places(calls, seed) {
            forth(&cluster(&server)).await;
            let struck = strikes(&server, nth, of, fault);
            let (cluster, when) = (patient(&server), format!("{fault:?} at call {nth}"));
            if let Err(failure) = roll_back(&cluster).await {
                // What is not tried again by itself is finished by the next run.
                roll_back(&cluster).await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"));
            }
            server.set_faults(None);
            is_back(&cluster, &before, &when).await;
            struck_at += u64::from(struck.load(Ordering::SeqCst));
        }
        assert!(struck_at > 1, "{fault:?} struck {struck_at} times in {calls} calls");
    }
}

const ANY: fn(&Call) -> bool = |_| true;

#[tokio::test(start_paused = true)]
async fn a_rollback_whose_server_is_not_there_for_a_moment_comes_to_its_end() {
    at_every_call(
        ANY,
        &[Fault::Refuse { code: 503, retry_after: None }, Fault::Refuse { code: 500, retry_after: None }],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_whose_server_wants_it_to_wait_or_that_somebody_crosses_comes_to_its_end() {
    at_every_call(
        ANY,
        &[Fault::Refuse { code: 429, retry_after: Some(2) }, Fault::Refuse { code: 409, retry_after: None }],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_whose_call_is_never_answered_or_whose_connection_breaks_comes_to_its_end() {
    at_every_call(ANY, &[Fault::Hang, Fault::DropAfter]).await;
}

const OTHER: &str = "ana@laptop/boot/namespace/1/1/other";

#[tokio::test(start_paused = true)]
async fn a_rollback_that_loses_its_lock_on_the_way_writes_nothing_more_and_is_finished_later() {
    let lease = ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest");
    let server = at_its_own_pace();
    let before = changed(&cluster(&server)).await;
    let from = server.calls();
    roll_back(&cluster(&server)).await.unwrap();
    let calls = server.calls() - from;
    assert!(calls > 20, "only {calls} calls");
    let mut times = 0;
    for nth in places(calls, 7).into_iter().chain(places(calls, 8)) {
        forth(&cluster(&server)).await;
        let (from, weak, id) = (server.calls(), Arc::downgrade(&server), lease.clone());
        let taken = Arc::new(std::sync::Mutex::new(None::<tokio::time::Instant>));
        let late = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (takes, tells) = (taken.clone(), late.clone());
        server.set_faults(Some(Arc::new(move |call: &Call| {
            let mut taken = takes.lock().unwrap();
            let on_its_way = Some(Fault::Delay { by: Duration::from_secs(1) });
            match *taken {
                Some(then) if then == tokio::time::Instant::now() => return on_its_way,
                Some(_) if call.is_write() => tells.lock().unwrap().push(format!("{} {}", call.method, call.path)),
                Some(_) => {}
                None if call.number >= from + nth => {
                    let mut held = false;
                    weak.upgrade()?.change(&id, |lease| {
                        held = !lease.text(&["spec", "holderIdentity"]).is_empty();
                        if held {
                            lease.set(&["spec", "holderIdentity"], OTHER.into());
                        }
                    });
                    *taken = held.then(tokio::time::Instant::now);
                    return on_its_way.filter(|_| held);
                }
                None => {}
            }
            None
        })));
        let victim = cluster(&server);
        let ended = roll_back(&victim).await;
        server.set_faults(None);
        let (when, lost) = (format!("lost at call {nth}"), taken.lock().unwrap().is_some());
        assert!(late.lock().unwrap().is_empty(), "{when}: {:?}", late.lock().unwrap());
        if let Err(failure) = ended {
            assert!(lost && failure.to_string().contains("ana@laptop"), "{when}: {failure}");
        }
        server.change(&lease, |lease| lease.set(&["spec", "holderIdentity"], "".into()));
        let cluster = cluster(&server);
        roll_back(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
        is_back(&cluster, &before, &when).await;
        times += u64::from(lost);
    }
    assert!(times >= PLACES, "lost {times} times only");
}

/// Takes the parent away and tears the newest revision.
async fn tear(cluster: &Cluster) {
    let id = |name: &str| ObjectId::new("", "ConfigMap", NAMESPACE, name);
    cluster.delete(&id("slipway-inngest"), &Default::default()).await.unwrap();
    let newest = cluster.get(&id("slipway-inngest.r2")).await.unwrap();
    let mut torn = Object(serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": newest.name(), "namespace": NAMESPACE, "labels": newest.at(&["metadata", "labels"])},
        "data": newest.at(&["data"]),
    }));
    torn.set(&["data", "digest"], "0".into());
    cluster.delete(&newest.id(), &Default::default()).await.unwrap();
    cluster.create(&torn, "somebody").await.unwrap();
}

async fn mend(cluster: &Cluster) -> Result<(), Failure> {
    let target = plan(NAMESPACE).target;
    let (revisions, torn) = record::read_torn(cluster, &target).await?;
    let parent = cluster.find(&ObjectId::new("", "ConfigMap", NAMESPACE, "slipway-inngest")).await?.is_some();
    let objects = repair::members(cluster, &target, &BTreeSet::new()).await?;
    let keys = keys::all(cluster, &target).await?;
    let found = Found { parent, revisions, torn, objects, keys };
    if found.is_whole() {
        return Ok(());
    }
    let revision = found.needs_revision().then(|| repair::rebuilt(&found, &target, "tester@here")).transpose()?;
    repair::repair(cluster, &target, &found, revision.map(|(revision, _)| revision), None, timing()).await
}

async fn is_mended(cluster: &Cluster, before: &BTreeMap<String, String>, when: &str) {
    assert_eq!(&uids(cluster).await, before, "{when}: a repair touches nothing that runs");
    let revisions = record::read(cluster, &plan(NAMESPACE).target)
        .await
        .unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    assert_eq!(revisions[0].progress.outcome, Recorded::Deployed, "{when}");
    let parent = cluster.get(&ObjectId::new("", "ConfigMap", NAMESPACE, "slipway-inngest")).await.unwrap();
    let members = cluster.members(&plan(NAMESPACE).target, Some(&parent)).await.unwrap();
    assert!(members.len() >= 7, "{when}: {}", members.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_that_dies_at_any_call_is_finished_by_the_next() {
    let server = fast();
    let undisturbed = cluster(&server);
    let before = changed(&undisturbed).await;
    tear(&undisturbed).await;
    let from = server.calls();
    mend(&undisturbed).await.unwrap();
    is_mended(&undisturbed, &before, "undisturbed").await;
    let writes = writes(&server, from);
    let each = [(writes[0], false)].into_iter().chain(writes.iter().map(|nth| (*nth, true)));
    let one = |(nth, after): (u64, bool)| async move {
        let server = fast();
        let healthy = cluster(&server);
        let before = changed(&healthy).await;
        tear(&healthy).await;
        let (from, dead, reached) = (server.calls(), AtomicBool::new(false), Arc::new(Notify::new()));
        let now = reached.clone();
        server.set_faults(Some(Arc::new(move |call: &Call| {
            if dead.load(Ordering::SeqCst) {
                return Some(Fault::Hang);
            }
            (call.number >= from + nth).then(|| {
                dead.store(true, Ordering::SeqCst);
                now.notify_one();
                if after { Fault::DropAfter } else { Fault::Hang }
            })
        })));
        let victim = cluster(&server);
        tokio::select! {
            ended = mend(&victim) => drop(ended),
            () = reached.notified() => tokio::task::yield_now().await,
        }
        drop(victim);
        server.set_faults(None);
        let (cluster, when) = (cluster(&server), format!("died at call {nth}, after: {after}"));
        mend(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
        is_mended(&cluster, &before, &when).await;
    };
    futures::stream::iter(each).for_each_concurrent(AT_ONCE, one).await;
}
