//! What is seen, folded into a state; and from one state to the next, what is told. Pure: changes and the moment come
//! in, events come out, each only when something changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::kinds::is_passive;
use super::pod_state;
use super::readiness::{Assessment, assess};
use crate::diagnose::{Diagnosis, Memory, Notice, Patterns, Scene, kin};
use crate::event::{EventKind, PodState, Readiness};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::object::{Object, ObjectId};
use crate::sanitize::Redactor;

/// An object whose readiness is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The object.
    pub id: ObjectId,
    /// The group it belongs to.
    pub group: String,
}

/// Something that was told of: the step it belongs to, and what happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Id of the step, where it is about one.
    pub(super) step: Option<String>,
    /// What happened.
    pub(super) kind: EventKind,
}

/// Where everything stands: what the executor waits on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Each followed object that was written, with its readiness.
    pub objects: BTreeMap<ObjectId, Assessment>,
    /// What does not heal by itself.
    pub hopeless: Vec<Finding>,
    /// Everything that was found, hopeless or not.
    pub findings: Vec<Finding>,
    /// Since when an object is not ready.
    pub since: BTreeMap<ObjectId, Timestamp>,
}

impl Standing {
    /// Whether an object is ready; one that was not seen is not.
    pub fn is_ready(&self, id: &ObjectId) -> bool {
        self.objects.get(id).is_some_and(|found| found.readiness == Readiness::Ready)
    }
}

struct Entry {
    group: String,
    /// It was written by this run, or is followed as it is: before that, what is there is the old.
    active: bool,
    /// UID and generation that the server answered to our write: what is older is stale.
    written: Option<(String, i64)>,
    told: Option<Assessment>,
}

/// The state of a follower.
pub(super) struct Fold {
    scene: Scene,
    patterns: Patterns,
    memory: Memory,
    redactor: Redactor,
    followed: BTreeMap<ObjectId, Entry>,
    pods: BTreeMap<String, PodState>,
    notices: HashMap<String, u32>,
    news: Vec<Notice>,
    findings: BTreeMap<(String, String), Diagnosis>,
    standing: Standing,
}

impl Fold {
    /// A state in which nothing was seen. With `active`, every followed object is judged as it is found; without, only
    /// once [`Fold::written`] says that it is ours.
    pub(super) fn new(
        followed: &[Followed],
        facts: Arc<Facts>,
        patterns: Patterns,
        redactor: Redactor,
        active: bool,
        now: Timestamp,
    ) -> Self {
        let entry = |followed: &Followed| {
            (followed.id.clone(), Entry { group: followed.group.clone(), active, written: None, told: None })
        };
        Self {
            scene: Scene::new(facts, now),
            patterns,
            memory: Memory::default(),
            redactor,
            followed: followed.iter().map(entry).collect(),
            pods: BTreeMap::new(),
            notices: HashMap::new(),
            news: Vec::new(),
            findings: BTreeMap::new(),
            standing: Standing::default(),
        }
    }

    /// What is seen now.
    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Where everything stood at the last [`Fold::settle`].
    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// A kind was listed: what is not in the list is gone.
    pub(super) fn listed(&mut self, kind: &str, group: &str, objects: Vec<Object>, mine: impl Fn(&Object) -> bool) {
        let there: BTreeSet<String> = objects.iter().map(|object| object.uid().to_string()).collect();
        let gone: Vec<(ObjectId, String)> = self
            .scene
            .of_kind(kind)
            .filter(|object| object.group() == group && mine(object) && !there.contains(object.uid()))
            // What was written a moment ago may be newer than the list.
            .filter(|object| !self.is_written(object))
            .map(|object| (object.id(), object.uid().to_string()))
            .collect();
        for (id, uid) in gone {
            self.scene.remove(&id, &uid);
        }
        for object in objects {
            self.put(object);
        }
    }

    fn is_written(&self, object: &Object) -> bool {
        self.followed
            .get(&object.id())
            .and_then(|entry| entry.written.as_ref())
            .is_some_and(|(uid, _)| uid == object.uid())
    }

    /// An object appeared or changed. One that is older than what our own write was answered with is dropped.
    pub(super) fn put(&mut self, object: Object) {
        if let Some(Entry { written: Some((uid, generation)), .. }) = self.followed.get(&object.id()) {
            let stale = if uid == object.uid() {
                object.integer(&["metadata", "generation"]).is_some_and(|seen| seen < *generation)
            } else {
                self.scene.get(&object.id()).is_some_and(|known| known.uid() == uid && older(&object, known))
            };
            if stale {
                return;
            }
        }
        self.scene.put(Arc::new(object));
    }

    /// An object is gone.
    pub(super) fn gone(&mut self, object: &Object) {
        self.scene.remove(&object.id(), object.uid());
    }

