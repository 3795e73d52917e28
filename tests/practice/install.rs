//! An install at every call, and what other tests need of one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use slipway::apply::{self, Control, Controls, Ended, Options as Run, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Cluster, keys};
use slipway::error::Failure;
use slipway::event::Event;
use slipway::object::ObjectId;
use slipway::plan::Plan;
use slipway::practice::{Call, Fault, Server};
use slipway::secret::Secrets;
use tokio::sync::{mpsc, watch};

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call, at_its_own_pace, cluster};
use crate::inngest::{plan, secrets};

pub(crate) async fn run(cluster: &Cluster) -> Result<Ended, Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    run_with(cluster, &plan(NAMESPACE), wishes).await.0
}

/// The lock's times: nothing that these tests do takes as long as it is trusted.
pub(crate) fn timing() -> LockTiming {
    LockTiming { lasts: Duration::from_secs(1), trusted: Duration::from_secs(600), renew: Duration::from_secs(5) }
}

/// Runs any plan.
pub(crate) async fn run_of(cluster: &Cluster, plan: &Plan, secrets: &Secrets) -> Result<Ended, Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    told_of(cluster, plan, secrets, wishes).await.0
}

/// Runs a plan under the operator's wishes; its end, and what it told.
pub(crate) async fn run_with(
    cluster: &Cluster,
    plan: &Plan,
    wishes: watch::Receiver<Control>,
) -> (Result<Ended, Failure>, Vec<Event>) {
    told_of(cluster, plan, &secrets(), wishes).await
}

async fn told_of(
    cluster: &Cluster,
    plan: &Plan,
    secrets: &Secrets,
    wishes: watch::Receiver<Control>,
) -> (Result<Ended, Failure>, Vec<Event>) {
    let lock = timing();
    let options = Run { lock, timeout: Some(Duration::from_secs(60)), ..Run::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let readiness = Watches(cluster.clone());
    let ended = apply::run(cluster, plan, secrets, &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    (ended, events)
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
    recorded(cluster, when).await;
}

/// The one revision is closed, and what is composed of the keys is of those that are there.
async fn recorded(cluster: &Cluster, when: &str) {
    let keys = keys::read(cluster, &plan(NAMESPACE).target, 1).await.unwrap().unwrap();
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

/// The install of a release, by a client that makes other values for its keys each time.
pub(crate) struct Install;

impl Flow for Install {
    async fn ready(_: &Cluster) {}

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        run(cluster).await.map(drop)
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        recorded(cluster, when).await;
    }
}

at_every_call!(Install);

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
