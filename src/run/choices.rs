//! What can be chosen on the way in, and what the command line and the answers file settle of it. Contacts nothing.

use std::collections::BTreeMap;

use crate::answers::{file, value};
use crate::cli::Shared;
use crate::cluster::contexts;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::product::schema::Product;
use crate::view::way::{ContextChoice, Part, ProductChoice, ProfileChoice, Settled, Way};

use super::products;
use super::setup::Setup;

/// Name of the context inside of a pod, where there is no kubeconfig.
pub(super) const IN_CLUSTER: &str = "in-cluster";

/// What can be chosen, and what the command line and the answers file settle. Contacts nothing.
pub(super) fn way(shared: &Shared, product: Option<&str>) -> Result<Way, Failure> {
    let given = given(shared, product)?;
    if let Some(named) = given.get(&Part::Product) {
        // What was given wrong is told before any screen is up.
        Setup::read(shared, Some(&named.value))?;
    }
    let mut choices = Vec::new();
    for name in products::known(shared)?.into_keys() {
        choices.push(product_choice(&products::find(shared, &name)?));
    }
    Ok(Way::new(context_choices(shared)?, choices, shared.practice.is_some(), given))
}

fn given(shared: &Shared, product: Option<&str>) -> Result<BTreeMap<Part, Settled>, Failure> {
    let said = match &shared.answers {
        Some(path) => file::target_of(&path.display().to_string(), &super::setup::read_file(path)?),
        None => Default::default(),
    };
    // The practice cluster is one and needs no name.
    let context = shared.context.as_deref().filter(|_| shared.practice.is_none());
    let flags = [
        (Part::Context, context, "--context", "context"),
        (Part::Product, product, "the command line", "product"),
        (Part::Profile, shared.profile.as_deref(), "--profile", "profile"),
        (Part::Namespace, shared.namespace.as_deref(), "--namespace", "namespace"),
        (Part::Release, shared.release.as_deref(), "--name", "release"),
    ];
    let mut given = BTreeMap::new();
    for (part, flag, by, key) in flags {
        let from_file = said.get(key).filter(|_| part != Part::Context || shared.practice.is_none());
        let settled = match (flag, from_file) {
            (Some(value), _) => Settled { value: value.into(), by: by.into() },
            (None, Some(value)) => Settled { value: value.clone(), by: "the answers file".into() },
            (None, None) => continue,
        };
        given.insert(part, settled);
    }
    if !shared.existing.is_empty() {
        given.insert(Part::Existing, Settled { value: "said".into(), by: "--existing".into() });
    }
    Ok(given)
}

fn context_choices(shared: &Shared) -> Result<Vec<ContextChoice>, Failure> {
    if shared.practice.is_some() {
        let server = "an API server in memory".into();
        return Ok(vec![ContextChoice { name: "practice".into(), server, current: true }]);
    }
    let found = match contexts(shared.kubeconfig.as_deref()) {
        Ok(found) if found.all.is_empty() => {
            return Err(Failure::new(FailureKind::Cluster, "the kubeconfig holds no context")
                .state(NOTHING_WRITTEN)
                .hint("name another file: --kubeconfig FILE")
                .hint("or try without a cluster: --practice"));
        }
        Ok(found) => found,
        Err(_) if in_a_pod(shared) => {
            let server = "the cluster of this pod, by its service account".into();
            return Ok(vec![ContextChoice { name: IN_CLUSTER.into(), server, current: true }]);
        }
        Err(failure) => return Err(failure),
    };
    let choices = found.all.into_iter().map(|context| ContextChoice {
        current: context.name == found.current,
        name: context.name,
        server: context.server,
    });
    Ok(choices.collect())
}

fn in_a_pod(shared: &Shared) -> bool {
    let asked = shared.kubeconfig.is_some() || shared.context.is_some() || std::env::var_os("KUBECONFIG").is_some();
    !asked && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

fn product_choice(product: &Product) -> ProductChoice {
    let profiles = product.profiles.iter().map(|profile| {
        let asks: Vec<&str> =
            profile.answers.keys().filter_map(|path| Some(product.questions.get(path)?.ask.as_str())).collect();
        let answers = profile.answers.iter().filter_map(|(path, answer)| {
            let question = product.questions.get(path)?;
            let ask = question.ask.trim_end_matches('?');
            // Two questions that read alike are told apart by their pages.
            let alike = asks.iter().filter(|known| **known == question.ask).count() > 1;
            let page = product.pages.iter().find(|page| alike && page.questions.contains(path));
            let ask = page.map_or_else(|| ask.to_string(), |page| format!("{}, {ask}", page.title));
            Some((ask, value::to_text(&question.kind, answer)))
        });
        ProfileChoice {
            id: profile.id.clone(),
            title: profile.title.clone(),
            about: profile.about.clone(),
            production: profile.production,
            answers: answers.collect(),
        }
    });
    ProductChoice {
        name: product.name.clone(),
        title: product.title.clone(),
        about: product.about.clone(),
        version: product.versions.default.clone(),
        namespace: product.namespace.clone(),
        singleton: product.singleton,
        profiles: profiles.collect(),
        pages: product.pages.iter().map(|page| page.title.clone()).collect(),
    }
}
