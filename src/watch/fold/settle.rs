//! Judging what is seen, and telling what changed since the last time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Entry, Fold, Told};
use crate::diagnose::kin;
use crate::event::{EventKind, Readiness};
use crate::object::{Object, ObjectId};
use crate::watch::pod_state;
use crate::watch::readiness::{Assessment, assess};

/// Reports whose object was not seen yet; more are dropped, oldest first: a namespace is not ours alone.
const WAITING_NOTICES: usize = 256;

impl Fold {
    /// Judges what is seen and tells what changed since the last time.
    pub(in crate::watch) fn settle(&mut self, now: Timestamp) -> Vec<Told> {
        self.scene.now = now;
        let mut told = Vec::new();
        self.settle_pods(&mut told);
        self.settle_notices(&mut told);
        self.settle_objects(&mut told);
        self.settle_findings(&mut told);
        told
    }

    /// Until the next [`Fold::settle`] has judged an object and told of it, nobody shall take it for ready.
    pub(in crate::watch) fn unsettle(&mut self, id: &ObjectId) {
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
    pub(in crate::watch) fn ready_pod_of(&self, group: &str) -> Option<String> {
        self.pods.values().find(|pod| pod.group == group && pod.ready && pod.current).map(|pod| pod.name.clone())
    }

    /// What is seen now as texts by file name.
    pub(in crate::watch) fn evidence(&self) -> BTreeMap<String, String> {
        crate::watch::evidence::of(&self.scene, &self.redactor)
    }

    /// Whether a workload is followed.
    pub(in crate::watch) fn follows(&self, id: &ObjectId) -> bool {
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

    /// Whose an object is: its own entry's, or, of a claim made from a template, that of the workload that mounts it.
    fn entry_of(&self, id: &ObjectId) -> Option<&Entry> {
        let mounts = |pod: &Object| {
            let claim = |volume: &serde_json::Value| {
                volume.pointer("/persistentVolumeClaim/claimName").and_then(serde_json::Value::as_str)
                    == Some(id.name.as_str())
            };
            pod.list(&["spec", "volumes"]).iter().any(claim)
        };
        self.followed.get(id).or_else(|| {
            let pod = kin::current_pods(&self.scene)
                .filter(|_| id.kind == "PersistentVolumeClaim")
                .find(|pod| mounts(pod))?;
            self.followed.get(&kin::workload_of(&self.scene, pod))
        })
    }

    fn settle_findings(&mut self, told: &mut Vec<Told>) {
        let mut found = BTreeMap::new();
        let mut order = Vec::new();
        let diagnoses = self.memory.judge(&self.scene, &self.patterns);
        for mut diagnosis in diagnoses {
            // What is wrong with an object that this run has not written yet may be what the run is about to mend.
            let Ok(at) = diagnosis.finding.at.parse::<ObjectId>() else { continue };
            let Some(entry) = self.entry_of(&at).filter(|entry| entry.active) else { continue };
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
