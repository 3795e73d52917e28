//! What is there already: the record, and for every step the live object and whether it is as it was sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compose::{Making, fill_hash};
use super::run::Run;
use super::step::says;
use super::{adopt, hand_over, hash, owned, ownership, restart};
use crate::cluster::record::{Outcome, Revision, Written};
use crate::cluster::{applyset, record};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Class, Step, Verb, rollback};
use crate::secret::SecretText;

/// A step with what is sent and what is there.
pub(super) struct Item<'a> {
    pub(super) step: &'a Step,
    pub(super) id: ObjectId,
    /// What is sent; complete, with secret values.
    pub(super) object: Object,
    pub(super) live: Option<Object>,
    /// It is as it was sent: nothing is written.
    pub(super) unchanged: bool,
    /// Fields left to others at an earlier run.
    pub(super) left: Vec<String>,
    /// The operator said that this foreign object becomes ours.
    pub(super) adopted: bool,
}

impl Item<'_> {
    /// It ran once and is gone since: there is nothing to do, and nothing to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.step.action == Action::Keep && self.live.is_none() && self.id.kind == "Job"
    }
}

/// What is kept of a release in the cluster.
pub(super) struct Kept {
    pub(super) parent: Option<Object>,
    /// The newest first.
    pub(super) revisions: Vec<Revision>,
}

impl Kept {
    /// What was written last, by object: of all revisions since the last good one.
    pub(super) fn written(&self) -> BTreeMap<ObjectId, Written> {
        let mut all = BTreeMap::new();
        for revision in &self.revisions {
            for (id, written) in &revision.progress.written {
                all.entry(id.clone()).or_insert_with(|| written.clone());
            }
            if revision.progress.outcome == Outcome::Deployed {
                break;
            }
        }
        all
    }

    pub(super) fn left(&self) -> BTreeMap<ObjectId, Vec<String>> {
        self.revisions.first().map(|revision| revision.progress.left.clone()).unwrap_or_default()
    }

    /// The newest revision that came to a good end.
    pub(super) fn good(&self) -> Option<u32> {
        let deployed = |revision: &&Revision| {
            revision.progress.outcome == Outcome::Deployed && revision.plan.verb != Verb::Uninstall
        };
        self.revisions.iter().find(deployed).map(|revision| revision.number)
    }

    /// The revision under way, where its client left it.
    pub(super) fn pending(&self) -> Option<&Revision> {
        self.revisions.first().filter(|revision| revision.progress.outcome == Outcome::Pending)
    }
}

