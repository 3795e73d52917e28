//! Seeing it: readiness per kind, pods, logs, what Kubernetes reports; asks `diagnose` why it is stuck, emits events.
//!
//! [`follow()`] watches a release; [`Handle::ready`] is what the executor waits on. [`readiness`] and [`pod_state`] are
//! pure and serve `status` as well.

mod channel;
mod evidence;
mod fold;
mod follow;
pub mod health;
mod kinds;
mod logs;
mod on_cluster;
pub mod pod_state;
pub mod readiness;
mod scope;
mod source;
mod status;
mod tail;
pub mod volumes;

pub use channel::Channel;
pub use fold::{Followed, Standing};
pub use follow::{Handle, follow};
pub use kinds::{holds_back, is_passive};
pub use on_cluster::Door;
pub use scope::Follow;
pub use source::{LogOf, Seen, Source, Watched};
pub use status::{ObjectStatus, status};
pub use tail::{LogText, Tail, tail};

/// Codes of the findings that watching itself raises, with their meaning; those of diagnosis are in
/// [`crate::diagnose::codes`].
pub const CODES: [(&str, &str); 4] = [
    (
        "WATCH_FORBIDDEN",
        "The server does not let us watch a kind, so that what it tells is missing on the screen. What a run needs is printed by `slipway rbac`.",
    ),
    (
        "HEALTH_NOT_CHECKED",
        "The pods are ready, and whether the product answers could not be asked, since neither a port-forward nor the API server's proxy is allowed to us.",
    ),
    (
        "CERTIFICATE_ENDS",
        "A certificate that the release serves has ended, or ends within 14 days. One of cert-manager's renews itself long before that: `kubectl describe certificate` says what keeps it. One that was brought must be replaced in its Secret.",
    ),
    (
        "VOLUME_NEARLY_FULL",
        "A volume has less than a tenth of its room left. A database that runs full stops. Grow it with the answer for its storage, where its class lets volumes grow, or remove data.",
    ),
];
