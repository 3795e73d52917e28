//! A run of a plan from the lock to the closed record.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::compose::Making;
use super::control::{Control, Controls, stopped};
use super::namespace;
use super::prune;
use super::ready::Readiness;
use super::survey::Kept;
use super::tell::Tell;
use crate::cluster::keys::{self, Keys};
use crate::cluster::lock::{self, Lock, LockTiming};
use crate::cluster::record::{self, Outcome, Revision};
use crate::cluster::{Apply, Cluster, applyset};
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::{Event, EventKind, RunInfo, StepInfo};
use crate::object::ObjectId;
use crate::plan::{Action, Plan, Verb};
use crate::secret::{SecretRef, SecretText, Secrets};

/// What the operator said about a run, beside its plan.
#[derive(Clone)]
pub struct Options {
    /// Fields to take from other managers: a path, or `Kind/name:path`.
    pub take_fields: Vec<String>,
    /// Fields to leave to other managers.
    pub leave_fields: Vec<String>,
    /// Foreign objects that become ours, each `Kind/name`.
    pub adopt: Vec<String>,
    /// The holder whose lock is taken.
    pub take_over: Option<String>,
    /// Times of the lock.
    pub lock: LockTiming,
    /// Requests at once.
    pub parallel: usize,
    /// The plan was tried as a whole a moment ago, before "yes".
    pub tried: bool,
    /// How long readiness is waited for; for ever without it.
    pub timeout: Option<Duration>,
    /// Who runs it, for the record: `ana@laptop`.
    pub who: String,
}

impl Options {
    /// The usual options.
    pub fn new(who: &str) -> Self {
        Self {
            take_fields: Vec::new(),
            leave_fields: Vec::new(),
            adopt: Vec::new(),
            take_over: None,
            lock: LockTiming::default(),
            parallel: 32,
            tried: false,
            timeout: None,
            who: who.into(),
        }
    }
}

/// How a run ended, when it did not fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The revision; 0 when there was nothing to do.
    pub revision: u32,
    /// Objects written or deleted.
    pub written: u32,
    /// Objects that were as wanted.
    pub unchanged: u32,
    /// It was left before its end: steps that were not begun.
    pub left: Option<u32>,
}

/// A run at work.
pub(super) struct Run<'a> {
    pub(super) cluster: Cluster,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) manager: String,
    pub(super) tell: Tell,
    pub(super) controls: Controls,
    pub(super) readiness: &'a dyn Readiness,
    /// The plan brings definitions whose kinds it uses.
    pub(super) brings_kinds: bool,
    pub(super) lock: tokio::sync::RwLock<Option<Lock>>,
    pub(super) lost: std::sync::OnceLock<()>,
}

/// Runs a plan; the events tell what happens.
///
/// # Errors
/// Everything that stops it; the record says how far it came.
pub fn run<'a>(
    cluster: &'a Cluster,
    plan: &'a Plan,
    secrets: &'a Secrets,
    readiness: &'a dyn Readiness,
    options: &'a Options,
    events: mpsc::Sender<Event>,
    controls: Controls,
) -> BoxFuture<'a, Result<Ended, Failure>> {
    Box::pin(go(cluster, plan, secrets, readiness, options, events, controls))
}

