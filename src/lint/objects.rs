//! Every object that a product can become, whole, for a server to judge: schemas know less than admission does.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::answers::form::Given;
use crate::object::Object;
use crate::product::schema::Product;

use super::{cases, rendered};

/// Of so many combinations one is rendered under the other profiles too.
const ROWS_OF_OTHERS: usize = 12;

/// An object, and the first answers that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The object, in the product's own namespace. Entries of Secrets are made of sample values.
    pub object: Object,
    /// Such as `profile staging, queue.mode=memory`.
    pub with: String,
}

/// Each distinct object that the combinations of choices render, under every profile, and with each open question given.
pub fn distinct_objects(product: &Arc<Product>) -> Vec<Sample> {
    let (cases, combined, seen) = rendered::renderings(product, cases::ALL_UP_TO);
    let mut known = BTreeSet::new();
    let mut distinct = Vec::new();
    let mut add = |case: &rendered::Case| {
        for wanted in &case.objects {
            let object = wanted.complete(case.form.secrets());
            if known.insert(object.0.to_string()) {
                let with = format!("profile {}, {}", case.form.place().profile, case.with);
                distinct.push(Sample { object, with });
            }
        }
    };
    seen.cases.iter().for_each(&mut add);
    for profile in product.profiles.iter().filter(|profile| profile.id != cases.profile()) {
        // Profiles differ in sizes and in answers that the rows have anyhow: some of the rows show what is left.
        let rows = combined.rows.iter().step_by(ROWS_OF_OTHERS);
        let rows = rows.map(|row| (cases.answers(row), rendered::told(&cases, row)));
        for (answers, with) in rows.chain([(Given::new(), "its own answers".to_owned())]) {
            // A profile may refuse a combination that another allows.
            let form = cases.form(&profile.id, answers, false);
            if form.is_complete()
                && let Ok(made) = crate::plan::render::render(&form.world())
            {
                add(&rendered::Case { form, objects: made.objects, with });
            }
        }
    }
    distinct
}
