//! One step: what is asked of the server for one object.

use std::time::Duration;

use serde_json::{Value, json};

use super::dry_run::SendError;
use super::owned;
use super::run::Run;
use super::survey::{Item, is_kept_thing};
use crate::cluster::record::JournalEntry;
use crate::cluster::{Apply, Deletion, FaultKind, FieldConflict, Propagation, Removal};
use crate::diagnose::held_in_deletion;
use crate::error::{Failure, FailureKind};
use crate::event::{Done, EventKind};
use crate::facts::Pact;
use crate::finding::Finding;
use crate::object::{Object, ObjectId};
use crate::plan::adopt::HELM_OWNER;
use crate::plan::diff::opens_something;
use crate::plan::{Action, Verb};
use crate::sanitize::HIDDEN;

/// What came of sending an object.
pub(super) struct Sent {
    /// As it is now.
    pub(super) live: Object,
    /// As it was sent, without the fields that were left to others.
    pub(super) object: Object,
    /// Fields that were left.
    pub(super) left: Vec<String>,
}

/// What came of a step.
pub(super) struct Stepped {
    pub(super) done: Done,
    /// Absent after a deletion.
    pub(super) sent: Option<Sent>,
}

impl Run<'_> {
    /// Does a step that is not as wanted. `another`: what was to be removed is gone already, and this came after it.
    pub(super) async fn step(&self, item: &Item<'_>, another: bool) -> Result<Stepped, Failure> {
        match &item.step.action {
            Action::Delete if another => Ok(Stepped { done: Done::Unchanged, sent: None }),
            Action::Delete => {
                // Pods first, so that "deleted" means that nothing runs any more and no claim is mounted.
                let runs_pods = item.object.pod_template_path().is_some();
                let how = if runs_pods { Propagation::Foreground } else { Propagation::Background };
                let gone = self.remove(item, how).await?;
                Ok(Stepped { done: if gone { Done::Deleted } else { Done::Unchanged }, sent: None })
            }
            Action::Replace { .. } if !another => {
                let replaced = item.live.is_some();
                if let Some(live) = &item.live {
                    refuse_to_lose(live, &self.plan.target.pact)?;
                    self.remove(item, Propagation::Foreground).await?;
                }
                let sent = self.send_now(item).await?;
                Ok(Stepped { done: if replaced { Done::Replaced } else { Done::Created }, sent: Some(sent) })
            }
            Action::Create | Action::Change { .. } | Action::Keep | Action::Replace { .. } => {
                if self.plan.verb == Verb::Adopt {
                    self.take_ownership(item).await?;
                }
                self.hand_over_replicas(item).await?;
                if item.step.one_first && !was_ever_ready(item.live.as_ref()) {
                    self.one_alone(item).await?;
                }
                let sent = self.send_now(item).await?;
                let done = match &item.live {
                    None => Done::Created,
                    Some(live) if live.resource_version() == sent.live.resource_version() => Done::Unchanged,
                    Some(_) => Done::Changed,
                };
                Ok(Stepped { done, sent: Some(sent) })
            }
        }
    }

    /// Starts one replica and waits for it: it migrates alone.
    async fn one_alone(&self, item: &Item<'_>) -> Result<(), Failure> {
        let mut object = item.object.clone();
        object.set(&["spec", "replicas"], 1.into());
        let one = Item {
            step: item.step,
            id: item.id.clone(),
            object,
            live: item.live.clone(),
            unchanged: false,
            left: item.left.clone(),
            adopted: item.adopted,
        };
        let sent = self.send_now(&one).await?;
        self.readiness.written(&sent.live);
        self.until_ready(std::slice::from_ref(&item.id)).await
    }

    async fn send_now(&self, item: &Item<'_>) -> Result<Sent, Failure> {
        self.may_write()?;
        self.send(item, false).await.map_err(|error| match error {
            SendError::Fault(fault) => fault.into(),
            SendError::Failure(failure) => failure,
        })
    }

    /// Applies an object; a field that others own is left or taken as the operator said for that field, else it is told.
    pub(super) async fn send(&self, item: &Item<'_>, dry_run: bool) -> Result<Sent, SendError> {
        let mut how = Apply {
            manager: self.manager.clone(),
            force: item.adopted,
            dry_run,
            kind_may_come: self.comes(item) && !dry_run,
        };
        let mut object = item.object.clone();
        let mut left = item.left.clone();
        loop {
            let fault = match self.cluster.apply(&object, &how).await {
                Ok(live) => return Ok(Sent { live, object, left }),
                Err(fault) => fault,
            };
            let FaultKind::Conflicts(conflicts) = &fault.kind else { return Err(SendError::Fault(fault)) };
            let mut progress = false;
            let mut open = Vec::new();
            for conflict in conflicts {
                if says(&self.options.leave_fields, &item.id, &conflict.field) && !left.contains(&conflict.field) {
                    owned::take(&mut object.0, &conflict.field);
                    left.push(conflict.field.clone());
                    progress = true;
                } else if !says(&self.options.take_fields, &item.id, &conflict.field) {
                    open.push(conflict);
                }
            }
            if !open.is_empty() {
                return Err(SendError::Failure(self.conflict(item, *fault.failure, &open)));
            }
            if !progress {
                // Everything that remains was named by the operator.
                if how.force {
                    return Err(SendError::Fault(fault));
                }
                how.force = true;
            }
        }
    }

    /// Whether the object's kind is brought by this plan, so that the server may not know it yet.
    fn comes(&self, item: &Item<'_>) -> bool {
        let steps = self.plan.steps.iter().filter_map(|step| super::dry_run::defined(&step.wanted.object));
        self.brings_kinds && steps.into_iter().any(|(group, kind)| group == item.id.group && kind == item.id.kind)
    }

    fn conflict(&self, item: &Item<'_>, failure: Failure, open: &[&FieldConflict]) -> Failure {
        let mut told =
            Failure::new(FailureKind::Refused, format!("another manager owns fields of {}", item.id.short()))
                .place(item.id.to_string());
        let secret = item.id.kind == "Secret";
        for conflict in open {
            let shown = |object: Option<&Value>| match object.and_then(|object| owned::at(object, &conflict.field)) {
                _ if secret => "hidden".to_string(),
                Some(value) => crate::sanitize::line(&value.to_string()),
                None => "nothing".to_string(),
            };
            let (live, ours) = (shown(item.live.as_ref().map(|live| &live.0)), shown(Some(&item.object.0)));
            told = told.why(format!(
                "{}: {} has {live}, wanted is {ours}; owned by {}",
                conflict.field,
                item.id.short(),
                probably(&conflict.manager)
            ));
        }
        for conflict in open {
            told = told
                .hint(format!("leave it: --leave-field '{}'", conflict.field))
                .hint(format!("or take it over: --take-field '{}'", conflict.field));
            // Taking back from an autoscaler starts from the live count (cluster.md 2): ten pods never become one unasked.
            let count = item.live.as_ref().and_then(|live| live.at(&["spec", "replicas"]));
            if let (Some(count), "spec.replicas") = (count, conflict.field.trim_start_matches('.')) {
                told = told.hint(format!("or begin with what runs: answer {count} replicas"));
            }
        }
        Failure { state: failure.state, ..told }
    }

    /// An autoscaler takes `replicas` over: dropping the field while we alone own it would reset it to one. A second
    /// manager keeps the live count until the scale subresource has an owner (cluster.md 2, facts: installers 6.1).
    async fn hand_over_replicas(&self, item: &Item<'_>) -> Result<(), Failure> {
        let path = ["spec", "replicas"];
        let Some(live) = &item.live else { return Ok(()) };
        let count =
            live.at(&path).filter(|_| item.object.at(&path).is_none() && owned::owns(live, &self.manager, &path));
        let Some(count) = count else { return Ok(()) };
        self.may_write()?;
        let keep = Object(json!({
            "apiVersion": item.object.api_version(),
            "kind": item.object.kind(),
            "metadata": {"name": item.id.name, "namespace": item.id.namespace},
            "spec": {"replicas": count},
        }));
        // A manager's name has 128 characters at most; a release's has 110 and less.
        let how = Apply { manager: format!("{}:replicas", self.manager), ..Apply::default() };
        self.cluster.apply(&keep, &how).await?;
        Ok(())
    }

    /// Deletes the object that was seen, and waits until it is gone; `false` when it was gone already.
    async fn remove(&self, item: &Item<'_>, propagation: Propagation) -> Result<bool, Failure> {
        let Some(live) = &item.live else { return Ok(false) };
        self.may_write()?;
        let how = Deletion {
            uid: live.uid().into(),
            // What holds data goes only as it was seen.
            resource_version: if is_kept_thing(item.step.class) {
                live.resource_version().into()
            } else {
                String::new()
            },
            propagation,
            dry_run: false,
        };
        self.delete(&item.id, &how).await
    }

    /// Deletes an object and waits until it is gone; `false` when it was gone already.
    pub(super) async fn delete(&self, id: &ObjectId, how: &Deletion) -> Result<bool, Failure> {
        let removed = self.cluster.remove(id, how).await?;
        if removed == Removal::Going {
            self.until_gone(id, &how.uid).await?;
        }
        Ok(removed != Removal::Absent)
    }

    /// Waits until an object is gone. What holds it is told after a while; not longer than the operator wants.
    pub(super) async fn until_gone(&self, id: &ObjectId, uid: &str) -> Result<(), Failure> {
        let gone = self.cluster.gone(id, uid);
        tokio::pin!(gone);
        let began = tokio::time::Instant::now();
        let mut told: Option<Finding> = None;
        loop {
            tokio::select! {
                gone = &mut gone => {
                    if let Some(finding) = told {
                        let (code, about) = (finding.code, finding.at);
                        self.tell.step(id, EventKind::FindingCleared { code, about }).await;
                    }
                    return Ok(gone?);
                }
                () = tokio::time::sleep(self.options.timeout.unwrap_or(HELD).min(HELD)) => {}
            }
            let held = self.cluster.find(id).await?.as_ref().and_then(held_in_deletion);
            if let Some(finding) = held.clone().filter(|held| told.as_ref() != Some(held)) {
                self.tell.step(id, EventKind::FindingRaised { finding: finding.clone(), hopeless: false }).await;
                told = Some(finding);
            }
            if let Some(timeout) = self.options.timeout.filter(|timeout| began.elapsed() >= *timeout) {
                let what = format!("{} is not gone after {} s", id.short(), timeout.as_secs());
                let failure = Failure::new(FailureKind::TimedOut, what).place(id.to_string());
                let failure = match held {
                    Some(held) => failure.why(held.what).why(held.why).hint(held.remedy),
                    None => failure,
                };
                return Err(failure
                    .state("it is being deleted, and goes once nothing holds it")
                    .hint("run the same command again to go on"));
            }
        }
    }
}

