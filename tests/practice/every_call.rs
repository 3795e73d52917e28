//! One harness for every flow: a client that dies, a server that fails, or a lock that is lost, at every single call. The next
//! run finishes it, with the same keys, the same volumes and nothing lost.
//!
//! What a client leaves behind when it dies is the state of the cluster at that moment. So one undisturbed run shows every
//! place where it could die: the state before each call and after it was done. From each of them a cluster of its own goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway::cluster::{Cluster, Connector, Identity, Patience, Wire, in_memory};
use slipway::error::{Failure, FailureKind};
use slipway::object::{Object, ObjectId};
use slipway::practice::{Call, Fault, Options, Server, State};
use tokio::time::Instant;

/// Where every flow happens.
pub(crate) const NAMESPACE: &str = "inngest";

/// What is done to a release.
pub(crate) trait Flow {
    /// Brings an empty cluster to where the flow begins.
    async fn ready(cluster: &Cluster);

    /// What a client does; another that is told the same goes on where it ended.
    async fn run(cluster: &Cluster) -> Result<(), Failure>;

    /// What must hold at its end, beside what must hold at the end of each flow.
    async fn ended(cluster: &Cluster, told: &Told, when: &str);
}

/// What was asked of a server during a flow, and whether it was done.
#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Arc<Mutex<Vec<(Call, bool)>>>);

impl Told {
    fn note(&self, call: &Call, fault: Option<&Fault>) {
        let done = !matches!(fault, Some(Fault::Hang | Fault::DropBefore | Fault::Refuse { .. }));
        self.0.lock().unwrap().push((call.clone(), done));
    }

    /// Those of one moment.
    fn until_now(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }

    pub(crate) fn listens(&self, server: &Server) {
        let told = self.clone();
        server.set_faults(Some(Arc::new(move |call: &Call| {
            told.note(call, None);
            None
        })));
    }
}

/// UIDs by id.
type Uids = BTreeMap<String, String>;

/// Where a flow begins, and what it comes to when nothing goes wrong.
struct Ground {
    state: State,
    /// Everything that is there at the end.
    end: Uids,
    /// What was there at the beginning and is the same at the end.
    same: Uids,
}

impl Ground {
    async fn of<F: Flow>() -> Self {
        let server = at_its_own_pace();
        F::ready(&cluster(&server)).await;
        let state = server.state();
        let before = uids(&state);
        let told = Told::default();
        told.listens(&server);
        F::run(&cluster(&server)).await.unwrap();
        server.set_faults(None);
        let end = uids(&server.state());
        F::ended(&cluster(&server), &told, "undisturbed").await;
        let same = before.into_iter().filter(|(id, uid)| end.get(id) == Some(uid)).collect();
        Self { state, end, same }
    }

    fn server(&self) -> Arc<Server> {
        Arc::new(Server::from_state(&self.state))
    }

    /// The same objects as at the end of an undisturbed run, those that were kept are the same ones, and so are the keys and
    /// volumes that were there when it was interrupted.
    async fn holds<F: Flow>(&self, server: &Arc<Server>, interrupted: &State, told: &Told, when: &str) {
        server.set_faults(None);
        let state = server.state();
        let now = uids(&state);
        let names = |uids: &Uids| uids.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&now), names(&self.end), "{when}");
        for (id, uid) in &self.same {
            assert_eq!(now.get(id), Some(uid), "{when}: {id} was made anew");
        }
        for (id, uid) in &uids_of(interrupted, is_kept) {
            assert!(!self.end.contains_key(id) || now.get(id) == Some(uid), "{when}: {id} was made twice");
        }
        F::ended(&cluster(server), told, when).await;
    }
}

/// Keys, volumes, and what was made to be kept.
fn is_kept(object: &Object) -> bool {
    object.kind() == "PersistentVolumeClaim"
        || object.kind() == "Secret" && object.annotation("slipway.dev/opens").is_some()
}

/// What a release is made of; what the cluster's own controllers make of it comes and goes, and the record of each run is
/// looked at by the flow.
fn is_ours(object: &Object) -> bool {
    let theirs = ["Pod", "ReplicaSet", "ControllerRevision", "Event", "EndpointSlice", "Endpoints"];
    !theirs.contains(&object.kind()) && object.label("slipway.dev/revision").is_none() && !object.kind().is_empty()
}

fn uids_of(state: &State, which: fn(&Object) -> bool) -> Uids {
    let all = state.objects(NAMESPACE);
    all.iter().filter(|one| which(one)).map(|one| (one.id().to_string(), one.uid().to_string())).collect()
}

fn uids(state: &State) -> Uids {
    uids_of(state, is_ours)
}

/// A client of its own, as another process would have.
pub(crate) fn cluster(server: &Arc<Server>) -> Cluster {
    let server = server.clone();
    let connector: Connector = Arc::new(move || {
        let wire: Box<dyn Wire> = Box::new(server.connect());
        Box::pin(std::future::ready(Ok(wire)))
    });
    in_memory(connector, Identity { practice: true, ..Identity::default() })
}

