//! Giving a release's objects up to another owner: first the mark that keeps every later run from writing, then, object by
//! object, the fields and the membership. What is in the objects stays as it is.

use serde_json::{Value, json};

use super::Options;
use super::control::Controls;
use super::ready::Watches;
use super::run::Run;
use crate::cluster::{Apply, Cluster, FaultKind, applyset};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::Object;
use crate::plan::export::HANDED_OVER;
use crate::plan::set::PART_OF;
use crate::plan::{Action, Plan, Target};

/// Hands the objects of a recorded plan over; how many were given up. Killed, the same command finishes it.
///
/// # Errors
/// The lock is held, or something cannot be written.
pub async fn hand_over(cluster: &Cluster, plan: &Plan, options: &Options) -> Result<u32, Failure> {
    let (events, _) = tokio::sync::mpsc::channel(1);
    let (_wish, controls) = tokio::sync::watch::channel(super::Control::Go);
    let readiness = Watches(cluster.clone());
    let run = Run::new(cluster, plan, &readiness, options, events, Controls(controls));
    run.locked().await?;
    let done = run.give_up().await;
    if let Some(lock) = run.lock.write().await.take() {
        lock.release().await;
    }
    done
}

impl Run<'_> {
    async fn give_up(&self) -> Result<u32, Failure> {
        let target = &self.plan.target;
        self.may_write()?;
        let mut parent = applyset::parent(target, &self.group_kinds());
        parent.set_annotation(HANDED_OVER, &self.options.who);
        self.cluster.apply(&parent, &Apply { manager: self.manager.clone(), ..Apply::default() }).await?;
        let mut given = 0;
        let steps = self.plan.steps.iter().filter(|step| step.action != Action::Delete);
        for id in steps.map(|step| step.wanted.object.id()) {
            // A controller may write its status in between.
            for _ in 0..20 {
                let Some(live) = self.cluster.find(&id).await? else { break };
                let Some(patch) = given_up(&live, &self.manager) else { break };
                self.may_write()?;
                match self.cluster.patch(&id, "", &patch, &self.manager).await {
                    Ok(_) => {
                        given += 1;
                        break;
                    }
                    Err(fault) if fault.kind == FaultKind::Changed => {}
                    Err(fault) => return Err(fault.into()),
                }
            }
        }
        Ok(given)
    }
}

/// What takes our fields and membership off an object; `None` where there is neither. A claim keeps the label that says
/// whose data it holds.
fn given_up(live: &Object, manager: &str) -> Option<Value> {
    let entries = live.list(&["metadata", "managedFields"]);
    let mut others: Vec<Value> = entries.iter().filter(|entry| entry["manager"] != manager).cloned().collect();
    if others.len() == entries.len() && live.label(PART_OF).is_none() {
        return None;
    }
    // An empty list would leave them as they are.
    if others.is_empty() {
        others.push(json!({}));
    }
    Some(json!({"metadata": {
        "resourceVersion": live.resource_version(),
        "managedFields": others,
        "labels": {PART_OF: null},
    }}))
}

/// Why a release that was handed over is not written.
pub(super) fn refusal(parent: &Object, target: &Target) -> Option<Failure> {
    let who = parent.annotation(HANDED_OVER)?;
    let failure = Failure::new(FailureKind::Refused, format!("{} was handed over", target.release))
        .place(format!("namespace {} in {}", target.namespace, target.server))
        .why(format!(
            "{} gave its objects up: whatever applies the exported manifests owns them now",
            crate::sanitize::line(who)
        ))
        .state(NOTHING_WRITTEN)
        .hint("change it where those manifests are kept")
        .hint(format!(
            "or take it back, once nobody applies them any more: kubectl -n {} annotate configmap {} {HANDED_OVER}-",
            target.namespace,
            target.parent_name()
        ));
    Some(failure)
}
