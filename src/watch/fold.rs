//! What is seen, folded into a state; and from one state to the next, what is told. Pure: changes and the moment come
//! in, events come out, each only when something changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::kinds::is_passive;

use super::readiness::{Assessment, assess};
use crate::diagnose::{Diagnosis, Memory, Notice, Patterns, Scene};
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

/// Without what nobody reads of it: the server's book of fields, which is as large as the object, and the settings of a
/// pod, which its workload's template repeats. A thousand pods are kept.
fn lighter(mut object: Object) -> Object {
    object.remove(&["metadata", "managedFields"]);
    if object.kind() == "Pod" {
        for list in ["containers", "initContainers"] {
            let containers = object.0.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.remove("env");
            }
        }
    }
    object
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
        self.scene.put(Arc::new(lighter(object)));
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
            self.scene.put(Arc::new(lighter(object)));
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
}

/// Whether `object` is an older version than `known`. Resource versions are compared as numbers (KEP-5504); where they
/// are none, the generation decides.
fn older(object: &Object, known: &Object) -> bool {
    let version = |object: &Object| object.resource_version().parse::<u128>().ok();
    match (version(object), version(known)) {
        (Some(a), Some(b)) => a < b,
        _ => object.integer(&["metadata", "generation"]) < known.integer(&["metadata", "generation"]),
    }
}

mod settle;
#[cfg(test)]
mod tests;
