//! `slipway rbac`: the least rights that an install needs; contacts no cluster, since who asks has no rights yet.

use serde_json::Value;

use crate::answers::form::Given;
use crate::cli::{Output, Shared};
use crate::error::Failure;
use crate::facts::Facts;
use crate::plan::rbac::roles;
use crate::plan::render::render;
use crate::secret::Secrets;

use super::outside::Outside;
use super::render::{not_rendered, yaml};
use super::setup::Setup;
use super::{answers, print};

/// The verb.
pub(super) fn run(shared: &Shared, product: &str) -> Result<(), Failure> {
    let setup = Setup::read(shared, Some(product))?;
    let form = setup.form(Facts::assumed(), Secrets::default(), Given::new(), Outside::default());
    if !form.is_complete() {
        return Err(answers::incomplete(&form));
    }
    let rendered = render(&form.world()).map_err(|faults| not_rendered(&faults))?;
    let objects: Vec<_> = rendered.objects.into_iter().map(|wanted| wanted.object).collect();
    let name = format!("slipway-{}", setup.place.release);
    let roles = roles(&name, &setup.place.namespace, &objects);
    if shared.output == Output::Json {
        return print(&format!("{}\n", Value::Array(roles.into_iter().map(|role| role.0).collect())));
    }
    let mut text = String::new();
    for role in roles {
        text.push_str("---\n");
        text.push_str(&yaml(&role.0)?);
    }
    print(&text)
}