    /// An object was written by this run, and this is what the server answered: from now on it is judged, and nothing
    /// older speaks for it.
    pub(super) fn written(&mut self, object: Object) {
        let id = object.id();
        if is_passive(&id) {
            // It is ready by being there, and nothing is asked of it again.
            self.standing.objects.insert(id, assess(&object, &self.scene));
            return;
        }
        if let Some(entry) = self.followed.get_mut(&id) {
            entry.active = true;
            entry.written = Some((object.uid().to_string(), object.integer(&["metadata", "generation"]).unwrap_or(0)));
        }
        let newer_is_known =
            self.scene.get(&id).is_some_and(|known| known.uid() == object.uid() && older(&object, known));
        if !newer_is_known {
            self.scene.put(Arc::new(object));
        }
    }

    /// Kubernetes reported something. What it repeats of before we looked is kept for diagnosis and is no news.
    pub(super) fn notice(&mut self, event: &Object, earlier: bool) {
        let Some(mut notice) = Notice::read(event, earlier) else { return };
        notice.message = self.redactor.hide(&notice.message);
        if !notice.earlier {
            self.news.push(notice.clone());
        }
        self.scene.notice(notice);
    }

    /// A container wrote a line (sanitised and redacted).
    pub(super) fn wrote(&mut self, pod_uid: &str, container: &str, previous: bool, line: &str) {
        self.scene.wrote(pod_uid, container, previous, line.to_string());
    }

    /// A container's log starts anew.
    pub(super) fn restarted(&mut self, pod_uid: &str, container: &str) {
        self.scene.restarted(pod_uid, container);
    }

