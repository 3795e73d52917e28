//! No node takes the pod: what the scheduler says, by cause and with the number of nodes each cause rules out.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, claim, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "UNSCHEDULABLE_RESOURCES",
            "No node has the CPU, memory or disk that the pod requests still free. What counts are requests, not what is used. Lower the requests, make room, or add a node. A cluster autoscaler that answers with TriggeredScaleUp is given its time.",
        ),
        (
            "UNSCHEDULABLE_TAINT",
            "Every node that would do carries a taint that the pod does not tolerate: nodes kept for something else, or nodes that are not ready, under pressure or being drained.",
        ),
        (
            "UNSCHEDULABLE_AFFINITY",
            "The pod asks for nodes with certain labels, or for distance to other pods, and no node has them. Compare the node selector and affinity in the answers with `kubectl get nodes --show-labels`.",
        ),
        (
            "UNSCHEDULABLE_VOLUME",
            "The pod's volume is not there yet, or lies in a zone or on a node where the pod may not run.",
        ),
        ("UNSCHEDULABLE_PORT", "Every node that would do has the host port taken already."),
        ("UNSCHEDULABLE_POD_LIMIT", "Every node that would do runs as many pods as it may."),
        ("UNSCHEDULABLE", "The scheduler finds no node for the pod; its own words are shown."),
        (
            "SCHEDULING_GATED",
            "The pod carries a scheduling gate; whoever set it must take it off before it is scheduled.",
        ),
        ("PREEMPTED", "The pod was removed to make room for one of a higher priority; its workload makes another."),
    ],
};

/// How long no node may take a pod, without an autoscaler that adds one, before it is hopeless (design.md 7).
const UNSCHEDULABLE: Hold = Hold::seconds(120);

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for pod in kin::current_pods(scene) {
        let at = kin::workload_of(scene, pod).to_string();
        if let Some(preempted) = scene.last_notice(pod, &["Preempted"]) {
            let finding = Finding::new(
                "PREEMPTED",
                Severity::Warning,
                format!("{} made room for a pod of higher priority", pod.name()),
            )
            .why(preempted.message.clone())
            .remedy("give the workload a priority class of its own, or add a node")
            .at(at.clone());
            out.push(Symptom::new(finding, Hold::Never));
        }
        let Some(scheduled) = condition(pod, "PodScheduled").filter(|scheduled| scheduled.is_false()) else { continue };
        if scheduled.reason == "SchedulingGated" {
            let gates: Vec<&str> =
                pod.list(&["spec", "schedulingGates"]).iter().filter_map(|gate| gate.get("name")?.as_str()).collect();
            let finding = Finding::new(
                "SCHEDULING_GATED",
                Severity::Warning,
                format!("{} is held back by the scheduling gate {}", pod.name(), gates.join(", ")),
            )
            .why("a gate is taken off by whoever set it, often an admission webhook or a queue")
            .at(at);
            out.push(Symptom::new(finding, Hold::Never).quiet_for(10));
        } else if scheduled.reason == "Unschedulable" {
            let symptom = unschedulable(scene, pod, &scheduled.message, at);
            // What keeps the claim from its volume is the cause; that no node takes the pod follows from it.
            if symptom.finding.code != "UNSCHEDULABLE_VOLUME" || !claim::speaks_for(scene, pod) {
                out.push(symptom);
            }
        }
    }
}

