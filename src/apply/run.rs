//! A run of a plan from the lock to the closed record.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::control::{Control, Controls, stopped};
use super::namespace;
use super::ready::Readiness;
use super::survey::Kept;
use super::tell::Tell;
use crate::cluster::Cluster;
use crate::cluster::lock::{self, Eye, Lock, LockTiming};
use crate::cluster::record::Outcome;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::event::{Event, EventKind};
use crate::object::{Object, ObjectId};
use crate::plan::{Plan, Verb};
use crate::secret::Secrets;

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
    planner: Option<&'a dyn Planner>,
    /// The plan brings definitions whose kinds it uses.
    pub(super) brings_kinds: bool,
    pub(super) lock: tokio::sync::RwLock<Option<Lock>>,
    /// The same lock, as the cluster asks it before every write.
    pub(super) eye: Arc<std::sync::OnceLock<Eye>>,
    pub(super) lost: std::sync::OnceLock<()>,
    /// Passwords that their servers have to learn in this run.
    pub(super) passwords: tokio::sync::Mutex<Vec<super::rotate::Password>>,
    /// Something was written; the lock alone does not count.
    pub(super) wrote: std::sync::atomic::AtomicBool,
    /// The newest revision that ended well before this run: where one can go back to.
    pub(super) back: std::sync::OnceLock<u32>,
}

/// What a run says that is not what was agreed any more.
pub const MOVED: &str = "the cluster moved after the plan was agreed";

/// Makes a plan anew out of what is in the cluster now.
pub trait Planner: Sync {
    /// The plan as it would be made now.
    fn again(&self) -> BoxFuture<'_, Result<Plan, Failure>>;
}

/// As [`run`]; where what is there is not what the plan was made from, `planner` makes it again under the lock, and a plan
/// that does something else than what was agreed is not run.
///
/// # Errors
/// As [`run`], and a plan that would not be the same any more.
pub fn run_planned<'a>(
    cluster: &'a Cluster,
    plan: &'a Plan,
    planner: &'a dyn Planner,
    secrets: &'a Secrets,
    readiness: &'a dyn Readiness,
    options: &'a Options,
    events: mpsc::Sender<Event>,
    controls: Controls,
) -> BoxFuture<'a, Result<Ended, Failure>> {
    let run = Run::new(cluster, plan, readiness, options, events, controls);
    Box::pin(go(Run { planner: Some(planner), ..run }, secrets))
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
    Box::pin(go(Run::new(cluster, plan, readiness, options, events, controls), secrets))
}

async fn go(run: Run<'_>, secrets: &Secrets) -> Result<Ended, Failure> {
    let tell = run.tell.clone();
    run.announce().await;
    let mut stop = run.controls.clone();
    let now = async {
        let wish = stop.stop().await;
        tell.all(EventKind::StopAsked { how: wish.word().into() }).await;
        // AfterStep and Detach end by themselves at the next step; only "at once" cuts.
        stop.at_once().await;
    };
    let ended = tokio::select! {
        ended = run.whole(secrets) => ended,
        () = now => Err(stopped(Control::Now)),
    };
    if let Some(lock) = run.lock.write().await.take() {
        if ended.is_err() && lock.check().is_err() {
            run.tell_lost(&lock);
        }
        let mut stop = run.controls.clone();
        // A server that does not answer must not hold up whoever wants to stop at once; the lock expires by itself.
        let impatient = async {
            stop.at_once().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        tokio::select! {
            () = lock.release() => {}
            () = impatient => {}
        }
    }
    run.conclude(ended).await
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cluster: &Cluster,
        plan: &'a Plan,
        readiness: &'a dyn Readiness,
        options: &'a Options,
        events: mpsc::Sender<Event>,
        controls: Controls,
    ) -> Self {
        let tell = Tell::new(events);
        let listener = tell.clone();
        let eye = Arc::new(std::sync::OnceLock::<Eye>::new());
        let sees = eye.clone();
        let guarded = cluster.guarded(move || sees.get().map_or(Ok(()), Eye::check));
        Self {
            cluster: guarded.telling(move |kind| listener.at_once(None, kind)),
            plan,
            options,
            manager: plan.target.field_manager(),
            tell,
            controls,
            readiness,
            planner: None,
            brings_kinds: plan.steps.iter().any(|step| super::dry_run::defined(&step.wanted.object).is_some()),
            lock: tokio::sync::RwLock::new(None),
            eye,
            lost: std::sync::OnceLock::new(),
            passwords: tokio::sync::Mutex::default(),
            wrote: std::sync::atomic::AtomicBool::new(false),
            back: std::sync::OnceLock::new(),
        }
    }
}

