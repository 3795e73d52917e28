//! Backup and restore as the program runs them, on the practice cluster, at every call: a client that dies, a server that
//! fails, a lock that is lost. The database in use is whole at any moment, and the next run finishes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser as _;
use serde_json::Value;

use super::practice::OWN;
use crate::cli::Cli;
use crate::error::{Failure, FailureKind};
use crate::object::{Object, ObjectId};
use crate::practice::{Call, Fault, Options, Server, State};

const NAMESPACE: &str = "inngest";
const LIVE: &str = "inngest";

fn use_of(server: &Arc<Server>) {
    OWN.set(Some(server.clone()));
}

async fn slipway(words: &str) -> Result<(), Failure> {
    let words = words.split(' ').map(str::to_string);
    let more = ["--practice", "--yes", "--no-input", "-n", NAMESPACE].map(str::to_string);
    let all = std::iter::once("slipway".to_string()).chain(words).chain(more);
    Box::pin(super::dispatch(Cli::try_parse_from(all).unwrap())).await
}

/// A release with a backup of it, after which the database changed.
struct Ground {
    state: State,
    folder: tempfile::TempDir,
    next: AtomicU64,
}

impl Ground {
    async fn new() -> Self {
        let pace = Some(Duration::from_millis(400));
        let server = Arc::new(Server::start(Options { pace, ..Options::default() }).unwrap());
        use_of(&server);
        slipway("install inngest --profile development").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ground = Self { state: server.state(), folder, next: AtomicU64::new(0) };
        slipway(&format!("backup --to {}", ground.made().display())).await.unwrap();
        ground
    }

    /// The backup that restores are made from.
    fn made(&self) -> PathBuf {
        self.folder.path().join("made")
    }

    fn fresh(&self) -> PathBuf {
        self.folder.path().join(self.next.fetch_add(1, Ordering::SeqCst).to_string())
    }

    fn server(&self) -> Arc<Server> {
        let server = Arc::new(Server::from_state(&self.state));
        use_of(&server);
        server
    }
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Backup,
    Restore,
}

impl What {
    async fn run(self, ground: &Ground) -> Result<PathBuf, Failure> {
        let place = if self == Self::Backup { ground.fresh() } else { ground.made() };
        let words = match self {
            Self::Backup => format!("backup --to {}", place.display()),
            Self::Restore => format!("restore --from {}", place.display()),
        };
        slipway(&words).await.map(|()| place)
    }

    /// What must hold once it was finished.
    fn holds(self, ground: &Ground, server: &Server, place: &Path, when: &str) {
        let (before, after) = (objects(&ground.state), objects(&server.state()));
        assert_eq!(before, after, "{when}: an object was lost, made anew or left behind");
        let held = databases(&server.state());
        let half: Vec<&String> = held.keys().filter(|name| name.contains("restoring")).collect();
        assert!(half.is_empty(), "{when}: {half:?}");
        match self {
            Self::Backup => {
                let manifest = std::fs::read(place.join("backup.json")).unwrap();
                let manifest: Value = serde_json::from_slice(&manifest).unwrap();
                for part in manifest["parts"].as_array().unwrap() {
                    let file = place.join(part["file"].as_str().unwrap());
                    assert_eq!(part["bytes"], std::fs::metadata(&file).unwrap().len(), "{when}");
                }
            }
            Self::Restore => {
                assert_eq!(held[LIVE]["tables"], 12, "{when}: {held:?}");
                let old = held.iter().filter(|(name, _)| name.contains("_before_"));
                assert!(old.clone().count() > 0, "{when}: what was there is gone: {held:?}");
                assert!(old.clone().all(|(_, one)| one["tables"] == 12), "{when}: {held:?}");
            }
        }
    }
}

/// UIDs of what the release is made of.
fn objects(state: &State) -> BTreeMap<String, String> {
    let all = state.objects(NAMESPACE);
    let ours = all.iter().filter(|one| !matches!(one.kind(), "" | "Event" | "Lease"));
    ours.map(|one| (one.id().to_string(), one.uid().to_string())).collect()
}

/// What the database servers hold.
fn databases(state: &State) -> BTreeMap<String, Value> {
    let all = state.objects(NAMESPACE);
    let held = all.iter().filter_map(|one| one.0.get("databases")?.as_object().cloned()).flatten();
    held.collect()
}

fn lease() -> ObjectId {
    ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest")
}

