//! The server: its state, the task that runs the controllers, and a connection for whoever asks.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::DuplexStream;
use tokio::sync::watch;

use super::clock::Clock;
use super::faults::{Faults, Ledger, Witness, Write};
use super::scenario::Scenario;
use super::state::State;
use super::store::{Key, Store};
use super::validate::UnknownFields;
use super::world::World;
use super::{controllers, kinds, saved, seed, serve};
use crate::object::{Object, ObjectId};

/// How a practice cluster is made.
#[derive(Clone, Default)]
pub struct Options {
    /// What goes wrong in it.
    pub scenario: Scenario,
    /// Seconds of the cluster in one second outside; 0 counts as 1.
    pub speed: u32,
    /// How often controllers look, in the cluster's time; none is ten times a second.
    pub pace: Option<Duration>,
    /// Folder of the state; none keeps nothing.
    pub folder: Option<PathBuf>,
    /// Asked at every request what shall happen to it.
    pub faults: Option<Faults>,
    /// Knows the fields of each kind; without it only those at the top are known.
    pub fields: Option<UnknownFields>,
    /// What names and UIDs are drawn from; none draws differently each time.
    pub seed: Option<u64>,
}

/// What requests and controllers share.
pub(crate) struct Shared {
    world: Mutex<World>,
    /// The version of the store; watches wake when it changes.
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Mutex<Option<Faults>>,
    pub(crate) witness: Mutex<Option<Witness>>,
    /// Held while the state is written: one at a time, and never an older one over a newer.
    saving: Mutex<()>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes watches if something was written.
    pub(crate) fn wake(&self, version: u64) {
        self.changed.send_if_modified(|known| std::mem::replace(known, version) != version);
    }
}

/// A practice cluster. Its controllers run until it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    pace: Option<Duration>,
    folder: Option<PathBuf>,
    controllers: tokio::task::JoinHandle<()>,
    /// Keeps other servers from the folder until the last save is done.
    _alone: Option<std::fs::File>,
}

/// How often controllers look, in the cluster's time.
const STEP: Duration = Duration::from_millis(100);

impl Server {
    /// Starts a cluster: as it was saved in the folder, else a new one. Needs a tokio runtime.
    ///
    /// # Errors
    /// Another server has the folder, or its state cannot be read.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let began = Timestamp::now();
        let alone = options.folder.as_deref().map(saved::take).transpose()?;
        let saved = options.folder.as_deref().map(saved::read).transpose()?.flatten();
        let is_new = saved.is_none();
        let (store, made) = match saved {
            Some(saved) => (Store::from_saved(saved.version, saved.objects), saved.made),
            None => (Store::default(), 0),
        };
        let mut world = World {
            store,
            clock: Clock::starting_at(began, options.speed),
            scenario: options.scenario,
            fields: options.fields,
            lives: std::collections::BTreeMap::new(),
            made,
            seed: options.seed.unwrap_or_else(rand::random),
        };
        if is_new {
            seed::plant(&mut world);
        }
        seed::quota(&mut world);
        Ok(Self::of(world, options.pace, options.faults, options.folder, alone))
    }

    fn of(
        world: World,
        pace: Option<Duration>,
        faults: Option<Faults>,
        folder: Option<PathBuf>,
        alone: Option<std::fs::File>,
    ) -> Self {
        let step = pace.unwrap_or(STEP) / world.clock.speed;
        let shared = Arc::new(Shared {
            changed: watch::Sender::new(world.store.version()),
            world: Mutex::new(world),
            ledger: Ledger::default(),
            faults: Mutex::new(faults),
            witness: Mutex::new(None),
            saving: Mutex::new(()),
        });
        let controllers = tokio::spawn(control(shared.clone(), folder.clone(), step));
        Self { shared, pace, folder, controllers, _alone: alone }
    }

    /// Everything as it is now.
    pub fn state(&self) -> State {
        State::of(&self.shared.world(), self.pace)
    }

    /// A cluster of its own that goes on from a state. It is kept nowhere. Needs a tokio runtime.
    pub fn from_state(state: &State) -> Self {
        Self::of(state.world(), state.pace(), None, None, None)
    }

    /// A new connection: HTTP/1.1 with upgrades is served at its other end. Needs a tokio runtime.
    pub fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(256 * 1024);
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| serve::serve(shared.clone(), request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service).with_upgrades();
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the practice cluster ended");
            }
        });
        near
    }

    /// Sets or removes what is asked at every request.
    pub fn set_faults(&self, faults: Option<Faults>) {
        *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Sets or removes who is told of every request once it was handled, before it is answered.
    pub fn set_witness(&self, witness: Option<Witness>) {
        *self.shared.witness.lock().unwrap_or_else(PoisonError::into_inner) = witness;
    }

    /// Changes what goes wrong from now on.
    pub fn set_scenario(&self, scenario: Scenario) {
        let mut world = self.shared.world();
        world.scenario = scenario;
        seed::quota(&mut world);
    }

    /// Changes an object as somebody else would, without a request; whether it was there.
    pub fn change(&self, id: &ObjectId, change: impl FnOnce(&mut Object)) -> bool {
        let mut world = self.shared.world();
        let Some(kind) = kinds::by_name(&world.store, &id.group, &id.kind) else { return false };
        let key = Key::new(&kind.table(), &id.namespace, &id.name);
        let there = world.store.get(&key).is_some();
        world.change(&key, change);
        let version = world.store.version();
        drop(world);
        self.shared.wake(version);
        there
    }

    /// Requests so far.
    pub fn calls(&self) -> u64 {
        self.shared.ledger.calls()
    }

    /// Requests that wrote, in order, without dry runs.
    pub fn writes(&self) -> Vec<Write> {
        self.shared.ledger.writes()
    }

    /// Forgets the past, as a compaction does: a watch from an older version is answered with 410.
    pub fn forget(&self) {
        self.shared.world().store.forget();
    }

    /// Saves the state now.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self) -> std::io::Result<()> {
        match &self.folder {
            Some(folder) => save(&self.shared, folder).map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.controllers.abort();
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the practice cluster's state could not be saved");
        }
    }
}

fn save(shared: &Shared, folder: &std::path::Path) -> std::io::Result<u64> {
    let _alone = shared.saving.lock().unwrap_or_else(PoisonError::into_inner);
    let (version, text) = {
        let world = shared.world();
        (world.store.version(), saved::text(&world)?)
    };
    saved::write(folder, &text)?;
    Ok(version)
}

/// Runs the controllers for ever, and saves what changed.
async fn control(shared: Arc<Shared>, folder: Option<PathBuf>, step: Duration) {
    let mut kept = 0;
    loop {
        let version = {
            let mut world = shared.world();
            controllers::step(&mut world);
            world.store.version()
        };
        shared.wake(version);
        if let Some(folder) = folder.as_deref().filter(|_| version != kept) {
            match save(&shared, folder) {
                Ok(version) => kept = version,
                Err(error) => tracing::warn!(%error, "the practice cluster's state could not be saved"),
            }
        }
        tokio::time::sleep(step).await;
    }
}
