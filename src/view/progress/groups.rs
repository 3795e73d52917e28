//! Where the groups of a run stand.

use std::time::Duration;

use indexmap::IndexMap;

use super::{Progress, StepState};
use crate::event::Readiness;

/// Where a group stands, the worst of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// Nothing of what is left of it was begun.
    Held,
    /// Everything of it is ready.
    Ready,
    /// It is being worked on.
    Working,
    /// Something of it failed.
    Failed,
}

/// A group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSeen<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it stands.
    pub state: GroupState,
    /// How long it took, or has taken so far; `None` when it was not begun, or had nothing to do.
    pub took: Option<Duration>,
}

impl Progress {
    /// The groups in the order of their first step.
    pub fn groups(&self) -> Vec<GroupSeen<'_>> {
        let mut groups: IndexMap<&str, Vec<&StepState>> = IndexMap::new();
        for step in self.steps.values() {
            groups.entry(step.info.group.as_str()).or_default().push(step);
        }
        let seen = groups.into_iter().map(|(name, steps)| {
            let state = if steps.iter().any(|step| step.readiness == Readiness::Failed) {
                GroupState::Failed
            } else if steps.iter().all(|step| step.finished()) {
                GroupState::Ready
            // Where nothing of what is left was begun, the rest is held back, whatever else of it is there.
            } else if steps.iter().any(|step| !step.finished() && (step.started || step.done.is_some())) {
                GroupState::Working
            } else {
                GroupState::Held
            };
            let began = steps.iter().filter_map(|step| step.began).min();
            let ended = match state {
                GroupState::Ready => steps.iter().filter_map(|step| step.ended).max().unwrap_or_default(),
                _ => self.elapsed,
            };
            let took = began.filter(|_| state != GroupState::Held).map(|began| ended.saturating_sub(began));
            GroupSeen { name, state, took }
        });
        seen.collect()
    }
}
