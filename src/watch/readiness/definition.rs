//! CustomResourceDefinition.

use super::Assessment;
use crate::diagnose::condition::{Condition, condition};
use crate::object::Object;

/// Established, and its names accepted; a conflict of names does not end by itself.
pub(super) fn assess(definition: &Object) -> Assessment {
    if let Some(names) = condition(definition, "NamesAccepted").filter(Condition::is_false) {
        return Assessment::failed(format!("its names are taken: {}", names.words()));
    }
    match condition(definition, "Established") {
        Some(established) if established.is_true() => Assessment::ready("established"),
        _ => Assessment::waiting("not established yet"),
    }
}
