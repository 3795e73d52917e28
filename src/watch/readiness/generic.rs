//! Everything else: the conditions `Reconciling`, `Stalled` and `Ready`, where a kind has them.

use super::Assessment;
use crate::diagnose::condition::{Condition, condition};
use crate::object::Object;

/// An object without conditions is ready when it is there (ConfigMap, Secret, Role …).
pub(super) fn assess(object: &Object) -> Assessment {
    if let Some(stalled) = condition(object, "Stalled").filter(Condition::is_true) {
        return Assessment::failed(format!("stalled: {}", stalled.words()));
    }
    if let Some(reconciling) = condition(object, "Reconciling").filter(Condition::is_true) {
        return Assessment::waiting(words(&reconciling));
    }
    match condition(object, "Ready") {
        Some(ready) if !ready.is_true() => Assessment::waiting(words(&ready)),
        _ => Assessment::ready("ready"),
    }
}

/// The same for a kind that always gets the condition: its absence means that nobody has looked yet.
pub(super) fn assess_with(object: &Object, kind: &str, silent: &str) -> Assessment {
    if condition(object, kind).is_none() && condition(object, "Stalled").is_none() {
        return Assessment::waiting(silent);
    }
    assess(object)
}

fn words(condition: &Condition) -> String {
    if condition.words().is_empty() { "not ready yet".into() } else { condition.words().to_string() }
}
