//! Claims bind when a pod wants them, grow when they are asked to, and stay while a pod uses them.

use serde_json::{Value, json};

use super::super::scenario::Scenario;
use super::super::store::Key;
use super::super::world::World;
use super::{all, is_ending, key};
use crate::object::Object;

const TABLE: &str = "persistentvolumeclaims";
const PROVISIONER: &str = "practice.slipway/volumes";

/// The claims that a pod mounts.
pub(crate) fn of_pod(pod: &Object) -> Vec<&str> {
    let volumes = pod.list(&["spec", "volumes"]).iter();
    volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str()).collect()
}

/// One step.
pub(crate) fn step(world: &mut World) {
    for claim in all(world, TABLE) {
        let key = key(TABLE, &claim);
        let pods = world.store.list("pods", claim.namespace());
        let used = pods.into_iter().any(|pod| of_pod(pod).contains(&claim.name()));
        if is_ending(&claim) {
            if !used {
                release(world, &claim, &key);
            }
            continue;
        }
        match claim.text(&["status", "phase"]) {
            "Bound" => grow(world, &claim, &key),
            _ => bind(world, &claim, &key, used),
        }
    }
}

fn release(world: &mut World, claim: &Object, key: &Key) {
    world.change(key, |claim| {
        let mut left = claim.list(&["metadata", "finalizers"]).to_vec();
        left.retain(|name| name != "kubernetes.io/pvc-protection");
        claim.set(&["metadata", "finalizers"], left.into());
    });
    super::gone::remove_if_free(world, key);
    let volume = Key::new("persistentvolumes", "", claim.text(&["spec", "volumeName"]));
    let keeps = world
        .store
        .get(&volume)
        .is_none_or(|volume| volume.text(&["spec", "persistentVolumeReclaimPolicy"]) == "Retain");
    if keeps {
        world.change(&volume, |volume| volume.set(&["status", "phase"], "Released".into()));
    } else {
        world.store.remove(&volume);
    }
}

fn bind(world: &mut World, claim: &Object, at: &Key, used: bool) {
    let class_name = claim.text(&["spec", "storageClassName"]).to_string();
    let class = world.store.get(&Key::new("storageclasses.storage.k8s.io", "", &class_name)).cloned();
    let Some(class) = class else {
        let message = format!("storageclass.storage.k8s.io {class_name:?} not found");
        return world.tell_once(claim, true, "ProvisioningFailed", &message, "persistentvolume-controller");
    };
    if class.text(&["volumeBindingMode"]) == "WaitForFirstConsumer" && !used {
        let message = "waiting for first consumer to be created before binding";
        return world.tell_once(claim, false, "WaitForFirstConsumer", message, "persistentvolume-controller");
    }
    if world.scenario == Scenario::VolumeStuck {
        let message = format!(
            "failed to provision volume with StorageClass {class_name:?}: rpc error: code = ResourceExhausted desc = no capacity left in pool \"practice\""
        );
        return world.tell_once(claim, true, "ProvisioningFailed", &message, PROVISIONER);
    }
    let size = claim.at(&["spec", "resources", "requests", "storage"]).cloned().unwrap_or("1Gi".into());
    let modes = claim.at(&["spec", "accessModes"]).cloned().unwrap_or(json!(["ReadWriteOnce"]));
    let volume = format!("pvc-{}", claim.uid());
    let policy = class.text(&["reclaimPolicy"]);
    let made = json!({
        "metadata": {"name": volume, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": modes,
            "persistentVolumeReclaimPolicy": if policy.is_empty() { "Delete" } else { policy },
            "storageClassName": class_name,
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(), "name": claim.name(), "uid": claim.uid()},
            "csi": {"driver": PROVISIONER, "volumeHandle": volume},
        },
        "status": {"phase": "Bound"},
    });
    world.make_built_in("", "PersistentVolume", made);
    world.change(at, |claim| {
        claim.set(&["spec", "volumeName"], volume.as_str().into());
        claim.set_annotation("pv.kubernetes.io/bind-completed", "yes");
        claim.set(&["status"], json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}));
    });
    let message = format!("Successfully provisioned volume {volume}");
    world.tell_once(claim, false, "ProvisioningSucceeded", &message, PROVISIONER);
}

/// A claim that asks for more gets it.
fn grow(world: &mut World, claim: &Object, at: &Key) {
    let wanted = claim.at(&["spec", "resources", "requests", "storage"]).cloned().unwrap_or(Value::Null);
    if wanted.is_null() || Some(&wanted) == claim.at(&["status", "capacity", "storage"]) {
        return;
    }
    let volume = Key::new("persistentvolumes", "", claim.text(&["spec", "volumeName"]));
    world.change(&volume, |volume| volume.set(&["spec", "capacity", "storage"], wanted.clone()));
    world.change(at, |claim| claim.set(&["status", "capacity", "storage"], wanted));
    world.tell_once(claim, false, "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded", "kubelet");
}