/// For a test whose clock is paused: waiting costs nothing there but the looks of the cluster's controllers.
pub(crate) fn at_its_own_pace() -> Arc<Server> {
    let pace = Some(Duration::from_millis(400));
    Arc::new(Server::start(Options { pace, ..Options::default() }).unwrap())
}

pub(crate) fn lease() -> ObjectId {
    ObjectId::new("coordination.k8s.io", "Lease", NAMESPACE, "slipway-inngest")
}

/// The lock of a client that is dead is expired when the next one looks.
pub(crate) fn expire(server: &Server) {
    server.change(&lease(), |lease| lease.set(&["spec", "leaseDurationSeconds"], 0.into()));
}

/// Where a client died, by the version of the cluster, and what had been asked by then.
type Graves = Arc<Mutex<BTreeMap<u64, (String, State, Told)>>>;

/// Dies before every call, and after it was done. Places between which the cluster did not change are one.
pub(crate) async fn dies<F: Flow>() {
    let ground = Ground::of::<F>().await;
    let (server, told, graves) = (ground.server(), Told::default(), Graves::default());
    let from = server.calls();
    let dig = |server: &Arc<Server>, moment: &'static str| {
        let (graves, told, weak) = (graves.clone(), told.clone(), Arc::downgrade(server));
        move |call: &Call| {
            let Some(server) = weak.upgrade() else { return };
            let state = server.state();
            let version = state.version();
            let grave = || {
                let when = format!("died {moment} call {}, {} {}", call.number - from, call.method, call.path);
                (when, state, told.until_now())
            };
            graves.lock().unwrap().entry(version).or_insert_with(grave);
        }
    };
    let (before, notes) = (dig(&server, "before"), told.clone());
    server.set_witness(Some(Arc::new(dig(&server, "after"))));
    server.set_faults(Some(Arc::new(move |call: &Call| {
        before(call);
        notes.note(call, None);
        None
    })));
    F::run(&cluster(&server)).await.unwrap();
    let calls = server.calls() - from;
    server.set_witness(None);
    server.set_faults(None);
    assert!(calls > 12, "only {calls} calls");
    let graves = std::mem::take(&mut *graves.lock().unwrap());
    assert!(graves.len() > 5, "only {} places in {calls} calls", graves.len());
    for (when, state, told) in graves.into_values() {
        let server = Arc::new(Server::from_state(&state));
        expire(&server);
        told.listens(&server);
        F::run(&cluster(&server)).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
        ground.holds::<F>(&server, &state, &told, &when).await;
    }
}

/// Whether a fault passes by itself, so that nobody has to run anything again.
fn passes(call: &Call, fault: &Fault) -> bool {
    // Whether a command in a pod was run is not known where its connection broke.
    let asks = !call.path.ends_with("/exec");
    asks && !matches!(fault, Fault::Refuse { code: 409, .. })
}

/// Meets `fault` once, at each call that is meant, each time on a cluster of its own.
pub(crate) async fn stumbles<F: Flow>(meant: fn(&Call) -> bool, fault: Fault) {
    let ground = Ground::of::<F>().await;
    let mut nth = 0;
    loop {
        nth += 1;
        let (server, told) = (ground.server(), Told::default());
        let (count, struck) = (AtomicU64::new(0), Arc::new(Mutex::new(None::<Call>)));
        let (strikes, hears, wrong) = (struck.clone(), told.clone(), fault.clone());
        server.set_faults(Some(Arc::new(move |call: &Call| {
            let here = meant(call) && count.fetch_add(1, Ordering::SeqCst) + 1 == nth;
            if here {
                *strikes.lock().unwrap() = Some(call.clone());
            }
            let fault = here.then(|| wrong.clone());
            hears.note(call, fault.as_ref());
            fault
        })));
        let patience = Patience { deadline: Duration::from_secs(2), ..Patience::default() };
        let patient = cluster(&server).with_patience(patience);
        let ended = F::run(&patient).await;
        let interrupted = server.state();
        let Some(call) = struck.lock().unwrap().take() else {
            ended.unwrap();
            break;
        };
        let when = format!("{fault:?} at call {nth}, {} {}", call.method, call.path);
        if let Err(failure) = ended {
            assert!(!passes(&call, &fault), "{when}: it was not tried again: {failure}");
            // What is not tried again by itself is finished by the next run.
            F::run(&cluster(&server)).await.unwrap_or_else(|again| unreachable!("{when}: {failure}, then {again}"));
        }
        ground.holds::<F>(&server, &interrupted, &told, &when).await;
    }
    assert!(nth > 1, "there was no such call");
}

const OTHER: &str = "ana@laptop/boot/namespace/1/1/other";

#[derive(Default)]
struct Seen {
    /// When the other took the lock.
    taken: Option<Instant>,
    /// Writes that were sent later.
    late: Vec<String>,
}

