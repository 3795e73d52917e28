//! ScaledObject and ScaledJob (KEDA).

use super::Assessment;
use crate::diagnose::condition::{Condition, condition};
use crate::object::Object;

/// Ready by its condition `Ready`; as long as KEDA has said nothing, it is not.
pub(super) fn assess(scaled: &Object) -> Assessment {
    match condition(scaled, "Ready") {
        Some(ready) if ready.is_true() => match condition(scaled, "Paused").filter(Condition::is_true) {
            Some(_) => Assessment::ready("ready, paused"),
            None => Assessment::ready("ready"),
        },
        Some(ready) if !ready.words().is_empty() => Assessment::waiting(ready.words()),
        _ => Assessment::waiting("KEDA has not answered yet"),
    }
}
