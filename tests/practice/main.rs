//! The practice cluster, driven by an ordinary client.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod client;
#[path = "../conformance/mod.rs"]
mod conformance;
mod every_call;
mod faults;
mod going_back;
#[path = "../cluster/inngest.rs"]
mod inngest;
mod lost_lock;
mod order;
mod race;
mod replaced;
mod rotate;
mod stopping;
mod upgrade;
#[path = "../cluster/upgraded.rs"]
mod upgraded;
mod workloads;

use slipway::practice::Scenario;

use client::Practice;

/// Every request of the conformance list.
macro_rules! conforms {
    ($($name:ident)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            let practice = Practice::start(Scenario::Healthy);
            conformance::$name(&practice.client, "default").await.unwrap();
        })*
    };
}

conformance::each!(conforms);