/// Another takes the lock at each call at which it is held: no further write is made, and the next run goes on.
pub(crate) async fn loses<F: Flow>() {
    let ground = Ground::of::<F>().await;
    let mut nth = 1;
    while lose::<F>(&ground, nth).await {
        nth += 1;
    }
    assert!(nth > 12, "only {nth} calls");
}

/// The lock is lost at the first call from `nth` on at which it is held; whether there was one.
async fn lose<F: Flow>(ground: &Ground, nth: u64) -> bool {
    let (server, told) = (ground.server(), Told::default());
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (sees, weak, hears) = (seen.clone(), Arc::downgrade(&server), told.clone());
    let from = server.calls();
    server.set_faults(Some(Arc::new(move |call: &Call| {
        hears.note(call, None);
        let mut sees = sees.lock().unwrap();
        // What was on its way when the lock was lost arrives; the clock moves only when nobody has anything left to do.
        let on_its_way = Some(Fault::Delay { by: Duration::from_secs(1) });
        match sees.taken {
            Some(taken) if taken == Instant::now() => return on_its_way,
            Some(_) if call.is_write() => sees.late.push(format!("{} {}", call.method, call.path)),
            Some(_) => {}
            None if call.number >= from + nth => {
                let mut held = false;
                weak.upgrade()?.change(&lease(), |lease| {
                    held = !lease.text(&["spec", "holderIdentity"]).is_empty();
                    if held {
                        lease.set(&["spec", "holderIdentity"], OTHER.into());
                    }
                });
                sees.taken = held.then(Instant::now);
                return on_its_way.filter(|_| held);
            }
            None => {}
        }
        None
    })));
    let ended = F::run(&cluster(&server)).await;
    server.set_faults(None);
    let interrupted = server.state();
    let when = format!("lost at call {nth}");
    let taken = {
        let seen = seen.lock().unwrap();
        assert!(seen.late.is_empty(), "{when}: {:?}", seen.late);
        seen.taken.is_some()
    };
    let stopped = ended.is_err();
    // It may have had nothing more to write.
    if let Err(failure) = ended {
        assert!(taken, "{when}: {failure}");
        assert_eq!((failure.kind, failure.kind.exit_code()), (FailureKind::Refused, 6), "{when}: {failure}");
        assert!(failure.to_string().contains("lock was lost"), "{when}: {failure}");
        assert!(failure.to_string().contains("ana@laptop"), "{when}: {failure}");
    }
    let mut kept = false;
    let there = server.change(&lease(), |lease| {
        kept = lease.text(&["spec", "holderIdentity"]) == OTHER;
        lease.set(&["spec", "holderIdentity"], "".into());
    });
    assert!(kept == taken || !there && !stopped, "{when}: the other's lock is its own");
    told.listens(&server);
    F::run(&cluster(&server)).await.unwrap_or_else(|failure| unreachable!("{when}: {failure}"));
    ground.holds::<F>(&server, &interrupted, &told, &when).await;
    taken
}

/// The tests of a flow.
macro_rules! at_every_call {
    ($flow:ident) => {
        mod at_every_call {
            use slipway::practice::{Call, Fault};

            use super::$flow;
            use crate::every_call::{dies, loses, stumbles};

            const ANY: fn(&Call) -> bool = |_| true;

            #[tokio::test(start_paused = true)]
            async fn a_client_that_dies_leaves_what_the_next_run_finishes() {
                dies::<$flow>().await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_lock_that_is_lost_stops_every_write() {
                loses::<$flow>().await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_server_that_is_not_there_for_a_moment_is_asked_again() {
                stumbles::<$flow>(ANY, Fault::Refuse { code: 503, retry_after: None }).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_server_that_fails_once_is_asked_again() {
                stumbles::<$flow>(ANY, Fault::Refuse { code: 500, retry_after: None }).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_server_that_wants_it_to_wait_is_asked_later() {
                stumbles::<$flow>(ANY, Fault::Refuse { code: 429, retry_after: Some(2) }).await;
            }

            #[tokio::test(start_paused = true)]
            async fn somebody_who_crosses_it_does_no_harm() {
                stumbles::<$flow>(ANY, Fault::Refuse { code: 409, retry_after: None }).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_connection_that_breaks_before_a_call_arrives_is_made_again() {
                stumbles::<$flow>(ANY, Fault::DropBefore).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_connection_that_breaks_after_a_call_was_done_makes_nothing_twice() {
                stumbles::<$flow>(ANY, Fault::DropAfter).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_call_that_is_never_answered_is_made_again() {
                stumbles::<$flow>(ANY, Fault::Hang).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_watch_that_ends_is_begun_again() {
                for fault in [Fault::CutWatch { after: 0 }, Fault::CutWatch { after: 1 }, Fault::Forget] {
                    stumbles::<$flow>(Call::is_watch, fault).await;
                }
            }
        }
    };
}
pub(crate) use at_every_call;
