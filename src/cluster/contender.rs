//! Who holds the lock of a release, as another client is told of it (cluster.md 4).

use jiff::Timestamp;

use super::connect::Cluster;
use super::fault::Fault;
use super::holder::Holder;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::object::{Object, ObjectId};
use crate::plan::Target;

/// How a failure begins whose cause is that somebody else is changing the release.
pub const BUSY: &str = "the release is being changed by";

pub(super) fn locked(id: &ObjectId, lease: &Object) -> Failure {
    let holder = lease.text(&["spec", "holderIdentity"]);
    let since = since(lease).map(|since| format!(", since {}", since.strftime("%F %H:%M:%SZ"))).unwrap_or_default();
    let release = id.name.strip_prefix("slipway-").unwrap_or(&id.name);
    Failure::new(FailureKind::Refused, format!("{BUSY} {}{since}", Holder::shown(holder)))
        .place(id.to_string())
        .why("it renews the release's lock, so it is alive")
        .state(NOTHING_WRITTEN)
        .hint(format!("follow it, and run this again once it is done: slipway attach {release} -n {}", id.namespace))
        .hint(format!("or take the lock from it: --take-over '{holder}'"))
}

/// Since when a lease has its holder.
pub(super) fn since(lease: &Object) -> Option<Timestamp> {
    lease.text(&["spec", "acquireTime"]).parse().ok()
}

/// Seconds that a lease lasts without being renewed.
pub(super) fn lasts(lease: &Object) -> u64 {
    u64::try_from(lease.integer(&["spec", "leaseDurationSeconds"]).unwrap_or(60)).unwrap_or(60)
}

/// Who holds the lock of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contender {
    /// As `--take-over` names it.
    pub holder: String,
    /// For a person: who, where.
    pub shown: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When it was renewed last, by the clock of its holder.
    pub renewed: Option<Timestamp>,
    /// Seconds that it lasts without being renewed.
    pub lasts: u64,
}

/// Who holds the lock, where somebody does who is not known to be gone. Nothing is written.
///
/// # Errors
/// The Lease may not be read.
pub async fn contender(cluster: &Cluster, target: &Target) -> Result<Option<Contender>, Fault> {
    let id = ObjectId::new("coordination.k8s.io", "Lease", &target.namespace, &target.parent_name());
    let Some(lease) = cluster.find(&id).await? else { return Ok(None) };
    let holder = lease.text(&["spec", "holderIdentity"]);
    if holder.is_empty() || Holder::me().knows_dead(holder) {
        return Ok(None);
    }
    Ok(Some(Contender {
        holder: holder.into(),
        shown: Holder::shown(holder),
        since: since(&lease),
        renewed: lease.text(&["spec", "renewTime"]).parse().ok(),
        lasts: lasts(&lease),
    }))
}
