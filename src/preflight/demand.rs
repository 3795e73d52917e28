//! What the pods of a plan ask for, as the scheduler and quotas count it (Kubernetes: "Resource sharing within
//! containers", "Sidecar containers"). No matter of its own: nodes, quotas and limit ranges reckon with it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts::LimitRange;
use crate::object::Object;
use crate::plan::{Action, Plan};
use crate::quantity::Quantity;

/// The pods of one workload that a plan adds.
pub(super) struct Pods<'a> {
    pub(super) object: &'a Object,
    pub(super) spec: &'a Value,
    /// How many pods come in addition to those that run.
    pub(super) more: i64,
}

/// The workloads that a plan makes or changes, with the pods that they add. An autoscaler's begin with one; what runs on
/// every node is counted once.
pub(super) fn pods(plan: &Plan) -> Vec<Pods<'_>> {
    let steps = plan.steps.iter().filter(|step| !matches!(step.action, Action::Keep | Action::Delete));
    steps
        .filter_map(|step| {
            let object = &step.wanted.object;
            let more = match &step.action {
                Action::Create => wanted(object),
                Action::Change { fields, .. } => fields
                    .iter()
                    .find(|field| field.path == "spec.replicas")
                    .and_then(|field| Some(field.to.as_ref()?.as_i64()? - field.from.as_ref()?.as_i64()?))
                    .map_or(0, |more| more.max(0)),
                _ => 0,
            };
            Some(Pods { object, spec: object.pod_spec()?, more })
        })
        .collect()
}

/// How many pods a workload that is made begins with.
pub(super) fn wanted(object: &Object) -> i64 {
    let field = match object.kind() {
        "Deployment" | "StatefulSet" | "ReplicaSet" => "replicas",
        "Job" => "parallelism",
        _ => return 1,
    };
    object.integer(&["spec", field]).unwrap_or(1)
}

/// The containers of a pod, with what the namespace gives to those that ask for nothing.
pub(super) struct Asking<'a> {
    defaults: Vec<&'a LimitRange>,
}

impl<'a> Asking<'a> {
    /// With the defaults of a namespace.
    pub(super) fn with(ranges: &'a [LimitRange]) -> Self {
        Self { defaults: ranges.iter().filter(|range| range.kind == "Container").collect() }
    }

    /// What a container has of `requests` or `limits` for a resource, after the API server filled in its defaults.
    pub(super) fn of(&self, container: &Value, which: &str, resource: &str) -> Option<Quantity> {
        let own = |which: &str| quantity(container.get("resources")?.get(which)?.get(resource)?);
        let given = |read: fn(&LimitRange) -> &BTreeMap<String, String>| {
            self.defaults.iter().find_map(|range| read(range).get(resource)?.parse().ok())
        };
        if which == "limits" {
            return own("limits").or_else(|| given(|range| &range.default));
        }
        own("requests")
            .or_else(|| own("limits"))
            .or_else(|| given(|range| &range.default_request))
            .or_else(|| given(|range| &range.default))
    }

    /// What a whole pod asks for: its containers and sidecars together, or a container that runs before them where that
    /// is more.
    pub(super) fn pod(&self, spec: &Value, which: &str, resource: &str) -> Quantity {
        let of = |container: &Value| self.of(container, which, resource).unwrap_or(Quantity::ZERO);
        let (mut sidecars, mut first) = (Quantity::ZERO, Quantity::ZERO);
        for container in list(spec, "initContainers") {
            let together = plus(sidecars, of(container));
            if container.get("restartPolicy").and_then(Value::as_str) == Some("Always") {
                sidecars = together;
            }
            first = first.max(together);
        }
        let running = list(spec, "containers").iter().map(of).fold(sidecars, plus);
        let overhead = spec.get("overhead").and_then(|all| quantity(all.get(resource)?)).unwrap_or(Quantity::ZERO);
        plus(running.max(first), overhead)
    }
}

/// All containers of a pod, those that run first included.
pub(super) fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    list(spec, "initContainers").iter().chain(list(spec, "containers"))
}

fn list<'a>(spec: &'a Value, field: &str) -> &'a [Value] {
    spec.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A sum that stops at the most that Kubernetes can hold.
pub(super) fn plus(a: Quantity, b: Quantity) -> Quantity {
    [a, b].into_iter().sum()
}

/// So many times, with the same stop.
pub(super) fn times(a: Quantity, many: i64) -> Quantity {
    a.checked_mul(many).unwrap_or_else(|| Quantity::bytes(i64::MAX))
}
