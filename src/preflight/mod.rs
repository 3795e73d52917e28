//! Will it work? Facts and a plan in, findings out (pure). One file a matter, listed in one line.

mod architecture;
mod capacity;
mod classes;
mod cluster_version;
mod codes;
mod demand;
mod earlier;
mod gateways;
mod hosts;
mod kinds;
mod limit_range;
mod named_secrets;
pub mod owners;
mod pod_security;
mod quota;
mod totals;
mod unread;

pub use codes::CODES;
pub use totals::{Asked, Totals, totals};

use crate::facts::Facts;
use crate::finding::Finding;
use crate::plan::Plan;
use crate::product::schema::Product;

/// One matter: what it has to say.
type Matter = fn(&Facts, &Plan, &Product) -> Vec<Finding>;

/// Every matter, in the order in which it is told.
const MATTERS: &[Matter] = &[
    cluster_version::check,
    earlier::check,
    classes::check,
    gateways::check,
    hosts::check,
    kinds::check,
    named_secrets::check,
    owners::check,
    pod_security::check,
    quota::check,
    limit_range::check,
    capacity::check,
    architecture::check,
    unread::check,
];

/// What speaks for and against a plan.
pub fn check(facts: &Facts, plan: &Plan, product: &Product) -> Vec<Finding> {
    MATTERS.iter().flat_map(|matter| matter(facts, plan, product)).collect()
}

#[cfg(test)]
mod tests;
