//! Another takes the lock while a run waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway::error::FailureKind;
use slipway::practice::{Call, Fault};
use tokio::time::Instant;

use crate::every_call::{at_its_own_pace, cluster, lease};
use crate::install::run;

const OTHER: &str = "ana@laptop/boot/namespace/1/1/other";

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_to_be_tried_again_is_not_sent_after_the_lock_is_lost() {
    let server = at_its_own_pace();
    let tries = Arc::new(Mutex::new(0));
    let (counts, weak) = (tries.clone(), Arc::downgrade(&server));
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if !call.is_write() || !call.path.ends_with("/services/inngest") {
            return None;
        }
        *counts.lock().unwrap() += 1;
        weak.upgrade()?.change(&lease(), |lease| lease.set(&["spec", "holderIdentity"], OTHER.into()));
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
    let cluster = cluster(&server);
    let other = async {
        // Long after the last write, long before the run would give up.
        tokio::time::sleep(Duration::from_secs(30)).await;
        server.change(&lease(), |lease| lease.set(&["spec", "holderIdentity"], OTHER.into()));
        Instant::now()
    };
    let ((failure, ended), taken) = tokio::join!(async { (run(&cluster).await.unwrap_err(), Instant::now()) }, other);
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(ended - taken < Duration::from_secs(1), "{:?}", ended - taken);
}
