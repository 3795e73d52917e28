//! The controller of a workload may not make its pods: quota, limits, PodSecurity, policies, a missing account.

use super::condition::condition;
use super::scene::Scene;
use super::{Hold, Patterns, Row, Symptom, kin};
use crate::finding::{Finding, Severity};
use crate::object::Object;

pub(super) const ROW: Row = Row {
    look,
    explains: &[
        (
            "QUOTA_EXCEEDED",
            "A ResourceQuota of the namespace does not let another pod in. While old pods of an upgrade still end, room may come by itself.",
        ),
        (
            "LIMITS_REQUIRED",
            "A ResourceQuota of the namespace asks that every pod says its requests or limits, and this one does not.",
        ),
        (
            "POD_SECURITY",
            "The namespace enforces a PodSecurity level that the pod does not meet; the server names each setting.",
        ),
        ("SERVICE_ACCOUNT_MISSING", "The pod names a service account that does not exist."),
        (
            "WEBHOOK_FAILED",
            "An admission webhook that must be asked does not answer, so that no pod can be made. It belongs to another product in the cluster.",
        ),
        (
            "ADMISSION_DENIED",
            "A policy of the cluster (webhook, validating policy, limit range) denies the pod; its own words are shown.",
        ),
        ("PRIORITY_CLASS_MISSING", "The pod names a priority class that does not exist."),
        ("POD_REFUSED", "The server refuses the pod; its own words are shown."),
    ],
};

fn look(scene: &Scene, _: &Patterns, out: &mut Vec<Symptom>) {
    for workload in scene.objects() {
        let message = match workload.kind() {
            "Deployment" => condition(workload, "ReplicaFailure")
                .filter(super::condition::Condition::is_true)
                .map(|failure| failure.message),
            "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => refused(scene, workload),
            _ => None,
        };
        let Some(message) = message else { continue };
        let owner = kin::workload_of(scene, workload);
        if workload.kind() == "ReplicaSet" && !newest(scene, workload) {
            continue;
        }
        out.push(symptom(scene, workload, &owner.to_string(), &message));
    }
}

/// The last `FailedCreate` of a workload that still lacks pods.
fn refused(scene: &Scene, workload: &Object) -> Option<String> {
    let failed = scene.last_notice(workload, &["FailedCreate"])?;
    let wanted = match workload.kind() {
        "DaemonSet" => workload.integer(&["status", "desiredNumberScheduled"]).unwrap_or(0),
        "Job" => i64::from(
            workload.integer(&["status", "active"]).unwrap_or(0)
                + workload.integer(&["status", "succeeded"]).unwrap_or(0)
                == 0,
        ),
        _ => workload.integer(&["spec", "replicas"]).unwrap_or(1),
    };
    let have = match workload.kind() {
        "Job" => 0,
        "DaemonSet" => workload.integer(&["status", "currentNumberScheduled"]).unwrap_or(0),
        _ => workload.integer(&["status", "replicas"]).unwrap_or(0),
    };
    (have < wanted).then(|| failed.message.clone())
}

fn newest(scene: &Scene, set: &Object) -> bool {
    let id = kin::workload_of(scene, set);
    match scene.get(&id).filter(|owner| owner.kind() == "Deployment") {
        Some(deployment) => kin::newest_replica_set(scene, deployment).is_some_and(|newest| newest.uid() == set.uid()),
        None => true,
    }
}

fn symptom(scene: &Scene, workload: &Object, at: &str, message: &str) -> Symptom {
    let refusal = Refusal::parse(message);
    // The name of a ReplicaSet says nothing to anybody; its Deployment's does.
    let name = at.rsplit('/').next().unwrap_or(at);
    let who = format!("the pods of {name}");
    let (code, hold, what, why, remedy) = match &refusal {
        Refusal::Quota { quota, requested, used, limited } => {
            let hold = if surplus(scene, at) { Hold::Never } else { Hold::seconds(30) };
            let why = format!("asked for {requested}, used {used}, allowed {limited}");
            (
                "QUOTA_EXCEEDED",
                hold,
                format!("the quota {quota} does not let in {who}"),
                why,
                format!("raise the quota, or ask for less: kubectl describe quota -n {}", workload.namespace()),
            )
        }
        Refusal::MustSpecify { quota, what } => (
            "LIMITS_REQUIRED",
            Hold::seconds(30),
            format!("the quota {quota} asks that {who} say {what}"),
            message.to_string(),
            "give requests and limits in the answers".to_string(),
        ),
        Refusal::PodSecurity { level, faults } => (
            "POD_SECURITY",
            Hold::seconds(10),
            format!("{who} do not meet PodSecurity {level}"),
            faults.clone(),
            "change the settings named, or the level of the namespace".to_string(),
        ),
        Refusal::ServiceAccount { name } => (
            "SERVICE_ACCOUNT_MISSING",
            Hold::seconds(60),
            format!("{who} name the service account {name}, which does not exist"),
            message.to_string(),
            format!("make it, or name another in the answers: kubectl get serviceaccounts -n {}", workload.namespace()),
        ),
        Refusal::PriorityClass => (
            "PRIORITY_CLASS_MISSING",
            Hold::seconds(60),
            format!("{who} name a priority class that does not exist"),
            message.to_string(),
            "name another: kubectl get priorityclasses".to_string(),
        ),
        Refusal::Webhook { name } => (
            "WEBHOOK_FAILED",
            Hold::Never,
            format!("the admission webhook {name} does not answer, so that {who} cannot be made"),
            message.to_string(),
            "see the product that the webhook belongs to".to_string(),
        ),
        Refusal::Denied => (
            "ADMISSION_DENIED",
            Hold::seconds(60),
            format!("a policy of the cluster denies {who}"),
            message.to_string(),
            "change what the policy names, or ask who owns it".to_string(),
        ),
        Refusal::Other => {
            ("POD_REFUSED", Hold::Never, format!("{who} cannot be made"), message.to_string(), String::new())
        }
    };
    let severity = if hold == Hold::Never { Severity::Warning } else { Severity::Error };
    Symptom::new(Finding::new(code, severity, what).why(why).remedy(remedy).at(at), hold)
}