fn unschedulable(scene: &Scene, pod: &Object, message: &str, at: String) -> Symptom {
    let verdict = Verdict::parse(message);
    let cause = verdict.causes.iter().max_by_key(|cause| cause.nodes).map(|cause| cause.kind);
    let (code, remedy) = match cause {
        Some(Cause::Resources) => (
            "UNSCHEDULABLE_RESOURCES",
            format!("it requests {}: lower the requests, make room or add a node", requests(pod)),
        ),
        Some(Cause::Taint) => {
            ("UNSCHEDULABLE_TAINT", "add a toleration to the answers, or free a node: kubectl describe nodes".into())
        }
        Some(Cause::Affinity) => (
            "UNSCHEDULABLE_AFFINITY",
            "compare the node selector and affinity with: kubectl get nodes --show-labels".into(),
        ),
        Some(Cause::Volume) => {
            ("UNSCHEDULABLE_VOLUME", "see the claim: kubectl describe pvc -n ".to_string() + pod.namespace())
        }
        Some(Cause::Port) => ("UNSCHEDULABLE_PORT", "use a Service instead of a host port, or another port".into()),
        Some(Cause::PodLimit) => ("UNSCHEDULABLE_POD_LIMIT", "add a node, or remove pods that are not needed".into()),
        Some(Cause::Other) | None => {
            ("UNSCHEDULABLE", format!("kubectl describe pod -n {} {}", pod.namespace(), pod.name()))
        }
    };
    let grows = scene.last_notice(pod, &["TriggeredScaleUp"]).is_some();
    let waits_for_volume = code == "UNSCHEDULABLE_VOLUME";
    let finding = Finding::new(code, Severity::Error, format!("no node takes {}", pod.name())).at(at);
    let finding = match scene.last_notice(pod, &["TriggeredScaleUp", "NotTriggerScaleUp"]) {
        Some(_) if grows => Finding { severity: Severity::Info, ..finding }
            .why(format!("{}; the cluster is adding a node", verdict.words()))
            .remedy("wait"),
        Some(refusal) => {
            finding.why(format!("{}; the autoscaler adds no node: {}", verdict.words(), refusal.message)).remedy(remedy)
        }
        None => finding.why(verdict.words()).remedy(remedy),
    };
    // A claim that is not bound is judged by the claim's own row, and a class that waits for its first pod is slow.
    let hold = if grows || waits_for_volume { Hold::Never } else { UNSCHEDULABLE };
    Symptom::new(finding, hold)
}

/// What the containers request together with, as written: `cpu 500m, memory 1Gi`.
fn requests(pod: &Object) -> String {
    let mut asked = Vec::new();
    for container in pod.list(&["spec", "containers"]) {
        let requests = container.pointer("/resources/requests").and_then(serde_json::Value::as_object);
        for (resource, amount) in requests.into_iter().flatten() {
            asked.push(format!("{resource} {}", amount.as_str().map_or_else(|| amount.to_string(), str::to_string)));
        }
    }
    if asked.is_empty() { "nothing".into() } else { asked.join(", ") }
}

/// Why nodes are ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// CPU, memory, disk or another resource.
    Resources,
    /// A taint, or a node that is cordoned.
    Taint,
    /// Node selector, affinity, anti-affinity or spread.
    Affinity,
    /// A claim or a volume.
    Volume,
    /// Host ports.
    Port,
    /// Number of pods.
    PodLimit,
    /// Anything else.
    Other,
}

/// One cause with the number of nodes that it rules out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ruled {
    /// How many nodes.
    pub(super) nodes: u32,
    /// Why.
    pub(super) kind: Cause,
    /// The scheduler's words.
    pub(super) words: String,
}

/// What the scheduler says: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {a: b}.`
/// (kubernetes: pkg/scheduler/framework/types.go, FitError).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// How many nodes there are.
    pub(super) nodes: Option<u32>,
    /// The causes, in the scheduler's order.
    pub(super) causes: Vec<Ruled>,
    whole: String,
}

impl Verdict {
    pub(super) fn parse(message: &str) -> Self {
        // What preemption found is said after the causes and repeats their form.
        let message = message.split(" preemption:").next().unwrap_or(message).trim();
        let mut verdict = Self { whole: message.to_string(), ..Self::default() };
        let Some((head, causes)) = message.split_once(": ") else { return verdict };
        let Some(nodes) = head.strip_prefix("0/").and_then(|rest| rest.split(' ').next()?.parse().ok()) else {
            verdict.causes.push(Ruled { nodes: 1, kind: kind_of(message), words: message.to_string() });
            return verdict;
        };
        verdict.nodes = Some(nodes);
        for part in split_causes(causes.trim_end_matches('.')) {
            let (count, words) = match part.split_once(' ') {
                Some((count, words)) if count.parse::<u32>().is_ok() => (count.parse().unwrap_or(nodes), words),
                // Causes of the whole pod come without a number: `pod has unbound immediate PersistentVolumeClaims`.
                _ => (nodes, part),
            };
            verdict.causes.push(Ruled { nodes: count, kind: kind_of(words), words: words.replace("node(s) ", "") });
        }
        verdict
    }

