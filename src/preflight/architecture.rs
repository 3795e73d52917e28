//! The nodes have the processors that pods and images are made for, where either says so itself.

use serde_json::Value;

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::product::schema::Product;

use super::demand::{containers, pods};

/// Label of nodes with their architecture.
const LABEL: &str = "kubernetes.io/arch";

/// The repositories of Docker's official images for one architecture, and how Kubernetes calls it.
const REPOSITORIES: [(&str, &str); 6] = [
    ("amd64", "amd64"),
    ("arm64v8", "arm64"),
    ("arm32v7", "arm"),
    ("ppc64le", "ppc64le"),
    ("s390x", "s390x"),
    ("riscv64", "riscv64"),
];

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    let Some(nodes) = facts.nodes.known() else { return Vec::new() };
    let mut known: Vec<&str> = nodes
        .iter()
        .filter(|node| node.usable)
        .map(|node| node.architecture.as_str())
        .filter(|a| !a.is_empty())
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for pods in pods(plan) {
        let chosen = pods.spec.get("nodeSelector").and_then(|labels| labels.get(LABEL)?.as_str());
        let id = pods.object.id();
        if let Some(chosen) = chosen.filter(|chosen| !known.contains(chosen)) {
            let what = format!("{} asks for {chosen} nodes, and there are none", id.short());
            findings.push(
                told(what, &known)
                    .remedy("take kubernetes.io/arch out of its node labels, or add such a node")
                    .at(id.to_string()),
            );
            continue;
        }
        let places = chosen.map_or_else(|| known.clone(), |chosen| vec![chosen]);
        for container in containers(pods.spec) {
            let image = container.get("image").and_then(Value::as_str).unwrap_or("");
            let Some(made) = architecture(image).filter(|made| places.iter().any(|place| place != made)) else {
                continue;
            };
            let what = format!("the image {image} of {} is for {made} alone", id.short());
            let remedy = if places.contains(&made) {
                format!(
                    "choose such nodes: --set scheduling.nodeSelector={LABEL}={made}, or an image for several architectures"
                )
            } else {
                "choose an image for the nodes' architecture".to_string()
            };
            findings.push(told(what, &places).remedy(remedy).at(id.to_string()));
        }
    }
    findings.dedup();
    findings
}

fn told(what: String, known: &[&str]) -> Finding {
    Finding::new("NODE_ARCHITECTURE", Severity::Warning, what).why(format!("the nodes are {}", known.join(", ")))
}

/// The one architecture of an image, where its name says it: by its repository, or the end of its tag.
fn architecture(image: &str) -> Option<&'static str> {
    let (name, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((image, ""));
    let by_folder = name.split('/').rev().nth(1);
    let by_folder = REPOSITORIES.iter().find(|(folder, _)| by_folder == Some(folder)).map(|(_, known)| *known);
    by_folder.or_else(|| ["amd64", "arm64"].into_iter().find(|known| tag.ends_with(&format!("-{known}"))))
}
