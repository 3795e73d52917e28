//! Seeing it: readiness per kind, pods, logs, what Kubernetes reports; asks `diagnose` why it is stuck, emits events.
//!
//! [`follow()`] watches a release; [`Handle::ready`] is what the executor waits on. [`readiness`] and [`pod_state`] are
//! pure and serve `status` as well.

mod channel;
mod fold;
mod follow;
pub mod health;
mod logs;
mod on_cluster;
pub mod pod_state;
pub mod readiness;
mod scope;
mod source;

pub use channel::Channel;
pub use fold::{Followed, Standing};
pub use follow::{Handle, follow};
pub use on_cluster::Door;
pub use scope::Follow;
pub use source::{LogOf, Seen, Source, Watched};