    /// When to settle again although nothing changed: a finding will have held for its time.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.memory.next()
    }

    /// Judges what is seen and tells what changed since the last time.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<Told> {
        self.scene.now = now;
        let mut told = Vec::new();
        self.settle_pods(&mut told);
        self.settle_notices(&mut told);
        self.settle_objects(&mut told);
        self.settle_findings(&mut told);
        told
    }

    /// Until the next [`Fold::settle`] has judged an object and told of it, nobody shall take it for ready.
    pub(super) fn unsettle(&mut self, id: &ObjectId) {
        if self.followed.get(id).is_some_and(|entry| entry.active) {
            let written = Assessment { readiness: Readiness::Waiting, ready: 0, of: 1, reason: "written".into() };
            self.standing.objects.insert(id.clone(), written);
        }
    }

    fn assess(&self, id: &ObjectId) -> Option<Assessment> {
        let mut found = assess(self.scene.get(id)?, &self.scene);
        found.reason = self.redactor.hide(&found.reason);
        Some(found)
    }

    /// The name of a ready pod of a group, of the revision that is being rolled out.
    pub(super) fn ready_pod_of(&self, group: &str) -> Option<String> {
        self.pods.values().find(|pod| pod.group == group && pod.ready && pod.current).map(|pod| pod.name.clone())
    }

    /// Whether a workload is followed.
    pub(super) fn follows(&self, id: &ObjectId) -> bool {
        self.followed.contains_key(id)
    }

    fn settle_objects(&mut self, told: &mut Vec<Told>) {
        let active: Vec<ObjectId> =
            self.followed.iter().filter(|(_, entry)| entry.active).map(|(id, _)| id.clone()).collect();
        for id in active {
            let before = self.followed.get(&id).and_then(|entry| entry.told.clone());
            let found = match (self.assess(&id), &before) {
                (Some(found), _) => found,
                // A Job may clean up after itself; what was ready stays told.
                (None, Some(told)) if id.kind == "Job" && told.readiness == Readiness::Ready => told.clone(),
                (None, Some(_)) => Assessment {
                    readiness: Readiness::Waiting,
                    ready: 0,
                    of: 1,
                    reason: "it is not there any more".into(),
                },
                (None, None) => continue,
            };
            if before.as_ref() != Some(&found) {
                let Assessment { readiness, reason, ready, of } = found.clone();
                told.push(Told {
                    step: Some(id.to_string()),
                    kind: EventKind::StatusChanged { readiness, reason, ready, of },
                });
                if let Some(entry) = self.followed.get_mut(&id) {
                    entry.told = Some(found.clone());
                }
            }
            if found.readiness == Readiness::Ready {
                self.standing.since.remove(&id);
            } else {
                self.standing.since.entry(id.clone()).or_insert(self.scene.now);
            }
            self.standing.objects.insert(id, found);
        }
    }

    fn settle_pods(&mut self, told: &mut Vec<Told>) {
        let mut there = BTreeMap::new();
        for pod in self.scene.of_kind("Pod") {
            let mut state = pod_state::of(&self.scene, pod);
            let owner = kin::workload_of(&self.scene, pod);
            let Some(group) = self.group_of(&owner) else { continue };
            state.group = group;
            state.reason = self.redactor.hide(&state.reason);
            for container in &mut state.containers {
                container.message = self.redactor.hide(&container.message);
            }
            there.insert(state.uid.clone(), state);
        }
        for (uid, pod) in &self.pods {
            if !there.contains_key(uid) {
                let kind = EventKind::PodGone { name: pod.name.clone(), uid: uid.clone() };
                told.push(Told { step: Some(pod.owner.clone()), kind });
            }
        }
        for (uid, pod) in &there {
            if self.pods.get(uid) != Some(pod) {
                told.push(Told { step: Some(pod.owner.clone()), kind: EventKind::PodChanged { pod: pod.clone() } });
            }
        }
        self.pods = there;
    }

    /// The group of a workload; that of a Job made by a CronJob is its CronJob's, as far as its name tells.
    fn group_of(&self, owner: &ObjectId) -> Option<String> {
        self.followed.get(owner).map(|entry| entry.group.clone())
    }

    fn settle_notices(&mut self, told: &mut Vec<Told>) {
        let mut kept = Vec::new();
        for notice in std::mem::take(&mut self.news) {
            let Some(about) = self.scene.by_uid(&notice.about_uid) else {
                // The report may come before the pod it is about; it is told when the pod is there.
                kept.push(notice);
                continue;
            };
            let owner = kin::workload_of(&self.scene, about);
            if !self.followed.contains_key(&owner) || self.notices.get(&notice.uid) == Some(&notice.count) {
                continue;
            }
            self.notices.insert(notice.uid.clone(), notice.count);
            told.push(Told {
                step: Some(owner.to_string()),
                kind: EventKind::ClusterEventSeen {
                    about: notice.about,
                    reason: notice.reason,
                    message: notice.message,
                    warning: notice.warning,
                    count: notice.count,
                },
            });
        }
        let excess = kept.len().saturating_sub(WAITING_NOTICES);
        self.news = kept.split_off(excess);
    }

    fn settle_findings(&mut self, told: &mut Vec<Told>) {
        let mut found = BTreeMap::new();
        let mut order = Vec::new();
        for mut diagnosis in self.memory.judge(&self.scene, &self.patterns) {
            // What is wrong with an object that this run has not written yet may be what the run is about to mend.
            let Ok(at) = diagnosis.finding.at.parse::<ObjectId>() else { continue };
            let Some(entry) = self.followed.get(&at).filter(|entry| entry.active) else { continue };
            let ready = entry.told.as_ref().is_some_and(|told| told.readiness == Readiness::Ready);
            diagnosis.hopeless &= !ready;
            for text in [&mut diagnosis.finding.what, &mut diagnosis.finding.why, &mut diagnosis.finding.remedy] {
                *text = self.redactor.hide(text);
            }
            let key = (diagnosis.finding.code.clone(), diagnosis.finding.at.clone());
            order.push(key.clone());
            found.insert(key, diagnosis);
        }
        for (key, old) in &self.findings {
            if !found.contains_key(key) {
                let kind = EventKind::FindingCleared { code: key.0.clone(), about: key.1.clone() };
                told.push(Told { step: Some(old.finding.at.clone()), kind });
            }
        }
        for key in &order {
            let Some(diagnosis) = found.get(key) else { continue };
            if self.findings.get(key) != Some(diagnosis) {
                let kind =
                    EventKind::FindingRaised { finding: diagnosis.finding.clone(), hopeless: diagnosis.hopeless };
                told.push(Told { step: Some(diagnosis.finding.at.clone()), kind });
            }
        }
        let of = |hopeless: bool| {
            order
                .iter()
                .filter_map(|key| found.get(key))
                .filter(|diagnosis| diagnosis.hopeless || !hopeless)
                .map(|diagnosis| diagnosis.finding.clone())
                .collect()
        };
        (self.standing.hopeless, self.standing.findings) = (of(true), of(false));
        self.findings = found;
    }
}

/// Reports whose object was not seen yet; more are dropped, oldest first: a namespace is not ours alone.
const WAITING_NOTICES: usize = 256;

/// Whether `object` is an older version than `known`. Resource versions are compared as numbers (KEP-5504); where they
/// are none, the generation decides.
fn older(object: &Object, known: &Object) -> bool {
    let version = |object: &Object| object.resource_version().parse::<u128>().ok();
    match (version(object), version(known)) {
        (Some(a), Some(b)) => a < b,
        _ => object.integer(&["metadata", "generation"]) < known.integer(&["metadata", "generation"]),
    }
}

#[cfg(test)]
mod tests;
