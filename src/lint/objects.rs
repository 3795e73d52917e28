//! Every object that a product can become, whole, for a server to judge: schemas know less than admission does.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::answers::form::Given;
use crate::object::Object;
use crate::product::schema::Product;

use super::{abreast, cases, rendered};

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
        let rows = combined.rows.iter().map(|row| (cases.answers(row), rendered::told(&cases, row)));
        let all = rows.chain([(Given::new(), "its own answers".to_owned())]).collect();
        let made = abreast::each(all, |(answers, with)| {
            // A profile may refuse a combination that another allows.
            let form = cases.form(&profile.id, answers, false);
            let made = form.is_complete().then(|| crate::plan::render::render(&form.world()).ok()).flatten()?;
            Some(rendered::Case { form, objects: made.objects, with })
        });
        made.iter().flatten().for_each(&mut add);
    }
    distinct
}