impl Run<'_> {
    /// Reads what is kept of the release.
    pub(super) async fn kept(&self) -> Result<Kept, Failure> {
        let target = &self.plan.target;
        let id = ObjectId::new("", "ConfigMap", &target.namespace, &target.parent_name());
        let (parent, revisions) = tokio::join!(self.cluster.find(&id), record::read(&self.cluster, target));
        let parent = parent?;
        if let Some(parent) = &parent
            && !applyset::is_ours(parent, target)
        {
            return Err(Failure::new(
                FailureKind::Refused,
                format!("the ConfigMap {} is not slipway's", parent.name()),
            )
            .place(id.to_string())
            .why("it has the name of this release's parent, but not its marks")
            .state(NOTHING_WRITTEN)
            .hint("choose another name for the release: --name RELEASE"));
        }
        if let Some(failure) = parent.as_ref().and_then(|parent| hand_over::refusal(parent, target)) {
            return Err(failure);
        }
        Ok(Kept { parent, revisions: revisions? })
    }

    /// The live objects of the steps.
    pub(super) async fn live(&self, fresh: bool) -> Result<BTreeMap<ObjectId, Object>, Failure> {
        if fresh && self.plan.steps.iter().all(|step| !step.wanted.object.namespace().is_empty()) {
            return Ok(BTreeMap::new());
        }
        Ok(self.cluster.read(self.plan.steps.iter().map(|step| step.wanted.object.id())).await?)
    }

    /// Puts steps, what is sent and what is there together.
    ///
    /// # Errors
    /// An object that is not ours and was not adopted.
    pub(super) fn items<'a>(
        &'a self,
        making: &Making<'_>,
        salt: &SecretText,
        live: &BTreeMap<ObjectId, Object>,
        kept: &Kept,
    ) -> Result<(Vec<Item<'a>>, BTreeMap<ObjectId, String>), Failure> {
        let objects = self.plan.steps.iter().map(|step| match step.action {
            Action::Delete => Ok(step.wanted.object.clone()),
            _ => making.object(step),
        });
        let mut objects = objects.collect::<Result<Vec<Object>, Failure>>()?;
        let (written, recorded) = (kept.written(), kept.left());
        let mut left_of: Vec<Vec<String>> = Vec::new();
        for object in &mut objects {
            let left = self.left(object, live.get(&object.id()), recorded.get(&object.id()));
            for path in &left {
                owned::take(&mut object.0, path);
            }
            left_of.push(left);
        }
        // After what is left to others is out: what is not ours restarts nobody.
        let hashes = restart::hashes(&objects, salt);
        let mut items = Vec::new();
        let mut refused: Vec<Failure> = Vec::new();
        for ((step, mut object), left) in self.plan.steps.iter().zip(objects.drain(..)).zip(left_of) {
            fill_hash(&mut object, &hashes);
            let id = object.id();
            let live = live.get(&id).cloned();
            let from_helm = self.plan.verb == Verb::Adopt;
            let adopted = from_helm || self.options.adopt.contains(&id.short());
            let refusal = live.as_ref().and_then(|live| match (from_helm, adopted) {
                (true, _) => adopt::refusal(live, &self.plan.target, step),
                (false, true) => None,
                (false, false) => ownership::refusal(live, &self.plan.target, step.class),
            });
            refused.extend(refusal);
            let rests = rests(self.plan.verb, step);
            if rests && live.is_none() {
                continue;
            }
            let unchanged = rests
                || step.action != Action::Delete
                    && live.as_ref().is_some_and(|live| self.is_as_sent(&object, live, written.get(&id), salt));
            let mut item = Item { step, id, object, live, unchanged, left, adopted };
            item.unchanged |= item.is_over();
            items.push(item);
        }
        match together(refused) {
            Some(failure) => Err(failure),
            None => Ok((items, hashes)),
        }
    }

    /// The fields of an object that are left to others: those of earlier runs that are not taken now, and those that the
    /// operator leaves now and that are another's.
    fn left(&self, object: &Object, live: Option<&Object>, recorded: Option<&Vec<String>>) -> Vec<String> {
        let id = object.id();
        let mut left = recorded.cloned().unwrap_or_default();
        left.retain(|path| !says(&self.options.take_fields, &id, path));
        let Some(live) = live else { return left };
        let prefix = format!("{}:", id.short());
        for named in &self.options.leave_fields {
            let field = named.strip_prefix(&prefix).unwrap_or(named);
            let (wanted, there) = (owned::at(&object.0, field), owned::at(&live.0, field));
            let ours = owned::at(&owned::projection(live, &self.manager), field).is_some();
            if wanted.is_some() && there.is_some() && wanted != there && !ours && !left.iter().any(|path| path == field)
            {
                left.push(field.to_string());
            }
        }
        left
    }

    fn is_as_sent(&self, object: &Object, live: &Object, written: Option<&Written>, salt: &SecretText) -> bool {
        let Some(written) = written else { return false };
        live.at(&["metadata", "deletionTimestamp"]).is_none()
            && written.uid == live.uid()
            && written.sent == hash::of(salt, &object.0)
            && written.owned == hash::of(salt, &owned::projection(live, &self.manager))
    }

    /// What the record keeps of an object after it was written.
    pub(super) fn note(&self, object: &Object, live: &Object, salt: &SecretText) -> Written {
        let projection: Value = owned::projection(live, &self.manager);
        Written { uid: live.uid().into(), sent: hash::of(salt, &object.0), owned: hash::of(salt, &projection) }
    }
}

/// Several failures of one kind as one.
pub(super) fn together(failures: Vec<Failure>) -> Option<Failure> {
    let mut failures = failures.into_iter();
    let mut first = failures.next()?;
    let more: Vec<Failure> = failures.collect();
    if !more.is_empty() {
        first.what = format!("{}, and {} more", first.what, more.len());
        for other in more {
            let place = if other.place.is_empty() { other.what.clone() } else { other.place };
            first.why.push(format!("{place}: {}", other.why.join("; ")));
            for hint in other.hints {
                if !first.hints.contains(&hint) {
                    first.hints.push(hint);
                }
            }
        }
    }
    Some(first)
}

/// Neither made nor changed nor waited for by a rollback, such as a Job: nothing runs twice (cluster.md 4 "Migrations").
pub(super) fn rests(verb: Verb, step: &Step) -> bool {
    verb == Verb::Rollback && rollback::rests(step)
}

/// Whether a step's class may be deleted by a prune or without being named.
pub(super) fn is_kept_thing(class: Class) -> bool {
    matches!(class, Class::Claim | Class::Crd)
}
