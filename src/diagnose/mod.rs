//! Why is it stuck, and what to do (pure): states, events and the last log lines in, findings with a remedy out.
//!
//! One file is one row, or one family of rows, of the table in facts: installers 6.11; [`ROWS`] lists them. A row says
//! what it sees; how long it must have been so before it is shown, and before it is called hopeless, it says as data
//! ([`Symptom`]), and [`Memory`] keeps the time. *Hopeless* ends the run, so it is said only of what does not heal by
//! itself (design.md 7); slow is not hopeless.

mod autoscaler;
mod blocked_update;
mod certificate;
mod claim;
pub mod condition;
mod container_start;
mod crash;
mod eviction;
mod image;
mod ingress;
mod job;
pub mod kin;
mod log_pattern;
mod missing_reference;
mod mount;
mod network;
mod probe;
mod refused_pod;
mod rollout;
pub mod scene;
mod scheduling;
mod service;
mod stalled;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

pub use log_pattern::Patterns;
pub use scene::{Notice, Scene, Tail};
pub use stalled::held_in_deletion;

use crate::finding::Finding;

/// When a symptom that stays becomes hopeless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Never: it is slow, or heals by itself.
    Never,
    /// After it has been seen without a break for so long.
    For(Duration),
}

impl Hold {
    /// At once: the row has counted for itself.
    pub const NOW: Self = Self::For(Duration::ZERO);

    /// Hopeless after so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self::For(Duration::from_secs(seconds))
    }
}

/// What a row sees at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// The finding; its code and `at` together say which symptom it is from one moment to the next.
    pub finding: Finding,
    /// How long it must have been seen before it is shown: what everything passes through on its way is no news.
    pub quiet: Duration,
    /// When it becomes hopeless.
    pub hold: Hold,
}

impl Symptom {
    /// A symptom that is shown at once.
    pub fn new(finding: Finding, hold: Hold) -> Self {
        Self { finding, quiet: Duration::ZERO, hold }
    }

    /// It is shown only after so many seconds.
    #[must_use]
    pub fn quiet_for(mut self, seconds: u64) -> Self {
        self.quiet = Duration::from_secs(seconds);
        self
    }
}

/// One row of the table: how it looks, and what its codes mean at length.
pub struct Row {
    look: fn(&Scene, &Patterns, &mut Vec<Symptom>),
    explains: &'static [(&'static str, &'static str)],
}

/// Every row. The order is the order of findings: what stands in the way earlier in a pod's life comes first.
pub const ROWS: &[Row] = &[
    refused_pod::ROW, // the controller may not make the pod: quota, PodSecurity, policies, service account
    claim::ROW,       // no class, no volume, no provisioner
    scheduling::ROW,  // no node takes the pod
    mount::ROW,       // a volume cannot be attached or mounted
    network::ROW,     // the pod gets no network
    image::ROW,       // the image cannot be pulled
    missing_reference::ROW, // a Secret, ConfigMap or key that is not there; root where root is refused
    container_start::ROW, // the runtime refuses the container
    log_pattern::ROW, // the product's own words for what its log says
    crash::ROW,       // the process ends again and again
    probe::ROW,       // it runs and does not get ready
    eviction::ROW,    // the node gave the pod up
    job::ROW,         // a Job failed
    blocked_update::ROW, // an old pod that is not ready blocks a StatefulSet
    rollout::ROW,     // a Deployment makes no progress
    stalled::ROW,     // a custom resource says that it is stalled, or hangs in deletion
    service::ROW,     // a load balancer without an address
    ingress::ROW,     // an Ingress that nobody serves
    certificate::ROW, // a certificate that is not issued
    autoscaler::ROW,  // an autoscaler without figures
];

/// A finding as it is told, with whether it ends the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The finding.
    pub finding: Finding,
    /// It does not heal by itself, and its hold time is over.
    pub hopeless: bool,
}

/// What every row sees at this moment, one symptom for each code and place.
pub fn symptoms(scene: &Scene, patterns: &Patterns) -> Vec<Symptom> {
    let mut all = Vec::new();
    for row in ROWS {
        (row.look)(scene, patterns, &mut all);
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|symptom| seen.insert((symptom.finding.code.clone(), symptom.finding.at.clone())));
    all
}

/// Keeps since when each symptom is seen: what turns symptoms into diagnoses.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    since: BTreeMap<(String, String), Timestamp>,
    next: Option<Timestamp>,
}

impl Memory {
    /// Looks at the scene at its `now`. A symptom that was not seen this time is forgotten and starts anew.
    pub fn judge(&mut self, scene: &Scene, patterns: &Patterns) -> Vec<Diagnosis> {
        let symptoms = symptoms(scene, patterns);
        let mut since = BTreeMap::new();
        let mut told = Vec::new();
        self.next = None;
        for symptom in symptoms {
            let key = (symptom.finding.code.clone(), symptom.finding.at.clone());
            let first = self.since.get(&key).copied().unwrap_or(scene.now);
            since.insert(key, first);
            let shown = self.past(first, symptom.quiet, scene.now);
            let hopeless = match symptom.hold {
                Hold::Never => false,
                Hold::For(hold) => self.past(first, hold, scene.now),
            };
            if shown || hopeless {
                told.push(Diagnosis { finding: symptom.finding, hopeless });
            }
        }
        self.since = since;
        told
    }

    /// When a symptom that is seen now will next change its standing by staying: look again then.
    pub fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Since when a symptom is seen.
    pub fn since(&self, code: &str, at: &str) -> Option<Timestamp> {
        self.since.get(&(code.to_string(), at.to_string())).copied()
    }

    /// Whether `span` after `first` is over; if not, that moment is one to look again at.
    fn past(&mut self, first: Timestamp, span: Duration, now: Timestamp) -> bool {
        let Ok(end) = first.checked_add(span) else { return false };
        if end > now {
            self.next = Some(self.next.map_or(end, |next| next.min(end)));
        }
        end <= now
    }
}

/// What a code of a diagnosis means, at length; `None` when no row has it (it may be the product's own).
pub fn explain(code: &str) -> Option<&'static str> {
    codes().find(|(known, _)| *known == code).map(|(_, text)| text)
}

/// Every code of a diagnosis with its meaning.
pub fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROWS.iter().flat_map(|row| row.explains).copied()
}