/// The cluster before every call of what is run and after it was done, with what a death there is called; places between which
/// the cluster did not change are one.
async fn graves<T>(server: &Arc<Server>, run: impl Future<Output = T>) -> (T, Vec<(String, State)>) {
    let graves = Arc::new(Mutex::new(BTreeMap::new()));
    let dig = |moment: &'static str| {
        let (graves, weak) = (graves.clone(), Arc::downgrade(server));
        move |call: &Call| {
            let Some(server) = weak.upgrade() else { return };
            let state = server.state();
            let when = format!("died {moment} {} {}", call.method, call.path);
            graves.lock().unwrap().entry(state.version()).or_insert((when, state));
        }
    };
    let before = dig("before");
    server.set_witness(Some(Arc::new(dig("after"))));
    server.set_faults(Some(Arc::new(move |call: &Call| {
        before(call);
        None
    })));
    let ended = run.await;
    server.set_witness(None);
    server.set_faults(None);
    assert!(server.calls() > 10, "only {} calls", server.calls());
    let graves = std::mem::take(&mut *graves.lock().unwrap());
    (ended, graves.into_values().collect())
}

/// A cluster as it was when a client died; its lock has run out.
fn risen(state: &State) -> Arc<Server> {
    let server = Arc::new(Server::from_state(state));
    use_of(&server);
    server.change(&lease(), |lease| lease.set(&["spec", "leaseDurationSeconds"], 0.into()));
    server
}

async fn dies(what: What) {
    let ground = Ground::new().await;
    let server = ground.server();
    let (place, graves) = graves(&server, what.run(&ground)).await;
    what.holds(&ground, &server, &place.unwrap(), "undisturbed");
    assert!(what == What::Backup || graves.len() > 3, "only {} places", graves.len());
    for (when, state) in graves {
        // At any moment there is a database with all its tables under the name in use.
        let held = databases(&state);
        assert!(held.get(LIVE).is_none_or(|live| live["tables"] == 12), "{what:?} {when}: {held:?}");
        let server = risen(&state);
        let place = what.run(&ground).await.unwrap_or_else(|failure| unreachable!("{what:?} {when}: {failure}"));
        what.holds(&ground, &server, &place, &when);
    }
}

/// An uninstall that dies: the next does what is left, and what was to be kept is kept.
async fn uninstall_dies(words: &str, kept: usize) {
    // What goes by itself, with its owner or the Namespace, has time to; the clock runs as fast as it can.
    let settled = async |server: &Arc<Server>| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let state = server.state();
        assert!(!state.objects(NAMESPACE).iter().any(|one| one.id() == lease()), "the lock is left behind");
        let mut left = objects(&state);
        left.retain(|id, _| !id.ends_with("/kube-root-ca.crt") && !id.ends_with("ServiceAccount/inngest/default"));
        left
    };
    let ground = Ground::new().await;
    let server = ground.server();
    let (ended, graves) = graves(&server, slipway(words)).await;
    ended.unwrap();
    let left = settled(&server).await;
    assert_eq!(left.len(), kept, "{left:?}");
    assert!(graves.len() > 10, "only {} places", graves.len());
    for (when, state) in graves {
        let recorded = objects(&state).keys().any(|id| id.contains("/slipway-inngest"));
        let server = risen(&state);
        if let Err(failure) = slipway(words).await {
            // Everything was done: there is nothing to uninstall, or it goes with the Namespace.
            let ending = |one: &Object| one.kind() == "Namespace" && one.name() == NAMESPACE;
            let ending = state
                .objects("")
                .iter()
                .any(|one| ending(one) && !one.text(&["metadata", "deletionTimestamp"]).is_empty());
            assert!(!recorded || ending, "{when}: {failure}");
        }
        assert_eq!(settled(&server).await, left, "{when}");
    }
}

const FAULTS: [Fault; 7] = [
    Fault::Refuse { code: 503, retry_after: None },
    Fault::Refuse { code: 500, retry_after: None },
    Fault::Refuse { code: 429, retry_after: Some(2) },
    Fault::Refuse { code: 409, retry_after: None },
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Hang,
];

