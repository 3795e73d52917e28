//! The lock of a release: a Lease (cluster.md 4, facts: installers 6.10). There is no fencing in the API: whoever holds
//! it asks [`Lock::check`] before every write and stops when it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{Fuse, FusedFuture as _};
use futures::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::ask::Patience;
use super::connect::Cluster;
use super::contender::{lasts, locked, since};
use super::fault::{Fault, FaultKind};
use super::holder::{Holder, boot_clock};
use super::stream::{Seen, Watched};
use crate::error::{Failure, FailureKind};
use crate::event::EventKind;
use crate::object::{Object, ObjectId};
use crate::plan::Target;
use crate::plan::set::RELEASE;

/// How long a lock lasts without being renewed, and how often it is renewed.
#[derive(Clone, Copy, Debug)]
pub struct LockTiming {
    /// After so long without a renewal anybody takes it. Whole seconds.
    pub lasts: Duration,
    /// After so long without a successful renewal its holder stops writing; shorter than `lasts`.
    pub trusted: Duration,
    /// Time between renewals.
    pub renew: Duration,
}

impl Default for LockTiming {
    fn default() -> Self {
        Self { lasts: Duration::from_secs(60), trusted: Duration::from_secs(40), renew: Duration::from_secs(5) }
    }
}

/// The lock, held. Dropping it stops renewing; [`Lock::release`] gives it back at once.
pub struct Lock {
    held: Arc<Held>,
    renewing: tokio::task::JoinHandle<()>,
}

