//! A client that dies, or a server that fails, at every single call of a rotation: the next run ends it, with the values
//! that were made first, and no reader ever gets a password that its database does not have.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use slipway::apply::{self, Control, Controls, Options as Run, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome};
use slipway::cluster::{Cluster, Patience, keys};
use slipway::error::Failure;
use slipway::event::Event;
use slipway::object::ObjectId;
use slipway::plan::rotate::{self, Pace, Wish};
use slipway::plan::{Plan, Target};
use slipway::practice::{Call, Fault};
use slipway::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};
use tokio::sync::{Notify, mpsc, watch};

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster, run, server};
use crate::inngest::plan;

const AT_ONCE: usize = 12;
const EVENT: &str = "keys.event";
const PASSWORD: &str = "database.password";

fn target() -> Target {
    plan(NAMESPACE).target
}

/// The plan that changes the event key and the password, with its values: those of a run before, where it made some.
async fn planned(cluster: &Cluster, fresh: &str) -> Result<Option<(Plan, Secrets)>, Failure> {
    let target = target();
    let revisions = record::read(cluster, &target).await?;
    let good = revisions.iter().find(|one| one.progress.outcome == Outcome::Deployed).unwrap();
    if good.plan.keys.generation == 2 {
        return Ok(None);
    }
    let now = keys::read(cluster, &target, 1).await?.unwrap();
    let begun = keys::read(cluster, &target, 2).await?;
    let mut values = now.values.clone();
    let mut changes = Vec::new();
    for path in [EVENT, PASSWORD] {
        let rotation = good.plan.keys.rotations.get(path).cloned().unwrap_or_default();
        let wish = Wish { path: path.into(), brought: None };
        let mut make = |_| SecretText::new(format!("{fresh}{path}"));
        changes.push(rotate::change(&wish, &now.values, &rotation, Pace::default(), &mut make).unwrap());
    }
    values.extend(changes.iter().flat_map(|change| change.values.clone()));
    values.extend(begun.map(|begun| begun.values).unwrap_or_default());
    let secret = |(path, value): (String, SecretText)| {
        let at = SecretRef::Keys { generation: 2, key: path.clone() };
        (path, Secret { source: SecretSource::Generated, value: Some(value), at })
    };
    let secrets = Secrets(values.into_iter().map(secret).collect());
    let ids = good.plan.steps.iter().map(|step| step.wanted.object.id());
    let live = cluster.read(ids.chain([ObjectId::new("", "Secret", NAMESPACE, "inngest-keys-2")])).await?;
    Ok(Some((rotate::plan(&good.plan, (&live, &BTreeMap::new()), &target, &secrets, &changes), secrets)))
}

async fn rotate(cluster: &Cluster, fresh: &str) -> Result<(), Failure> {
    let Some((plan, secrets)) = planned(cluster, fresh).await? else { return Ok(()) };
    let lock =
        LockTiming { lasts: Duration::from_secs(1), trusted: Duration::from_secs(60), renew: Duration::from_secs(20) };
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (_wish, wishes) = watch::channel(Control::Go);
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, &plan, &secrets, &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    ended.map(drop)
}

/// What is kept of a release whatever is rotated: UIDs.
async fn uids(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (group, kind) in [("", "PersistentVolumeClaim"), ("apps", "StatefulSet"), ("apps", "Deployment")] {
        let listed = cluster.list(group, kind, NAMESPACE, "").await.unwrap();
        all.extend(listed.objects.iter().map(|object| (object.id().to_string(), object.uid().to_string())));
    }
    let first = keys::read(cluster, &target(), 1).await.unwrap().unwrap();
    all.insert(first.secret, first.uid);
    all
}

/// What was asked of the server, and whether it was done.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(Call, bool)>>>);

impl Heard {
    fn note(&self, call: &Call, fault: Option<&Fault>) {
        let done = !matches!(fault, Some(Fault::Hang | Fault::DropBefore | Fault::Refuse { .. }));
        self.0.lock().unwrap().push((call.clone(), done));
    }

