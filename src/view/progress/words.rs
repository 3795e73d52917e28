//! What a run is doing, in one line, and durations in words.

use std::time::Duration;

use super::{GroupState, PodSeen, Progress, StepState};
use crate::event::{KeyPlace, Readiness};

impl Progress {
    /// The one line that says what is being waited for, with its reason and age; empty when nothing is.
    pub fn waiting_for(&self) -> String {
        if let Some(holder) = &self.lock_holder {
            return format!("waiting for {holder}, who is changing this release");
        }
        let waits = |wanted: Readiness| {
            self.steps.values().find(move |step| step.done.is_some() && step.info.waits && step.readiness == wanted)
        };
        let Some(step) = waits(Readiness::Failed).or_else(|| waits(Readiness::Waiting)) else {
            return self.retry.clone().unwrap_or_default();
        };
        let waiting = |seen: &&PodSeen| seen.pod.owner == step.info.id && seen.pod.current && !seen.pod.ready;
        let (name, reason, since) = match self.pods.values().find(waiting) {
            Some(seen) if !seen.pod.reason.is_empty() => (seen.pod.name.as_str(), seen.pod.reason.as_str(), seen.since),
            _ => (step.info.name.as_str(), step.reason.as_str(), step.since),
        };
        let age = seconds(self.elapsed.saturating_sub(since));
        if reason.is_empty() {
            format!("waiting for {name}, {age}")
        } else {
            format!("waiting for {name}: {reason}, {age}")
        }
    }

    /// What is being done now, in one line: never empty while a run is under way.
    pub fn doing(&self) -> String {
        let waiting = self.waiting_for();
        if !waiting.is_empty() {
            return waiting;
        }
        if let Some(step) = self.current.as_ref().and_then(|id| self.steps.get(id)) {
            return format!("writing {}", named(step));
        }
        if let Some(what) = &self.asking {
            return format!("asking whether it answers: {what}");
        }
        let (finished, all) = self.counts();
        if self.run.is_none() {
            "waiting for the run to start".into()
        } else if all > 0 && finished == all {
            "everything is ready; asking the product whether it answers".into()
        } else if self.steps.values().all(|step| !step.started) && self.attached.is_none() {
            "before the first write: the lock, a dry run of everything, the keys".into()
        } else if self.groups().iter().any(|group| group.state == GroupState::Working) {
            "waiting for the cluster".into()
        } else {
            String::new()
        }
    }
}

/// An object as it is called in a line: `Deployment inngest`, `Claim inngest-postgresql`.
pub fn named(step: &StepState) -> String {
    let kind = match step.info.object_kind.as_str() {
        "PersistentVolumeClaim" => "Claim",
        "HorizontalPodAutoscaler" => "Autoscaler",
        "CustomResourceDefinition" => "Definition",
        kind => kind,
    };
    format!("{kind} {}", step.info.name)
}

/// Where keys are, in words: `Keys: secret inngest, INNGEST_EVENT_KEY and INNGEST_SIGNING_KEY`.
pub fn keys_in_words(keys: &[KeyPlace]) -> Option<String> {
    let first = keys.first()?;
    let names: Vec<&str> =
        keys.iter().filter(|place| place.secret == first.secret).map(|place| place.key.as_str()).collect();
    let others = keys.len() - names.len();
    let more = if others > 0 { format!("; {others} more in other secrets") } else { String::new() };
    Some(format!("Keys: secret {}, {}{more}", first.secret, names.join(" and ")))
}

/// A duration as a person reads it: `12 s`, `1 min 12 s`, `2 h 3 min`.
pub fn seconds(duration: Duration) -> String {
    let all = duration.as_secs();
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A duration as a clock: `0:21`, `1:02:03`.
pub fn clock(duration: Duration) -> String {
    let all = duration.as_secs();
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}
