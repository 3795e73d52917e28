//! A Deployment that has made no progress for as long as it may.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[(
        "NO_PROGRESS",
        "The Deployment has come no nearer to ready within its progress deadline (600 s unless set). Kubernetes goes on trying: a slow pull or start may still end well. What its newest pods wait for is the reason.",
    )],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for deployment in scene.of_kind("Deployment") {
        let seen =
            deployment.integer(&["status", "observedGeneration"]) >= deployment.integer(&["metadata", "generation"]);
        let late =
            condition(deployment, "Progressing").is_some_and(|progress| progress.reason == "ProgressDeadlineExceeded");
        if seen && late {
            let limit = deployment.integer(&["spec", "progressDeadlineSeconds"]).unwrap_or(600);
            let finding = Finding::new(
                "NO_PROGRESS",
                Severity::Warning,
                format!("{} has made no progress for {limit} s", deployment.name()),
            )
            .remedy("see what its pods wait for")
            .at(deployment.id().to_string());
            out.push(Symptom::new(finding, Hold::Never));
        }
    }
}
