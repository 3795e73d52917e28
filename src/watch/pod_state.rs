//! A pod in a word or two: what it waits for, as `pulling postgres:17`, `Unschedulable: 0/3 nodes …` or `crashing:
//! exit 1, 3 restarts`. State first, events second: events may be late or lost (facts: installers 6.11).

use crate::diagnose::condition::{Container, condition, containers, short_image};
use crate::diagnose::{Scene, kin};
use crate::event::{ContainerState, PodState};
use crate::object::Object;
use crate::sanitize;

/// Waiting reasons that every start passes through; anything else has something to say.
const ON_THE_WAY: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// The pod as it is shown; its group is left empty for whoever knows the plan.
pub fn of(scene: &Scene, pod: &Object) -> PodState {
    let deleting = is_ending(pod);
    let phase = pod.text(&["status", "phase"]);
    let all = containers(pod);
    PodState {
        name: sanitize::line(pod.name()),
        uid: pod.uid().into(),
        owner: kin::workload_of(scene, pod).to_string(),
        group: String::new(),
        node: sanitize::line(pod.text(&["spec", "nodeName"])),
        phase: match phase {
            _ if deleting => "Terminating".into(),
            "" => "Pending".into(),
            phase => sanitize::line(phase),
        },
        reason: reason(scene, pod, &all),
        ready: is_ready(pod),
        current: kin::is_current(scene, pod),
        containers: all.iter().map(container_state).collect(),
    }
}

/// On its way out.
pub fn is_ending(pod: &Object) -> bool {
    pod.at(&["metadata", "deletionTimestamp"]).is_some()
}

/// Ready by its condition, and not on its way out.
pub fn is_ready(pod: &Object) -> bool {
    !is_ending(pod)
        && pod.text(&["status", "phase"]) == "Running"
        && condition(pod, "Ready").is_some_and(|ready| ready.is_true())
}

fn container_state(container: &Container<'_>) -> ContainerState {
    let state = container.state();
    ContainerState {
        name: sanitize::line(container.name),
        init: container.init,
        state: state.name.into(),
        exit_code: container.end().and_then(|end| end.exit_code),
        reason: state.reason,
        message: state.message,
        restarts: container.restarts(),
        ready: container.ready(),
    }
}

fn reason(scene: &Scene, pod: &Object, containers: &[Container<'_>]) -> String {
    if is_ending(pod) {
        return "ending".into();
    }
    match pod.text(&["status", "phase"]) {
        "Succeeded" => return "finished".into(),
        "Failed" => return failed(pod, containers),
        _ if is_ready(pod) => return "ready".into(),
        _ => {}
    }
    match condition(pod, "PodScheduled") {
        Some(scheduled) if scheduled.is_false() => {
            let message = scheduled.message.split(" preemption:").next().unwrap_or("").trim_end_matches('.');
            return match (scheduled.reason.as_str(), message) {
                ("SchedulingGated", _) => "held by a scheduling gate".into(),
                (reason, "") => reason.to_string(),
                (reason, message) => format!("{reason}: {message}"),
            };
        }
        None if pod.text(&["spec", "nodeName"]).is_empty() => return "waiting for a node".into(),
        _ => {}
    }
    // What is wrong with any container comes before what another is busy with.
    if let Some(trouble) = containers.iter().find_map(trouble) {
        return trouble;
    }
    containers.iter().find_map(|container| busy(scene, pod, container)).unwrap_or_else(|| gates(pod))
}

/// What is wrong with a container.
fn trouble(container: &Container<'_>) -> Option<String> {
    let state = container.state();
    let image = || short_image(container.image);
    let restarts = container.restarts();
    let times = if restarts == 1 { "1 restart".to_string() } else { format!("{restarts} restarts") };
    let exit = |code: Option<i32>| code.map_or_else(|| "ended".to_string(), |code| format!("exit {code}"));
    match (state.name, state.reason.as_str()) {
        ("waiting", reason) if ON_THE_WAY.contains(&reason) => None,
        (
            "waiting",
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed",
        ) => Some(format!("cannot pull {}", image())),
        ("waiting", "CrashLoopBackOff") => {
            let end = container.last_end();
            let killed = end.as_ref().is_some_and(|end| end.reason == "OOMKilled");
            let what = if killed { "out of memory".to_string() } else { exit(end.and_then(|end| end.exit_code)) };
            Some(format!("crashing: {what}, {times}"))
        }
        ("waiting", reason) if state.message.is_empty() => Some(reason.to_string()),
        ("waiting", _) => Some(state.message),
        ("terminated", _) if container.init && !container.sidecar && state.exit_code == Some(0) => None,
        ("terminated", "OOMKilled") => Some("out of memory".into()),
        ("terminated", _) if state.exit_code == Some(0) => Some(format!("{} has ended", container.name)),
        ("terminated", _) => Some(format!("crashed: {}, {times}", exit(state.exit_code))),
        _ => None,
    }
}

/// What a container is busy with, in the order they start.
fn busy(scene: &Scene, pod: &Object, container: &Container<'_>) -> Option<String> {
    let state = container.state();
    match state.name {
        "terminated" => None,
        "running" if container.init && !container.sidecar => {
            Some(format!("running {}", sanitize::line(container.name)))
        }
        "running" if container.ready() || container.sidecar => None,
        "running" => {
            let restarts = container.restarts();
            let told = scene.last_notice(pod, &["Unhealthy"]);
            Some(match (restarts, told) {
                (0, None) => "running, not ready yet".into(),
                (0, Some(told)) => format!("not ready: {}", told.message),
                (restarts, _) => {
                    format!("running again after {restarts} restart{}", if restarts == 1 { "" } else { "s" })
                }
            })
        }
        // The containers behind one that initialises say PodInitializing and have nothing to do with it yet.
        _ => Some(creating(scene, pod, container)),
    }
}

fn creating(scene: &Scene, pod: &Object, container: &Container<'_>) -> String {
    let of_container = scene.notices(pod).iter().rev().find(|notice| {
        notice.container == container.name
            && ["Pulling", "Pulled", "Created", "Started"].contains(&notice.reason.as_str())
    });
    match of_container.map(|notice| notice.reason.as_str()) {
        Some("Pulling") => format!("pulling {}", short_image(container.image)),
        Some(_) => "starting".into(),
        None => match scene.last_notice(
            pod,
            &["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady"],
        ) {
            Some(failed) => failed.message.clone(),
            None => "creating its containers".into(),
        },
    }
}

fn failed(pod: &Object, containers: &[Container<'_>]) -> String {
    let [reason, message] = ["reason", "message"].map(|key| sanitize::line(pod.text(&["status", key])));
    match (reason.is_empty(), message.is_empty()) {
        (false, false) => format!("{reason}: {message}"),
        (false, true) => reason,
        _ => containers.iter().find_map(trouble).unwrap_or_else(|| "failed".into()),
    }
}

/// All containers are ready and the pod is not: a readiness gate, or the kubelet is about to say it.
fn gates(pod: &Object) -> String {
    let open = pod.list(&["spec", "readinessGates"]).iter().find_map(|gate| {
        let kind = gate.get("conditionType")?.as_str()?;
        (!condition(pod, kind).is_some_and(|met| met.is_true())).then(|| sanitize::line(kind))
    });
    open.map_or_else(|| "almost ready".into(), |gate| format!("waiting for its readiness gate {gate}"))
}
