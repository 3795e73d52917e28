//! The process ends again and again: what its exit code, its reason and its last lines say.

use super::condition::{Container, State, containers};
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "CRASH_LOOP",
            "The container's process ends with an error soon after its start, and Kubernetes starts it again after ever longer waits. Its last lines, of this run and of the one before, say why.",
        ),
        (
            "OUT_OF_MEMORY",
            "The container used more memory than its limit and was killed by the kernel (exit code 137, OOMKilled).",
        ),
        (
            "KILLED_BY_PROBE",
            "The container did not answer its liveness or startup probe in time, so that Kubernetes ended it and started it again. It may only be slow: then the startup probe needs a larger budget.",
        ),
        (
            "ENDS_WITHOUT_ERROR",
            "The container's process ends with exit code 0, although it should go on running: its command is one that finishes.",
        ),
        (
            "COMMAND_FAILED",
            "The container's command could not be run by its shell: exit code 126 is not executable, 127 is not found.",
        ),
        (
            "SEGMENTATION_FAULT",
            "The process ended with a memory fault of its own (exit code 139), often an image for another processor.",
        ),
    ],
};

/// Restarts after which a crash loop is past its budget. With the kubelet's waits of 10, 20 and 40 s this is more than a
/// minute in which a dependency could have come up (design.md 7).
const BUDGET: u32 = 4;

/// A loop that was there before this run looked is given this long to end.
const AFTER_BUDGET: Hold = Hold::seconds(30);

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene) {
        for container in containers(pod) {
            if let Some(end) = crashed(pod, &container) {
                out.push(symptom(scene, pod, &container, &end));
            }
        }
    }
}

/// Past its budget, and down: one that runs again may be on its way up, whatever was before.
pub(super) fn is_lost(container: &Container<'_>) -> bool {
    container.restarts() >= BUDGET && container.state().name != "running"
}

/// How a container ended that is not up again; `None` for one that runs ready, finished its work or never ran.
pub(super) fn crashed(pod: &Object, container: &Container<'_>) -> Option<State> {
    let now = container.state();
    if container.ready() || (now.name == "running" && container.restarts() == 0) {
        return None;
    }
    let end = container.end().filter(|end| !matches!(end.reason.as_str(), "StartError" | "ContainerCannotRun"))?;
    let finishes = container.init && !container.sidecar
        || pod.text(&["spec", "restartPolicy"]) != "Always" && !pod.text(&["spec", "restartPolicy"]).is_empty();
    // What may finish and finished well is done; what runs again after it finished badly is still under suspicion.
    if end.exit_code == Some(0) && (finishes || container.restarts() == 0 && now.name == "running") {
        return None;
    }
    Some(end)
}

fn symptom(scene: &Scene, pod: &Object, container: &Container<'_>, end: &State) -> Symptom {
    let code = end.exit_code.unwrap_or(-1);
    let killed =
        scene.notices(pod).iter().rev().find(|notice| notice.reason == "Killing" && notice.message.contains("probe"));
    let (name, what, remedy) = if end.reason == "OOMKilled" {
        (
            "OUT_OF_MEMORY",
            format!("{} runs out of memory{}", container_of(pod, container), limit(container)),
            "raise the memory limit in the answers".to_string(),
        )
    } else if let Some(killed) = killed {
        let probe = if killed.message.contains("startup") { "startup" } else { "liveness" };
        (
            "KILLED_BY_PROBE",
            format!("{} does not answer its {probe} probe and is started again", container_of(pod, container)),
            "see its log; if it is only slow, give it more time".into(),
        )
    } else if code == 0 {
        (
            "ENDS_WITHOUT_ERROR",
            format!("{} ends without an error, although it should go on running", container_of(pod, container)),
            "see its command and its log".into(),
        )
    } else {
        let log = format!("kubectl logs -n {} {} -c {} --previous", pod.namespace(), pod.name(), container.name);
        let name = match code {
            126 | 127 => "COMMAND_FAILED",
            139 => "SEGMENTATION_FAULT",
            _ => "CRASH_LOOP",
        };
        (name, format!("{} crashes", container_of(pod, container)), log)
    };
    let restarts = container.restarts();
    let mut why = exit_words(end);
    if restarts > 0 {
        why.push_str(&format!(", {restarts} restart{}", if restarts == 1 { "" } else { "s" }));
    }
    if let Some(line) = last_words(scene, pod, container) {
        why.push_str(&format!("; it said last: {line}"));
    } else if !end.message.is_empty() {
        why.push_str(&format!("; {}", end.message));
    }
    let hold = if is_lost(container) { AFTER_BUDGET } else { Hold::Never };
    let finding =
        Finding::new(name, Severity::Error, what).why(why).remedy(remedy).at(kin::workload_of(scene, pod).to_string());
    Symptom::new(finding, hold)
}

fn container_of(pod: &Object, container: &Container<'_>) -> String {
    format!("the container {} of {}", container.name, pod.name())
}

fn limit(container: &Container<'_>) -> String {
    match container.spec.pointer("/resources/limits/memory").and_then(serde_json::Value::as_str) {
        Some(limit) => format!(" (limit {limit})"),
        None => String::new(),
    }
}

/// An end in words: `exit code 137 (killed, often out of memory)`.
pub(super) fn exit_words(end: &State) -> String {
    let Some(code) = end.exit_code else { return end.reason.clone() };
    let meaning = match code {
        _ if end.reason == "OOMKilled" => "out of memory",
        0 => "no error",
        126 => "command not executable",
        127 => "command not found",
        134 => "aborted itself",
        137 => "killed",
        139 => "memory fault",
        143 => "asked to end",
        _ => return format!("exit code {code}"),
    };
    format!("exit code {code} ({meaning})")
}

/// The last line that a container wrote before it ended, if it says anything.
fn last_words<'a>(scene: &'a Scene, pod: &Object, container: &Container<'_>) -> Option<&'a str> {
    let tail = scene.tail(pod, container.name)?;
    // While the next run is on, the end belongs to what the previous one wrote.
    let lines =
        if container.state().name == "running" || tail.current.is_empty() { &tail.previous } else { &tail.current };
    lines.iter().rev().map(|line| line.trim()).find(|line| line.chars().any(char::is_alphanumeric))
}