struct Held {
    cluster: Cluster,
    id: ObjectId,
    manager: String,
    holder: String,
    timing: LockTiming,
    /// Boot-time clock at the last successful renewal, in milliseconds.
    renewed: AtomicU64,
    lost: watch::Sender<Option<String>>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Takes the lock, waiting for one that its holder no longer renews.
///
/// # Errors
/// Somebody else holds and renews it ([`FailureKind::Refused`]), or the Lease cannot be written.
pub async fn take(
    cluster: &Cluster,
    target: &Target,
    take_over: Option<&str>,
    timing: LockTiming,
    tell: &(dyn Fn(EventKind) + Send + Sync),
) -> Result<Lock, Failure> {
    let me = Holder::me();
    let id = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
    let held = Held {
        cluster: cluster.unguarded().with_patience(Patience {
            attempts: 3,
            deadline: timing.renew,
            ..cluster.patience()
        }),
        id,
        manager: target.field_manager(),
        holder: me.to_string(),
        timing,
        renewed: AtomicU64::new(0),
        lost: watch::Sender::new(None),
    };
    let mut waited_for = String::new();
    loop {
        let before = boot_clock();
        let live = held.cluster.find(&held.id).await?;
        let may = match &live {
            None => true,
            Some(lease) => {
                let holder = lease.text(&["spec", "holderIdentity"]);
                holder.is_empty()
                    || holder == held.holder
                    || take_over == Some(holder)
                    || waited_for == stamp(lease)
                    || me.knows_dead(holder)
            }
        };
        if !may {
            waited_for = wait_for(&held, live.as_ref(), tell).await?;
            continue;
        }
        match held.write(live.as_ref(), &target.release).await {
            Ok(()) => {
                held.renewed.store(before, Ordering::Release);
                break;
            }
            // Somebody was faster: look again.
            Err(fault) if matches!(fault.kind, FaultKind::Changed | FaultKind::AlreadyExists) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    tell(EventKind::LockTaken);
    let held = Arc::new(held);
    let renewing = tokio::spawn(renew(held.clone(), target.release.clone()));
    Ok(Lock { held, renewing })
}

/// Waits until nobody holds the lock: it was given back, its holder is known to be gone, or has not renewed it for as long as
/// it lasts. Nothing is written.
///
/// # Errors
/// The Lease may not be read.
pub async fn idle(cluster: &Cluster, target: &Target, tell: &(dyn Fn(EventKind) + Send + Sync)) -> Result<(), Failure> {
    let me = Holder::me();
    let id = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
    let mut seen = cluster.watch(Watched::object(&id));
    // The stamp that was seen last, and until when it holds.
    let mut held: Option<(String, u64)> = None;
    loop {
        let left = held.as_ref().map(|(_, until)| until.saturating_sub(boot_clock()));
        let tick = async {
            match left {
                Some(left) => tokio::time::sleep(Duration::from_millis(left.min(500))).await,
                None => std::future::pending().await,
            }
        };
        let lease = tokio::select! {
            () = tick => match left {
                Some(0) => return Ok(()),
                _ => continue,
            },
            now = seen.next() => match now {
                Some(Seen::All(all)) => all.into_iter().next(),
                Some(Seen::Changed(lease)) => Some(lease),
                Some(Seen::Gone(_)) => None,
                Some(Seen::Broken(fault)) if matches!(fault.kind, FaultKind::Forbidden | FaultKind::Unauthorized) => {
                    return Err((*fault).into());
                }
                Some(Seen::Broken(_)) => continue,
                None => return Ok(()),
            },
        };
        let Some(lease) = lease else { return Ok(()) };
        let holder = lease.text(&["spec", "holderIdentity"]);
        if holder.is_empty() || me.knows_dead(holder) {
            return Ok(());
        }
        if held.as_ref().is_none_or(|(known, _)| *known != stamp(&lease)) {
            let lasts = lasts(&lease);
            held = Some((stamp(&lease), boot_clock() + lasts * 1000));
            tell(EventKind::LockAwaited { holder: Holder::shown(holder), expires_in: lasts, since: since(&lease) });
        }
    }
}

/// What changes whenever a holder renews.
fn stamp(lease: &Object) -> String {
    format!("{} {}", lease.text(&["spec", "holderIdentity"]), lease.text(&["spec", "renewTime"]))
}

/// Waits until the lease expires, counted here from when it was first seen unchanged; no clocks are compared. Tells the
/// stamp that expired. A renewal in between means that its holder lives.
async fn wait_for(
    held: &Held,
    lease: Option<&Object>,
    tell: &(dyn Fn(EventKind) + Send + Sync),
) -> Result<String, Failure> {
    let Some(lease) = lease else { return Ok(String::new()) };
    let (first, holder) = (stamp(lease), lease.text(&["spec", "holderIdentity"]).to_string());
    let lasts = lasts(lease);
    let until = boot_clock() + lasts * 1000;
    tell(EventKind::LockAwaited { holder: Holder::shown(&holder), expires_in: lasts, since: since(lease) });
    let mut seen = held.cluster.watch(Watched::object(&held.id));
    loop {
        let left = until.saturating_sub(boot_clock());
        if left == 0 {
            return Ok(first);
        }
        // Short sleeps: the boot-time clock runs on while the machine sleeps, timers do not.
        let tick = tokio::time::sleep(Duration::from_millis(left.min(500)));
        let now = tokio::select! {
            () = tick => continue,
            now = seen.next() => now,
        };
        match now {
            Some(Seen::All(all)) if all.iter().all(|live| stamp(live) == first) && !all.is_empty() => {}
            Some(Seen::Changed(live)) if stamp(&live) == first => {}
            Some(Seen::Changed(live)) if live.text(&["spec", "holderIdentity"]) == holder => {
                return Err(locked(&held.id, &live));
            }
            Some(Seen::All(all)) if all.iter().any(|live| live.text(&["spec", "holderIdentity"]) == holder) => {
                return Err(locked(&held.id, lease));
            }
            // Given back, taken by another, or deleted: look again.
            Some(Seen::Changed(_) | Seen::All(_) | Seen::Gone(_)) => return Ok(String::new()),
            Some(Seen::Broken(_)) => {}
            None => tokio::time::sleep(Duration::from_millis(left.min(500))).await,
        }
    }
}

impl Held {
    async fn write(&self, live: Option<&Object>, release: &str) -> Result<(), Fault> {
        let now = Timestamp::now();
        // MicroTime: exactly six digits.
        let now = format!("{:.6}", now);
        let old = |field: &str| live.map_or("", |lease| lease.text(&["spec", field]));
        let ours = old("holderIdentity") == self.holder;
        let transitions = live.and_then(|lease| lease.integer(&["spec", "leaseTransitions"])).unwrap_or(0);
        let lease = Object(json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": self.id.name,
                "namespace": self.id.namespace,
                "labels": {RELEASE: release, "app.kubernetes.io/managed-by": "slipway"},
                "resourceVersion": live.map_or("", Object::resource_version),
            },
            "spec": {
                "holderIdentity": self.holder,
                "leaseDurationSeconds": self.timing.lasts.as_secs().max(1),
                "acquireTime": if ours { old("acquireTime") } else { &now },
                "renewTime": now,
                "leaseTransitions": if ours || live.is_none() { transitions } else { transitions + 1 },
            },
        }));
        match live {
            None => self.cluster.create(&lease, &self.manager).await.map(drop),
            Some(_) => self.cluster.replace(&lease, &self.manager).await.map(drop),
        }
    }

    /// Who has the lock, when it is somebody else; empty where nobody has.
    fn other(&self, lease: Option<&Object>) -> Option<String> {
        let holder = lease.map_or("", |lease| lease.text(&["spec", "holderIdentity"]));
        (holder != self.holder).then(|| holder.to_string())
    }

