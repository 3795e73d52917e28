//! The one vocabulary between doing and showing: facts about a run, in past tense. `apply`, `watch` and the health
//! checks emit events and never know who listens; after "yes", events are the only thing views read.
//!
//! The JSON of an event is public (`-o json`, one line each) and has a version; its schema is in `assets/schemas/`.
//! Every text in an event is sanitised and holds no secret value.

mod again;
mod places;
mod pods;
mod run;

use std::time::Duration;

pub use places::{KeyPlace, ServicePlace};
pub use pods::{ContainerState, PodState};
pub use run::{Done, Readiness, RunInfo, StepInfo};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::finding::Finding;

/// Version of the events' JSON. A new kind or a new optional field keeps it; a changed or removed one raises it.
pub const VERSION: u32 = 1;

/// One fact about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Version of the event's JSON, [`VERSION`].
    pub version: u32,
    /// Wall-clock time.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Time since the run started, on the monotonic clock, in milliseconds.
    #[schemars(with = "u64")]
    #[serde(with = "milliseconds")]
    pub elapsed: Duration,
    /// The step it belongs to: the object's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What happened.
    pub kind: EventKind,
}

mod milliseconds {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum EventKind {
    /// The run started.
    RunStarted {
        /// What it is.
        run: RunInfo,
    },
    /// An unfinished run was found, and this one goes on from where it was.
    RunResumed {
        /// Its revision.
        revision: u32,
        /// Who began it.
        who: String,
    },
    /// A run that is not this process's is shown, out of its record and what is in the cluster.
    RunAttached {
        /// Its revision.
        revision: u32,
        /// Who began it.
        who: String,
        /// When.
        #[schemars(with = "String")]
        began: Timestamp,
    },
    /// The lock is held by another client.
    LockAwaited {
        /// Who holds it.
        holder: String,
        /// Seconds until anybody may take it over.
        expires_in: u64,
        /// Since when that client holds it.
        #[schemars(with = "Option<String>")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The lock was taken.
    LockTaken,
    /// The lock was lost: no further write is made.
    LockLost {
        /// Who has it now, where that is known.
        holder: String,
    },
    /// A key Secret was made.
    KeysMade {
        /// Name of the Secret.
        secret: String,
        /// Names of its keys.
        keys: Vec<String>,
    },
    /// A key Secret of an earlier run was found and is used.
    KeysFound {
        /// Name of the Secret.
        secret: String,
        /// Names of its keys.
        keys: Vec<String>,
    },
    /// The password of a login was changed in its database, before its readers get the new one.
    PasswordSet {
        /// Group of the database.
        group: String,
        /// The user.
        user: String,
    },
    /// The dry run of the whole set was accepted.
    DryRunAccepted {
        /// How many objects.
        objects: u32,
        /// How many could not be judged, and are tried as they are.
        unknown: u32,
    },
    /// The record of the revision was written.
    RecordWritten {
        /// Its revision.
        revision: u32,
        /// `pending`, `deployed`, `failed`.
        outcome: String,
    },
    /// A wave started.
    WaveStarted {
        /// Its number, from 0.
        wave: u32,
        /// What it is, such as `database`.
        title: String,
    },
    /// Every step of a wave was done, and what the next one depends on is ready.
    WaveFinished {
        /// Its number.
        wave: u32,
    },
    /// A step was begun.
    StepStarted,
    /// A step was done: the cluster has it. Readiness is told apart.
    StepFinished {
        /// What was done.
        done: Done,
    },
    /// A step failed.
    StepFailed {
        /// Why.
        failure: Failure,
    },
    /// A request was tried again.
    RequestRetried {
        /// What was asked: `apply Deployment inngest`.
        what: String,
        /// Why: `429 too many requests`.
        why: String,
        /// Number of the attempt that failed, from 1.
        attempt: u32,
        /// Milliseconds until the next attempt.
        wait: u64,
    },
    /// An object came nearer to readiness, or further from it.
    StatusChanged {
        /// Where it stands.
        readiness: Readiness,
        /// What it waits for, or why it is ready or failed: `1 of 2 replicas ready`.
        reason: String,
        /// How many of its parts are ready.
        ready: u32,
        /// How many parts it has.
        of: u32,
    },
    /// A pod appeared or changed.
    PodChanged {
        /// As it is now.
        pod: PodState,
    },
    /// A pod is gone.
    PodGone {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
    },
    /// A container wrote a line.
    LogLine {
        /// Pod.
        pod: String,
        /// Container.
        container: String,
        /// Written by the previous container, before a restart.
        previous: bool,
        /// The line, sanitised and redacted by value.
        text: String,
    },
    /// Lines were dropped, since they came faster than they can be shown.
    LogDropped {
        /// Pod.
        pod: String,
        /// Container.
        container: String,
        /// How many since the last time.
        lines: u64,
    },
    /// A log stream broke; it is taken up again.
    LogBroken {
        /// Pod.
        pod: String,
        /// Container.
        container: String,
        /// Why.
        why: String,
    },
    /// Kubernetes reported something about one of our objects or their pods.
    ClusterEventSeen {
        /// What it is about: `Pod inngest-postgresql-0`.
        about: String,
        /// Its reason: `FailedScheduling`.
        reason: String,
        /// Its message.
        message: String,
        /// A warning, not a normal event.
        warning: bool,
        /// How often.
        count: u32,
    },
    /// Something worth saying was found.
    FindingRaised {
        /// The finding.
        finding: Finding,
        /// It does not heal by itself, and its hold time is over: the run ends.
        hopeless: bool,
    },
    /// A finding no longer holds.
    FindingCleared {
        /// Its code.
        code: String,
        /// What it was about.
        about: String,
    },
    /// A health check of the product was answered.
    HealthChecked {
        /// Its group.
        group: String,
        /// What was asked: `GET /health`.
        what: String,
        /// It answered as it should.
        healthy: bool,
        /// What it said.
        answer: String,
    },
    /// A backup or restore of one database was begun.
    DataStarted {
        /// `backup`, `restore` or `check`; `stop` or `start` of what writes, around a backup.
        verb: String,
        /// What: `database (PostgreSQL inngest)`.
        what: String,
        /// Where to, or where from.
        place: String,
        /// Bytes of data that the server says there are, where it does.
        size: Option<u64>,
    },
    /// Bytes of it went over.
    DataMoved {
        /// What.
        what: String,
        /// Bytes so far.
        bytes: u64,
        /// Bytes a second, from its beginning.
        per_second: u64,
    },
    /// It was read as a whole, and is sound.
    DataChecked {
        /// What.
        what: String,
        /// Its bytes.
        bytes: u64,
    },
    /// A backup or restore ended well.
    DataFinished {
        /// `backup`, `restore` or `check`.
        verb: String,
        /// Where it is, or where it came from.
        place: String,
        /// What there is to say: how to restore it, what was kept.
        notes: Vec<String>,
    },
    /// The operator asked to stop.
    StopAsked {
        /// `afterStep`, `now`, `detach`.
        how: String,
    },
    /// What was seen of a run that failed was kept, before anything is undone.
    EvidenceKept {
        /// The folder.
        place: String,
        /// The revision that one can go back to, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<u32>,
    },
    /// The run ended well.
    RunFinished {
        /// Objects written.
        written: u32,
        /// Objects that were as wanted.
        unchanged: u32,
        /// Notes of the product: addresses, where the keys are, next steps.
        notes: Vec<String>,
    },
    /// The run was left before its end; what Kubernetes has goes on by itself.
    RunLeft {
        /// Steps that were not begun.
        remaining: u32,
        /// What goes on and what waits.
        what: String,
    },
    /// The run failed.
    RunFailed {
        /// Why.
        failure: Failure,
    },
}

impl EventKind {
    /// Whether it is the last event of a run.
    pub fn ends(&self) -> bool {
        matches!(
            self,
            Self::RunFinished { .. } | Self::RunLeft { .. } | Self::RunFailed { .. } | Self::DataFinished { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_json() {
        let event = Event {
            version: VERSION,
            at: Timestamp::UNIX_EPOCH,
            elapsed: Duration::from_millis(1_250),
            step: Some("Deployment.apps/inngest/inngest".into()),
            kind: EventKind::StepFinished { done: Done::Created },
        };
        let json = serde_json::to_string(&event).unwrap();
        insta::assert_snapshot!(json, @r#"{"version":1,"at":"1970-01-01T00:00:00Z","elapsed":1250,"step":"Deployment.apps/inngest/inngest","kind":{"type":"stepFinished","done":"created"}}"#);
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }
}
