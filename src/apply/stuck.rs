//! Pods that keep their StatefulSet from going on (facts: installers 6.8): with `OrderedReady` its controller waits for a
//! pod to be ready before it replaces it, also when that pod is of a revision that never gets ready. Such a pod is ended,
//! and nothing else is: it is not ready, and not of the revision that is wanted.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;

use super::run::Run;
use super::step;
use super::survey::Item;
use crate::cluster::record::JournalEntry;
use crate::cluster::{Deletion, FaultKind, Seen, Watched};
use crate::diagnose::condition::containers;
use crate::error::Failure;
use crate::event::EventKind;
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Verb};
use crate::watch::pod_state::is_ready;

/// How long the controller is waited for, until it has seen what was written.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// Reasons for which a container waits that do not pass by themselves.
const FAILING: [&str; 6] = [
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
];

/// Pods that may have to be ended, by their StatefulSet.
pub(super) type Suspects = BTreeMap<ObjectId, Vec<Object>>;

impl Run<'_> {
    /// The pods of a wave's StatefulSets that are not ready now: only these are ever ended, and the journal names them
    /// before anything is written.
    pub(super) async fn suspects(&self, items: &[&Item<'_>]) -> Result<Suspects, Failure> {
        let mut suspects = Suspects::new();
        for item in items.iter().filter(|item| item.step.action != Action::Delete) {
            let Some(set) = item.live.as_ref().filter(|live| waits_in_order(live)) else { continue };
            let wanted = set.integer(&["spec", "replicas"]).unwrap_or(1);
            if set.integer(&["status", "readyReplicas"]).unwrap_or(0) >= wanted {
                continue;
            }
            let labels = set.at(&["spec", "selector", "matchLabels"]).and_then(serde_json::Value::as_object);
            let labels =
                labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
            let selector = labels.collect::<Vec<_>>().join(",");
            let pods = match self.cluster.list("", "Pod", set.namespace(), &selector).await {
                Ok(listed) => listed.objects,
                // Who may not see pods may not end them.
                Err(fault) if fault.kind == FaultKind::Forbidden => continue,
                Err(fault) => return Err(fault.into()),
            };
            let stuck = pods.into_iter().filter(|pod| belongs(pod, set) && self.is_stuck(pod));
            let stuck: Vec<Object> = stuck.collect();
            if !stuck.is_empty() {
                suspects.insert(item.id.clone(), stuck);
            }
        }
        Ok(suspects)
    }

    /// Ends those that are still stuck once the controller has seen the StatefulSet as it is now.
    pub(super) async fn free(&self, set: &Object, suspects: &Suspects) -> Result<(), Failure> {
        let Some(pods) = suspects.get(&set.id()) else { return Ok(()) };
        let Some(set) = self.seen_by_its_controller(set).await else { return Ok(()) };
        let wanted = set.text(&["status", "updateRevision"]);
        for pod in pods {
            let id = pod.id();
            let Some(now) = self.cluster.find(&id).await? else { continue };
            let of_wanted = now.label("controller-revision-hash") == Some(wanted);
            if wanted.is_empty() || of_wanted || now.uid() != pod.uid() || !self.is_stuck(&now) {
                continue;
            }
            self.may_write()?;
            match self.cluster.delete(&id, &Deletion::of(now.uid())).await {
                Ok(_) => {}
                // Its name is another's by now: the controller went on.
                Err(fault) if fault.kind == FaultKind::Changed => continue,
                Err(fault) if fault.kind == FaultKind::Forbidden => {
                    let failure: Failure = fault.into();
                    let said = format!("end it yourself: kubectl -n {} delete pod {}", id.namespace, id.name);
                    return Err(failure.why("it is of an older revision and keeps its StatefulSet waiting").hint(said));
                }
                Err(fault) => return Err(fault.into()),
            }
            let what = format!("{} was ended, so that its StatefulSet goes on", id.short());
            let finding = Finding::new("STUCK_POD_ENDED", Severity::Info, what)
                .why(
                    "it was not ready, and of a revision that is not wanted; its controller would wait for it for ever",
                )
                .at(id.to_string());
            self.tell.step(&set.id(), EventKind::FindingRaised { finding, hopeless: false }).await;
        }
        Ok(())
    }

    /// Not ready, and not by chance: a rollback takes every pod of an older revision that is not ready; another run only
    /// one that fails, since a pod of a good revision may be on its way up.
    fn is_stuck(&self, pod: &Object) -> bool {
        let going = pod.at(&["metadata", "deletionTimestamp"]).is_some();
        let fails = || containers(pod).iter().any(|one| FAILING.contains(&one.state().reason.as_str()));
        !going && !is_ready(pod) && (self.plan.verb == Verb::Rollback || fails())
    }

    /// The StatefulSet once its controller has seen it; `None` where that takes too long.
    async fn seen_by_its_controller(&self, set: &Object) -> Option<Object> {
        let is_seen = |now: &Object| {
            now.integer(&["status", "observedGeneration"]) >= set.integer(&["metadata", "generation"])
                && now.uid() == set.uid()
        };
        if is_seen(set) {
            return Some(set.clone());
        }
        let mut seen = self.cluster.watch(Watched::object(&set.id()));
        let found = async {
            while let Some(now) = seen.next().await {
                let now = match now {
                    Seen::All(all) => all.into_iter().next(),
                    Seen::Changed(now) => Some(now),
                    Seen::Gone(_) | Seen::Broken(_) => None,
                };
                if let Some(now) = now.filter(is_seen) {
                    return Some(now);
                }
            }
            None
        };
        tokio::time::timeout(SEEN_WITHIN, found).await.ok().flatten()
    }
}

/// The journal of what may be ended.
pub(super) fn journal(suspects: &Suspects) -> impl Iterator<Item = JournalEntry> + '_ {
    suspects.values().flatten().map(|pod| step::entry("end", pod))
}

/// Whether a StatefulSet's controller waits for each pod before it goes on with the next.
fn waits_in_order(set: &Object) -> bool {
    set.kind() == "StatefulSet"
        && set.group() == "apps"
        && set.text(&["spec", "podManagementPolicy"]) != "Parallel"
        && set.text(&["spec", "updateStrategy", "type"]) != "OnDelete"
}

fn belongs(pod: &Object, set: &Object) -> bool {
    pod.list(&["metadata", "ownerReferences"]).iter().any(|owner| owner["uid"].as_str() == Some(set.uid()))
}
