//! Waves: inside one everything at once, up to a bound; a step waits for what it depends on to be ready.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::control::stopped;
use super::run::{Ended, Run, count};
use super::step::{self, Stepped, journal_entry};
use super::stuck::{self, Suspects};
use super::survey::{Item, rests};
use crate::cluster::lock::Lock;
use crate::cluster::record::{JournalEntry, Revision, Written};
use crate::error::Failure;
use crate::event::{Done, EventKind};
use crate::object::{Object, ObjectId};
use crate::plan::{Action, Verb};
use crate::secret::SecretText;

/// Whether readiness of an object is waited for before a run ends. Services hold nothing back; the address of a load
/// balancer is judged at the end. What only holds data is ready once it is there.
pub(super) fn waits(object: &Object) -> bool {
    let id = object.id();
    let balancer = id.kind == "Service" && object.text(&["spec", "type"]) == "LoadBalancer";
    balancer
        || matches!(
            (id.group.as_str(), id.kind.as_str()),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
                | ("batch", "Job")
                | ("", "Pod" | "PersistentVolumeClaim")
                | ("apiextensions.k8s.io", "CustomResourceDefinition")
        )
}

impl Run<'_> {
    /// All waves, then readiness of everything, then the product's own answer.
    pub(super) async fn waves(
        &self,
        revision: &mut Revision,
        items: &[Item<'_>],
        salt: &SecretText,
    ) -> Result<Ended, Failure> {
        let mut ended = Ended { revision: revision.number, ..Ended::default() };
        let mut waves: BTreeMap<u32, Vec<&Item>> = BTreeMap::new();
        for item in items {
            waves.entry(item.step.wave).or_default().push(item);
        }
        let all = items;
        // What is no longer wanted goes at the very end, once everything else works.
        for (wave, items) in waves.range(..self.plan.late()) {
            self.may_write()?;
            let new = items.iter().filter(|item| !is_another(&revision.progress.journal, item));
            let journal: Vec<_> = new.filter_map(|item| journal_entry(item)).collect();
            revision.progress.journal.extend(journal);
            let suspects = self.suspects(items).await?;
            revision.progress.journal.extend(stuck::journal(&suspects));
            revision.progress.wave = *wave;
            // By compare-and-swap: who lost the lock without noticing stops here.
            revision.write(&self.cluster, &self.plan.target).await?;
            let title = self.plan.waves.get(*wave as usize).cloned().unwrap_or_default();
            self.tell.all(EventKind::WaveStarted { wave: *wave, title }).await;
            // A server learns its new password before anybody in the same wave comes with it.
            for part in self.servers_first(items).await {
                let done = self.wave(&part, &suspects, revision, salt).await;
                for (what, n) in done.counts {
                    match what {
                        Done::Unchanged => ended.unchanged += n,
                        _ => ended.written += n,
                    }
                }
                if let Some(failure) = done.failure {
                    return Err(failure);
                }
                self.set_passwords(all, &part, *wave).await?;
            }
            // The server knows the kinds of a definition once it is Established, and not before.
            let definitions: Vec<ObjectId> = items
                .iter()
                .filter(|item| item.step.action != Action::Delete && super::dry_run::defined(&item.object).is_some())
                .map(|item| item.id.clone())
                .collect();
            self.until_ready(&definitions).await?;
            self.tell.all(EventKind::WaveFinished { wave: *wave }).await;
        }
        let waited: Vec<ObjectId> = items
            .iter()
            // What is kept of a release that goes is as it is, and what is taken over too.
            .filter(|_| !matches!(self.plan.verb, Verb::Uninstall | Verb::Adopt))
            .filter(|item| item.step.action != Action::Delete && waits(&item.object) && !item.is_over())
            .filter(|item| !rests(self.plan.verb, item.step))
            .map(|item| item.id.clone())
            .collect();
        // The wait may be long, and its client may go meanwhile: what is there is known to whoever looks (attach).
        if ended.written > 0 {
            revision.write(&self.cluster, &self.plan.target).await?;
        }
        self.until_ready(&waited).await?;
        self.until(self.readiness.verify()).await?;
        Ok(ended)
    }

    async fn wave(
        &self,
        items: &[&Item<'_>],
        suspects: &Suspects,
        revision: &mut Revision,
        salt: &SecretText,
    ) -> Waved {
        let room = Semaphore::new(self.options.parallel.max(1));
        let over = CancellationToken::new();
        let mut running: FuturesUnordered<BoxFuture<'_, _>> = FuturesUnordered::new();
        for item in items {
            let another = is_another(&revision.progress.journal, item);
            running.push(self.one(item, another, suspects, (&room, &over), salt).boxed())
        }
        let mut waved = Waved::default();
        while let Some((item, result)) = running.next().await {
            match result {
                Ok((done, written, left)) => {
                    waved.count(done);
                    match written {
                        Some(written) => drop(revision.progress.written.insert(item.id.clone(), written)),
                        None => drop(revision.progress.written.remove(&item.id)),
                    }
                    match left.is_empty() {
                        // Also one that was left before and is taken back.
                        true => drop(revision.progress.left.remove(&item.id)),
                        false => drop(revision.progress.left.insert(item.id.clone(), left)),
                    }
                }
                Err(None) => {}
                Err(Some(failure)) => {
                    // What is under way is finished; nothing else is begun.
                    over.cancel();
                    waved.failure.get_or_insert(failure);
                }
            }
        }
        waved
    }

    async fn one<'i>(
        &self,
        item: &'i Item<'i>,
        another: bool,
        suspects: &Suspects,
        (room, over): (&Semaphore, &CancellationToken),
        salt: &SecretText,
    ) -> (&'i Item<'i>, Result<(Done, Option<Written>, Vec<String>), Option<Failure>>) {
        let begin = async {
            // What is deleted needs nobody: what it stood on may be gone already.
            if item.step.action != Action::Delete {
                self.until_ready(&item.step.after).await?;
                if !item.unchanged && item.object.pod_template_path().is_some() {
                    self.until(self.readiness.may_start(item.step)).await?;
                }
            }
            self.controls.check()
        };
        let begun = tokio::select! {
            begun = begin => begun,
            () = over.cancelled() => return (item, Err(None)),
        };
        if let Err(failure) = begun {
            return (item, Err(Some(failure)));
        }
        let Ok(_room) = room.acquire().await else { return (item, Err(None)) };
        if over.is_cancelled() {
            return (item, Err(None));
        }
        if item.is_over() {
            self.tell.step(&item.id, EventKind::StepFinished { done: Done::Unchanged }).await;
            return (item, Ok((Done::Unchanged, None, Vec::new())));
        }
        if let (true, Some(live)) = (item.unchanged, &item.live) {
            if !rests(self.plan.verb, item.step) {
                self.readiness.written(live);
            }
            self.tell.step(&item.id, EventKind::StepFinished { done: Done::Unchanged }).await;
            if let Err(failure) = self.free(live, suspects).await {
                return (item, Err(Some(failure)));
            }
            return (item, Ok((Done::Unchanged, Some(self.note(&item.object, live, salt)), item.left.clone())));
        }
        self.tell.step(&item.id, EventKind::StepStarted).await;
        match self.step(item, another).await {
            Ok(Stepped { done, sent }) => {
                self.tell.step(&item.id, EventKind::StepFinished { done }).await;
                if let Some(sent) = &sent
                    && let Err(failure) = self.free(&sent.live, suspects).await
                {
                    return (item, Err(Some(failure)));
                }
                let mut left = Vec::new();
                let written = sent.map(|sent| {
                    self.readiness.written(&sent.live);
                    left = sent.left;
                    self.note(&sent.object, &sent.live, salt)
                });
                (item, Ok((done, written, left)))
            }
            Err(failure) => {
                let failure = failure.step(item.id.to_string());
                self.tell.step(&item.id, EventKind::StepFailed { failure: failure.clone() }).await;
                (item, Err(Some(failure)))
            }
        }
    }

    /// Waits for readiness; not longer than the operator wants.
    pub(super) async fn until_ready(&self, ids: &[ObjectId]) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        let ready = self.until(self.readiness.ready(ids));
        match self.options.timeout {
            None => ready.await,
            Some(timeout) => match tokio::time::timeout(timeout, ready).await {
                Ok(ready) => ready,
                Err(_) => Err(self.readiness.timed_out(ids, timeout)),
            },
        }
    }

    async fn until(&self, what: impl Future<Output = Result<(), Failure>> + Send) -> Result<(), Failure> {
        let mut controls = self.controls.clone();
        let lost = self.lock.try_read().ok().and_then(|lock| lock.as_ref().map(Lock::lost));
        let lost = async {
            match lost {
                Some(lost) => lost.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            what = what => what,
            wish = controls.stop() => Err(stopped(wish)),
            // Whoever has it now waits for the same things.
            () = lost => self.may_write(),
        }
    }
}

/// Whether what a step is to remove was removed by a run that died, and another is there since.
fn is_another(journal: &[JournalEntry], item: &Item<'_>) -> bool {
    let removed = step::removes(item).zip(item.live.as_ref());
    removed.is_some_and(|(word, live)| step::is_another(journal, word, live))
}

#[derive(Default)]
struct Waved {
    counts: Vec<(Done, u32)>,
    failure: Option<Failure>,
}

impl Waved {
    fn count(&mut self, done: Done) {
        match self.counts.iter_mut().find(|(what, _)| *what == done) {
            Some((_, n)) => *n += count(1),
            None => self.counts.push((done, 1)),
        }
    }
}
