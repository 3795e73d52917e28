//! What rendered objects ask for in all, and where they are reached from outside: reckoned from the answers alone, before
//! there is a plan. No matter of its own: it finds nothing, it tells what the answers come to.

mod outside;

use serde_json::Value;

use super::demand::{Asking, plus, quantity, times, wanted};
use crate::facts::LimitRange;
use crate::object::Object;
use crate::quantity::Quantity;

/// What pods and claims ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// CPU in cores.
    pub cpu: Quantity,
    /// Memory in bytes.
    pub memory: Quantity,
    /// Storage of claims in bytes.
    pub storage: Quantity,
}

impl Default for Asked {
    fn default() -> Self {
        Self { cpu: Quantity::ZERO, memory: Quantity::ZERO, storage: Quantity::ZERO }
    }
}

impl Asked {
    fn add(&mut self, one: &Self, many: i64) {
        self.cpu = plus(self.cpu, times(one.cpu, many));
        self.memory = plus(self.memory, times(one.memory, many));
        self.storage = plus(self.storage, times(one.storage, many));
    }

    /// In words, never less than is asked: `1.1 CPU, 1.9 GiB memory, 28 GiB disk`.
    pub fn words(&self) -> String {
        format!("{} CPU, {} memory, {} disk", cores(self.cpu), bytes(self.memory), bytes(self.storage))
    }
}

/// What objects come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What is asked for at first: an autoscaler begins with its fewest replicas.
    pub asked: Asked,
    /// What is asked for when every autoscaler has made as many replicas as it may; none where there is none.
    pub most: Option<Asked>,
    /// Something runs on every node: it is counted once.
    pub every_node: bool,
    /// Where it is reached from outside of the cluster, a way each; empty when it is not reachable.
    pub outside: Vec<String>,
}

/// Reckons, as the scheduler does (Kubernetes: "Resource sharing within containers", "Sidecar containers"): replicas times
/// what a pod asks for, claims, and the claims that a StatefulSet makes for each replica. `ranges` is what the namespace
/// gives to containers that ask for nothing.
pub fn totals(objects: &[&Object], ranges: &[LimitRange]) -> Totals {
    let asking = Asking::with(ranges);
    let mut totals = Totals { outside: outside::ways(objects), ..Totals::default() };
    let mut most = Asked::default();
    for object in objects {
        if object.kind() == "PersistentVolumeClaim" {
            let claim = Asked { storage: storage(&object.0), ..Asked::default() };
            totals.asked.add(&claim, 1);
            most.add(&claim, 1);
        }
        let Some(spec) = object.pod_spec() else { continue };
        let claims = object.list(&["spec", "volumeClaimTemplates"]).iter().map(storage).fold(Quantity::ZERO, plus);
        let pod = Asked {
            cpu: asking.pod(spec, "requests", "cpu"),
            memory: asking.pod(spec, "requests", "memory"),
            storage: if object.kind() == "StatefulSet" { claims } else { Quantity::ZERO },
        };
        totals.every_node |= object.kind() == "DaemonSet";
        let scaled = objects.iter().find_map(|other| scaling(other, object));
        let (fewest, greatest) = scaled.unwrap_or_else(|| (wanted(object), wanted(object)));
        totals.asked.add(&pod, fewest);
        most.add(&pod, greatest);
    }
    totals.most = Some(most).filter(|most| *most != totals.asked);
    totals
}

/// Fewest and most replicas that an autoscaler makes of a workload, with the defaults of its kind.
fn scaling(autoscaler: &Object, workload: &Object) -> Option<(i64, i64)> {
    let (fewest, most, defaults) = match autoscaler.kind() {
        "HorizontalPodAutoscaler" => ("minReplicas", "maxReplicas", (1, 1)),
        "ScaledObject" => ("minReplicaCount", "maxReplicaCount", (0, 100)),
        _ => return None,
    };
    let target = autoscaler.at(&["spec", "scaleTargetRef"])?;
    let kind = target.get("kind").and_then(Value::as_str).unwrap_or("Deployment");
    if kind != workload.kind() || target.get("name").and_then(Value::as_str) != Some(workload.name()) {
        return None;
    }
    let bound = |field: &str, default| autoscaler.integer(&["spec", field]).unwrap_or(default);
    let (fewest, most) = (bound(fewest, defaults.0), bound(most, defaults.1));
    Some((fewest, most.max(fewest)))
}

fn storage(claim: &Value) -> Quantity {
    claim.pointer("/spec/resources/requests/storage").and_then(quantity).unwrap_or(Quantity::ZERO)
}

/// Cores, rounded up: to hundredths below one, to tenths above.
fn cores(cpu: Quantity) -> String {
    let milli = cpu.to_milli();
    let (step, places) = if milli < 1000 { (10, 2) } else { (100, 1) };
    decimal((milli + step - 1) / step, places)
}

/// Bytes in the largest unit that leaves a whole, rounded up to tenths.
fn bytes(amount: Quantity) -> String {
    let bytes = amount.to_whole();
    let units = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{} {unit}", decimal((bytes * 10 + size - 1) / size, 1)),
        None if bytes > 0 => format!("{bytes} B"),
        None => "no".into(),
    }
}

/// A whole number of tenths or hundredths as a decimal, without noughts at its end.
fn decimal(value: i128, places: usize) -> String {
    let ten = 10i128.pow(u32::try_from(places).unwrap_or(0));
    let text = format!("{}.{:0places$}", value / ten, value % ten);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests;
