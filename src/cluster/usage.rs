//! How full volumes are: what the kubelets of their nodes measure, where those may be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::ask::{Ask, Patience, encode};
use super::connect::Cluster;
use crate::object::Object;
use crate::plan::uninstall::Usage;

/// How long a node may take; a status does not wait for a node that is gone.
const ANSWERS: Duration = Duration::from_secs(2);

impl Cluster {
    /// How full the volumes of claims are that pods mount, by claim. What cannot be measured is not in it: no pod mounts it,
    /// its node does not answer, or we may not ask nodes.
    pub(super) async fn measured(
        &self,
        namespace: &str,
        claims: &[Object],
        pods: &[Object],
    ) -> BTreeMap<String, Usage> {
        let claims: BTreeSet<&str> = claims.iter().map(Object::name).collect();
        let mounts = |pod: &&Object| {
            let names = pod.list(&["spec", "volumes"]).iter();
            names
                .filter_map(|one| one.pointer("/persistentVolumeClaim/claimName")?.as_str())
                .any(|name| claims.contains(name))
        };
        let nodes: BTreeSet<&str> = pods.iter().filter(mounts).map(|pod| pod.text(&["spec", "nodeName"])).collect();
        let asked = nodes.into_iter().filter(|node| !node.is_empty()).map(|node| self.summary(node));
        let summaries = futures::future::join_all(asked).await;
        summaries.iter().flatten().flat_map(|summary| usages(summary, namespace)).collect()
    }

    async fn summary(&self, node: &str) -> Option<Value> {
        let once = self.clone().with_patience(Patience::once(ANSWERS));
        let path = format!("/api/v1/nodes/{}/proxy/stats/summary", encode(node));
        once.ask(Ask::get(path, format!("ask the node {node} how full its volumes are"))).await.ok()
    }
}

/// The volumes of a namespace in a kubelet's summary, by claim.
fn usages(summary: &Value, namespace: &str) -> Vec<(String, Usage)> {
    let pods = summary["pods"].as_array().into_iter().flatten();
    let volumes = pods.flat_map(|pod| pod["volume"].as_array().into_iter().flatten());
    let measured = volumes.filter_map(|volume| {
        let claim = &volume["pvcRef"];
        let bytes = |field: &str| volume[field].as_u64();
        let usage = Usage::Known {
            used: bytes("usedBytes")?,
            capacity: bytes("capacityBytes")?,
            free: bytes("availableBytes")?,
        };
        (claim["namespace"] == namespace).then_some((claim["name"].as_str()?.to_string(), usage))
    });
    measured.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kubelets_summary_tells_the_claims_of_one_namespace() {
        let volume = |namespace: &str, name: &str| json!({"name": "data", "usedBytes": 5, "capacityBytes": 20, "availableBytes": 14, "pvcRef": {"name": name, "namespace": namespace}});
        let summary = json!({"pods": [
            {"volume": [volume("n", "a"), {"name": "tmp", "usedBytes": 1, "capacityBytes": 2, "availableBytes": 1}]},
            {"volume": [volume("other", "a"), {"name": "b", "pvcRef": {"name": "b", "namespace": "n"}}]},
            {},
        ]});
        assert_eq!(usages(&summary, "n"), [("a".to_string(), Usage::Known { used: 5, capacity: 20, free: 14 })]);
        assert!(usages(&json!({"kind": "Status"}), "n").is_empty());
    }
}
