//! slipway: a terminal installer for products that people host themselves on Kubernetes.
//!
//! The folders are the flow, in order; each may use the ground and what stands before it, never what comes after
//! (`tests/arrows.rs` guards that):
//!
//! | Part | What it is | |
//! |---|---|---|
//! | the ground | `object`, `facts`, `secret`, `finding`, `event`, `error`, `sanitize`, `quantity`, `suggest` | depends on nothing of ours |
//! | `product` | what can be installed | pure |
//! | `answers` | what the operator decided | pure |
//! | `plan` | what will be done, and why | pure |
//! | `lint` | is the product sound? | pure |
//! | `preflight` | will it work? | pure |
//! | `cluster` | the only door to Kubernetes | io |
//! | `diagnose` | why is it stuck, what to do | pure |
//! | `watch` | seeing it | io |
//! | `apply` | doing it | io |
//! | `view` | showing it: full screen, plain, headless | |
//! | `practice` | an API server in memory | |
//! | `run` | one file a verb: the only place that knows them all | |

pub mod answers;
pub mod apply;
pub mod cli;
pub mod cluster;
pub mod diagnose;
pub mod error;
pub mod event;
pub mod facts;
pub mod finding;
pub mod lint;
pub mod object;
pub mod plan;
pub mod practice;
pub mod preflight;
pub mod product;
pub mod quantity;
pub mod run;
pub mod sanitize;
pub mod secret;
pub mod suggest;
pub mod view;
pub mod watch;
