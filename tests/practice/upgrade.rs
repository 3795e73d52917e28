//! An upgrade at every call.

use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::error::Failure;
use slipway::object::ObjectId;

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call, at_its_own_pace, cluster};
use crate::inngest::{plan, secrets};
use crate::install::run_of;
use crate::upgraded::{after, before};

/// Another image, a Deployment that is made anew, a Service that makes way for another, and a ConfigMap that goes.
struct Upgrade;

impl Flow for Upgrade {
    async fn ready(cluster: &Cluster) {
        run_of(cluster, &before(NAMESPACE), &secrets()).await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        let plan = planned(cluster).await?;
        run_of(cluster, &plan, &secrets()).await.map(drop)
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        let deployment = cluster.get(&ObjectId::new("apps", "Deployment", NAMESPACE, "inngest")).await.unwrap();
        let image = &deployment.list(&["spec", "template", "spec", "containers"])[0]["image"];
        assert_eq!(image, "inngest/inngest:v2", "{when}");
        let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
        let outcomes: Vec<Recorded> = revisions.iter().map(|revision| revision.progress.outcome).collect();
        assert_eq!(outcomes, [Recorded::Deployed, Recorded::Deployed], "{when}");
    }
}

async fn planned(cluster: &Cluster) -> Result<slipway::plan::Plan, Failure> {
    Ok(after(cluster, NAMESPACE).await?)
}

at_every_call!(Upgrade);

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_was_done_writes_nothing_the_second_time() {
    let server = at_its_own_pace();
    let cluster = cluster(&server);
    Upgrade::ready(&cluster).await;
    Upgrade::run(&cluster).await.unwrap();
    let again = planned(&cluster).await.unwrap();
    assert_eq!(run_of(&cluster, &again, &secrets()).await.unwrap().written, 0);
}
