//! The operator stops an install at any call: at once, after the step, or by leaving it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway::apply::Control;
use slipway::error::FailureKind;
use slipway::event::{Event, EventKind};
use slipway::practice::{Call, Fault};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster};
use crate::inngest::plan;
use crate::install::{finished, key_uid, nothing_twice, run, run_with, undisturbed};

/// Steps that were begun after the wish was heard, and steps that were begun and not finished.
fn begun_late_and_left_open(events: &[Event]) -> (Vec<String>, BTreeSet<String>) {
    let (mut late, mut open, mut asked) = (Vec::new(), BTreeSet::new(), false);
    for event in events {
        let step = event.step.clone().unwrap_or_default();
        match event.kind {
            EventKind::StopAsked { .. } => asked = true,
            EventKind::StepStarted if asked => late.push(step),
            EventKind::StepStarted => drop(open.insert(step)),
            EventKind::StepFinished { .. } | EventKind::StepFailed { .. } => drop(open.remove(&step)),
            _ => {}
        }
    }
    (late, open)
}

/// The operator wishes at call `nth`, which then meets with `fault`; whether there was such a call.
async fn stop(nth: u64, wish: Control, fault: Option<Fault>, wanted: &BTreeSet<String>) -> bool {
    let server = at_its_own_pace();
    let (wishes, heard) = watch::channel(Control::Go);
    let asked = Arc::new(Mutex::new(None));
    let told = asked.clone();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        if call.number != nth {
            return None;
        }
        wishes.send_replace(wish);
        *told.lock().unwrap() = Some(Instant::now());
        fault.clone()
    })));
    let cluster = cluster(&server);
    let (ended, events) = run_with(&cluster, &plan(NAMESPACE), heard).await;
    let when = format!("{wish:?} at call {nth}");
    let asked = *asked.lock().unwrap();
    match (&ended, wish) {
        (Ok(ended), Control::Detach) => assert!(asked.is_some() || ended.left.is_none(), "{when}"),
        // The wish came when all was written.
        (Ok(ended), _) => assert_eq!(ended.left, None, "{when}"),
        (Err(failure), _) => {
            assert_eq!((failure.kind, failure.kind.exit_code()), (FailureKind::Interrupted, 130), "{when}: {failure}");
        }
    }
    let (late, open) = begun_late_and_left_open(&events);
    assert!(late.is_empty(), "{when}: begun after it: {late:?}");
    match wish {
        Control::Now => {
            let took = asked.map_or(Duration::ZERO, |asked| asked.elapsed());
            assert!(took < Duration::from_secs(2), "{when}: it went on for {took:?}");
        }
        _ => assert!(open.is_empty(), "{when}: not finished: {open:?}"),
    }
    server.set_faults(None);
    let first = key_uid(&cluster).await;
    run(&cluster).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    finished(&cluster, wanted, first.as_deref(), &when).await;
    nothing_twice(&server, &when);
    asked.is_some()
}

async fn at_every_call(wish: Control, fault: Option<Fault>) {
    let (_, wanted) = undisturbed(at_its_own_pace()).await;
    let mut nth = 1;
    while stop(nth, wish, fault.clone(), &wanted).await {
        nth += 1;
    }
    assert!(nth > 30, "only {nth} calls");
}

#[tokio::test(start_paused = true)]
async fn stop_now_ends_a_run_at_once_even_where_the_server_does_not_answer() {
    at_every_call(Control::Now, Some(Fault::Hang)).await;
}

#[tokio::test(start_paused = true)]
async fn stop_after_this_step_finishes_what_is_under_way_and_begins_nothing_else() {
    at_every_call(Control::AfterStep, None).await;
}

#[tokio::test(start_paused = true)]
async fn who_leaves_a_run_lets_its_steps_end_and_begins_nothing_else() {
    at_every_call(Control::Detach, None).await;
}
