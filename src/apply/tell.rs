//! Telling what happens.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::{Event, EventKind, VERSION};
use crate::object::ObjectId;

/// Emits the events of a run.
#[derive(Clone)]
pub(super) struct Tell {
    sender: mpsc::Sender<Event>,
    began: Instant,
}

impl Tell {
    pub(super) fn new(sender: mpsc::Sender<Event>) -> Self {
        Self { sender, began: Instant::now() }
    }

    /// Tells; waits where the listener is slow, and goes on where nobody listens.
    pub(super) async fn all(&self, kind: EventKind) {
        let _heard = self.sender.send(self.event(None, kind)).await;
    }

    /// Tells about a step.
    pub(super) async fn step(&self, id: &ObjectId, kind: EventKind) {
        let _heard = self.sender.send(self.event(Some(id), kind)).await;
    }

    /// Tells without waiting, from where one cannot wait; such events are worth less than progress.
    pub(super) fn at_once(&self, step: Option<&ObjectId>, kind: EventKind) {
        let _heard = self.sender.try_send(self.event(step, kind));
    }

    fn event(&self, step: Option<&ObjectId>, kind: EventKind) -> Event {
        let elapsed: Duration = self.began.elapsed();
        Event { version: VERSION, at: Timestamp::now(), elapsed, step: step.map(ToString::to_string), kind }
    }
}