    /// Renews once: `Ok(Some(holder))` when somebody else has it.
    async fn renew_once(&self, release: &str) -> Result<Option<String>, Fault> {
        let before = boot_clock();
        let Some(live) = self.cluster.find(&self.id).await? else { return Ok(Some(String::new())) };
        let holder = live.text(&["spec", "holderIdentity"]);
        if holder != self.holder {
            return Ok(Some(holder.to_string()));
        }
        self.write(Some(&live), release).await?;
        self.renewed.store(before, Ordering::Release);
        Ok(None)
    }
}

/// Renews, and watches the Lease between the renewals, so that a lock that is taken over is known to be lost at once.
async fn renew(held: Arc<Held>, release: String) {
    let mut seen = held.cluster.watch(Watched::object(&held.id)).fuse();
    let mut turn = tokio::time::interval(held.timing.renew.max(Duration::from_millis(1)));
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    turn.reset();
    // What the watch tells is heard while a renewal is on its way, too.
    let mut renewing = std::pin::pin!(Fuse::terminated());
    loop {
        let taken = tokio::select! {
            _ = turn.tick(), if renewing.is_terminated() => {
                renewing.set(held.renew_once(&release).fuse());
                None
            }
            // A fault is tried again at the next turn; `check` stops the writes when that lasts too long.
            renewed = &mut renewing => renewed.ok().flatten(),
            // Where it may not be watched, the renewals tell.
            Some(now) = seen.next() => match now {
                Seen::All(all) => held.other(all.first()),
                Seen::Changed(lease) => held.other(Some(&lease)),
                Seen::Gone(_) => Some(String::new()),
                Seen::Broken(_) => None,
            },
        };
        if let Some(holder) = taken {
            held.lost.send_replace(Some(holder));
            return;
        }
    }
}

/// A held lock's eye, for who asks before every write.
#[derive(Clone)]
pub struct Eye(Arc<Held>);

impl Eye {
    /// As [`Lock::check`].
    ///
    /// # Errors
    /// It is lost.
    pub fn check(&self) -> Result<(), Failure> {
        self.0.check()
    }
}

impl Held {
    fn check(&self) -> Result<(), Failure> {
        let lost = self.lost.borrow().clone();
        let silent = boot_clock().saturating_sub(self.renewed.load(Ordering::Acquire));
        let why = match lost {
            Some(holder) if holder.is_empty() => "the Lease was deleted or given back".to_string(),
            Some(holder) => format!("{} has it now", Holder::shown(&holder)),
            None if u128::from(silent) > self.timing.trusted.as_millis() => {
                format!("it could not be renewed for {} s", silent / 1000)
            }
            None => return Ok(()),
        };
        Err(Failure::new(FailureKind::Refused, "the release's lock was lost: nothing more is written")
            .place(self.id.to_string())
            .why(why)
            .hint("run the same command again: it goes on from here"))
    }
}

impl Lock {
    /// Whether it is still held; asked before every write.
    ///
    /// # Errors
    /// Somebody else has it, or it could not be renewed for so long that somebody may.
    pub fn check(&self) -> Result<(), Failure> {
        self.held.check()
    }

    /// Asks the Lease itself, before a step that nothing takes back: what the watch tells may still be on its way.
    ///
    /// # Errors
    /// As [`Lock::check`], or the Lease cannot be read.
    pub async fn confirm(&self) -> Result<(), Failure> {
        let lease = self.held.cluster.find(&self.held.id).await?;
        if let Some(holder) = self.held.other(lease.as_ref()) {
            self.held.lost.send_replace(Some(holder));
        }
        self.check()
    }

    /// Asks the same for as long as the run lasts.
    pub fn eye(&self) -> Eye {
        Eye(self.held.clone())
    }

    /// Waits until somebody else is known to have it.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut lost = self.held.lost.subscribe();
        async move {
            if lost.wait_for(Option::is_some).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Who holds it, as `--take-over` names it.
    pub fn holder(&self) -> &str {
        &self.held.holder
    }

    /// Who has it now, after it was lost.
    pub fn lost_to(&self) -> Option<String> {
        self.held.lost.borrow().clone()
    }

    /// Gives it back, so that the next one need not wait. Best effort: it expires by itself.
    pub async fn release(self) {
        self.renewing.abort();
        let held = &self.held;
        let Ok(Some(mut lease)) = held.cluster.find(&held.id).await else { return };
        if lease.text(&["spec", "holderIdentity"]) == held.holder {
            lease.set(&["spec", "holderIdentity"], "".into());
            lease.set(&["spec", "leaseDurationSeconds"], 1.into());
            let _released = held.cluster.replace(&lease, &held.manager).await;
        }
    }
}

#[cfg(test)]
mod tests;
