//! `slipway answers`: the file that would repeat what is installed, out of the record.

use serde_json::json;

use crate::answers::file;
use crate::answers::form::Place;
use crate::cli::{Output, Shared};
use crate::error::Failure;
use crate::secret::SecretSource;

use super::releases::Release;
use super::{print, products};

/// The verb.
pub(super) async fn run(shared: &Shared, release: Option<&str>, all: bool) -> Result<(), Failure> {
    let found = Release::find(shared, release, "answers").await?;
    let plan = found.plan();
    let product = products::find(shared, &plan.product.name)?;
    let brought = |path: &str| {
        let entry = plan.keys.entries.iter().find(|entry| entry.path == path);
        entry.is_some_and(|entry| entry.source == SecretSource::Brought)
    };
    let place = Place {
        namespace: found.target.namespace.clone(),
        release: found.target.release.clone(),
        profile: plan.target.profile.clone(),
    };
    let context = if found.target.practice { "" } else { found.target.context.as_str() };
    let written = file::recorded(&product, &place, context, &plan.answers, &brought, all);
    if shared.output == Output::Json {
        return print(&format!("{}\n", json!({"file": written.text, "variables": written.variables})));
    }
    print(&written.text)
}
