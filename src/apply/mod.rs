//! Doing it: one executor runs every plan (cluster.md 4). It emits events and never knows who listens.
//!
//! Whatever moment its client dies at, running the same plan again goes on from there: the key Secret is made once, what
//! is as it was sent is not written again, and the record says what was under way.

mod adopt;
mod attach;
mod back;
pub mod backup;
mod compose;
mod control;
mod dry_run;
mod execute;
mod hand_over;
mod hash;
mod import_keys;
mod journal;
mod key_values;
mod namespace;
mod owned;
mod ownership;
mod prune;
mod rdb;
mod ready;
mod rehearse;
pub mod repair;
mod restart;
mod rotate;
mod run;
mod step;
mod stuck;
mod survey;
mod tell;
mod uninstall;
pub mod writers;

pub use attach::attach;
pub use back::{back, generations};
pub use control::{Control, Controls};
pub use hand_over::hand_over;
pub use import_keys::import_keys;
pub use ready::{Readiness, Watches};
pub use rehearse::{CODES, rehearse};
pub use rotate::password_statement;
pub use run::{Ended, MOVED, Options, Planner, run, run_planned};
pub use uninstall::sweep;

#[cfg(test)]
mod tests;
