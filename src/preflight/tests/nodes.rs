//! What nodes can hold, and for which processors.

use super::*;
use crate::facts::Node;

fn node(cpu: &str, memory: &str) -> Node {
    let (cpu, memory) = (cpu.into(), memory.into());
    Node {
        name: "a".into(),
        architecture: "amd64".into(),
        cpu,
        memory,
        pods: "110".into(),
        usable: true,
        tainted: false,
    }
}

fn on(nodes: Vec<Node>) -> Facts {
    Facts { nodes: Fact::Known(nodes), ..here() }
}

#[test]
fn a_pod_that_no_node_can_hold_is_told_with_both_figures() {
    assert_eq!(codes(&[], on(vec![node("4", "8Gi")])), Vec::<String>::new());
    let found = findings(
        &[("resources.cpu", "6"), ("resources.memory", "10Gi")],
        on(vec![node("4", "8Gi"), node("2", "16Gi")]),
    );
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["NODE_TOO_SMALL"]);
    assert_eq!(found[0].severity, crate::finding::Severity::Warning, "a cluster may grow");
    assert!(found[0].what.contains("asks for 6 CPU and 10Gi memory"), "{found:?}");
    assert!(found[0].why.contains("4 CPU and 16Gi memory"), "{found:?}");
}

#[test]
fn pods_that_fit_one_by_one_but_not_together_are_told_with_both_figures() {
    let found = findings(&[("replicas", "4")], on(vec![node("1", "2Gi"), node("1", "2Gi")]));
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["NODES_TOO_SMALL"]);
    assert!(found[0].what.contains("2200m CPU where all nodes together have 2"), "{found:?}");
    assert!(found[0].what.contains("4480Mi memory where all nodes together have 4Gi"), "{found:?}");
    let few = Node { pods: "3".into(), ..node("64", "64Gi") };
    assert!(findings(&[], on(vec![few]))[0].what.contains("4 pods where all nodes together have 3"));
}

#[test]
fn nodes_that_take_no_pods_are_no_room() {
    let cordoned = Node { usable: false, ..node("64", "64Gi") };
    assert_eq!(codes(&[], on(vec![cordoned.clone()])), ["NODES_UNUSABLE"]);
    assert!(codes(&[], on(vec![cordoned, node("400m", "8Gi")])).contains(&"NODE_TOO_SMALL".to_string()));
    let control_plane = Node { tainted: true, ..node("64", "64Gi") };
    let found = codes(&[], on(vec![control_plane]));
    assert!(!found.is_empty() && found.iter().all(|code| code == "NODES_TAINTED"), "{found:?}");
}

#[test]
fn an_unknown_or_silent_node_is_not_judged() {
    let silent = Node { cpu: String::new(), memory: String::new(), pods: String::new(), ..node("", "") };
    assert_eq!(codes(&[("resources.cpu", "900")], on(vec![silent])), Vec::<String>::new());
    let unknown = Facts { nodes: Fact::Unknown("forbidden".into()), ..here() };
    assert_eq!(codes(&[("resources.cpu", "900")], unknown), ["NOT_CHECKED"]);
}

#[test]
fn a_pod_or_image_for_other_processors_than_the_nodes_have_is_told() {
    let arm = || Node { architecture: "arm64".into(), ..node("64", "64Gi") };
    let chosen: &[(&str, &str)] = &[("scheduling.nodeSelector", "kubernetes.io/arch=amd64")];
    assert_eq!(codes(chosen, on(vec![arm(), node("64", "64Gi")])), Vec::<String>::new());
    let found = findings(chosen, on(vec![arm()]));
    assert_eq!(found[0].code, "NODE_ARCHITECTURE");
    assert!(found[0].what.contains("amd64") && found[0].why.contains("arm64"), "{found:?}");
    let image: &[(&str, &str)] = &[("scaling.mode", "keda"), ("keda.prometheusImage", "amd64/prometheus:v3.0.0")];
    let keda = |mut facts: Facts| {
        facts.crds = Fact::Known(vec!["ScaledObject.keda.sh".into()]);
        facts
    };
    assert_eq!(codes(image, keda(on(vec![node("64", "64Gi")]))), Vec::<String>::new());
    assert_eq!(codes(image, keda(on(vec![arm()]))), ["NODE_ARCHITECTURE"]);
    let mixed = findings(image, keda(on(vec![arm(), node("64", "64Gi")])));
    assert!(mixed[0].remedy.contains("scheduling.nodeSelector=kubernetes.io/arch=amd64"), "{mixed:?}");
}
