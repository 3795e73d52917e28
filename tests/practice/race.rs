//! Two clients at once, over and over: one makes everything, the other says who is at it or finds it done. Never two keys.

use std::sync::Arc;
use std::time::Duration;

use slipway::apply::{self, Control, Controls, Ended, Options, Watches};
use slipway::cluster::lock::LockTiming;
use slipway::cluster::{Cluster, keys, record};
use slipway::error::{Failure, FailureKind};
use slipway::event::Event;
use slipway::practice::{Call, Fault};
use tokio::sync::{mpsc, watch};

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster};
use crate::inngest::{plan, secrets};
use crate::install::{finished, nothing_twice, undisturbed};

const RACES: u64 = 100;

/// As a process of its own would run it: it renews its lock, and nobody takes it for dead on a slow machine.
async fn run(cluster: &Cluster) -> Result<Ended, Failure> {
    let (lasts, trusted) = (Duration::from_secs(600), Duration::from_secs(500));
    let lock = LockTiming { lasts, trusted, renew: Duration::from_millis(200) };
    let options = Options { lock, timeout: Some(Duration::from_secs(600)), ..Options::new("tester@here") };
    let (sender, mut receiver) = mpsc::channel::<Event>(10_000);
    let (_wish, wishes) = watch::channel(Control::Go);
    let (plan, secrets, readiness) = (plan(NAMESPACE), secrets(), Watches(cluster.clone()));
    let ended = apply::run(cluster, &plan, &secrets, &readiness, &options, sender, Controls(wishes)).await;
    receiver.close();
    ended
}

/// A small generator of its own, so that a failure names the race that it was.
pub(crate) fn mixed(mut seed: u64) -> u64 {
    seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[tokio::test(start_paused = true)]
async fn of_two_clients_that_race_one_wins_and_the_other_says_why() {
    let (_, wanted) = undisturbed(at_its_own_pace()).await;
    let (mut refused, mut found) = (0, 0_u64);
    for race in 0..RACES {
        let server = at_its_own_pace();
        // Who is first is decided by how long each request takes.
        server.set_faults(Some(Arc::new(move |call: &Call| {
            let by = Duration::from_millis(mixed(race.wrapping_mul(1_000).wrapping_add(call.number)) % 20);
            Some(Fault::Delay { by })
        })));
        let (one, other) = (cluster(&server), cluster(&server));
        let ended = tokio::join!(run(&one), run(&other));
        server.set_faults(None);
        let ended = [ended.0, ended.1];
        let when = format!("race {race}");
        let winners = ended.iter().flatten().filter(|ended| ended.written > 0).count();
        assert_eq!(winners, 1, "{when}: {ended:?}");
        for failure in ended.iter().filter_map(|ended| ended.as_ref().err()) {
            says_why(failure, &when);
            refused += 1;
        }
        found += ended.iter().flatten().filter(|ended| ended.written == 0).map(|_| 1).sum::<u64>();
        let first = keys::read(&one, &plan(NAMESPACE).target, 1).await.unwrap().unwrap();
        finished(&one, &wanted, Some(&first.uid), &when).await;
        nothing_twice(&server, &when);
        assert_eq!(record::read(&one, &plan(NAMESPACE).target).await.unwrap().len(), 1, "{when}");
    }
    assert_eq!(refused + found, RACES);
    assert!(refused > 0, "nobody ever met the other at work");
}

fn says_why(failure: &Failure, when: &str) {
    assert_eq!((failure.kind, failure.kind.exit_code()), (FailureKind::Refused, 6), "{when}: {failure}");
    for told in ["the release is being changed by", "(process ", ", since ", "--take-over", "slipway attach inngest"] {
        assert!(failure.to_string().contains(told), "{when}: {told}: {failure}");
    }
}
