//! Reading many objects at once: one list per kind where that is cheaper than asking for each.

use std::collections::{BTreeMap, BTreeSet};

use futures::{FutureExt as _, StreamExt as _};

use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::object::{Object, ObjectId};

/// Up to this many of a kind are asked for one by one: a list would bring every object of the namespace with it, of
/// Secrets even those that are nobody's business here.
const FEW: usize = 8;
/// Requests at once.
const TOGETHER: usize = 16;

impl Cluster {
    /// What is there of `ids`. An absent object is left out, and so are all of a kind that the server does not know.
    ///
    /// # Errors
    /// Anything that leaves it unknown whether an object is there.
    pub async fn read(&self, ids: impl IntoIterator<Item = ObjectId>) -> Result<BTreeMap<ObjectId, Object>, Fault> {
        let mut kinds: BTreeMap<(String, String, String), BTreeSet<ObjectId>> = BTreeMap::new();
        for id in ids {
            kinds.entry((id.group.clone(), id.kind.clone(), id.namespace.clone())).or_default().insert(id);
        }
        let mut reads = Vec::new();
        for ids in kinds.into_values() {
            if ids.len() > FEW {
                reads.push(self.listed(ids).boxed());
            } else {
                reads.extend(ids.into_iter().map(|id| self.one_of(id).boxed()));
            }
        }
        let mut reads = futures::stream::iter(reads).buffer_unordered(TOGETHER);
        let mut found = BTreeMap::new();
        while let Some(read) = reads.next().await {
            found.extend(read?.into_iter().map(|object| (object.id(), object)));
        }
        Ok(found)
    }

    async fn listed(&self, ids: BTreeSet<ObjectId>) -> Result<Vec<Object>, Fault> {
        let Some(first) = ids.first() else { return Ok(Vec::new()) };
        match self.list(&first.group, &first.kind, &first.namespace, "").await {
            Ok(listed) => Ok(listed.objects.into_iter().filter(|object| ids.contains(&object.id())).collect()),
            Err(fault) if fault.kind == FaultKind::UnknownKind => Ok(Vec::new()),
            // Who may not list a kind may still read the objects that it knows by name.
            Err(fault) if fault.kind == FaultKind::Forbidden => {
                let reads = ids.into_iter().map(|id| self.one_of(id).boxed());
                let mut reads = futures::stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(TOGETHER);
                let mut found = Vec::new();
                while let Some(read) = reads.next().await {
                    found.extend(read?);
                }
                Ok(found)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn one_of(&self, id: ObjectId) -> Result<Vec<Object>, Fault> {
        match self.find(&id).await {
            Ok(found) => Ok(found.into_iter().collect()),
            Err(fault) if fault.kind == FaultKind::UnknownKind => Ok(Vec::new()),
            Err(fault) => Err(fault),
        }
    }
}
