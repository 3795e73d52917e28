//! What the cluster offers for an answer, with what each is.

use serde_json::Value;

use super::Form;
use crate::answers::view::Offer;
use crate::facts::{Class, Fact, Facts, SecretKeys};
use crate::product::schema::{Kind, Question};

/// The note of what the cluster takes when nobody says anything.
const DEFAULT_HERE: &str = "default here";

/// Types of Secrets that other programs make for themselves: nobody brings a value from there.
const OF_OTHERS: &[&str] =
    &["helm.sh/release.v1", "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

impl Form {
    /// Choices out of the cluster; or why they could not be read.
    pub(super) fn offers(&self, question: &Question) -> Result<Vec<Offer>, String> {
        let facts = &self.facts;
        match &question.kind {
            Kind::StorageClass => storage_classes(facts),
            Kind::IngressClass => classes(&facts.ingress_classes),
            Kind::Issuer => issuers(facts),
            Kind::ExistingSecret => offers(&facts.namespace.secrets, |secret| {
                let keys = match secret.keys.len() {
                    1..=3 => secret.keys.join(", "),
                    count => format!("{count} keys"),
                };
                vec![(secret.name.clone(), vec![kind_of(secret), keys])]
            }),
            Kind::Secret => offers(&facts.namespace.secrets, |secret| {
                if OF_OTHERS.contains(&secret.kind.as_str()) || !secret.release.is_empty() {
                    return Vec::new();
                }
                let keys =
                    secret.keys.iter().map(|key| (format!("secret:{}/{key}", secret.name), vec![kind_of(secret)]));
                keys.collect()
            }),
            _ => match &question.from {
                None => Ok(Vec::new()),
                Some(from) => match from.source().trim() {
                    "cluster.storageClasses" => storage_classes(facts),
                    "cluster.ingressClasses" => classes(&facts.ingress_classes),
                    "cluster.gatewayClasses" => classes(&facts.gateway_classes),
                    "cluster.issuers" => issuers(facts),
                    _ => {
                        let world = self.world();
                        let found = from.evaluate(&world.scope(&question.scope)).map_err(|fault| fault.to_string())?;
                        let Value::Array(list) = found.value else { return Err("the list could not be read".into()) };
                        let offer = |item: &str| Offer { value: item.into(), note: String::new() };
                        Ok(list.iter().filter_map(|item| item.as_str().map(offer)).collect())
                    }
                },
            },
        }
    }
}

/// What is offered, the default first.
fn offers<T>(fact: &Fact<Vec<T>>, offer: impl Fn(&T) -> Vec<(String, Vec<String>)>) -> Result<Vec<Offer>, String> {
    match fact {
        Fact::Known(all) => {
            let worded = |(value, mut notes): (String, Vec<String>)| {
                notes.retain(|note| !note.is_empty());
                Offer { value, note: notes.join(", ") }
            };
            let mut offers: Vec<Offer> = all.iter().flat_map(offer).map(worded).collect();
            offers.sort_by_key(|offer| !offer.note.starts_with(DEFAULT_HERE));
            Ok(offers)
        }
        Fact::Unknown(why) => Err(why.clone()),
    }
}

fn default_here(is_default: bool) -> String {
    if is_default { DEFAULT_HERE.into() } else { String::new() }
}

fn storage_classes(facts: &Facts) -> Result<Vec<Offer>, String> {
    offers(&facts.storage_classes, |class| {
        let grows = if class.expandable { "can grow" } else { "cannot grow" };
        let goes = if class.reclaim_policy == "Retain" { "kept when its claim goes" } else { "" };
        let notes = [default_here(class.is_default), grows.into(), goes.into(), class.provisioner.clone()];
        vec![(class.name.clone(), notes.to_vec())]
    })
}

fn classes(fact: &Fact<Vec<Class>>) -> Result<Vec<Offer>, String> {
    offers(fact, |class| vec![(class.name.clone(), vec![default_here(class.is_default), class.controller.clone()])])
}

fn issuers(facts: &Facts) -> Result<Vec<Offer>, String> {
    offers(&facts.issuers, |issuer| {
        let state = if issuer.ready { "ready" } else { "not ready" };
        vec![(format!("{}/{}", issuer.kind, issuer.name), vec![state.into()])]
    })
}

/// The type of a Secret, where it says more than that it is one.
fn kind_of(secret: &SecretKeys) -> String {
    if secret.kind == "Opaque" { String::new() } else { secret.kind.clone() }
}