/// Time after which something that should be gone is looked at.
const HELD: Duration = Duration::from_secs(10);

/// The journal entry of a step that deletes or replaces.
pub(super) fn journal_entry(item: &Item<'_>) -> Option<JournalEntry> {
    Some(entry(removes(item)?, item.live.as_ref()?))
}

/// How the journal calls a step that deletes or replaces.
pub(super) fn removes(item: &Item<'_>) -> Option<&'static str> {
    match item.step.action {
        Action::Delete => Some("delete"),
        Action::Replace { .. } => Some("replace"),
        _ => None,
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::String(text) if opens_something(text) => *value = HIDDEN.into(),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        _ => {}
    }
}

/// Whether what is there was made after the journal named another for this step: a run that died had replaced or deleted that
/// one already, and this one is not the one that was meant.
pub(super) fn is_another(journal: &[JournalEntry], step: &str, live: &Object) -> bool {
    let id = live.id();
    let mut meant = journal.iter().filter(|entry| entry.step == step && entry.id == id).peekable();
    meant.peek().is_some() && meant.all(|entry| entry.uid != live.uid())
}

/// A journal entry; of a Secret without its data, and without any address that opens something: records hold no secrets.
pub(super) fn entry(step: &str, live: &Object) -> JournalEntry {
    let mut original = live.clone();
    original.remove(&["metadata", "managedFields"]);
    // Helm's record holds values wherever it is kept.
    if live.kind() == "Secret" || live.label(HELM_OWNER) == Some("helm") {
        original.remove(&["data"]);
        original.remove(&["stringData"]);
        original.remove(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"]);
    }
    hide(&mut original.0);
    JournalEntry { step: step.into(), id: live.id(), uid: live.uid().into(), original }
}

/// Whether a replica of a workload was ready: its schema is there then. Several are asked for only once the first was; its
/// status may say so later than the run before had its answer from the pods, and nothing is scaled down to one for that.
fn was_ever_ready(live: Option<&Object>) -> bool {
    let more_than = |live: &Object, path: &[&str], least: i64| live.integer(path).is_some_and(|count| count > least);
    live.is_some_and(|live| {
        more_than(live, &["status", "readyReplicas"], 0) || more_than(live, &["spec", "replicas"], 1)
    })
}

/// A claim that was ever bound holds data: it is never replaced (cluster.md 5), unless it was named to be wiped.
fn refuse_to_lose(live: &Object, pact: &Pact) -> Result<(), Failure> {
    if live.kind() != "PersistentVolumeClaim"
        || live.text(&["spec", "volumeName"]).is_empty()
        || pact.wipes(false, live.name(), live.uid())
    {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, format!("{} holds data and is not replaced", live.id().short()))
        .place(live.id().to_string())
        .why(format!("it is bound to the volume {}", live.text(&["spec", "volumeName"])))
        .hint("dump the data, make a claim of another name, and restore into it"))
}

/// Whether the operator named a field, alone or with its object (`Deployment/inngest:spec.replicas`).
pub(super) fn says(named: &[String], id: &ObjectId, field: &str) -> bool {
    let whole = format!("{}:{field}", id.short());
    named.iter().any(|name| name == field || *name == whole)
}

/// What a field manager's name usually stands for (facts: installers 6.1).
fn probably(manager: &str) -> String {
    let who = match manager {
        "kubectl-edit" | "kubectl-patch" | "kubectl" | "kubectl-client-side-apply" | "kubectl-create" => {
            "a person with kubectl"
        }
        "kubectl-scale" => "a person with kubectl scale",
        "helm" => "Helm",
        "argocd-controller" => "Argo CD",
        "kustomize-controller" | "helm-controller" => "Flux",
        "kube-controller-manager" => "the cluster's own controllers, such as an autoscaler",
        "keda" | "keda-operator" => "KEDA",
        other if other.starts_with("slipway:") => "another release of slipway",
        _ => return format!("{manager:?}"),
    };
    format!("{manager:?}, which is {who}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_of_several_is_never_scaled_to_one_because_its_status_is_late() {
        let live = |replicas: i64, ready: i64| {
            Object(json!({"kind": "Deployment", "spec": {"replicas": replicas}, "status": {"readyReplicas": ready}}))
        };
        assert!(!was_ever_ready(None));
        assert!(!was_ever_ready(Some(&live(1, 0))), "the first has yet to migrate");
        assert!(was_ever_ready(Some(&live(1, 1))));
        assert!(was_ever_ready(Some(&live(3, 0))), "its status is late");
    }
}
