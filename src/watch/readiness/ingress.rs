//! Ingress.

use super::{Assessment, service};
use crate::object::Object;

/// An address says that a controller serves it. Some controllers never write one, so that an Ingress is judged at the
/// end and holds nothing back: it counts as ready, and its reason says what is known.
pub(super) fn assess(ingress: &Object) -> Assessment {
    match service::address(ingress.list(&["status", "loadBalancer", "ingress"])) {
        Some(address) => Assessment::ready(format!("at {address}")),
        None => Assessment::ready("no address yet"),
    }
}
