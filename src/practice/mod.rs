//! The practice cluster: an API server in memory with controllers simple enough to read, for newcomers, demos and faults.
//! It is never the proof that something works.
//!
//! [`Server::connect`] gives a byte stream on which HTTP/1.1 is served; whoever wants a client puts one over it.

mod apply;
mod clock;
mod controllers;
mod crash;
mod databases;
mod defaults;
mod discovery;
mod faults;
mod kinds;
mod patch;
mod pods;
mod read;
mod removal;
mod route;
mod saved;
mod scenario;
mod seed;
mod selector;
mod serve;
mod server;
mod state;
mod status;
mod store;
mod streams;
mod validate;
mod watching;
mod world;
mod write;

#[cfg(test)]
mod tests;

pub use discovery::MINOR;
pub use faults::{Call, Fault, Faults, Witness, Write};
pub use saved::{reset, state_file};
pub use scenario::Scenario;
pub use server::{Options, Server};
pub use state::State;
pub use validate::UnknownFields;