async fn go(
    cluster: &Cluster,
    plan: &Plan,
    secrets: &Secrets,
    readiness: &dyn Readiness,
    options: &Options,
    events: mpsc::Sender<Event>,
    controls: Controls,
) -> Result<Ended, Failure> {
    let tell = Tell::new(events);
    let listener = tell.clone();
    let run = Run {
        cluster: cluster.telling(move |kind| listener.at_once(None, kind)),
        plan,
        options,
        manager: plan.target.field_manager(),
        tell: tell.clone(),
        controls: controls.clone(),
        readiness,
        brings_kinds: plan.steps.iter().any(|step| super::dry_run::defined(&step.wanted.object).is_some()),
        lock: tokio::sync::RwLock::new(None),
        lost: std::sync::OnceLock::new(),
    };
    let mut stop = controls.clone();
    let now = async {
        loop {
            let wish = stop.stop().await;
            tell.all(EventKind::StopAsked { how: wish.word().into() }).await;
            if wish == Control::Now {
                return;
            }
            // AfterStep and Detach end by themselves at the next step; only "at once" cuts.
            while stop.now() != Control::Now {
                if stop.0.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            return;
        }
    };
    let ended = tokio::select! {
        ended = run.whole(secrets) => ended,
        () = now => Err(stopped(Control::Now)),
    };
    if let Some(lock) = run.lock.write().await.take() {
        lock.release().await;
    }
    match &ended {
        Ok(ended) if ended.left.is_none() => {
            let notes = plan.notes.clone();
            tell.all(EventKind::RunFinished { written: ended.written, unchanged: ended.unchanged, notes }).await;
        }
        Ok(ended) => {
            let what =
                "what is in the cluster goes on by itself; slipway attach shows it and offers what remains".to_string();
            tell.all(EventKind::RunLeft { remaining: ended.left.unwrap_or(0), what }).await;
        }
        Err(failure) => tell.all(EventKind::RunFailed { failure: failure.clone() }).await,
    }
    ended
}

/// The secrets of a run as the objects need them.
struct Values {
    by_key: BTreeMap<String, SecretText>,
    existing: BTreeMap<SecretRef, SecretText>,
    salt: SecretText,
}

impl Run<'_> {
    /// Asked before every write: the operator goes on, and the lock is ours.
    pub(super) fn may_write(&self) -> Result<(), Failure> {
        self.controls.check()?;
        match self.lock.try_read() {
            Ok(lock) => match lock.as_ref() {
                Some(lock) => lock.check().inspect_err(|_| self.tell_lost(lock)),
                None => Ok(()),
            },
            // It is being given back: the run is over.
            Err(_) => Err(stopped(Control::Now)),
        }
    }

    fn tell_lost(&self, lock: &Lock) {
        if self.lost.set(()).is_ok() {
            self.tell.at_once(None, EventKind::LockLost { holder: lock.lost_to().unwrap_or_default() });
        }
    }

    async fn whole(&self, secrets: &Secrets) -> Result<Ended, Failure> {
        let target = &self.plan.target;
        if self.plan.verb == Verb::Uninstall {
            return self.uninstall().await;
        }
        // Whether a namespace is there is known to the plan; one that is there is looked at before anything is written.
        let id = ObjectId::new("", "Namespace", "", &target.namespace);
        let there = match self.cluster.find(&id).await {
            Ok(found) => found.is_some(),
            Err(_) => self.plan.namespace_exists,
        };
        let mut before = None;
        if there {
            let (kept, live, found) = tokio::try_join!(self.kept(), self.live(false), self.find_keys())?;
            let mut values = self.values(secrets, found.as_ref());
            self.keys_must_be_there(&kept, found.as_ref())?;
            let nothing = {
                let making = self.making(&values);
                let (items, _) = self.items(&making, &values.salt, &live, &kept)?;
                let same = items.iter().all(|item| item.unchanged);
                let whole =
                    kept.revisions.first().is_some_and(|revision| revision.progress.outcome == Outcome::Deployed);
                let keys = found.is_some() || self.plan.keys.entries.is_empty();
                (same && whole && keys && self.surplus(kept.parent.as_ref()).await?.is_empty()).then(|| items.len())
            };
            if let Some(unchanged) = nothing {
                let revision = kept.revisions.first().map_or(0, |revision| revision.number);
                self.announce(revision).await;
                return Ok(Ended { revision, unchanged: count(unchanged), ..Ended::default() });
            }
            values.salt = found.as_ref().map_or(values.salt, |keys| keys.salt.clone());
            before = Some((kept, live));
        }
        let run = format!("{:016x}", rand::random::<u64>());
        let namespace = namespace::ensure(&self.cluster, target, &run).await?;
        let taken = self.take_lock().await?;
        // What was read before the lock holds if nobody wrote a record since.
        let kept = match before.take() {
            Some((kept, live)) => {
                let again = self.kept().await?;
                let same = newest(&again) == newest(&kept) && !taken;
                (again, same.then_some(live))
            }
            None => (self.kept().await?, None),
        };
        let (kept, live) = match kept {
            (kept, Some(live)) => (kept, live),
            (kept, None) => (kept, self.live(namespace.fresh).await?),
        };
        let found = self.find_keys().await?;
        self.keys_must_be_there(&kept, found.as_ref())?;
        let mut values = self.values(secrets, found.as_ref());
        let making = self.making(&values);
        let (mut items, mut hashes) = self.items(&making, &values.salt, &live, &kept)?;
        if !self.options.tried || namespace.fresh {
            if let Err(failure) = self.try_all(&items, namespace.fresh).await {
                namespace::take_back(&self.cluster, &namespace).await;
                return Err(failure);
            }
        }
        self.write_parent(&kept, false).await?;
        let mut revision = self.begin(&kept).await?;
        self.announce(revision.number).await;
        let keys = self.make_keys(found, &values).await?;
        if let Some(keys) = &keys
            && (keys.salt != values.salt
                || keys.values.iter().any(|(path, value)| values.by_key.get(path) != Some(value)))
        {
            // Somebody else's run made them a moment before: theirs count, since data may be open with them.
            values = self.values(secrets, Some(keys));
            let making = self.making(&values);
            (items, hashes) = self.items(&making, &values.salt, &live, &kept)?;
        }
        revision.progress.hashes = hashes;
        let ended = self.waves(&mut revision, &items, &values.salt).await;
        let ended = match ended {
            Ok(ended) => {
                self.finish(&mut revision, &kept).await.map(|pruned| Ended { written: ended.written + pruned, ..ended })
            }
            Err(failure) => Err(failure),
        };
        match ended {
            Err(failure) if self.controls.now() == Control::Detach && failure.kind == FailureKind::Interrupted => {
                // The record stays pending: attach and the next run go on from it.
                let remaining = items.iter().filter(|item| !revision.progress.written.contains_key(&item.id)).count();
                let _kept = revision.write(&self.cluster, target).await;
                Ok(Ended { revision: revision.number, left: Some(count(remaining)), ..Ended::default() })
            }
            Err(failure) => {
                self.note_failure(&mut revision, &failure).await;
                Err(failure)
            }
            ended => ended,
        }
    }

    fn making<'b>(&'b self, values: &'b Values) -> Making<'b> {
        Making { target: &self.plan.target, values: &values.by_key, existing: &values.existing }
    }

    fn values(&self, secrets: &Secrets, keys: Option<&Keys>) -> Values {
        let (mut by_key, mut existing) = (BTreeMap::new(), BTreeMap::new());
        for (path, secret) in &secrets.0 {
            let Some(value) = &secret.value else { continue };
            match &secret.at {
                SecretRef::Keys { key, .. } => drop(by_key.insert(key.clone(), value.clone())),
                at @ SecretRef::Existing { .. } => {
                    existing.insert(at.clone(), value.clone());
                    by_key.insert(path.clone(), value.clone());
                }
            }
        }
        let salt = match keys {
            Some(keys) => {
                by_key.extend(keys.values.clone());
                keys.salt.clone()
            }
            None => match by_key.get(keys::SALT) {
                Some(salt) => salt.clone(),
                None => {
                    let salt: [u8; 32] = rand::random();
                    SecretText::new(salt.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
                }
            },
        };
        by_key.insert(keys::SALT.into(), salt.clone());
        Values { by_key, existing, salt }
    }

    async fn find_keys(&self) -> Result<Option<Keys>, Failure> {
        keys::read(&self.cluster, &self.plan.target, self.plan.keys.generation.max(1)).await
    }

    /// Data on record but the key missing is an error, never a new key (cluster.md 3).
    fn keys_must_be_there(&self, kept: &Kept, found: Option<&Keys>) -> Result<(), Failure> {
        let plan = &self.plan.keys;
        if found.is_some() || plan.entries.is_empty() {
            return Ok(());
        }
        let deployed = kept.revisions.iter().find(|revision| {
            revision.plan.keys.generation == plan.generation
                && revision.progress.written.iter().any(|(_, written)| !written.uid.is_empty())
        });
        if !plan.exists && deployed.is_none() {
            return Ok(());
        }
        let name = self.plan.target.key_secret_name(plan.generation.max(1));
        let mut failure = Failure::new(FailureKind::Refused, format!("the key Secret {name} is gone"))
            .place(ObjectId::new("", "Secret", &self.plan.target.namespace, &name).to_string())
            .why("the release's record says that data was written with its keys; new keys would not open it")
            .state(NOTHING_WRITTEN)
            .hint("bring the keys back from a backup: slipway keys import FILE");
        failure = failure.hint("or give the data up by name: slipway uninstall, then install again");
        Err(failure)
    }

    async fn take_lock(&self) -> Result<bool, Failure> {
        let waited = std::sync::atomic::AtomicBool::new(false);
        let tell = |kind: EventKind| {
            if matches!(kind, EventKind::LockAwaited { .. }) {
                waited.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            self.tell.at_once(None, kind);
        };
        let lock =
            lock::take(&self.cluster, &self.plan.target, self.options.take_over.as_deref(), self.options.lock, &tell)
                .await?;
        *self.lock.write().await = Some(lock);
        Ok(waited.load(std::sync::atomic::Ordering::Relaxed))
    }

    pub(super) async fn locked(&self) -> Result<(), Failure> {
        self.take_lock().await.map(drop)
    }

    async fn write_parent(&self, kept: &Kept, exact: bool) -> Result<(), Failure> {
        self.may_write()?;
        let mut kinds = self.group_kinds();
        if !exact {
            kinds.extend(kept.parent.iter().flat_map(applyset::group_kinds));
        }
        let parent = applyset::parent(&self.plan.target, &kinds);
        self.cluster.apply(&parent, &Apply { manager: self.manager.clone(), ..Apply::default() }).await?;
        Ok(())
    }

    /// The pending record of this run: the one that was left, when it is of the same plan, else a new one.
    async fn begin(&self, kept: &Kept) -> Result<Revision, Failure> {
        self.may_write()?;
        let target = &self.plan.target;
        if let Some(pending) = kept.pending() {
            if wants_the_same(&pending.plan, self.plan) {
                self.tell.all(EventKind::RunResumed { revision: pending.number, who: pending.who.clone() }).await;
                return Ok(pending.clone());
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

    async fn make_keys(&self, found: Option<Keys>, values: &Values) -> Result<Option<Keys>, Failure> {
        let plan = &self.plan.keys;
        if plan.entries.is_empty() {
            return Ok(found);
        }
        let names = |keys: &Keys| (keys.secret.clone(), keys.values.keys().cloned().collect());
        let keys = match found {
            Some(keys) => keys,
            None => {
                let mut wanted = BTreeMap::new();
                for entry in &plan.entries {
                    let value = values.by_key.get(&entry.path).ok_or_else(|| {
                        Failure::new(FailureKind::Invalid, format!("there is no value for the key {}", entry.path))
                            .state(NOTHING_WRITTEN)
                    })?;
                    wanted.insert(entry.path.clone(), value.clone());
                }
                let mut opens: Vec<String> = plan.entries.iter().flat_map(|entry| entry.opens.clone()).collect();
                opens.sort();
                opens.dedup();
                self.may_write()?;
                let generation = plan.generation.max(1);
                let (keys, made) =
                    keys::make(&self.cluster, &self.plan.target, generation, &wanted, &values.salt, &opens).await?;
                if made {
                    let (secret, keys_made) = names(&keys);
                    self.tell.all(EventKind::KeysMade { secret, keys: keys_made }).await;
                    return self.complete(keys).map(Some);
                }
                keys
            }
        };
        let (secret, keys_found) = names(&keys);
        self.tell.all(EventKind::KeysFound { secret, keys: keys_found }).await;
        self.complete(keys).map(Some)
    }

    /// A generation is complete; one that lacks an entry is not the one that the plan means.
    fn complete(&self, keys: Keys) -> Result<Keys, Failure> {
        let missing: Vec<&str> = self
            .plan
            .keys
            .entries
            .iter()
            .map(|entry| entry.path.as_str())
            .filter(|path| !keys.values.contains_key(*path))
            .collect();
        if missing.is_empty() {
            return Ok(keys);
        }
        Err(Failure::new(FailureKind::Refused, format!("the key Secret {} has no {}", keys.secret, missing.join(", ")))
            .why("a key Secret is never changed; a new key needs a new generation of it")
            .hint("run the same command again, so that it is planned anew"))
    }

    /// Prune, the closed record, the exact parent, the bounded history.
    async fn finish(&self, revision: &mut Revision, kept: &Kept) -> Result<u32, Failure> {
        let target = &self.plan.target;
        let surplus = self.surplus(kept.parent.as_ref()).await?;
        if !surplus.is_empty() {
            self.may_write()?;
            revision.progress.journal.extend(prune::journal(&surplus));
            revision.write(&self.cluster, target).await?;
            self.prune(&surplus).await?;
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
        Ok(count(surplus.len()))
    }

    /// Closes the record of a run that failed by itself. One that was stopped, lost its lock or its connection stays
    /// pending: the next run goes on from it.
    async fn note_failure(&self, revision: &mut Revision, failure: &Failure) {
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

    pub(super) async fn announce(&self, revision: u32) {
        let plan = self.plan;
        let steps = plan.steps.iter().map(|step| {
            let id = step.wanted.object.id();
            StepInfo {
                id: id.to_string(),
                object_kind: id.kind.clone(),
                name: id.name.clone(),
                group: step.wanted.group.clone(),
                wave: step.wave,
                waits: step.action != Action::Delete && super::execute::waits(&id),
            }
        });
        let run = RunInfo {
            verb: plan.verb.word().into(),
            title: plan.product.title.clone(),
            product_version: plan.product.version.clone(),
            release: plan.target.release.clone(),
            namespace: plan.target.namespace.clone(),
            context: plan.target.context.clone(),
            server: plan.target.server.clone(),
            practice: plan.target.practice,
            revision,
            usual_seconds: plan.usual_seconds,
            steps: steps.collect(),
        };
        self.tell.all(EventKind::RunStarted { run }).await;
    }
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn newest(kept: &Kept) -> Option<(u32, &str)> {
    kept.revisions.first().map(|revision| (revision.number, revision.resource_version.as_str()))
}

/// Whether a pending revision is of this plan: the same objects of the same product, whatever was live when each was
/// planned.
fn wants_the_same(left: &Plan, now: &Plan) -> bool {
    let objects = |plan: &Plan| -> Vec<_> {
        let kept = plan.steps.iter().filter(|step| step.action != Action::Delete);
        kept.map(|step| (step.wanted.object.clone(), step.wanted.recipes.clone())).collect()
    };
    left.verb == now.verb
        && left.product == now.product
        && left.keys.generation == now.keys.generation
        && objects(left) == objects(now)
}
