//! `slipway images`: what has to be in a registry before a product can run, for mirroring.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answers::form::Given;
use crate::cli::{Output, Shared};
use crate::error::Failure;
use crate::facts::Facts;
use crate::object::Object;
use crate::plan::Action;
use crate::plan::render::render;
use crate::secret::Secrets;

use super::outside::Outside;
use super::releases::Release;
use super::setup::Setup;
use super::{answers, print, products, render as rendering};

/// The verb. A product's name lists what its answers make and contacts no cluster, unless a namespace or release is named.
pub(super) async fn run(shared: &Shared, name: Option<&str>) -> Result<(), Failure> {
    let place = shared.namespace.is_some() || shared.release.is_some();
    super::releases::once(shared, name)?;
    let product = match name {
        Some(name) if !place => products::known(shared)?.contains_key(name).then_some(name),
        _ => None,
    };
    let images: BTreeSet<String> = match product {
        Some(product) => of_product(shared, product)?,
        None => {
            let found = Release::find(shared, name, "images").await?;
            let kept = found.plan().steps.iter().filter(|step| step.action != Action::Delete);
            kept.flat_map(|step| images(&step.wanted.object)).collect()
        }
    };
    if shared.output == Output::Json {
        return print(&format!("{}\n", Value::from(images.into_iter().collect::<Vec<_>>())));
    }
    print(&images.into_iter().map(|image| image + "\n").collect::<String>())
}

fn of_product(shared: &Shared, product: &str) -> Result<BTreeSet<String>, Failure> {
    let setup = Setup::read(shared, Some(product))?;
    let form = setup.form(Facts::assumed(), Secrets::default(), Given::new(), Outside::default());
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let rendered = render(&form.world()).map_err(|faults| rendering::not_rendered(&faults))?;
    Ok(rendered.objects.iter().flat_map(|wanted| images(&wanted.object)).collect())
}

/// The images of an object's pods.
fn images(object: &Object) -> Vec<String> {
    let Some(spec) = object.pod_spec() else { return Vec::new() };
    let lists = ["initContainers", "containers"].into_iter().filter_map(|list| spec.get(list)?.as_array());
    lists.flatten().filter_map(|container| Some(container.get("image")?.as_str()?.to_string())).collect()
}