    /// The database learned the password before the server's pods were told of another one.
    fn in_order(&self, when: &str) {
        let heard = self.0.lock().unwrap();
        let asked = |what: &dyn Fn(&Call) -> bool| heard.iter().position(|(call, done)| *done && what(call));
        let learned = asked(&|call| call.path.ends_with("/exec") && call.query.contains("psql"));
        let restarted =
            asked(&|call| call.method == "PATCH" && call.is_write() && call.path.ends_with("/deployments/inngest"));
        let learned = learned.unwrap_or_else(|| unreachable!("{when}: nobody told the database"));
        assert!(restarted.is_some_and(|restarted| learned < restarted), "{when}: {learned} {restarted:?}");
    }
}

/// What must hold once a rotation has ended, whatever happened before.
async fn ended(cluster: &Cluster, before: &BTreeMap<String, String>, first: Option<&str>, when: &str) {
    assert_eq!(&uids(cluster).await, before, "{when}");
    let (one, two) = (
        keys::read(cluster, &target(), 1).await.unwrap().unwrap(),
        keys::read(cluster, &target(), 2).await.unwrap().unwrap(),
    );
    assert!(first.is_none_or(|first| first == two.uid), "{when}: the second generation was made twice");
    assert!(keys::read(cluster, &target(), 3).await.unwrap().is_none(), "{when}: a third generation");
    assert_eq!(one.salt, two.salt, "{when}");
    assert_ne!(one.values[PASSWORD], two.values[PASSWORD], "{when}");
    let both = two.values[EVENT].expose();
    assert!(
        both.ends_with(&format!(",{}", one.values[EVENT].expose())),
        "{when}: the old key is not accepted any more"
    );
    let composed = cluster.get(&ObjectId::new("", "Secret", NAMESPACE, "inngest-postgresql")).await.unwrap();
    let made = cluster.get(&ObjectId::new("", "Secret", NAMESPACE, "inngest-keys-2")).await.unwrap();
    assert_eq!(composed.text(&["data", "postgres-password"]), made.text(&["data", PASSWORD]), "{when}");
    let revisions = record::read(cluster, &target()).await.unwrap();
    assert_eq!(revisions[0].progress.outcome, Outcome::Deployed, "{when}");
    assert_eq!(revisions[0].plan.keys.generation, 2, "{when}");
}

/// Dies at call `nth` of the rotation: nothing that it asks later arrives. Returns whether there was such a call.
async fn die(nth: u64, after: bool) -> bool {
    let server = server();
    run(&cluster(&server)).await.unwrap();
    let before = uids(&cluster(&server)).await;
    let (dead, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    let (heard, began) = (Heard::default(), server.calls());
    let hears = heard.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let fault = if told.load(Ordering::SeqCst) {
            Some(Fault::Hang)
        } else if call.number < began + nth {
            None
        } else {
            told.store(true, Ordering::SeqCst);
            now.notify_one();
            Some(if after { Fault::DropAfter } else { Fault::Hang })
        };
        hears.note(call, fault.as_ref());
        fault
    })));
    let when = format!("died at call {nth}, {}", if after { "after it was done" } else { "before it arrived" });
    let victim = cluster(&server);
    tokio::select! {
        done = rotate(&victim, "first-") => done.unwrap(),
        () = reached.notified() => tokio::task::yield_now().await,
    }
    drop(victim);
    let hears = heard.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        hears.note(call, None);
        None
    })));
    let cluster = cluster(&server);
    let first = keys::read(&cluster, &target(), 2).await.unwrap().map(|keys| keys.uid);
    rotate(&cluster, "second-").await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    server.set_faults(None);
    ended(&cluster, &before, first.as_deref(), &when).await;
    heard.in_order(&when);
    dead.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_dies_at_calls_all_along_it_is_ended_by_the_next_run() {
    let server = server();
    run(&cluster(&server)).await.unwrap();
    let began = server.calls();
    rotate(&cluster(&server), "first-").await.unwrap();
    let calls = server.calls() - began;
    assert!(calls > 20, "only {calls} calls");
    // Who dies after a call was done died before the next one arrived. Every ninth: the executor is the one of the install,
    // which is tried at every call.
    let each = (1..=calls).step_by(9).map(|nth| (nth, true)).chain([(1, false)]);
    let died = futures::stream::iter(each).map(|(nth, after)| die(nth, after)).buffer_unordered(AT_ONCE);
    let died: Vec<bool> = died.collect().await;
    assert!(died.iter().filter(|died| **died).count() > 3);
}

