//! The workloads that write into a release's databases: they are stopped for as long as a backup takes, so that all of its
//! parts are of one moment (cluster.md 5 "Backup"). Pure.

use serde_json::Value;

use super::Source;
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Plan};

/// Annotation of a workload that a backup has stopped: how many replicas it had. It is written together with the zero, so
/// that whoever comes after a backup that died knows what was there.
pub const STOPPED: &str = "slipway.dev/stopped-replicas";

/// The workloads of a release that may write into its databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    /// Those that can be scaled to zero.
    pub scaled: Vec<ObjectId>,
    /// Those that cannot.
    pub others: Vec<ObjectId>,
}

/// Everything of a plan that runs pods and is no database itself.
pub fn writers(plan: &Plan, sources: &[Source]) -> Writers {
    let mut writers = Writers::default();
    let steps = plan.steps.iter().filter(|step| step.action != Action::Delete);
    for wanted in steps.map(|step| &step.wanted) {
        if wanted.object.pod_template_path().is_none() || sources.iter().any(|source| source.group == wanted.group) {
            continue;
        }
        let id = wanted.object.id();
        match id.kind.as_str() {
            "Deployment" | "StatefulSet" => writers.scaled.push(id),
            // It ran before, or begins by itself.
            _ => writers.others.push(id),
        }
    }
    writers
}

/// How many replicas a backup that did not end took from a workload.
pub fn stopped(live: &Object) -> Option<u64> {
    live.annotation(STOPPED)?.parse().ok()
}

/// How many replicas a workload has; one where it says nothing.
pub fn replicas(live: &Object) -> u64 {
    live.at(&["spec", "replicas"]).and_then(Value::as_u64).unwrap_or(1)
}

/// Who scales a workload by itself, and would start it again: an object of KEDA.
pub fn scaler<'a>(id: &ObjectId, scaled: &'a [Object]) -> Option<&'a Object> {
    scaled.iter().find(|one| {
        let kind = one.text(&["spec", "scaleTargetRef", "kind"]);
        one.text(&["spec", "scaleTargetRef", "name"]) == id.name && (kind.is_empty() || kind == id.kind)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_scales_a_workload_is_found_by_its_target() {
        let id = ObjectId::new("apps", "Deployment", "a", "web");
        let one = |target: Value| Object(json!({"kind": "ScaledObject", "spec": {"scaleTargetRef": target}}));
        let all = [one(json!({"name": "other"})), one(json!({"name": "web", "kind": "StatefulSet"}))];
        assert!(scaler(&id, &all).is_none());
        assert!(scaler(&id, &[one(json!({"name": "web"}))]).is_some());
    }

    #[test]
    fn a_workload_that_says_nothing_has_one_replica() {
        let live = |spec: Value| Object(json!({"metadata": {"annotations": {STOPPED: "3"}}, "spec": spec}));
        assert_eq!((replicas(&live(json!({}))), replicas(&live(json!({"replicas": 0})))), (1, 0));
        assert_eq!(stopped(&live(json!({}))), Some(3));
    }
}
