//! All that is seen of a release at a moment: its objects, what Kubernetes reported of them, the last lines of their
//! logs. Plain data with the indexes that readiness and diagnosis ask for; who fills it is no concern of theirs.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::facts::Facts;
use crate::object::{Object, ObjectId};
use crate::sanitize;

/// How many of a container's last log lines are kept for diagnosis.
pub const TAIL_LINES: usize = 50;

/// How many notices are kept per object: enough for every reason a pod collects, bounded against a flood.
const NOTICES_PER_OBJECT: usize = 64;

/// Something Kubernetes reported about an object (an Event of the cluster), with its texts made safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// UID of the event object.
    pub uid: String,
    /// What it is about: UID of the object.
    pub about_uid: String,
    /// What it is about, for showing: `Pod inngest-0`.
    pub about: String,
    /// The container it is about, from `fieldPath` (`spec.containers{name}`); empty when it is about the whole.
    pub container: String,
    /// Its reason: `FailedScheduling`.
    pub reason: String,
    /// Its message, sanitised.
    pub message: String,
    /// A warning, not a normal event.
    pub warning: bool,
    /// How often it was reported.
    pub count: u32,
    /// When it was reported last.
    pub last: Option<Timestamp>,
    /// It was there before anybody looked: it may tell of a state long gone, and is not shown as news.
    pub earlier: bool,
}

impl Notice {
    /// Reads an Event of `v1` or `events.k8s.io/v1`.
    pub fn read(event: &Object, earlier: bool) -> Option<Self> {
        let about = event.at(&["involvedObject"]).or_else(|| event.at(&["regarding"]))?;
        let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or("");
        let container = text("fieldPath").split_once('{').map_or("", |(_, rest)| rest.trim_end_matches('}'));
        let message = [event.text(&["message"]), event.text(&["note"])].concat();
        let count = event
            .integer(&["series", "count"])
            .or_else(|| event.integer(&["count"]))
            .or_else(|| event.integer(&["deprecatedCount"]))
            .unwrap_or(1);
        let last = [
            &["series", "lastObservedTime"][..],
            &["lastTimestamp"],
            &["deprecatedLastTimestamp"],
            &["eventTime"],
            &["metadata", "creationTimestamp"],
        ]
        .iter()
        .find_map(|path| event.text(path).parse().ok());
        Some(Self {
            uid: event.uid().to_string(),
            about_uid: text("uid").to_string(),
            about: sanitize::line(&format!("{} {}", text("kind"), text("name"))),
            container: sanitize::line(container),
            reason: sanitize::line(event.text(&["reason"])),
            message: sanitize::line(&message),
            warning: event.text(&["type"]) == "Warning",
            count: u32::try_from(count.max(1)).unwrap_or(u32::MAX),
            last,
            earlier,
        })
    }
}

/// What a container wrote last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The last lines of the container that runs now, or ran last.
    pub current: VecDeque<String>,
    /// The last lines of the one before it.
    pub previous: VecDeque<String>,
}

/// All that is seen of a release at a moment.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    objects: BTreeMap<ObjectId, Arc<Object>>,
    by_uid: HashMap<String, ObjectId>,
    by_kind: HashMap<String, BTreeSet<ObjectId>>,
    dependents: HashMap<String, BTreeSet<ObjectId>>,
    notices: HashMap<String, Vec<Notice>>,
    tails: BTreeMap<(String, String), Tail>,
    /// What is known of the cluster: classes, nodes.
    pub facts: Arc<Facts>,
    /// The moment, on a clock that does not jump.
    pub now: Timestamp,
}

impl Scene {
    /// An empty scene on a cluster of which `facts` are known.
    pub fn new(facts: Arc<Facts>, now: Timestamp) -> Self {
        Self { facts, now, ..Self::default() }
    }

