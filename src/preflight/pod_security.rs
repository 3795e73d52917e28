//! The pods pass the PodSecurity level that the namespace enforces (Kubernetes: Pod Security Standards). The dry run of
//! the pods says it for certain; this says it before, in words.

use serde_json::Value;

use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::plan::{Action, Plan};
use crate::product::schema::Product;

/// Label of a namespace with the level that it enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn check(facts: &Facts, plan: &Plan, _product: &Product) -> Vec<Finding> {
    if facts.namespace.labels.get(ENFORCE).map(String::as_str) != Some("restricted") {
        return Vec::new();
    }
    let steps = plan.steps.iter().filter(|step| step.action != Action::Delete);
    steps
        .filter_map(|step| {
            let object = &step.wanted.object;
            let why = breaks(object.pod_spec()?)?;
            Some(
                Finding::new(
                    "POD_SECURITY",
                    Severity::Error,
                    format!("pods of {} do not pass `restricted`", object.id().short()),
                )
                .why(why)
                .remedy("choose another namespace, or mend the product's manifest")
                .at(object.id().to_string()),
            )
        })
        .collect()
}

/// The first rule of `restricted` that a pod breaks.
fn breaks(pod: &Value) -> Option<String> {
    let at = |value: &Value, path: &[&str]| path.iter().try_fold(value, |value, key| value.get(key)).cloned();
    let pod_runs_non_root = at(pod, &["securityContext", "runAsNonRoot"]) == Some(true.into());
    let pod_has_profile = at(pod, &["securityContext", "seccompProfile", "type"]).is_some();
    let containers = ["initContainers", "containers"].into_iter().filter_map(|key| pod.get(key)?.as_array()).flatten();
    for container in containers {
        let name = container.get("name").and_then(Value::as_str).unwrap_or("");
        let says = |path: &[&str]| at(container, &[&["securityContext"], path].concat());
        if says(&["allowPrivilegeEscalation"]) != Some(false.into()) {
            return Some(format!("the container {name} may gain privileges (allowPrivilegeEscalation)"));
        }
        let dropped = says(&["capabilities", "drop"]).and_then(|list| list.as_array().cloned()).unwrap_or_default();
        if !dropped.contains(&"ALL".into()) {
            return Some(format!("the container {name} keeps capabilities"));
        }
        if !pod_runs_non_root && says(&["runAsNonRoot"]) != Some(true.into()) {
            return Some(format!("the container {name} may run as root"));
        }
        if !pod_has_profile && says(&["seccompProfile", "type"]).is_none() {
            return Some(format!("the container {name} has no seccomp profile"));
        }
    }
    None
}
