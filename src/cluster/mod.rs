//! The only door to Kubernetes: the client, objects by kind, streams, facts, and what slipway keeps in a cluster
//! (record, keys, lock). Nothing else names `kube`.
//!
//! Every request has a deadline except watches and followed logs; kube's own silent retries are off, and ours are told
//! to whoever listens ([`Cluster::telling`]). Every error is a [`Fault`]: what kind it is, for the caller to act on, and
//! the [`Failure`](crate::error::Failure) for the operator.

mod access;
pub mod applyset;
mod ask;
mod connect;
pub mod contender;
mod credential;
mod discovery;
mod exec;
mod facts;
mod fault;
mod forwarding;
pub mod helm;
mod holder;
pub mod keys;
mod kubeconfig;
pub mod lock;
mod members;
mod objects;
mod pods;
mod proxy;
mod read;
pub mod record;
mod stream;
mod usage;

pub use access::Access;
pub use ask::Patience;
pub use connect::{Cluster, Connector, Identity, Wire, connect, in_memory};
pub use discovery::Resource;
pub use exec::{Broken, Command, Streamed};
pub use fault::{Fault, FaultKind, FieldConflict};
pub use forwarding::Forwarding;
pub use kubeconfig::{Choice, ContextInfo, Contexts, Lender, contexts};
pub use objects::{Apply, Deletion, Listed, Propagation, Removal};
pub use pods::{Executed, Forward, LogAsk};
pub use stream::{Seen, Watched};

#[cfg(test)]
mod tests;
