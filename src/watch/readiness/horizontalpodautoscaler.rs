//! HorizontalPodAutoscaler.

use super::Assessment;
use crate::diagnose::condition::{Condition, condition};
use crate::object::Object;

/// Ready when it can scale its target. Figures come about a minute after the pods do and are no condition of the
/// install: without them the replicas stay as they are, and the reason says so.
pub(super) fn assess(hpa: &Object) -> Assessment {
    if let Some(able) = condition(hpa, "AbleToScale").filter(Condition::is_false) {
        return Assessment::waiting(format!("cannot scale its target: {}", able.words()));
    }
    match condition(hpa, "ScalingActive") {
        Some(active) if active.is_true() => Assessment::ready("scaling"),
        Some(active) => Assessment::ready(format!("no figures yet: {}", active.words())),
        None => Assessment::ready("no figures yet"),
    }
}
