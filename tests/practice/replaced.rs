//! A client that dies once it has made an object anew: the next run goes on from there, and does not make it a second time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome};
use slipway::object::ObjectId;
use slipway::plan::{Action, Plan};
use slipway::practice::{Call, Fault};
use tokio::sync::Notify;

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster, expire};
use crate::inngest::{plan, secrets};
use crate::install::run_of as run;

fn deployment() -> ObjectId {
    ObjectId::new("apps", "Deployment", NAMESPACE, "inngest")
}

/// The Deployment is made anew.
fn replacing() -> Plan {
    let mut plan = plan(NAMESPACE);
    let step = plan.steps.iter_mut().find(|step| step.wanted.object.id() == deployment()).unwrap();
    step.action = Action::Replace { why: "its selector cannot be changed".into() };
    step.wanted.object.set(&["spec", "minReadySeconds"], 1.into());
    plan
}

async fn uid(cluster: &Cluster) -> String {
    cluster.get(&deployment()).await.unwrap().uid().to_string()
}

#[tokio::test(start_paused = true)]
async fn what_a_run_that_died_made_anew_is_not_made_anew_again() {
    let server = at_its_own_pace();
    let healthy = cluster(&server);
    run(&healthy, &plan(NAMESPACE), &secrets()).await.unwrap();
    let old = uid(&healthy).await;
    // Deleted, made, and then nothing arrives any more.
    let (seen, reached) = (AtomicU8::new(0), Arc::new(Notify::new()));
    let now = reached.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let here = call.path.ends_with("/deployments/inngest");
        match (seen.load(Ordering::SeqCst), call.method.as_str()) {
            (0, "DELETE") if here && call.is_write() => seen.store(1, Ordering::SeqCst),
            (1, "PATCH") if here => {
                seen.store(2, Ordering::SeqCst);
                now.notify_one();
                return Some(Fault::DropAfter);
            }
            (2, _) => return Some(Fault::Hang),
            _ => {}
        }
        None
    })));
    let (victim, again) = (cluster(&server), replacing());
    let secrets = secrets();
    tokio::select! {
        ended = run(&victim, &again, &secrets) => unreachable!("{ended:?}"),
        () = reached.notified() => tokio::task::yield_now().await,
    }
    drop(victim);
    server.set_faults(None);
    expire(&server);
    let new = loop {
        // The request that was dropped afterwards is done a moment later.
        match healthy.find(&deployment()).await.unwrap() {
            Some(found) if found.uid() != old => break found.uid().to_string(),
            _ => tokio::task::yield_now().await,
        }
    };
    run(&healthy, &again, &secrets).await.unwrap();
    assert_eq!(uid(&healthy).await, new, "it was made anew a second time");
    let revisions = record::read(&healthy, &again.target).await.unwrap();
    assert_eq!((revisions[0].number, revisions[0].progress.outcome), (2, Outcome::Deployed));
    let journal: Vec<&str> = revisions[0].progress.journal.iter().map(|entry| entry.uid.as_str()).collect();
    assert_eq!(journal.iter().filter(|named| **named == new).count(), 0, "{journal:?}");
    assert!(journal.contains(&old.as_str()), "{journal:?}");
}
