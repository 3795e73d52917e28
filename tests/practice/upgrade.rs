//! An upgrade that dies at any call: the next run finishes it, with the same keys and volumes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use slipway::apply::Control;
use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::object::ObjectId;
use slipway::plan::Plan;
use slipway::practice::{Call, Fault, Options, Server};
use tokio::sync::{Notify, watch};

use crate::every_call::{NAMESPACE, cluster, key_uid, objects, run_with};
use crate::inngest::plan;
use crate::upgraded::{after, before};

/// Clusters that are tried at once: most of the time goes by waiting for the dead client's lock to expire.
const AT_ONCE: usize = 12;

fn server() -> Arc<Server> {
    Arc::new(Server::start(Options { speed: 50, ..Options::default() }).unwrap())
}

async fn run(cluster: &Cluster, plan: &Plan) -> Result<slipway::apply::Ended, slipway::error::Failure> {
    let (_wish, wishes) = watch::channel(Control::Go);
    run_with(cluster, plan, wishes).await.0
}

async fn claim(cluster: &Cluster) -> String {
    let id = ObjectId::new("", "PersistentVolumeClaim", NAMESPACE, "inngest-postgresql");
    cluster.get(&id).await.unwrap().uid().to_string()
}

/// What must hold once the upgrade was finished.
async fn finished(cluster: &Cluster, server: &Server, kept: &(String, String), when: &str) {
    let now = (key_uid(cluster).await.unwrap(), claim(cluster).await);
    assert_eq!(&now, kept, "{when}: the key or the volume is another one");
    let deployment = cluster.get(&ObjectId::new("apps", "Deployment", NAMESPACE, "inngest")).await.unwrap();
    assert_eq!(
        deployment.list(&["spec", "template", "spec", "containers"])[0]["image"],
        "inngest/inngest:v2",
        "{when}"
    );
    let there = objects(cluster).await;
    for (name, wanted) in
        [("Service/inngest/new", true), ("Service/inngest/old", false), ("ConfigMap/inngest/extra", false)]
    {
        assert_eq!(there.iter().any(|id| id == name), wanted, "{when}: {name} in {there:?}");
    }
    let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
    let outcomes: Vec<Recorded> = revisions.iter().map(|revision| revision.progress.outcome).collect();
    assert_eq!(outcomes, [Recorded::Deployed, Recorded::Deployed], "{when}");
    let writes = server.writes();
    let lost: Vec<_> = writes
        .iter()
        .filter(|write| write.method == "DELETE")
        .filter(|write| write.path.contains("/persistentvolumeclaims/") || write.path.contains("/secrets/"))
        .collect();
    assert!(lost.is_empty(), "{when}: {lost:?}");
}

/// Dies at call `nth` of the upgrade: nothing that it asks later arrives. Whether it came that far.
async fn die(nth: u64, after_it: bool) -> bool {
    let server = server();
    let home = cluster(&server);
    run(&home, &before(NAMESPACE)).await.unwrap();
    let kept = (key_uid(&home).await.unwrap(), claim(&home).await);
    let upgraded = after(&home, NAMESPACE).await;
    let first = server.calls() + nth;
    let (dead, reached) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (told, now) = (dead.clone(), reached.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if told.load(Ordering::SeqCst) {
            return Some(Fault::Hang);
        }
        if call.number < first {
            return None;
        }
        told.store(true, Ordering::SeqCst);
        now.notify_one();
        Some(if after_it { Fault::DropAfter } else { Fault::Hang })
    })));
    let when = format!("died at call {nth}, {}", if after_it { "after it was done" } else { "before it arrived" });
    let victim = cluster(&server);
    tokio::select! {
        // The last calls may come after the end.
        ended = run(&victim, &upgraded) => drop(ended.unwrap()),
        () = reached.notified() => {
            // What was on the way when it died is done.
            tokio::task::yield_now().await;
        }
    }
    drop(victim);
    server.set_faults(None);
    let next = cluster(&server);
    run(&next, &after(&next, NAMESPACE).await).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&next, &server, &kept, &when).await;
    dead.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_dies_at_any_call_is_finished_by_the_next_run_with_the_same_keys_and_volumes() {
    let server = server();
    let home = cluster(&server);
    run(&home, &before(NAMESPACE)).await.unwrap();
    let kept = (key_uid(&home).await.unwrap(), claim(&home).await);
    let plan = after(&home, NAMESPACE).await;
    let began = server.calls();
    run(&home, &plan).await.unwrap();
    let calls = server.calls() - began;
    assert!(calls > 25, "only {calls} calls");
    finished(&home, &server, &kept, "undisturbed").await;
    // Again: nothing to do.
    let ended = run(&home, &after(&home, NAMESPACE).await).await.unwrap();
    assert_eq!(ended.written, 0);
    // Who dies before a call arrives left what the one who died after the call before it left.
    let each = (1..=calls).map(|nth| (nth, true)).chain([(1, false)]);
    let died = futures::stream::iter(each).map(|(nth, after)| die(nth, after)).buffer_unordered(AT_ONCE);
    let died: Vec<bool> = died.collect().await;
    let far = died.iter().filter(|died| **died).count();
    assert!(far * 10 >= died.len() * 9, "only {far} of {} died", died.len());
}
