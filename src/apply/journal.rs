//! The record of a run: begun as pending, closed at its end (cluster.md 4).

use super::prune;
use super::run::{Run, count};
use super::survey::Kept;
use crate::cluster::record::{self, Outcome, Revision};
use crate::cluster::{Apply, applyset};
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::plan::rollback::of_generation;
use crate::plan::{Action, Plan, Step};

impl Run<'_> {
    pub(super) async fn write_parent(&self, kept: &Kept, exact: bool) -> Result<(), Failure> {
        self.may_write()?;
        let mut kinds = self.group_kinds();
        let wanted = kinds.len();
        kinds.extend(kept.parent.iter().flat_map(applyset::group_kinds));
        if exact {
            // Nothing was in it beside what is wanted: it was written as it is to be when the run began.
            if kinds.len() == wanted {
                return Ok(());
            }
            kinds = self.group_kinds();
        }
        let parent = applyset::parent(&self.plan.target, &kinds);
        self.cluster.apply(&parent, &Apply { manager: self.manager.clone(), ..Apply::default() }).await?;
        Ok(())
    }

    /// The pending record of this run: the one that was left, when it is of the same plan, else a new one.
    pub(super) async fn begin(&self, kept: &Kept) -> Result<Revision, Failure> {
        self.may_write()?;
        let target = &self.plan.target;
        if let Some(pending) = kept.pending() {
            if wants_the_same(&pending.plan, self.plan) {
                self.tell.all(EventKind::RunResumed { revision: pending.number, who: pending.who.clone() }).await;
                let mut gone_on = pending.clone();
                // Where nothing that is sent depends on them they may be others.
                gone_on.plan.answers = self.plan.answers.clone();
                return Ok(gone_on);
            }
            let mut left = pending.clone();
            left.progress.outcome = Outcome::Superseded;
            left.write(&self.cluster, target).await?;
        }
        let number = kept.revisions.first().map_or(0, |revision| revision.number) + 1;
        let mut revision = Revision::new(number, self.plan, &self.options.who);
        revision.progress.left = kept.left();
        // What was written before and is not touched keeps its note.
        revision.write(&self.cluster, target).await?;
        self.tell.all(EventKind::RecordWritten { revision: number, outcome: Outcome::Pending.word().into() }).await;
        Ok(revision)
    }

    /// Prune, what of an earlier install is wiped, the closed record, the exact parent, the bounded history.
    pub(super) async fn finish(&self, revision: &mut Revision, kept: &Kept) -> Result<u32, Failure> {
        let target = &self.plan.target;
        let surplus = self.surplus(kept.parent.as_ref()).await?;
        if !surplus.is_empty() {
            self.may_write()?;
            revision.progress.journal.extend(prune::journal(&surplus));
            revision.write(&self.cluster, target).await?;
            self.prune(&surplus).await?;
        }
        let wiped = self.wiped().await?;
        if !wiped.is_empty() {
            self.may_write()?;
            revision.progress.journal.extend(prune::journal_of_wiped(&wiped));
            revision.write(&self.cluster, target).await?;
            self.wipe(&wiped).await?;
        }
        self.may_write()?;
        revision.progress.outcome = Outcome::Deployed;
        revision.progress.ended = Some(jiff::Timestamp::now());
        revision.write(&self.cluster, target).await?;
        self.tell
            .all(EventKind::RecordWritten { revision: revision.number, outcome: Outcome::Deployed.word().into() })
            .await;
        self.write_parent(kept, true).await?;
        let mut all = vec![revision.clone()];
        all.extend(kept.revisions.iter().filter(|old| old.number != revision.number).cloned());
        for number in record::surplus(&all) {
            self.may_write()?;
            Revision::delete(&self.cluster, target, number).await?;
        }
        Ok(count(surplus.len() + wiped.len()))
    }

    /// Closes the record of a run that failed by itself. One that was stopped, lost its lock or its connection stays
    /// pending: the next run goes on from it.
    pub(super) async fn note_failure(&self, revision: &mut Revision, failure: &Failure) {
        let closes = matches!(failure.kind, FailureKind::Deployment | FailureKind::TimedOut | FailureKind::Invalid);
        if closes && self.may_write().is_ok() {
            revision.progress.outcome = Outcome::Failed;
            revision.progress.why = failure.what.clone();
            revision.progress.ended = Some(jiff::Timestamp::now());
            if revision.write(&self.cluster, &self.plan.target).await.is_ok() {
                let outcome = Outcome::Failed.word().into();
                self.tell.all(EventKind::RecordWritten { revision: revision.number, outcome }).await;
            }
        }
    }
}

/// Whether a pending revision is of this plan: the same objects of the same product, whatever was live when each was
/// planned.
fn wants_the_same(left: &Plan, now: &Plan) -> bool {
    let objects = |plan: &Plan| -> Vec<_> {
        let kept = plan.steps.iter().filter(|step| step.action != Action::Delete);
        let recipes = |step: &Step| -> Vec<_> {
            let mut recipes: Vec<_> = step.wanted.recipes.clone().into_iter().collect();
            // Before the key Secret of a first run is made, what it holds is of no generation yet.
            recipes.iter_mut().for_each(|(_, recipe)| of_generation(recipe, plan.keys.generation.max(1)));
            recipes
        };
        kept.map(|step| (step.wanted.object.clone(), recipes(step))).collect()
    };
    left.verb == now.verb
        && left.product == now.product
        && left.keys.generation == now.keys.generation
        && objects(left) == objects(now)
}
