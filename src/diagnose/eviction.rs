//! The node gave the pod up: evicted, lost, refused on arrival.

use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::sanitize;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "POD_EVICTED",
            "The node ran short of memory, disk or process ids and ended the pod. Its workload makes another; if it happens again, requests are too low or the node is too full.",
        ),
        (
            "NODE_LOST",
            "The node of the pod does not answer any more. A pod of a StatefulSet is made again only when the node is back or removed.",
        ),
        (
            "NODE_REFUSED_POD",
            "The node refused the pod on arrival, since what it requests was taken meanwhile or the node has changed. Its workload makes another.",
        ),
        ("POD_FAILED", "The pod ended with an error and will not be started again."),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene).filter(|pod| pod.text(&["status", "phase"]) == "Failed") {
        let workload = kin::workload_of(scene, pod);
        let reason = sanitize::line(pod.text(&["status", "reason"]));
        let message = sanitize::line(pod.text(&["status", "message"]));
        let (code, what, remedy) = match reason.as_str() {
            "Evicted" => ("POD_EVICTED", "was evicted by its node", "raise its requests, or free the node"),
            "NodeLost" => {
                ("NODE_LOST", "was on a node that is lost", "bring the node back, or remove it: kubectl delete node")
            }
            "UnexpectedAdmissionError" | "NodeAffinity" | "NodePorts" => {
                ("NODE_REFUSED_POD", "was refused by its node", "its workload makes another")
            }
            reason if reason.starts_with("OutOf") => {
                ("NODE_REFUSED_POD", "was refused by its node", "its workload makes another")
            }
            "Terminated" | "Shutdown" | "NodeShutdown" => {
                ("NODE_LOST", "ended with its node", "its workload makes another")
            }
            // The pods of a Job are its tries: the Job's own row speaks for them.
            _ if workload.kind == "Job" || workload.kind == "CronJob" => continue,
            _ => ("POD_FAILED", "failed", "see its log"),
        };
        let bare = workload.kind == "Pod";
        let why = [reason.as_str(), message.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        let finding = Finding::new(
            code,
            if bare { Severity::Error } else { Severity::Warning },
            format!("{} {what}", pod.name()),
        )
        .why(why)
        .remedy(remedy)
        .at(workload.to_string());
        // Nobody makes a bare pod again.
        out.push(Symptom::new(finding, if bare { Hold::NOW } else { Hold::Never }));
    }
}
