//! What is in the cluster: objects by table, namespace and name, one counter of versions, and the recent changes that
//! watches read.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::object::Object;

/// Where an object lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `deployments.apps`.
    pub(crate) table: String,
    /// Empty for what has none.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(table: &str, namespace: &str, name: &str) -> Self {
        Self { table: table.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// One change, as a watch needs it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) key: Key,
    /// Before it; `None` when it was made.
    pub(crate) before: Option<Arc<Object>>,
    /// After it; of a deletion, as it was, with the version of the deletion.
    pub(crate) after: Arc<Object>,
    pub(crate) deleted: bool,
}

/// Changes kept for watches; older ones are answered with 410.
const KEPT: usize = 20_000;

/// The objects.
#[derive(Debug, Default)]
pub(crate) struct Store {
    version: u64,
    objects: BTreeMap<Key, Arc<Object>>,
    changes: VecDeque<Change>,
    /// A watch from before this version misses changes.
    forgotten: u64,
}

impl Store {
    /// A store that goes on from what was saved.
    pub(crate) fn from_saved(version: u64, objects: impl IntoIterator<Item = (Key, Object)>) -> Self {
        let objects = objects.into_iter().map(|(key, object)| (key, Arc::new(object))).collect();
        Self { version, objects, changes: VecDeque::new(), forgotten: version }
    }

    /// The same objects, without the past: watches begin anew.
    pub(crate) fn copy(&self) -> Self {
        let objects = self.objects.clone();
        Self { version: self.version, objects, changes: VecDeque::new(), forgotten: self.version }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The version from which on changes are known.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets all changes, as a compaction does: every watch so far is too old.
    pub(crate) fn forget(&mut self) {
        self.version += 1;
        self.forgotten = self.version;
        self.changes.clear();
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Object>)> {
        self.objects.iter()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The objects of a table, in a namespace or, when that is empty, in all.
    pub(crate) fn list<'a>(&'a self, table: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.entries(table, namespace).map(|(_, object)| object)
    }

    /// The same with their keys.
    pub(crate) fn entries<'a>(
        &'a self,
        table: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> {
        let from = Bound::Included(Key::new(table, namespace, ""));
        self.objects
            .range((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.table == table && (namespace.is_empty() || key.namespace == namespace))
    }

    /// Writes an object and gives it its version.
    pub(crate) fn put(&mut self, key: Key, mut object: Object) -> Arc<Object> {
        self.version += 1;
        object.set(&["metadata", "resourceVersion"], self.version.to_string().into());
        let after = Arc::new(object);
        let before = self.objects.insert(key.clone(), after.clone());
        self.note(Change { version: self.version, key, before, after: after.clone(), deleted: false });
        after
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let before = self.objects.remove(key)?;
        self.version += 1;
        let mut last = Object::clone(&before);
        last.set(&["metadata", "resourceVersion"], self.version.to_string().into());
        let after = Arc::new(last);
        self.note(Change {
            version: self.version,
            key: key.clone(),
            before: Some(before),
            after: after.clone(),
            deleted: true,
        });
        Some(after)
    }

    fn note(&mut self, change: Change) {
        self.changes.push_back(change);
        while self.changes.len() > KEPT {
            if let Some(old) = self.changes.pop_front() {
                self.forgotten = old.version;
            }
        }
    }

    /// The changes after a version.
    pub(crate) fn since(&self, version: u64) -> impl Iterator<Item = &Change> {
        let from = self.changes.partition_point(|change| change.version <= version);
        self.changes.range(from..)
    }
}
