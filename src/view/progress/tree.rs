//! The release as a tree to be walked: components, their workloads, pods, containers. What is healthy folds into a line
//! that counts it, so that three hundred pods are as readable as three.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;

use super::{PodSeen, Progress, StepState};
use crate::event::{ContainerState, Readiness};

/// Pods of a workload that are listed before the others are counted.
const LISTED: usize = 4;
/// Kinds that make pods: their line is always there.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];
/// Waiting reasons that every start passes through.
const ON_THE_WAY: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// What a line of the tree stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// An object, by its id.
    Step(String),
    /// The objects of a component that need no look: ready ones and held ones without pods.
    Others(String),
    /// A pod, by its UID.
    Pod(String),
    /// A container, by its pod's UID and its name.
    Container(String, String),
    /// Pods of a workload that are not ready, beyond those that are listed.
    Rest(String),
    /// Pods of a workload that are ready.
    Ready(String),
}

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it stands for.
    pub node: Node,
    /// The component, on the first line of it.
    pub group: String,
    /// 0 an object, 1 a pod, 2 a container.
    pub depth: u8,
    /// Something under it is shown, or can be.
    pub open: Option<bool>,
    /// What is counted, in words, where it counts others.
    pub counted: String,
}

/// Which lines the operator opened or closed.
pub type Opened = BTreeMap<Node, bool>;

/// The lines of the tree, in order.
pub fn rows(progress: &Progress, opened: &Opened) -> Vec<Row> {
    let mut pods: HashMap<&str, Vec<(&str, &PodSeen)>> = HashMap::new();
    for (uid, seen) in &progress.pods {
        pods.entry(seen.pod.owner.as_str()).or_default().push((uid, seen));
    }
    let mut groups: IndexMap<&str, Vec<(&str, &StepState)>> = IndexMap::new();
    for (id, step) in &progress.steps {
        if step.info.waits || step.readiness == Readiness::Failed || pods.contains_key(id.as_str()) {
            groups.entry(step.info.group.as_str()).or_default().push((id, step));
        }
    }
    let mut rows = Rows { rows: Vec::new(), opened };
    for (group, steps) in groups {
        let from = rows.rows.len();
        let (quiet, told): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(id, step)| {
            matches!(step.readiness, Readiness::Ready | Readiness::Held)
                && !WORKLOADS.contains(&step.info.object_kind.as_str())
                && !pods.contains_key(id)
        });
        for (id, step) in told {
            rows.step(id, step, pods.get(id).map_or(&[][..], Vec::as_slice));
        }
        rows.others(group, &quiet);
        if let Some(first) = rows.rows.get_mut(from) {
            first.group = group.to_string();
        }
    }
    rows.rows
}

/// The line to look at where nobody chose one: what is in trouble first, then what is waited for.
pub fn foremost(progress: &Progress, rows: &[Row]) -> usize {
    let rank_of = |row: &Row| match &row.node {
        Node::Pod(uid) => progress.pods.get(uid).map_or(9, |seen| match rank(seen) {
            0 => 0,
            1 => 3,
            _ => 6,
        }),
        Node::Step(id) => progress.steps.get(id).map_or(9, |step| match step.readiness {
            Readiness::Failed => 1,
            Readiness::Waiting => 4,
            _ => 7,
        }),
        _ => 9,
    };
    (0..rows.len()).min_by_key(|at| rank_of(&rows[*at])).unwrap_or(0)
}

/// How much a pod needs to be looked at: 0 in trouble, 1 not ready, 2 healthy.
pub fn rank(seen: &PodSeen) -> u8 {
    let pod = &seen.pod;
    if pod.phase == "Failed" || (!pod.ready && pod.containers.iter().any(troubled)) {
        0
    } else if pod.ready || pod.phase == "Succeeded" {
        2
    } else {
        1
    }
}

/// Whether something is wrong with a container, beyond not being ready yet.
pub fn troubled(container: &ContainerState) -> bool {
    match container.state.as_str() {
        "waiting" => !ON_THE_WAY.contains(&container.reason.as_str()) || container.restarts > 0,
        "terminated" => container.exit_code.is_some_and(|code| code != 0),
        _ => !container.ready && container.restarts > 0,
    }
}

struct Rows<'a> {
    rows: Vec<Row>,
    opened: &'a Opened,
}