/// Whether pods of an older revision are still there, whose end makes room.
fn surplus(scene: &Scene, at: &str) -> bool {
    at.parse()
        .ok()
        .and_then(|id| scene.get(&id))
        .is_some_and(|workload| kin::pods_of(scene, workload).iter().any(|pod| !kin::is_current(scene, pod)))
}

/// Why a pod was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `exceeded quota: q, requested: …, used: …, limited: …`.
    Quota { quota: String, requested: String, used: String, limited: String },
    /// `failed quota: q: must specify limits.cpu for: web`.
    MustSpecify { quota: String, what: String },
    /// `violates PodSecurity "restricted:latest": …`.
    PodSecurity { level: String, faults: String },
    /// `error looking up service account ns/name: serviceaccount "name" not found`.
    ServiceAccount { name: String },
    /// `no PriorityClass with name x was found`.
    PriorityClass,
    /// `failed calling webhook "x": …`.
    Webhook { name: String },
    /// Denied by a policy or a webhook.
    Denied,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Reads the words of the admission plugins.
    pub(super) fn parse(message: &str) -> Self {
        let between = |from: &str, to: &str| -> Option<String> {
            let rest = message.split_once(from)?.1;
            Some(rest.split_once(to).map_or(rest, |(part, _)| part).trim().to_string())
        };
        if let Some(quota) = between("exceeded quota: ", ", ") {
            let part = |from, to| between(from, to).unwrap_or_default();
            return Self::Quota {
                quota,
                requested: part("requested: ", ", used:"),
                used: part("used: ", ", limited:"),
                limited: part("limited: ", "\n"),
            };
        }
        if let Some(what) = between("must specify ", "\n") {
            return Self::MustSpecify { quota: between("failed quota: ", ":").unwrap_or_default(), what };
        }
        if let Some(level) = between("violates PodSecurity \"", "\"") {
            let faults = message.split_once(&format!("\"{level}\": ")).map_or("", |(_, rest)| rest).to_string();
            return Self::PodSecurity { level, faults };
        }
        if let Some(name) = between("error looking up service account ", ":") {
            return Self::ServiceAccount { name: name.rsplit('/').next().unwrap_or("").to_string() };
        }
        if message.contains("PriorityClass") && message.contains("was found") {
            return Self::PriorityClass;
        }
        if let Some(name) = between("failed calling webhook \"", "\"") {
            return Self::Webhook { name };
        }
        if message.contains("denied") || message.contains("LimitRange") || message.contains("usage per ") {
            return Self::Denied;
        }
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_admission_are_read_with_their_numbers_and_names() {
        for (message, expected) in [
            (
                "pods \"web-5d9-x\" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi,pods=1, used: limits.memory=7Gi,pods=9, limited: limits.memory=7Gi,pods=10",
                Refusal::Quota { quota: "compute".into(), requested: "limits.memory=1Gi,pods=1".into(), used: "limits.memory=7Gi,pods=9".into(), limited: "limits.memory=7Gi,pods=10".into() },
            ),
            ("pods \"web-0\" is forbidden: failed quota: compute: must specify limits.cpu for: web; limits.memory for: web", Refusal::MustSpecify { quota: "compute".into(), what: "limits.cpu for: web; limits.memory for: web".into() }),
            (
                "pods \"web-0\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false)",
                Refusal::PodSecurity { level: "restricted:latest".into(), faults: "allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false)".into() },
            ),
            ("pods \"web-0\" is forbidden: error looking up service account inngest/robot: serviceaccount \"robot\" not found", Refusal::ServiceAccount { name: "robot".into() }),
            ("pods \"web-0\" is forbidden: no PriorityClass with name gold was found", Refusal::PriorityClass),
            ("Internal error occurred: failed calling webhook \"mutate.example.com\": failed to call webhook: Post \"https://x.y.svc:443/mutate\": dial tcp 10.0.0.1:443: connect: connection refused", Refusal::Webhook { name: "mutate.example.com".into() }),
            ("admission webhook \"validate.kyverno.svc-fail\" denied the request: policy require-labels failed", Refusal::Denied),
            ("pods \"web-0\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2]", Refusal::Denied),
            ("something new", Refusal::Other),
        ] {
            assert_eq!(Refusal::parse(message), expected, "{message}");
        }
    }
}
