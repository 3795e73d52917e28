//! The practice cluster, driven by an ordinary client.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod adopt;
mod client;
#[path = "../conformance/mod.rs"]
mod conformance;
mod every_call;
mod faults;
#[path = "../cluster/helmed.rs"]
mod helmed;
#[path = "../cluster/inngest.rs"]
mod inngest;
mod install;
mod lost_lock;
mod order;
mod race;
mod repair;
mod replaced;
mod rollback;
mod rotate;
mod stopping;
mod uninstall;
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
