//! The runtime refuses to make or start the container.

use super::condition::containers;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        ("COMMAND_NOT_FOUND", "The container's command is not in its image, or may not be executed."),
        (
            "CONTAINER_REFUSED",
            "The node's container runtime refuses to make or start the container: a mount, a device, a security setting or a name; its own words are shown.",
        ),
        ("HOOK_FAILED", "The container's postStart hook failed, so that the container is ended and started again."),
    ],
};

/// Waiting reasons of the kubelet when the runtime says no (kubernetes: pkg/kubelet/container/sync_result.go).
const REASONS: [&str; 6] = [
    "CreateContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "RunContainerError",
    "StartError",
];

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene) {
        for container in containers(pod) {
            let now = container.state();
            let refused = now.name == "waiting" && REASONS.contains(&now.reason.as_str());
            // A container that never ran ends with StartError (exit code 128) and then goes into the back-off.
            let ended =
                container.end().filter(|end| matches!(end.reason.as_str(), "StartError" | "ContainerCannotRun"));
            let (reason, message) = match (refused, ended) {
                (_, Some(end)) if now.name != "running" => (end.reason, end.message),
                (true, _) => (now.reason, now.message),
                _ => continue,
            };
            let (code, why, remedy) = if not_executable(&message) {
                (
                    "COMMAND_NOT_FOUND",
                    "its command is not in the image, or may not be executed",
                    "correct the command, or use an image that has it",
                )
            } else if reason == "PostStartHookError" {
                ("HOOK_FAILED", "its postStart hook failed", "see the hook's command in the pod's spec")
            } else {
                (
                    "CONTAINER_REFUSED",
                    "the container runtime refuses it",
                    "see the message; the node's runtime log says more",
                )
            };
            let finding = Finding::new(
                code,
                Severity::Error,
                format!("the container {} of {} cannot start", container.name, pod.name()),
            )
            .why(if message.is_empty() { why.to_string() } else { format!("{why}: {message}") })
            .remedy(remedy)
            .at(kin::workload_of(scene, pod).to_string());
            let hold = if container.restarts() >= 3 { Hold::NOW } else { Hold::seconds(60) };
            out.push(Symptom::new(finding, hold));
        }
    }
}

fn not_executable(message: &str) -> bool {
    [
        "executable file not found",
        "no such file or directory: unknown",
        "permission denied: unknown",
        "exec format error",
    ]
    .iter()
    .any(|part| message.contains(part))
}
