use std::time::Duration;

use super::*;
use crate::event::{EventKind, PodState, RunInfo, StepInfo};
use crate::view::tui::tests::fact;

fn step(kind: &str, name: &str, group: &str) -> StepInfo {
    StepInfo {
        id: format!("{kind}/ns/{name}"),
        object_kind: kind.into(),
        name: name.into(),
        group: group.into(),
        wave: 0,
        waits: true,
    }
}

fn with(steps: Vec<StepInfo>) -> Progress {
    let mut progress = Progress::new();
    progress.take(&fact(0, None, EventKind::RunStarted { run: RunInfo { steps, ..RunInfo::default() } }));
    progress
}

fn pod(progress: &mut Progress, name: &str, owner: &str, reason: &str, containers: Vec<ContainerState>) {
    let ready = reason == "ready";
    let pod = PodState {
        name: name.into(),
        uid: name.into(),
        owner: owner.into(),
        phase: if ready { "Running" } else { "Pending" }.into(),
        reason: reason.into(),
        ready,
        current: true,
        containers,
        ..PodState::default()
    };
    progress.take(&fact(1, None, EventKind::PodChanged { pod }));
}

fn told(progress: &Progress, opened: &Opened) -> Vec<String> {
    let told = |row: Row| {
        let name = match row.node {
            Node::Step(id) => id,
            Node::Pod(uid) => uid,
            Node::Container(_, name) => name,
            Node::Others(_) | Node::Rest(_) | Node::Ready(_) => row.counted,
        };
        format!("{}{name}", "  ".repeat(usize::from(row.depth)))
    };
    rows(progress, opened).into_iter().map(told).collect()
}

#[test]
fn three_hundred_pods_are_a_few_lines_until_somebody_opens_them() {
    let mut progress = with(vec![step("Deployment", "web", "server")]);
    let owner = "Deployment/ns/web";
    for i in 0..300 {
        let reason = match i {
            0..280 => "ready",
            280..294 => "pulling web:2",
            _ => "waiting for a node",
        };
        pod(&mut progress, &format!("web-{i}"), owner, reason, Vec::new());
    }
    let mut opened = Opened::new();
    let lines = told(&progress, &opened);
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert_eq!(lines[1], "  web-280");
    assert_eq!(lines[5], "  16 more not ready: 10 pulling web:2, 6 waiting for a node");
    assert_eq!(lines[6], "  280 more ready");
    opened.insert(Node::Ready(owner.into()), true);
    assert_eq!(told(&progress, &opened).len(), 287);
    opened.insert(Node::Step(owner.into()), false);
    assert_eq!(told(&progress, &opened), [owner]);
}

#[test]
fn what_is_in_trouble_comes_first_with_the_containers_that_are() {
    let mut progress = with(vec![step("Deployment", "web", "server")]);
    let owner = "Deployment/ns/web";
    let container = |name: &str, state: &str, reason: &str, ready: bool| ContainerState {
        name: name.into(),
        state: state.into(),
        reason: reason.into(),
        ready,
        ..ContainerState::default()
    };
    let fine = || vec![container("main", "running", "", true), container("side", "running", "", true)];
    pod(&mut progress, "web-a", owner, "ready", fine());
    pod(&mut progress, "web-b", owner, "creating its containers", vec![container("main", "waiting", "", false)]);
    let crashing =
        vec![container("main", "waiting", "CrashLoopBackOff", false), container("side", "running", "", true)];
    pod(&mut progress, "web-c", owner, "crashing: exit 1", crashing);
    let mut opened = Opened::new();
    assert_eq!(told(&progress, &opened), [owner, "  web-c", "    main", "  web-b", "  web-a"]);
    let all = rows(&progress, &opened);
    assert_eq!(all[foremost(&progress, &all)].node, Node::Pod("web-c".into()));
    opened.insert(Node::Pod("web-c".into()), true);
    assert_eq!(told(&progress, &opened)[2..4], ["    main", "    side"]);
}

#[test]
fn objects_that_need_no_look_fold_into_one_line() {
    let mut steps: Vec<StepInfo> = ["a", "b"].iter().map(|name| step("Service", name, "server")).collect();
    steps.push(step("Ingress", "web", "server"));
    steps.push(step("Deployment", "web", "server"));
    let mut progress = with(steps);
    for name in ["a", "b"] {
        let ready = EventKind::StatusChanged { readiness: Readiness::Ready, reason: String::new(), ready: 0, of: 0 };
        progress.take(&fact(1, Some(&format!("Service/ns/{name}")), ready));
    }
    let mut opened = Opened::new();
    assert_eq!(
        told(&progress, &opened),
        ["Deployment/ns/web", "2 ready: Service a, Service b; 1 held back: Ingress web"]
    );
    opened.insert(Node::Others("server".into()), true);
    assert_eq!(told(&progress, &opened).len(), 5);
}

#[test]
fn a_container_is_told_with_the_time_of_its_own_last_change() {
    let mut progress = with(vec![step("Deployment", "web", "server")]);
    let state = |restarts: u32| ContainerState { name: "main".into(), restarts, ..ContainerState::default() };
    for (at, first, second) in [(1, 0, 0), (5, 1, 0), (9, 1, 1)] {
        let mut other = state(second);
        other.name = "side".into();
        let pod = PodState { uid: "u".into(), containers: vec![state(first), other], ..PodState::default() };
        progress.take(&fact(at, None, EventKind::PodChanged { pod }));
    }
    assert_eq!(progress.pods["u"].containers, [Duration::from_secs(5), Duration::from_secs(9)]);
}
