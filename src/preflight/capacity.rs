//! A node can hold each pod, and the nodes all of them. Warnings: a cluster may grow, and what else runs there is not
//! counted.

use crate::facts::{Facts, Node};
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::product::schema::Product;
use crate::quantity::Quantity;

use super::demand::{Asking, Pods, plus, pods, times};

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(nodes) = facts.nodes.known().filter(|nodes| !nodes.is_empty()) else { return Vec::new() };
    let wanted: Vec<Pods<'_>> = pods(plan).into_iter().filter(|pods| pods.more > 0).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    if !nodes.iter().any(|node| node.usable) {
        let what = match nodes.len() {
            1 => "the only node takes no pods: it is not ready, or cordoned".to_string(),
            many => format!("none of the {many} nodes takes pods: they are not ready, or cordoned"),
        };
        return vec![Finding::new("NODES_UNUSABLE", Severity::Warning, what).remedy("kubectl get nodes")];
    }
    let ranges = facts.namespace.limit_ranges.known().map_or(&[][..], Vec::as_slice);
    let asking = Asking::with(ranges);
    let mut findings: Vec<Finding> = wanted.iter().filter_map(|pods| too_large(pods, &asking, nodes)).collect();
    if findings.is_empty() {
        findings.extend(too_many(&wanted, &asking, nodes));
    }
    findings
}

/// Whether a node takes a pod at all, as far as its taints are known.
fn takes(node: &Node, pods: &Pods<'_>) -> bool {
    let tolerates = pods.spec.get("tolerations").and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty());
    node.usable && (!node.tainted || tolerates)
}

/// An amount that a node has; one that does not say is taken to have enough.
fn has(text: &str) -> Option<Quantity> {
    text.parse().ok()
}

fn too_large(pods: &Pods<'_>, asking: &Asking<'_>, nodes: &[Node]) -> Option<Finding> {
    let (cpu, memory) = (asking.pod(pods.spec, "requests", "cpu"), asking.pod(pods.spec, "requests", "memory"));
    let fits =
        |node: &Node| has(&node.cpu).is_none_or(|has| cpu <= has) && has(&node.memory).is_none_or(|has| memory <= has);
    let taking: Vec<&Node> = nodes.iter().filter(|node| takes(node, pods)).collect();
    let name = pods.object.id();
    if taking.is_empty() {
        let what = format!("every node that takes pods has a taint that {} does not tolerate", name.short());
        let finding = Finding::new("NODES_TAINTED", Severity::Warning, what).at(name.to_string());
        return Some(finding.remedy("tolerate the taint, or add a node without it: kubectl describe nodes"));
    }
    if taking.iter().any(|node| fits(node)) {
        return None;
    }
    let largest = |read: fn(&Node) -> &str| {
        taking.iter().filter_map(|node| has(read(node))).max().map_or_else(|| "?".into(), |most| most.to_string())
    };
    let what =
        format!("no node is large enough for a pod of {}: it asks for {cpu} CPU and {memory} memory", name.short());
    Some(
        Finding::new("NODE_TOO_SMALL", Severity::Warning, what)
            .why(format!(
                "the most that a node has is {} CPU and {} memory",
                largest(|node| &node.cpu),
                largest(|node| &node.memory)
            ))
            .remedy("ask for less (resources.cpu, resources.memory), or add a larger node")
            .at(name.to_string()),
    )
}

fn too_many(wanted: &[Pods<'_>], asking: &Asking<'_>, nodes: &[Node]) -> Option<Finding> {
    let usable: Vec<&Node> = nodes.iter().filter(|node| wanted.iter().any(|pods| takes(node, pods))).collect();
    let asked = |resource: &str| {
        wanted
            .iter()
            .map(|pods| times(asking.pod(pods.spec, "requests", resource), pods.more))
            .fold(Quantity::ZERO, plus)
    };
    // One that does not say has enough for everything.
    let there = |read: fn(&Node) -> &str| usable.iter().map(|node| has(read(node))).sum::<Option<Quantity>>();
    let count = wanted.iter().map(|pods| pods.more).sum::<i64>();
    let rows = [
        ("CPU", asked("cpu"), there(|node| &node.cpu)),
        ("memory", asked("memory"), there(|node| &node.memory)),
        ("pods", times(Quantity::milli(1000), count), there(|node| &node.pods)),
    ];
    let short: Vec<String> = rows
        .into_iter()
        .filter_map(|(noun, asked, there)| Some((noun, asked, there?)))
        .filter(|(_, asked, there)| asked > there)
        .map(|(noun, asked, there)| format!("{asked} {noun} where all nodes together have {there}"))
        .collect();
    if short.is_empty() {
        return None;
    }
    Some(
        Finding::new("NODES_TOO_SMALL", Severity::Warning, format!("the pods ask for {}", short.join(", and for ")))
            .why("what else runs on the nodes is not even counted")
            .remedy("ask for less, or add nodes"),
    )
}
