//! What a follower follows, and the watches that takes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fold::Followed;
use super::kinds::is_passive;
use super::source::Watched;
use crate::facts::Facts;
use crate::object::Object;
use crate::plan::{Action, LogPattern, Plan};
use crate::sanitize::Redactor;

/// Label of what belongs to an installation (Kubernetes: recommended labels).
const INSTANCE: &str = "app.kubernetes.io/instance";

/// What is followed, and what is known beforehand.
#[derive(Clone)]
pub struct Follow {
    /// Namespace of the release.
    pub namespace: String,
    /// Label selector of the set's members: `applyset.kubernetes.io/part-of=…`.
    pub members: String,
    /// Label selector of the pods: `app.kubernetes.io/instance=<release>`. Empty where a workload's pods do not carry
    /// that label; then every pod of the namespace is watched and those of others are passed over.
    pub pods: String,
    /// The objects.
    pub followed: Vec<Followed>,
    /// What is known of the cluster.
    pub facts: Arc<Facts>,
    /// What the product's log lines mean.
    pub patterns: Vec<LogPattern>,
    /// Hides secret values in everything foreign.
    pub redactor: Redactor,
    /// Judge every object as it is found (`status`, `attach`), instead of only what this run has written.
    pub as_found: bool,
    /// Follow the logs of the pods.
    pub logs: bool,
}

impl Follow {
    /// What a run of a plan follows: every object that it does not delete. `set` is the id of the release's set
    /// (KEP-3659), which its members carry.
    pub fn of(plan: &Plan, set: &str, facts: Arc<Facts>, redactor: Redactor) -> Self {
        let stay = || plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted);
        let labelled = |object: &Object| match object.pod_template_path() {
            Some(path) => {
                let label = [path, &["metadata", "labels", INSTANCE]].concat();
                object.text(&label) == plan.target.release
            }
            None => true,
        };
        let all_labelled = stay().all(|wanted| labelled(&wanted.object));
        Self {
            namespace: plan.target.namespace.clone(),
            members: format!("applyset.kubernetes.io/part-of={set}"),
            pods: if all_labelled { format!("{INSTANCE}={}", plan.target.release) } else { String::new() },
            followed: stay().map(|wanted| Followed { id: wanted.object.id(), group: wanted.group.clone() }).collect(),
            facts,
            patterns: plan.log_patterns.clone(),
            redactor,
            as_found: false,
            logs: true,
        }
    }

    /// The watches it takes: one for each followed kind, and for what stands between a workload and its state.
    pub(super) fn watches(&self) -> BTreeSet<Watched> {
        let mut all = BTreeSet::new();
        let mut add = |group: &str, kind: &str, labels: &str, fields: String, namespaced: bool| {
            all.insert(Watched {
                group: group.into(),
                kind: kind.into(),
                namespace: namespaced.then(|| self.namespace.clone()),
                labels: labels.into(),
                fields,
            });
        };
        let mut workloads = false;
        for Followed { id, .. } in &self.followed {
            if is_passive(id) {
                continue;
            }
            match id.kind.as_str() {
                // Claims and definitions are no members of the set (cluster.md 1).
                "PersistentVolumeClaim" => add("", "PersistentVolumeClaim", "", String::new(), true),
                "CustomResourceDefinition" => add(&id.group, &id.kind, "", format!("metadata.name={}", id.name), false),
                kind => add(&id.group, kind, &self.members, String::new(), !id.namespace.is_empty()),
            }
            workloads |= matches!(
                id.kind.as_str(),
                "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" | "Pod"
            );
            if id.kind == "StatefulSet" {
                // Its claims may come from its own templates.
                add("", "PersistentVolumeClaim", "", String::new(), true);
            }
            if id.kind == "Deployment" {
                add("apps", "ReplicaSet", &self.pods, String::new(), true);
            }
        }
        if workloads {
            add("", "Pod", &self.pods, String::new(), true);
        }
        add("", "Event", "", String::new(), true);
        all
    }
}

#[cfg(test)]
mod tests;
