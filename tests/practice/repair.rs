//! A repair of a record whose parent is gone and whose newest revision is torn, at every call.

use std::collections::BTreeSet;

use slipway::apply::repair::{self, Found};
use slipway::cluster::record::{self, Outcome as Recorded};
use slipway::cluster::{Cluster, keys};
use slipway::error::Failure;
use slipway::object::{Object, ObjectId};

use crate::every_call::{Flow, NAMESPACE, Told, at_every_call};
use crate::inngest::plan;
use crate::install::timing;
use crate::rollback::changed;

struct Repair;

impl Flow for Repair {
    async fn ready(cluster: &Cluster) {
        changed(cluster).await;
        let id = |name: &str| ObjectId::new("", "ConfigMap", NAMESPACE, name);
        cluster.delete(&id("slipway-inngest"), &Default::default()).await.unwrap();
        let newest = cluster.get(&id("slipway-inngest.r2")).await.unwrap();
        let mut torn = Object(serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": newest.name(), "namespace": NAMESPACE, "labels": newest.at(&["metadata", "labels"])},
            "data": newest.at(&["data"]),
        }));
        torn.set(&["data", "digest"], "0".into());
        cluster.delete(&newest.id(), &Default::default()).await.unwrap();
        cluster.create(&torn, "somebody").await.unwrap();
    }

    async fn run(cluster: &Cluster) -> Result<(), Failure> {
        let target = plan(NAMESPACE).target;
        let (revisions, torn) = record::read_torn(cluster, &target).await?;
        let parent = cluster.find(&ObjectId::new("", "ConfigMap", NAMESPACE, "slipway-inngest")).await?.is_some();
        let objects = repair::members(cluster, &target, &BTreeSet::new()).await?;
        let keys = keys::all(cluster, &target).await?;
        let found = Found { parent, revisions, torn, objects, keys };
        if found.is_whole() {
            return Ok(());
        }
        let revision = found.needs_revision().then(|| repair::rebuilt(&found, &target, "tester@here")).transpose()?;
        repair::repair(cluster, &target, &found, revision.map(|(revision, _)| revision), None, timing()).await
    }

    async fn ended(cluster: &Cluster, _: &Told, when: &str) {
        let target = plan(NAMESPACE).target;
        let revisions = record::read(cluster, &target).await;
        let revisions = revisions.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
        assert_eq!(revisions[0].progress.outcome, Recorded::Deployed, "{when}");
        let parent = cluster.get(&ObjectId::new("", "ConfigMap", NAMESPACE, "slipway-inngest")).await.unwrap();
        let members = cluster.members(&target, Some(&parent)).await.unwrap();
        assert!(members.len() >= 7, "{when}: {}", members.len());
    }
}

at_every_call!(Repair);
