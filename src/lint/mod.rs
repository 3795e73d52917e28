//! Is the product sound? Judged before any cluster is seen (language.md, "Lint").
//!
//! | Part | What it is |
//! |---|---|
//! | [`schema`] | checks a rendered object against the Kubernetes schema of every supported minor version |
//! | `spots` | every expression of a product, with its place and names |
//! | `names` | unknown names, and names that lead back to themselves |
//! | `types` | operands and results of the wrong type, in every branch |
//! | `threes` | which three answers were not yet rendered together |
//! | `abreast` | many renderings at once |
//! | `decided` | what conditions came to, so that each is evaluated once |
//! | `cases` | the answers to render with: profiles, combinations, questions that may be left open |
//! | `rendered` | renders them all and judges what comes out |
//! | `rules` | rules of taste, each in a file of its own |
//! | [`distinct_objects`] | the objects themselves, for a server to judge |
//! | [`explain`] | what a code means |

pub mod explain;
pub mod schema;

mod abreast;
mod cases;
mod decided;
mod names;
mod objects;
mod rendered;
mod rules;
mod spots;
mod threes;
mod types;

use std::sync::Arc;

pub use objects::{Sample, distinct_objects};

use crate::finding::Finding;
use crate::product::schema::Product;

/// What lint has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, and what is against a rule of taste and not allowed.
    pub findings: Vec<Finding>,
    /// How many combinations of answers were rendered.
    pub combinations: usize,
    /// They were all there are; else every three answers that can stand together did.
    pub all: bool,
    /// How many expressions were looked at.
    pub expressions: usize,
    /// The minor versions of Kubernetes that objects were checked against.
    pub versions: Vec<String>,
}

/// Codes of the rules that a product may allow in one place.
pub fn rules() -> impl Iterator<Item = &'static str> {
    rules::codes()
}

/// Judges a product that loads without a fault. No cluster is asked, and nothing is read from disk.
///
/// Names, cycles and types come first: while one of them is wrong nothing is rendered, since each rendering would only say the
/// same again.
pub fn lint(product: &Arc<Product>) -> Report {
    lint_with(product, cases::ALL_UP_TO)
}

/// The same for several, in their order.
pub fn lint_all(products: Vec<Arc<Product>>) -> Vec<Report> {
    abreast::each(products, |product| lint(&product))
}

/// The same with another bound on the number of combinations.
fn lint_with(product: &Arc<Product>, limit: usize) -> Report {
    let spots = spots::of(product);
    let mut findings = names::unknown(product, &spots);
    findings.extend(names::cycles(product, &spots));
    if findings.is_empty() {
        findings = types::wrong(product, &spots);
        findings.extend(types::literals(product));
    }
    let versions = schema::Schemas::embedded().versions().into_iter().map(str::to_owned).collect();
    let mut report = Report { findings, combinations: 0, all: true, expressions: spots.len(), versions };
    if !report.findings.is_empty() {
        return report;
    }
    let mut seen = rendered::all(product, limit);
    report.combinations = seen.combinations;
    report.all = seen.all;
    report.findings = std::mem::take(&mut seen.findings);
    report.findings.extend(rules::judge(&seen, &spots));
    report
}

#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod tests;
