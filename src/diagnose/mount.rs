//! A volume cannot be attached to the node or mounted into the pod.

use super::missing_reference::Missing;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "VOLUME_ATTACHED_ELSEWHERE",
            "The volume can be on one node at a time and is still on another: an older pod has not ended, or its node is lost. It is let go when that pod is gone; after the loss of a node, Kubernetes waits about six minutes.",
        ),
        (
            "VOLUME_ATTACH_FAILED",
            "The volume cannot be attached to the node: the cloud refuses it, or the node has as many as it can.",
        ),
        (
            "VOLUME_MOUNT_FAILED",
            "The volume cannot be mounted: the driver on the node, the network, permissions or the file system; the kubelet's own words are shown.",
        ),
    ],
};

const REASONS: [&str; 4] = ["FailedAttachVolume", "FailedMount", "FailedMapVolume", "FailedMountOnFilesystemMismatch"];

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene).filter(|pod| pod.text(&["status", "phase"]) == "Pending") {
        let Some(failed) = scene.last_notice(pod, &REASONS) else { continue };
        // What is not there is told by its own row, with the name of what is missing.
        if Missing::parse(&failed.message).is_some() {
            continue;
        }
        let (code, what, remedy) = if failed.message.contains("Multi-Attach") {
            (
                "VOLUME_ATTACHED_ELSEWHERE",
                "waits for a volume that is still on another node",
                format!("see who uses it: kubectl describe pvc -n {}", pod.namespace()),
            )
        } else if failed.reason == "FailedAttachVolume" {
            (
                "VOLUME_ATTACH_FAILED",
                "cannot get its volume attached",
                format!("kubectl describe pod -n {} {}", pod.namespace(), pod.name()),
            )
        } else {
            (
                "VOLUME_MOUNT_FAILED",
                "cannot get its volume mounted",
                format!("kubectl describe pod -n {} {}", pod.namespace(), pod.name()),
            )
        };
        let finding = Finding::new(code, Severity::Warning, format!("{} {what}", pod.name()))
            .why(failed.message.clone())
            .remedy(remedy)
            .at(kin::workload_of(scene, pod).to_string());
        out.push(Symptom::new(finding, Hold::Never));
    }
}