/// The first call of the rotation that is meant, by its number or what it is, goes wrong, once; whether there was one.
async fn stumble(meant: impl Fn(u64, &Call) -> bool + Send + Sync + 'static, fault: Fault, when: &str) -> bool {
    let server = at_its_own_pace();
    let patience = Patience { deadline: Duration::from_secs(5), ..Patience::default() };
    let cluster = cluster(&server).with_patience(patience);
    run(&cluster).await.unwrap();
    let before = uids(&cluster).await;
    let when = format!("{fault:?} at {when}");
    let (count, heard, struck) = (AtomicU64::new(0), Heard::default(), Arc::new(AtomicBool::new(false)));
    let (hears, strikes) = (heard.clone(), struck.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
        let here = meant(nth, call) && !strikes.swap(true, Ordering::SeqCst);
        let fault = here.then(|| fault.clone());
        hears.note(call, fault.as_ref());
        fault
    })));
    let mut first = None;
    if let Err(failure) = rotate(&cluster, "first-").await {
        first = keys::read(&cluster, &target(), 2).await.unwrap().map(|keys| keys.uid);
        rotate(&cluster, "second-").await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"));
    }
    server.set_faults(None);
    ended(&cluster, &before, first.as_deref(), &when).await;
    heard.in_order(&when);
    struck.load(Ordering::SeqCst)
}

/// At every call one thing goes wrong, each call another: a server that is not there, one that is crossed, one that wants to
/// be asked later, a broken connection, no answer at all.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_stumbles_at_any_call_ends_with_the_keys_that_it_made() {
    let faults = [
        Fault::Refuse { code: 503, retry_after: None },
        Fault::Refuse { code: 409, retry_after: None },
        Fault::Refuse { code: 429, retry_after: Some(2) },
        Fault::DropAfter,
        Fault::Hang,
    ];
    for fault in &faults {
        let psql = |_: u64, call: &Call| call.path.ends_with("/exec");
        assert!(stumble(psql, fault.clone(), "the database").await);
    }
    // A seeded sample of the rest: the executor is the one of the install, which is tried at every call.
    let mut nth = 1;
    for fault in faults.into_iter().cycle() {
        if !stumble(move |at, _| at == nth, fault, &format!("call {nth}")).await {
            break;
        }
        nth += 9;
    }
    assert!(nth > 20, "only {nth} calls");
}

/// An install that goes on after a killed rotation tells the database too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_install_after_a_rotation_that_died_before_the_database_knew_tells_it() {
    let server = server();
    run(&cluster(&server)).await.unwrap();
    let reached = Arc::new(Notify::new());
    let now = reached.clone();
    let dead = AtomicBool::new(false);
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if call.path.ends_with("/exec") || dead.load(Ordering::SeqCst) {
            dead.store(true, Ordering::SeqCst);
            now.notify_one();
            return Some(Fault::Hang);
        }
        None
    })));
    let victim = cluster(&server);
    tokio::select! {
        done = rotate(&victim, "first-") => unreachable!("it was to die: {done:?}"),
        () = reached.notified() => {}
    }
    drop(victim);
    let heard = Heard::default();
    let hears = heard.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        hears.note(call, None);
        None
    })));
    // An install with the keys of the generation that is there, as its planner finds them.
    let cluster = cluster(&server);
    let made = keys::read(&cluster, &target(), 2).await.unwrap().unwrap();
    let mut plan = plan(NAMESPACE);
    plan.keys.generation = 2;
    let secret = |(path, value): (String, SecretText)| {
        let at = SecretRef::Keys { generation: 2, key: path.clone() };
        (path, Secret { source: SecretSource::Generated, value: Some(value), at })
    };
    let secrets = Secrets(made.values.into_iter().map(secret).collect());
    let lock = LockTiming { lasts: Duration::from_secs(1), ..LockTiming::default() };
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (_wish, wishes) = watch::channel(Control::Go);
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let readiness = Watches(cluster.clone());
    apply::run(&cluster, &plan, &secrets, &readiness, &options, sender, Controls(wishes)).await.unwrap();
    receiver.close();
    heard.in_order("an install after a rotation that died");
}
