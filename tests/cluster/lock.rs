//! The lock of a release, between runs that know nothing of each other.

use std::time::Duration;

use slipway::cluster::lock::LockTiming;
use slipway::error::FailureKind;
use slipway::event::EventKind;

use crate::apply::{cluster, run};
use crate::context::{Context, DONE, Outcome};
use crate::inngest::plan;

pub(crate) async fn a_living_holder_is_not_disturbed_and_a_dead_one_is_replaced(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = cx.namespace("fast-cl").await?;
    let plan = plan(&namespace);
    let timing = LockTiming {
        lasts: Duration::from_secs(3),
        trusted: Duration::from_secs(2),
        renew: Duration::from_millis(200),
    };
    let held = slipway::cluster::lock::take(&cluster, &plan.target, None, timing, &|_| {}).await?;
    let refused = run(&cluster, &plan).await.ended.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.to_string().contains("--take-over"), "{refused}");
    held.check()?;
    // Its client dies: no renewal any more.
    drop(held);
    let ran = run(&cluster, &plan).await;
    ran.ended?;
    assert!(ran.events.iter().any(|event| matches!(event.kind, EventKind::LockAwaited { .. })));
    DONE
}

pub(crate) async fn who_loses_the_lock_writes_nothing_more(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = cx.namespace("fast-cl").await?;
    let plan = plan(&namespace);
    let timing =
        LockTiming { lasts: Duration::from_secs(30), trusted: Duration::from_secs(20), renew: Duration::from_secs(5) };
    let first = slipway::cluster::lock::take(&cluster, &plan.target, None, timing, &|_| {}).await?;
    let second = slipway::cluster::lock::take(&cluster, &plan.target, Some(first.holder()), timing, &|_| {}).await?;
    cx.until("the first notices", async || Ok(first.check().is_err())).await?;
    second.check()?;
    second.release().await;
    DONE
}

/// Another takes the lock by name while the first is far from its next renewal.
pub(crate) async fn a_lock_that_is_taken_over_is_known_to_be_lost_without_a_renewal(cx: Context) -> Outcome {
    let cluster = cluster(&cx, "admin").await?;
    let namespace = cx.namespace("fast-cl").await?;
    let plan = plan(&namespace);
    let hour = Duration::from_secs(3600);
    let timing = LockTiming { lasts: hour, trusted: hour, renew: Duration::from_secs(600) };
    let first = slipway::cluster::lock::take(&cluster, &plan.target, None, timing, &|_| {}).await?;
    let second = slipway::cluster::lock::take(&cluster, &plan.target, Some(first.holder()), timing, &|_| {}).await?;
    first.lost().await;
    assert!(first.check().is_err());
    second.check()?;
    second.release().await;
    DONE
}
