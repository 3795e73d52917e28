//! The cluster's clock: a wall time at the start, and tokio's clock since. A test that pauses tokio's clock moves both.

use jiff::Timestamp;

/// Tells the cluster's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Timestamp,
    since: tokio::time::Instant,
    /// Seconds of the cluster in one second outside.
    pub(crate) speed: u32,
}

impl Clock {
    pub(crate) fn starting_at(began: Timestamp, speed: u32) -> Self {
        Self { began, since: tokio::time::Instant::now(), speed: speed.max(1) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        // A practice run does not last until the end of time; if it did, its clock would stand still.
        self.began.checked_add(self.since.elapsed().saturating_mul(self.speed)).unwrap_or(self.began)
    }
}

/// As metadata and events hold a time.
pub(crate) fn seconds(time: Timestamp) -> String {
    format!("{time:.0}")
}
