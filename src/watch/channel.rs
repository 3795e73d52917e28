//! The way out for events: each gets its wall-clock time and the time since the run started.

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::{Event, EventKind, VERSION};

/// Sends events of one run. Nobody listening is no fault: a run goes on without an audience.
#[derive(Clone, Debug)]
pub struct Channel {
    events: mpsc::Sender<Event>,
    started: Instant,
}

impl Channel {
    /// A channel of a run that started at `started`.
    pub fn new(events: mpsc::Sender<Event>, started: Instant) -> Self {
        Self { events, started }
    }

    /// Tells of something, waiting for room: what changes a state must not be lost.
    pub async fn tell(&self, step: Option<String>, kind: EventKind) {
        let _nobody_listens = self.events.send(self.event(step, kind)).await;
    }

    /// Tells of something if there is room; `false` when there was none.
    pub fn try_tell(&self, step: Option<String>, kind: EventKind) -> bool {
        !matches!(self.events.try_send(self.event(step, kind)), Err(mpsc::error::TrySendError::Full(_)))
    }

    fn event(&self, step: Option<String>, kind: EventKind) -> Event {
        Event { version: VERSION, at: Timestamp::now(), elapsed: self.started.elapsed(), step, kind }
    }
}