impl Run<'_> {
    /// Asked before every write: the operator goes on, and the lock is ours.
    pub(super) fn may_write(&self) -> Result<(), Failure> {
        self.controls.check()?;
        match self.lock.try_read() {
            Ok(lock) => {
                if let Some(lock) = lock.as_ref() {
                    lock.check().inspect_err(|_| self.tell_lost(lock))?;
                }
            }
            // It is being given back: the run is over.
            Err(_) => return Err(stopped(Control::Now)),
        }
        self.wrote.store(true, Ordering::Relaxed);
        Ok(())
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
            let mut values = self.values(secrets, found.as_ref(), None);
            self.keys_must_be_there(&kept, found.as_ref())?;
            let nothing = {
                let making = self.making(&values);
                let (items, _) = self.items(&making, &values.salt, &live, &kept)?;
                let same = items.iter().all(|item| item.unchanged);
                let whole =
                    kept.revisions.first().is_some_and(|revision| revision.progress.outcome == Outcome::Deployed);
                let keys = found.is_some() || !self.plan.has_secrets();
                (same && whole && keys && self.surplus(kept.parent.as_ref()).await?.is_empty()).then_some(items.len())
            };
            if let Some(unchanged) = nothing {
                let revision = kept.revisions.first().map_or(0, |revision| revision.number);
                let unchanged = count(unchanged) + u32::from(self.plan.keys_beside());
                return Ok(Ended { revision, unchanged, ..Ended::default() });
            }
            values.salt = found.as_ref().map_or(values.salt, |keys| keys.salt.clone());
            before = Some((kept, live));
        }
        let run = format!("{:016x}", rand::random::<u64>());
        let namespace = namespace::ensure(&self.cluster, target, &run).await?;
        self.wrote.fetch_or(namespace.fresh, Ordering::Relaxed);
        let taken = self.take_lock().await?;
        let (kept, found) = tokio::try_join!(self.kept(), self.find_keys())?;
        // What was read before the lock holds if nobody wrote a record since.
        let still = before.take().filter(|(then, _)| newest(then) == newest(&kept) && !taken).map(|(_, live)| live);
        let live = match still {
            Some(live) => live,
            None => self.live(namespace.fresh).await?,
        };
        self.still_agreed(&live).await?;
        self.keys_must_be_there(&kept, found.as_ref())?;
        let earlier = self.earlier_keys(found.as_ref()).await?;
        let mut values = self.values(secrets, found.as_ref(), earlier.as_ref());
        let making = self.making(&values);
        let (mut items, mut hashes) = self.items(&making, &values.salt, &live, &kept)?;
        if (!self.options.tried || namespace.fresh)
            && let Err(failure) = self.try_all(&items, namespace.fresh).await
        {
            namespace::take_back(&self.cluster, &namespace).await;
            return Err(failure);
        }
        self.write_parent(&kept, false).await?;
        let mut revision = self.begin(&kept).await?;
        if let Some(number) = kept.good() {
            let _first = self.back.set(number);
        }
        let (keys, made) = self.make_keys(found, earlier.as_ref(), &values).await?;
        // What is written beside the steps counts as the review listed it.
        let keys_beside = self.plan.keys_beside();
        let beside = u32::from(namespace.fresh && self.plan.namespace_beside()) + u32::from(made && keys_beside);
        let found_beside = u32::from(!made && keys_beside);
        if let Some(keys) = &keys
            && (keys.salt != values.salt
                || keys.values.iter().any(|(path, value)| values.by_key.get(path) != Some(value)))
        {
            // Somebody else's run made them a moment before: theirs count, since data may be open with them.
            values = self.values(secrets, Some(keys), None);
            let making = self.making(&values);
            (items, hashes) = self.items(&making, &values.salt, &live, &kept)?;
        }
        revision.progress.hashes = hashes;
        *self.passwords.lock().await = self.new_passwords(&kept, keys.as_ref()).await?;
        let ended = self.waves(&mut revision, &items, &values.salt).await;
        let ended = match ended {
            Ok(ended) => {
                let (written, unchanged) = (ended.written + beside, ended.unchanged + found_beside);
                let finished = self.finish(&mut revision, &kept).await;
                finished.map(|pruned| Ended { written: written + pruned, unchanged, ..ended })
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

    /// What was agreed is what is done: a plan that was made from other objects than those that are there now is made
    /// again, and must do the same (cluster.md 4).
    async fn still_agreed(&self, live: &BTreeMap<ObjectId, Object>) -> Result<(), Failure> {
        let Some(planner) = self.planner.filter(|_| !self.plan.is_of(live)) else { return Ok(()) };
        let differences = self.plan.differences(&planner.again().await?);
        if differences.is_empty() {
            return Ok(());
        }
        let failure =
            Failure::new(FailureKind::Refused, MOVED).place(format!("namespace {}", self.plan.target.namespace));
        let failure = differences.into_iter().fold(failure, Failure::why);
        Err(failure.state(NOTHING_WRITTEN).hint("run the same command again: it shows the plan as it is now"))
    }

    async fn take_lock(&self) -> Result<bool, Failure> {
        let waited = std::sync::atomic::AtomicBool::new(false);
        let tell = |kind: EventKind| {
            if matches!(kind, EventKind::LockAwaited { .. }) {
                waited.store(true, Ordering::Relaxed);
            }
            self.tell.at_once(None, kind);
        };
        let lock =
            lock::take(&self.cluster, &self.plan.target, self.options.take_over.as_deref(), self.options.lock, &tell)
                .await?;
        let _first = self.eye.set(lock.eye());
        *self.lock.write().await = Some(lock);
        Ok(waited.load(Ordering::Relaxed))
    }

    pub(super) async fn locked(&self) -> Result<(), Failure> {
        self.take_lock().await.map(drop)
    }
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn newest(kept: &Kept) -> Option<(u32, &str)> {
    kept.revisions.first().map(|revision| (revision.number, revision.resource_version.as_str()))
}
