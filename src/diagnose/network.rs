//! The pod gets no network: the sandbox that all its containers share cannot be made.

use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[(
        "POD_NETWORK",
        "The node cannot set up the pod's network: its network plugin is not ready, or has no address left to give. Other pods on that node suffer the same; look at the pods of the network plugin.",
    )],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene).filter(|pod| pod.text(&["status", "phase"]) == "Pending") {
        let has_address = !pod.text(&["status", "podIP"]).is_empty();
        let failed = scene.last_notice(pod, &["FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus"]);
        let Some(failed) = failed.filter(|_| !has_address) else { continue };
        let finding = Finding::new(
            "POD_NETWORK",
            Severity::Warning,
            format!("{} gets no network on {}", pod.name(), pod.text(&["spec", "nodeName"])),
        )
        .why(failed.message.clone())
        .remedy("see the pods of the network plugin: kubectl get pods -n kube-system -o wide")
        .at(kin::workload_of(scene, pod).to_string());
        out.push(Symptom::new(finding, Hold::Never));
    }
}