    pub(super) fn words(&self) -> String {
        match self.nodes {
            _ if self.whole.is_empty() => "the scheduler gives no reason".into(),
            None => self.whole.clone(),
            Some(0) => "the cluster has no node".into(),
            Some(nodes) => {
                let causes: Vec<String> =
                    self.causes.iter().map(|cause| format!("{} of {nodes}: {}", cause.nodes, cause.words)).collect();
                causes.join("; ")
            }
        }
    }
}

/// Splits at commas that are not inside the braces of a taint.
fn split_causes(causes: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0i32, 0, Vec::new());
    for (at, c) in causes.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(causes[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(causes[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn kind_of(words: &str) -> Cause {
    let lower = words.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if has(&["too many pods"]) {
        Cause::PodLimit
    } else if has(&[
        "persistentvolumeclaim",
        "persistent volume",
        "volume node affinity",
        "volume zone",
        "max volume count",
        "csi",
    ]) {
        Cause::Volume
    } else if has(&["insufficient", "not enough"]) {
        Cause::Resources
    } else if has(&["taint", "unschedulable", "not ready"]) {
        Cause::Taint
    } else if has(&["affinity", "selector", "topology spread"]) {
        Cause::Affinity
    } else if has(&["free ports", "host port"]) {
        Cause::Port
    } else {
        Cause::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedulers_words_are_taken_apart_by_cause_and_number_of_nodes() {
        for (message, nodes, causes) in [
            ("0/3 nodes are available: 3 Insufficient cpu.", Some(3), vec![(3, Cause::Resources)]),
            (
                "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 2 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.",
                Some(5),
                vec![(1, Cause::Taint), (2, Cause::Resources), (2, Cause::Affinity)],
            ),
            (
                "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
                Some(2),
                vec![(2, Cause::Volume)],
            ),
            (
                "0/1 nodes are available: 1 node(s) had volume node affinity conflict.",
                Some(1),
                vec![(1, Cause::Volume)],
            ),
            ("0/4 nodes are available: 4 node(s) had untolerated taint(s).", Some(4), vec![(4, Cause::Taint)]),
            ("0/2 nodes are available: 2 node(s) had untolerated taint {a: b, c}.", Some(2), vec![(2, Cause::Taint)]),
            (
                "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't have free ports for the requested pod ports.",
                Some(2),
                vec![(1, Cause::PodLimit), (1, Cause::Port)],
            ),
            (
                "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
                Some(3),
                vec![(3, Cause::Affinity)],
            ),
            ("0/3 nodes are available: 3 node(s) were unschedulable.", Some(3), vec![(3, Cause::Taint)]),
            ("0/3 nodes are available: persistentvolumeclaim \"data\" not found.", Some(3), vec![(3, Cause::Volume)]),
            (
                "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
                Some(3),
                vec![(3, Cause::Affinity)],
            ),
            (
                "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded",
                None,
                vec![(1, Cause::Other)],
            ),
        ] {
            let verdict = Verdict::parse(message);
            assert_eq!(verdict.nodes, nodes, "{message}");
            assert_eq!(
                verdict.causes.iter().map(|cause| (cause.nodes, cause.kind)).collect::<Vec<_>>(),
                causes,
                "{message}"
            );
        }
    }

    #[test]
    fn a_cluster_without_nodes_is_said_in_so_many_words() {
        assert_eq!(Verdict::parse("0/0 nodes are available: .").words(), "the cluster has no node");
        assert_eq!(
            Verdict::parse("no nodes available to schedule pods").words(),
            "no nodes available to schedule pods"
        );
    }
}
