//! Another takes the lock at any call of an install: no further write is made, and the next run goes on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway::error::FailureKind;
use slipway::object::ObjectId;
use slipway::practice::{Call, Fault};
use tokio::time::Instant;

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster, finished, key_uid, nothing_twice, run, undisturbed};

const OTHER: &str = "ana@laptop/boot/namespace/1/1/other";

#[derive(Default)]
struct Seen {
    /// When the other took the lock.
    taken: Option<Instant>,
    /// Writes that were sent later.
    late: Vec<String>,
}

/// The lock is lost at the first call from `nth` on at which it is held; whether there was one.
async fn lose(nth: u64, wanted: &BTreeSet<String>) -> bool {
    let server = at_its_own_pace();
    let lease = ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (sees, weak, id) = (seen.clone(), Arc::downgrade(&server), lease.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        let mut sees = sees.lock().unwrap();
        // What was on its way when the lock was lost arrives; the clock moves only when nobody has anything left to do.
        let on_its_way = Some(Fault::Delay { by: Duration::from_secs(1) });
        match sees.taken {
            Some(taken) if taken == Instant::now() => return on_its_way,
            Some(_) if call.is_write() => sees.late.push(format!("{} {}", call.method, call.path)),
            Some(_) => {}
            None if call.number >= nth => {
                let mut held = false;
                weak.upgrade()?.change(&id, |lease| {
                    held = !lease.text(&["spec", "holderIdentity"]).is_empty();
                    if held {
                        lease.set(&["spec", "holderIdentity"], OTHER.into());
                    }
                });
                sees.taken = held.then(Instant::now);
                return on_its_way.filter(|_| held);
            }
            None => {}
        }
        None
    })));
    let cluster = cluster(&server);
    let ended = run(&cluster).await;
    server.set_faults(None);
    let when = format!("lost at call {nth}");
    let taken = {
        let seen = seen.lock().unwrap();
        assert!(seen.late.is_empty(), "{when}: {:?}", seen.late);
        seen.taken.is_some()
    };
    match ended {
        // It had nothing more to write.
        Ok(_) => {}
        Err(failure) => {
            assert!(taken, "{when}: {failure}");
            assert_eq!((failure.kind, failure.kind.exit_code()), (FailureKind::Refused, 6), "{when}: {failure}");
            assert!(failure.to_string().contains("lock was lost"), "{when}: {failure}");
            assert!(failure.to_string().contains("ana@laptop"), "{when}: {failure}");
        }
    }
    let mut kept = false;
    server.change(&lease, |lease| {
        kept = lease.text(&["spec", "holderIdentity"]) == OTHER;
        lease.set(&["spec", "holderIdentity"], "".into());
    });
    assert_eq!(kept, taken, "{when}: the other's lock is its own");
    let first = key_uid(&cluster).await;
    run(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&cluster, wanted, first.as_deref(), &when).await;
    nothing_twice(&server, &when);
    taken
}

#[tokio::test(start_paused = true)]
async fn an_install_that_loses_its_lock_at_any_call_writes_nothing_more() {
    let (_, wanted) = undisturbed(at_its_own_pace()).await;
    let mut nth = 1;
    while lose(nth, &wanted).await {
        nth += 1;
    }
    assert!(nth > 30, "only {nth} calls");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_to_be_tried_again_is_not_sent_after_the_lock_is_lost() {
    let server = at_its_own_pace();
    let lease = ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest");
    let tries = Arc::new(Mutex::new(0));
    let (counts, weak, id) = (tries.clone(), Arc::downgrade(&server), lease.clone());
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if !call.is_write() || !call.path.ends_with("/services/inngest") {
            return None;
        }
        *counts.lock().unwrap() += 1;
        weak.upgrade()?.change(&id, |lease| lease.set(&["spec", "holderIdentity"], OTHER.into()));
        Some(Fault::Refuse { code: 429, retry_after: Some(5) })
    })));
    let failure = run(&cluster(&server)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert_eq!(*tries.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_loses_the_lock_while_it_waits_for_readiness_ends_at_once() {
    let server = at_its_own_pace();
    server.set_scenario(slipway::practice::Scenario::ImageMissing);
    let lease = ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest");
    let cluster = cluster(&server);
    let other = async {
        // Long after the last write, long before the run would give up.
        tokio::time::sleep(Duration::from_secs(30)).await;
        server.change(&lease, |lease| lease.set(&["spec", "holderIdentity"], OTHER.into()));
        Instant::now()
    };
    let ((failure, ended), taken) = tokio::join!(async { (run(&cluster).await.unwrap_err(), Instant::now()) }, other);
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(ended - taken < Duration::from_secs(1), "{:?}", ended - taken);
}
