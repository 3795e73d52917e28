//! The faults of Inngest's guide and chart (facts: products 2), each fixed, each fix a test that names the fault.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod access;
mod commands;
mod databases;
mod keys;
mod options;
mod scaling;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use slipway::answers::Form;
use slipway::answers::form::{Layers, NoSources, Place};
use slipway::answers::view::{Input, SecretInput};
use slipway::facts::{Fact, Facts};
use slipway::plan::Wanted;
use slipway::plan::render::render;
use slipway::product::embedded::built_in;
use slipway::secret::SecretText;

/// A form over the production profile with answers, in a cluster that has KEDA and nothing else.
fn form(answers: &[(&str, &str)]) -> Form {
    form_of("production", answers)
}

/// The same of any profile.
fn form_of(profile: &str, answers: &[(&str, &str)]) -> Form {
    let facts = Facts { crds: Fact::Known(vec!["ScaledObject.keda.sh".into()]), ..Facts::assumed() };
    form_in(facts, profile, answers)
}

/// The same in any cluster.
fn form_in(facts: Facts, profile: &str, answers: &[(&str, &str)]) -> Form {
    let product = Arc::new(built_in("inngest").unwrap().unwrap());
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: profile.into() };
    let mut form = Form::new(product, place, Arc::new(facts), Layers::default(), Arc::new(NoSources), [9; 32]);
    for (path, text) in answers {
        let secret = form.product().questions[*path].is_secret();
        let reference = text.starts_with("secret:");
        let input = if secret && !reference {
            Input::Secret(SecretInput::Value(SecretText::new(*text)))
        } else {
            Input::Text((*text).into())
        };
        // Answers that depend on each other are complete only together.
        let _for_now = form.set(path, input);
    }
    form
}

/// The objects of the production profile with answers, by `Kind/name`.
fn objects(answers: &[(&str, &str)]) -> BTreeMap<String, Wanted> {
    objects_of("production", answers)
}

/// The same of any profile.
fn objects_of(profile: &str, answers: &[(&str, &str)]) -> BTreeMap<String, Wanted> {
    rendered(&form_of(profile, answers))
}

fn rendered(form: &Form) -> BTreeMap<String, Wanted> {
    assert_eq!(form.faults(), []);
    let rendered = render(&form.world()).unwrap();
    rendered.objects.into_iter().map(|wanted| (wanted.object.id().short(), wanted)).collect()
}

/// What is wrong with the answers: path and what.
fn faults(answers: &[(&str, &str)]) -> Vec<(String, String)> {
    form(answers).faults().iter().map(|fault| (fault.path.clone(), fault.what.clone())).collect()
}

fn pod(objects: &BTreeMap<String, Wanted>, name: &str) -> Value {
    objects[name].object.pod_spec().unwrap().clone()
}

const INGRESS: &[(&str, &str)] = &[
    ("exposure.mode", "ingress"),
    ("exposure.host", "inngest.acme.io"),
    ("exposure.ingressClass", "nginx"),
    ("exposure.issuer", "ClusterIssuer/le"),
];
const KEDA: &[(&str, &str)] = &[("scaling.mode", "keda")];
/// The workloads of the production profile.
const WORKLOADS: [&str; 3] = ["Deployment/inngest", "StatefulSet/inngest-postgresql", "StatefulSet/inngest-redis"];