impl Rows<'_> {
    fn push(&mut self, node: Node, depth: u8, open: Option<bool>, counted: String) {
        self.rows.push(Row { node, group: String::new(), depth, open, counted });
    }

    fn is_open(&self, node: &Node, by_itself: bool) -> bool {
        self.opened.get(node).copied().unwrap_or(by_itself)
    }

    fn step(&mut self, id: &str, step: &StepState, pods: &[(&str, &PodSeen)]) {
        let node = Node::Step(id.to_string());
        let calm = step.readiness == Readiness::Ready && pods.iter().all(|(_, seen)| rank(seen) == 2);
        let open = self.is_open(&node, !calm);
        self.push(node, 0, (!pods.is_empty()).then_some(open), String::new());
        if !open {
            return;
        }
        let mut wanting: Vec<_> = pods.iter().filter(|(_, seen)| rank(seen) < 2).collect();
        wanting.sort_by_key(|(_, seen)| (!seen.pod.current, rank(seen)));
        let healthy: Vec<_> = pods.iter().filter(|(_, seen)| rank(seen) == 2).collect();
        let (listed, rest) = wanting.split_at(if wanting.len() > LISTED + 1 { LISTED } else { wanting.len() });
        listed.iter().for_each(|(uid, seen)| self.pod(uid, seen));
        if !rest.is_empty() {
            let node = Node::Rest(id.to_string());
            let open = self.is_open(&node, false);
            self.push(node, 1, Some(open), format!("{} more not ready: {}", rest.len(), reasons(rest)));
            if open {
                rest.iter().for_each(|(uid, seen)| self.pod(uid, seen));
            }
        }
        let few = if wanting.is_empty() { LISTED } else { 1 };
        if healthy.len() <= few {
            healthy.iter().for_each(|(uid, seen)| self.pod(uid, seen));
            return;
        }
        let node = Node::Ready(id.to_string());
        let open = self.is_open(&node, false);
        let more = if wanting.is_empty() { "" } else { " more" };
        self.push(node, 1, Some(open), format!("{}{more} ready", healthy.len()));
        if open {
            healthy.iter().for_each(|(uid, seen)| self.pod(uid, seen));
        }
    }

    fn pod(&mut self, uid: &str, seen: &PodSeen) {
        let all = &seen.pod.containers;
        let node = Node::Pod(uid.to_string());
        let chosen = self.opened.get(&node).copied();
        let open = chosen.unwrap_or(!seen.pod.ready && all.len() > 1 && all.iter().any(troubled));
        self.push(node, 1, (all.len() > 1).then_some(open), String::new());
        if !open || all.len() < 2 {
            return;
        }
        for container in all {
            if chosen == Some(true) || troubled(container) {
                self.push(Node::Container(uid.to_string(), container.name.clone()), 2, None, String::new());
            }
        }
    }

    fn others(&mut self, group: &str, quiet: &[(&str, &StepState)]) {
        if let [(id, step)] = quiet {
            return self.step(id, step, &[]);
        }
        if quiet.is_empty() {
            return;
        }
        let node = Node::Others(group.to_string());
        let open = self.is_open(&node, false);
        let named = |wanted: Readiness| {
            let names: Vec<String> =
                quiet.iter().filter(|(_, step)| step.readiness == wanted).map(|(_, step)| super::named(step)).collect();
            names
        };
        let (ready, held) = (named(Readiness::Ready), named(Readiness::Held));
        let mut counted = Vec::new();
        for (names, word) in [(ready, "ready"), (held, "held back")] {
            if !names.is_empty() {
                counted.push(format!("{} {word}: {}", names.len(), names.join(", ")));
            }
        }
        self.push(node, 0, Some(open), counted.join("; "));
        if open {
            quiet.iter().for_each(|(id, step)| self.step(id, step, &[]));
        }
    }
}

/// What pods wait for, counted, the most common first.
fn reasons(pods: &[&(&str, &PodSeen)]) -> String {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for (_, seen) in pods {
        let why = if seen.pod.reason.is_empty() { seen.pod.phase.as_str() } else { seen.pod.reason.as_str() };
        *counts.entry(why).or_default() += 1;
    }
    counts.sort_by(|_, a, _, b| b.cmp(a));
    let told: Vec<String> = counts.iter().take(3).map(|(why, count)| format!("{count} {why}")).collect();
    told.join(", ")
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
