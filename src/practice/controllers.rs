//! stub
use super::world::World;
pub(crate) fn step(_world: &mut World) {}
