//! What keeps a claim from its volume, and the pods that wait for it.

use serde_json::json;

use super::{Stage, unschedulable};

#[test]
fn what_keeps_a_claim_from_its_volume_is_the_cause_and_the_pod_that_waits_for_it_is_none() {
    let unbound = unschedulable("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
    let mounts = json!({"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "db"}}]});
    let mut stage = Stage::new();
    stage.pod(mounts, unbound);
    assert_eq!(stage.codes(), ["UNSCHEDULABLE_VOLUME"], "as long as the claim says nothing");
    stage.put(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "n", "uid": "claim"}, "status": {"phase": "Pending"}}));
    assert_eq!(stage.codes(), ["UNSCHEDULABLE_VOLUME"]);
    stage.event("claim", "ProvisioningFailed", "rpc error: no capacity left", 1);
    assert_eq!(stage.codes(), ["PROVISIONING_FAILED"]);
}