/// The commands in the pod and the lock meet every fault at each call, what only reads the cluster one each.
async fn stumbles(what: What) {
    let ground = Ground::new().await;
    let (mut nth, mut met) = (0_usize, 0);
    loop {
        nth += 1;
        let mut reads = false;
        for (i, fault) in FAULTS.iter().enumerate() {
            if reads && i != nth % FAULTS.len() {
                continue;
            }
            let server = ground.server();
            let (count, struck) = (AtomicU64::new(0), Arc::new(Mutex::new(None::<Call>)));
            let (strikes, wrong) = (struck.clone(), fault.clone());
            server.set_faults(Some(Arc::new(move |call: &Call| {
                let here = count.fetch_add(1, Ordering::SeqCst) + 1 == nth as u64;
                if here {
                    *strikes.lock().unwrap() = Some(call.clone());
                }
                here.then(|| wrong.clone())
            })));
            let ended = what.run(&ground).await;
            server.set_faults(None);
            let Some(call) = struck.lock().unwrap().take() else {
                ended.unwrap();
                assert!(met > 20, "only {met} faults");
                return;
            };
            met += 1;
            reads = !call.path.ends_with("/exec") && !call.path.contains("/leases");
            let when = format!("{what:?}: {fault:?} at call {nth}, {} {}", call.method, call.path);
            let held = databases(&server.state());
            assert!(held.get(LIVE).is_none_or(|live| live["tables"] == 12), "{when}: {held:?}");
            let place = match ended {
                Ok(place) => place,
                Err(failure) => {
                    what.run(&ground).await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"))
                }
            };
            what.holds(&ground, &server, &place, &when);
        }
    }
}

/// The verbs are large without optimisation: more than a test's stack holds.
fn runs<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(make());
    };
    let ran = std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(run).unwrap().join();
    if let Err(panic) = ran {
        std::panic::resume_unwind(panic);
    }
}

/// Another takes the lock at a call of a restore at which it is held: no database is exchanged any more.
async fn loses() {
    let ground = Ground::new().await;
    let mut times = 0;
    for nth in 1.. {
        let server = ground.server();
        let taken = Arc::new(Mutex::new(None::<bool>));
        let (takes, weak) = (taken.clone(), Arc::downgrade(&server));
        server.set_faults(Some(Arc::new(move |call: &Call| {
            let mut taken = takes.lock().unwrap();
            if let Some(late) = taken.as_mut() {
                *late |= call.query.contains("rename+to") || call.query.contains("rename%20to");
                return None;
            }
            if call.number < nth {
                return None;
            }
            let mut held = false;
            weak.upgrade()?.change(&lease(), |lease| {
                held = !lease.text(&["spec", "holderIdentity"]).is_empty();
                if held {
                    lease.set(&["spec", "holderIdentity"], "ana@laptop/boot/namespace/1/1/other".into());
                }
            });
            *taken = held.then_some(false);
            // The other's turn: who held it hears of it before it goes on.
            held.then_some(Fault::Delay { by: Duration::from_secs(1) })
        })));
        let ended = What::Restore.run(&ground).await;
        server.set_faults(None);
        let Some(late) = *taken.lock().unwrap() else { break };
        times += 1;
        assert!(!late, "exchanged after the lock was lost at call {nth}");
        if let Err(failure) = ended {
            assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        }
        server.change(&lease(), |lease| lease.set(&["spec", "holderIdentity"], "".into()));
        let place = What::Restore.run(&ground).await.unwrap();
        What::Restore.holds(&ground, &server, &place, &format!("lost at call {nth}"));
    }
    assert!(times > 3, "lost {times} times only");
}

#[test]
fn a_backup_that_dies_at_any_call_is_followed_by_one_that_is_whole() {
    runs(|| dies(What::Backup));
}

#[test]
fn a_restore_that_dies_at_any_call_leaves_the_database_whole_and_the_next_finishes() {
    runs(|| dies(What::Restore));
}

#[test]
fn an_uninstall_that_dies_at_any_call_is_finished_by_the_next_and_keeps_what_it_said() {
    // Both volumes and the key.
    runs(|| uninstall_dies("uninstall inngest", 3));
}

#[test]
fn an_uninstall_with_wiping_that_dies_at_any_call_is_finished_by_the_next() {
    const WIPE: &str = "uninstall inngest --delete-volume inngest-postgresql --delete-volume inngest-redis \
                        --delete-key inngest-keys-1";
    runs(|| uninstall_dies(WIPE, 0));
}

#[test]
fn a_backup_whose_server_fails_at_any_call_is_followed_by_one_that_is_whole() {
    runs(|| stumbles(What::Backup));
}

#[test]
fn a_restore_whose_server_fails_at_any_call_leaves_the_database_whole_and_the_next_finishes() {
    runs(|| stumbles(What::Restore));
}

#[test]
fn a_restore_that_loses_its_lock_at_any_call_exchanges_nothing_and_the_next_does() {
    runs(loses);
}
