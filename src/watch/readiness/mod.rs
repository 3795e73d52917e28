//! Is it ready? One file a kind, pure and honest (design.md 7): the observed generation first, old pods never speak for
//! the new revision, a Failed pod is not ready, a running Job is not done, a load balancer without an address waits,
//! and an empty list never passes for "all of them". The rules start from kstatus and mend it (facts: installers 6.4).
//! Where no status says yet that a Deployment or a Job has come to its end, its own pods may.

mod cronjob;
mod daemonset;
mod definition;
mod deployment;
mod gateway;
mod generic;
mod horizontalpodautoscaler;
mod ingress;
mod job;
mod persistentvolumeclaim;
mod pod;
mod replicaset;
mod scaledobject;
mod service;
mod statefulset;
#[cfg(test)]
mod tests;

use crate::diagnose::{Scene, kin};
use crate::event::Readiness;
use crate::object::Object;

use super::pod_state;

/// Where an object stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Where it stands; never `Held`, which only the executor knows.
    pub readiness: Readiness,
    /// How many of its parts are ready.
    pub ready: u32,
    /// How many parts it has; 1 for what has none.
    pub of: u32,
    /// What it waits for, or why it is ready or failed.
    pub reason: String,
}

impl Assessment {
    fn ready(reason: impl Into<String>) -> Self {
        Self { readiness: Readiness::Ready, ready: 1, of: 1, reason: reason.into() }
    }

    fn waiting(reason: impl Into<String>) -> Self {
        Self { readiness: Readiness::Waiting, ready: 0, of: 1, reason: reason.into() }
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self { readiness: Readiness::Failed, ready: 0, of: 1, reason: reason.into() }
    }

    fn parts(mut self, ready: i64, of: i64) -> Self {
        let count = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
        (self.ready, self.of) = (count(ready), count(of));
        self
    }
}

/// Where an object stands, judged from what is seen of it and of what belongs to it.
pub fn assess(object: &Object, scene: &Scene) -> Assessment {
    if object.at(&["metadata", "deletionTimestamp"]).is_some() {
        return Assessment::waiting("is being deleted");
    }
    let by_status = by_status(object, scene);
    let is_deployment = (object.group(), object.kind()) == ("apps", "Deployment");
    match by_status.readiness {
        Readiness::Ready => by_status,
        _ if is_deployment => deployment::by_its_pods(object, scene).unwrap_or(by_status),
        _ => by_status,
    }
}

fn by_status(object: &Object, scene: &Scene) -> Assessment {
    let observed = observed(object);
    if observed == Observed::Older {
        return Assessment::waiting("its controller has not seen the change yet");
    }
    match (object.group(), object.kind()) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") if observed == Observed::Never => {
            Assessment::waiting("its controller has not seen it yet")
        }
        ("apps", "Deployment") => deployment::assess(object, scene),
        ("apps", "StatefulSet") => statefulset::assess(object, scene),
        ("apps", "DaemonSet") => daemonset::assess(object, scene),
        ("apps", "ReplicaSet") => replicaset::assess(object, scene),
        ("batch", "Job") => job::assess(object, scene),
        ("batch", "CronJob") => cronjob::assess(object),
        ("", "Pod") => pod::assess(object, scene),
        ("", "PersistentVolumeClaim") => persistentvolumeclaim::assess(object, scene),
        ("", "Service") => service::assess(object),
        ("networking.k8s.io", "Ingress") => ingress::assess(object),
        ("gateway.networking.k8s.io", "Gateway" | "HTTPRoute") => gateway::assess(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::assess(object),
        ("autoscaling", "HorizontalPodAutoscaler") => horizontalpodautoscaler::assess(object),
        ("keda.sh", "ScaledObject" | "ScaledJob") => scaledobject::assess(object),
        ("cert-manager.io", "Certificate") => {
            generic::assess_with(object, "Ready", "cert-manager has not answered yet")
        }
        _ => generic::assess(object),
    }
}

/// How far an object's controller has come, by `status.observedGeneration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Observed {
    /// It has seen the newest.
    Newest,
    /// It has seen an older one.
    Older,
    /// It says nothing of it: for most kinds that means nothing.
    Never,
}

/// Reads `status.observedGeneration`. A value that is no integer is taken as not said, instead of failing on it: there
/// are controllers that write text (helm#32615).
fn observed(object: &Object) -> Observed {
    match (object.integer(&["metadata", "generation"]), object.integer(&["status", "observedGeneration"])) {
        (Some(generation), Some(observed)) if observed < generation => Observed::Older,
        (_, Some(_)) => Observed::Newest,
        (_, None) => Observed::Never,
    }
}

/// A number in the status, 0 when it is missing: Kubernetes leaves zeros out.
fn count(object: &Object, name: &str) -> i64 {
    object.integer(&["status", name]).unwrap_or(0)
}

/// What a workload waits for: the reason of its first current pod that is not ready and has one, else the count.
fn waits_for(scene: &Scene, workload: &Object, ready: i64, of: i64) -> String {
    let pods = kin::current_pods_of(scene, workload);
    let reason = pods.iter().find_map(|pod| {
        let state = pod_state::of(scene, pod);
        (!state.ready && !state.reason.is_empty()).then_some(state.reason)
    });
    match reason {
        Some(reason) => reason,
        None if of == 1 => "waiting for its pod".into(),
        None => format!("{ready} of {of} replicas ready"),
    }
}

/// What is said of replicas that are ready.
fn replicas_ready(of: i64) -> String {
    if of == 1 { "ready".into() } else { format!("{of} replicas ready") }
}
