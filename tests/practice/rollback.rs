//! A rollback at every call.

use slipway::apply::back;
use slipway::cluster::Cluster;
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::error::Failure;
use slipway::object::ObjectId;
use slipway::plan::Verb;

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call};
use crate::inngest::{plan, secrets};
use crate::install::run_of;

/// Back to revision 1 from revision 2, which has another port and no account.
pub(crate) struct Rollback;

/// Revision 1, and revision 2 on top of it.
pub(crate) async fn changed(cluster: &Cluster) {
    run_of(cluster, &plan(NAMESPACE), &secrets()).await.unwrap();
    let mut second = plan(NAMESPACE);
    second.steps.retain(|step| step.wanted.object.kind() != "ServiceAccount");
    for step in second.steps.iter_mut().filter(|step| step.wanted.object.kind() == "ConfigMap") {
        step.wanted.object.set(&["data", "INNGEST_PORT"], "9999".into());
    }
    run_of(cluster, &second, &secrets()).await.unwrap();
}

impl Flow for Rollback {
    async fn ready(cluster: &Cluster) {
        changed(cluster).await;
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        let (plan, secrets) = back(cluster, &plan(NAMESPACE).target, 1).await?;
        run_of(cluster, &plan, &secrets).await.map(drop)
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        let port = cluster.get(&ObjectId::new("", "ConfigMap", NAMESPACE, "inngest")).await.unwrap();
        assert_eq!(port.text(&["data", "INNGEST_PORT"]), "8288", "{when}");
        let account = cluster.find(&ObjectId::new("", "ServiceAccount", NAMESPACE, "inngest")).await.unwrap();
        assert!(account.is_some(), "{when}: what revision 1 had is there again");
        let revisions = record::read(cluster, &plan(NAMESPACE).target).await.unwrap();
        let ended: Vec<_> = revisions.iter().map(|one| (one.plan.verb, one.progress.outcome)).collect();
        assert_eq!(ended[0], (Verb::Rollback, Recorded::Deployed), "{when}: {ended:?}");
    }
}

at_every_call!(Rollback);
