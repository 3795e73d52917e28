//! A practice cluster at a moment: what a client leaves behind that dies there, and where the next one begins.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;
use super::world::World;
use crate::object::Object;

/// Everything of a cluster at a moment. Cheap to take: objects are shared.
pub struct State {
    world: World,
    now: Timestamp,
    pace: Option<Duration>,
}

impl State {
    pub(crate) fn of(world: &World, pace: Option<Duration>) -> Self {
        Self { now: world.now(), world: copy(world, world.now()), pace }
    }

    pub(crate) fn pace(&self) -> Option<Duration> {
        self.pace
    }

    /// The same as a cluster, whose clock goes on from that moment.
    pub(crate) fn world(&self) -> World {
        copy(&self.world, self.now)
    }

    /// Counts every change of the cluster: of two states of one cluster with the same version nothing differs but time.
    pub fn version(&self) -> u64 {
        self.world.store.version()
    }

    /// The objects of a namespace.
    pub fn objects(&self, namespace: &str) -> Vec<Arc<Object>> {
        let all = self.world.store.all().filter(|(key, _)| key.namespace == namespace);
        all.map(|(_, object)| object.clone()).collect()
    }
}

fn copy(world: &World, now: Timestamp) -> World {
    World {
        store: world.store.copy(),
        clock: Clock::starting_at(now, world.clock.speed),
        scenario: world.scenario,
        fields: world.fields.clone(),
        lives: world.lives.clone(),
        made: world.made,
        seed: world.seed,
    }
}
