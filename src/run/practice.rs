//! The practice cluster: an API server in memory.

use crate::cli::Practice;
use crate::cluster::Cluster;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};

/// Connects to the practice cluster in a scenario.
pub(super) async fn cluster(_scenario: &str) -> Result<Cluster, Failure> {
    Err(Failure::new(FailureKind::Usage, "the practice cluster is not part of this build yet").state(NOTHING_WRITTEN))
}

/// The verb.
pub(super) fn run(what: &Practice) -> Result<(), Failure> {
    match what {
        Practice::Reset => Err(Failure::new(FailureKind::Usage, "the practice cluster is not part of this build yet")),
    }
}