    /// Takes an object in, in place of what was known under its id.
    pub fn put(&mut self, object: Arc<Object>) {
        let id = object.id();
        if let Some(old) = self.objects.get(&id).cloned() {
            self.forget(&id, &old);
        }
        for owner in owner_uids(&object) {
            self.dependents.entry(owner.to_string()).or_default().insert(id.clone());
        }
        self.by_uid.insert(object.uid().to_string(), id.clone());
        self.by_kind.entry(id.kind.clone()).or_default().insert(id.clone());
        self.objects.insert(id, object);
    }

    /// Takes an object out; `uid` empty means whatever is under that id. Returns what was taken out.
    pub fn remove(&mut self, id: &ObjectId, uid: &str) -> Option<Arc<Object>> {
        let old = self.objects.get(id).filter(|object| uid.is_empty() || object.uid() == uid).cloned()?;
        self.forget(id, &old);
        self.objects.remove(id);
        self.notices.remove(old.uid());
        self.tails.retain(|(pod, _), _| pod != old.uid());
        Some(old)
    }

    fn forget(&mut self, id: &ObjectId, old: &Object) {
        for owner in owner_uids(old) {
            if let Some(owned) = self.dependents.get_mut(owner) {
                owned.remove(id);
                if owned.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        self.by_uid.remove(old.uid());
        if let Some(ids) = self.by_kind.get_mut(&id.kind) {
            ids.remove(id);
        }
    }

    /// Takes in what Kubernetes reported; the same event again replaces it.
    pub fn notice(&mut self, notice: Notice) {
        let about = self.notices.entry(notice.about_uid.clone()).or_default();
        about.retain(|known| known.uid != notice.uid);
        if about.len() == NOTICES_PER_OBJECT {
            about.remove(0);
        }
        about.push(notice);
    }

    /// Takes in a line that a container wrote (already sanitised and redacted).
    pub fn wrote(&mut self, pod_uid: &str, container: &str, previous: bool, line: String) {
        let tail = self.tails.entry((pod_uid.to_string(), container.to_string())).or_default();
        let lines = if previous { &mut tail.previous } else { &mut tail.current };
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// A container started anew: what it wrote becomes what the previous one wrote.
    pub fn restarted(&mut self, pod_uid: &str, container: &str) {
        if let Some(tail) = self.tails.get_mut(&(pod_uid.to_string(), container.to_string()))
            && !tail.current.is_empty()
        {
            tail.previous = std::mem::take(&mut tail.current);
        }
    }

    /// The object of an id.
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id).map(Arc::as_ref)
    }

    /// The object of a UID.
    pub fn by_uid(&self, uid: &str) -> Option<&Object> {
        self.get(self.by_uid.get(uid)?)
    }

    /// Every object, in the order of ids.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().map(Arc::as_ref)
    }

    /// Every object of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.by_kind.get(kind).into_iter().flatten().filter_map(|id| self.get(id))
    }

    /// What an object owns directly, by its UID.
    pub fn owned_by<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Object> {
        self.dependents.get(uid).into_iter().flatten().filter_map(|id| self.get(id))
    }

    /// What Kubernetes reported about an object, oldest first.
    pub fn notices(&self, object: &Object) -> &[Notice] {
        self.notices.get(object.uid()).map_or(&[], Vec::as_slice)
    }

    /// The last notice about an object with one of the reasons.
    pub fn last_notice(&self, object: &Object, reasons: &[&str]) -> Option<&Notice> {
        self.notices(object).iter().rev().find(|notice| reasons.contains(&notice.reason.as_str()))
    }

    /// What a container wrote last.
    pub fn tail(&self, pod: &Object, container: &str) -> Option<&Tail> {
        self.tails.get(&(pod.uid().to_string(), container.to_string()))
    }
}

fn owner_uids(object: &Object) -> impl Iterator<Item = &str> {
    object.list(&["metadata", "ownerReferences"]).iter().filter_map(|owner| owner.get("uid")?.as_str())
}
