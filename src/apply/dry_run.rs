//! The dry run of everything before the first write (cluster.md 4 "Dry run").

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::run::Run;
use super::step::Sent;
use super::survey::{Item, together};
use crate::cluster::{Fault, FaultKind, Seen, Watched};
use crate::error::{Failure, NOTHING_WRITTEN};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Verb};

/// What a dry run of everything says.
pub(super) struct Judgement {
    objects: u32,
    unknown: u32,
    pub(super) refused: Vec<Failure>,
}

/// What the tries of one plan stand on.
struct Ground<'a> {
    /// Kinds that come with the plan.
    coming: BTreeSet<(String, String)>,
    /// ServiceAccounts that are there.
    accounts: BTreeSet<&'a str>,
    /// Set once the namespace takes pods.
    takes_pods: OnceCell<()>,
}

enum Judged {
    Accepted,
    Unknown,
    Refused(Failure),
}

impl Run<'_> {
    /// Tries every write without making it; and the pods that the templates would make.
    ///
    /// # Errors
    /// What the server refuses, all of it at once.
    pub(super) async fn try_all(&self, items: &[Item<'_>], fresh: bool) -> Result<(), Failure> {
        let Judgement { objects, unknown, refused } = self.judge_all(items, fresh).await;
        match together(refused) {
            Some(failure) => Err(failure.state(NOTHING_WRITTEN)),
            None => {
                self.tell.all(EventKind::DryRunAccepted { objects, unknown }).await;
                Ok(())
            }
        }
    }

    /// What the server thinks of every write that is to be made; in a namespace that is new (`fresh`), of pods only once it
    /// takes any.
    pub(super) async fn judge_all(&self, items: &[Item<'_>], fresh: bool) -> Judgement {
        let writes: Vec<&Item> =
            items.iter().filter(|item| !item.unchanged && item.step.action != Action::Delete).collect();
        let coming: BTreeSet<(String, String)> = items.iter().filter_map(|item| defined(&item.object)).collect();
        let accounts: BTreeSet<&str> = items
            .iter()
            .filter(|item| item.id.kind == "ServiceAccount" && item.live.is_some())
            .map(|item| item.id.name.as_str())
            .collect();
        let ground = Ground { coming, accounts, takes_pods: OnceCell::new_with((!fresh).then_some(())) };
        let tries = writes.into_iter().map(|item| self.try_one(item, &ground).boxed());
        // Boxed and collected, since the compiler loses the lifetimes of a lazy iterator of futures.
        let tries: Vec<BoxFuture<'_, Judged>> = tries.collect();
        let mut judged = futures::stream::iter(tries).buffer_unordered(self.options.parallel);
        let mut judgement = Judgement { objects: 0, unknown: 0, refused: Vec::new() };
        while let Some(one) = judged.next().await {
            judgement.objects += 1;
            match one {
                Judged::Accepted => {}
                Judged::Unknown => judgement.unknown += 1,
                Judged::Refused(failure) => judgement.refused.push(failure),
            }
        }
        // The order of answers is chance; what is said should not be.
        judgement.refused.sort_by(|a, b| a.place.cmp(&b.place));
        judgement
    }

    async fn try_one(&self, item: &Item<'_>, ground: &Ground<'_>) -> Judged {
        let tried = match item.step.action {
            // Its name is taken by the one it replaces.
            Action::Replace { .. } => {
                let mut object = item.object.clone();
                object.set(&["metadata", "name"], format!("{}-try", item.id.name).into());
                self.cluster.try_create(&object, &self.manager).await.map(drop).map_err(Failed::Fault)
            }
            _ => match self.send(item, true).await {
                Ok(Sent { .. }) => Ok(()),
                Err(SendError::Fault(fault)) => Err(Failed::Fault(fault)),
                Err(SendError::Failure(failure)) => Err(Failed::Failure(failure)),
            },
        };
        let known = match tried {
            Ok(()) => true,
            Err(Failed::Failure(failure)) => return Judged::Refused(failure),
            Err(Failed::Fault(fault)) => match judge(fault, &item.id, &ground.coming) {
                Judged::Unknown => false,
                other => return other,
            },
        };
        // The pods of what is taken over run already, and stay.
        if self.plan.verb == Verb::Adopt {
            return if known { Judged::Accepted } else { Judged::Unknown };
        }
        match self.try_pod(&item.object, ground).await {
            Judged::Accepted if !known => Judged::Unknown,
            other => other,
        }
    }

    /// Tries the pod that a template would make: PodSecurity, quota, LimitRange and policies judge pods, not workloads.
    async fn try_pod(&self, object: &Object, ground: &Ground<'_>) -> Judged {
        let Some(template) = object.pod_template_path().and_then(|path| object.at(path)) else {
            return Judged::Accepted;
        };
        if object.kind() == "Pod" {
            return Judged::Accepted;
        }
        let mut pod = Object(json!({"apiVersion": "v1", "kind": "Pod"}));
        pod.set(&["metadata"], template.get("metadata").cloned().unwrap_or(Value::Object(Map::new())));
        pod.set(&["metadata", "generateName"], "slipway-try-".into());
        pod.set(&["metadata", "namespace"], object.namespace().into());
        pod.set(&["spec"], template.get("spec").cloned().unwrap_or(Value::Null));
        // The volumes that a StatefulSet's controller puts in after the templates of its claims.
        let mut volumes = pod.list(&["spec", "volumes"]).to_vec();
        for claim in object.list(&["spec", "volumeClaimTemplates"]) {
            let name = &claim["metadata"]["name"];
            volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
            pod.set(&["spec", "volumes"], volumes.as_slice().into());
        }
        // A CronJob's or Job's template may leave it to its controller.
        let account = pod.text(&["spec", "serviceAccountName"]).to_string();
        if !account.is_empty() && !ground.accounts.contains(account.as_str()) {
            pod.set(&["spec", "serviceAccountName"], "default".into());
            pod.remove(&["spec", "serviceAccount"]);
        }
        ground.takes_pods.get_or_init(|| self.default_account()).await;
        match self.cluster.try_create(&pod, &self.manager).await {
            Ok(_) => Judged::Accepted,
            Err(fault) => match judge(fault, &object.id(), &BTreeSet::new()) {
                Judged::Refused(failure) => Judged::Refused(Failure {
                    what: format!("the pods of {} would be refused", object.id().short()),
                    place: object.id().to_string(),
                    ..failure
                }),
                other => other,
            },
        }
    }

    /// In a new namespace the ServiceAccount `default` comes a moment later; pods without it are refused.
    async fn default_account(&self) {
        let id = ObjectId::new("", "ServiceAccount", &self.plan.target.namespace, "default");
        let mut seen = self.cluster.watch(Watched::object(&id));
        let there = async {
            while let Some(now) = seen.next().await {
                match now {
                    Seen::All(all) if all.is_empty() => {}
                    Seen::All(_) | Seen::Changed(_) => return,
                    // Who may not watch it cannot wait for it; the dry run of a pod is then unknown or a refusal.
                    Seen::Broken(fault) if fault.kind == FaultKind::Forbidden => return,
                    Seen::Broken(_) | Seen::Gone(_) => {}
                }
            }
        };
        // A cluster without that controller makes none; the dry run says what it thinks of that.
        let _waited = tokio::time::timeout(std::time::Duration::from_secs(10), there).await;
    }
}

enum Failed {
    Fault(Fault),
    Failure(Failure),
}

/// Why something could not be sent.
pub(super) enum SendError {
    /// The server's answer.
    Fault(Fault),
    /// A conflict, told as a whole.
    Failure(Failure),
}

fn judge(fault: Fault, id: &ObjectId, coming: &BTreeSet<(String, String)>) -> Judged {
    match fault.kind {
        // The authoriser's no is told by the access reviews; what admission thinks is unknown then.
        FaultKind::Forbidden | FaultKind::Unsupported => Judged::Unknown,
        FaultKind::UnknownKind if coming.contains(&(id.group.clone(), id.kind.clone())) => Judged::Unknown,
        _ => Judged::Refused(fault.into()),
    }
}

/// The kind that a definition brings.
pub(super) fn defined(object: &Object) -> Option<(String, String)> {
    (object.kind() == "CustomResourceDefinition")
        .then(|| (object.text(&["spec", "group"]).to_string(), object.text(&["spec", "names", "kind"]).to_string()))
}
