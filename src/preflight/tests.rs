use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::answers::form::{Form, Layers, NoSources, Place};
use crate::answers::view::Input;
use crate::facts::{Fact, Issuer, Version};
use crate::plan::install::install;
use crate::plan::{Action, Target};
use crate::product::load::built_in_for_tests;

mod namespace;
mod nodes;

/// The codes that are found for Inngest with answers, in a cluster.
fn codes(answers: &[(&str, &str)], facts: Facts) -> Vec<String> {
    findings(answers, facts).into_iter().map(|finding| finding.code).collect()
}

/// An ordinary cluster whose namespace is there and empty, and everything can be read.
fn here() -> Facts {
    let mut facts = Facts::assumed();
    facts.namespace = crate::facts::NamespaceFacts {
        exists: true,
        secrets: Fact::Known(vec![]),
        claims: Fact::Known(vec![]),
        quotas: Fact::Known(vec![]),
        limit_ranges: Fact::Known(vec![]),
        gateways: Fact::Known(vec![]),
        releases: Fact::Known(vec![]),
        ..crate::facts::NamespaceFacts::default()
    };
    facts
}

/// With the classes and the issuer that the answers of these tests name.
fn with_classes(mut facts: Facts) -> Facts {
    let class = |name: &str| crate::facts::Class { name: name.into(), ..crate::facts::Class::default() };
    facts.ingress_classes = Fact::Known(vec![class("nginx")]);
    facts.gateway_classes = Fact::Known(vec![class("istio")]);
    facts.issuers = Fact::Known(vec![Issuer { kind: "ClusterIssuer".into(), name: "le".into(), ready: true }]);
    facts.crds =
        Fact::Known(vec!["Gateway.gateway.networking.k8s.io".into(), "HTTPRoute.gateway.networking.k8s.io".into()]);
    facts
}

/// The findings for Inngest with answers, in a cluster.
fn findings(answers: &[(&str, &str)], facts: Facts) -> Vec<Finding> {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    let mut layers = Layers::default();
    for (path, text) in answers {
        layers.flags.insert((*path).into(), Input::Text((*text).into()));
    }
    let product = Arc::new(built_in_for_tests("inngest"));
    let form = Form::new(Arc::clone(&product), place, Arc::new(facts.clone()), layers, Arc::new(NoSources), [3; 32]);
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    let plan = install(&form.world(), &BTreeMap::new(), &target, form.recorded()).unwrap();
    check(&facts, &plan, &product)
}

const INGRESS: &[(&str, &str)] = &[
    ("exposure.mode", "ingress"),
    ("exposure.host", "app.acme.io"),
    ("exposure.ingressClass", "nginx"),
    ("exposure.issuer", "ClusterIssuer/le"),
];

#[test]
fn an_ordinary_cluster_has_nothing_against_the_production_profile() {
    assert_eq!(codes(&[], Facts::assumed()), Vec::<String>::new());
}

#[test]
fn an_old_cluster_blocks_and_a_new_one_warns() {
    let at = |minor| Facts { version: Version { major: 1, minor }, ..Facts::assumed() };
    assert_eq!(codes(&[], at(32)), ["KUBERNETES_OLD"]);
    assert_eq!(codes(&[], at(37)), ["KUBERNETES_NEW"]);
}

#[test]
fn a_class_that_does_not_exist_is_named_and_one_that_may_not_be_listed_is_let_through() {
    assert_eq!(codes(&[("database.storageClass", "fast")], Facts::assumed()), ["STORAGE_CLASS_MISSING"]);
    let none = Facts { storage_classes: Fact::Known(vec![]), ..Facts::assumed() };
    assert_eq!(codes(&[], none), ["STORAGE_CLASS_DEFAULT", "STORAGE_CLASS_DEFAULT"]);
    let unknown = Facts { storage_classes: Fact::Unknown("forbidden".into()), ..Facts::assumed() };
    assert_eq!(codes(&[("database.storageClass", "fast")], unknown), ["NOT_CHECKED"]);
    assert_eq!(codes(INGRESS, Facts::assumed()), ["INGRESS_CLASS_MISSING", "ISSUER_MISSING"]);
}

#[test]
fn the_class_of_a_claim_that_is_made_anew_is_looked_at_too() {
    let facts = Facts::assumed();
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    let mut layers = Layers::default();
    layers.flags.insert("database.storageClass".into(), Input::Text("fast".into()));
    let product = Arc::new(built_in_for_tests("inngest"));
    let form = Form::new(Arc::clone(&product), place, Arc::new(facts.clone()), layers, Arc::new(NoSources), [3; 32]);
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    let mut plan = install(&form.world(), &BTreeMap::new(), &target, form.recorded()).unwrap();
    for step in plan.steps.iter_mut().filter(|step| step.wanted.object.kind() == "PersistentVolumeClaim") {
        step.action = Action::Replace { why: "its class cannot be changed".into() };
    }
    let codes: Vec<String> = check(&facts, &plan, &product).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["STORAGE_CLASS_MISSING"]);
}

#[test]
fn a_class_whose_volumes_are_made_by_hand_is_told() {
    let by_hand = crate::facts::StorageClass {
        name: "local".into(),
        provisioner: "kubernetes.io/no-provisioner".into(),
        ..crate::facts::StorageClass::default()
    };
    let mut facts = Facts::assumed();
    facts.storage_classes = Fact::Known(vec![by_hand.clone()]);
    let named: &[(&str, &str)] = &[("database.storageClass", "local"), ("queue.storageClass", "local")];
    assert_eq!(codes(named, facts.clone()), ["STORAGE_CLASS_STATIC", "STORAGE_CLASS_STATIC"]);
    facts.storage_classes = Fact::Known(vec![crate::facts::StorageClass { is_default: true, ..by_hand }]);
    let found = findings(&[], facts);
    assert!(found.iter().all(|one| one.code == "STORAGE_CLASS_STATIC" && !one.blocks()), "{found:?}");
}

#[test]
fn an_issuer_of_a_kind_that_may_not_be_read_is_not_called_missing() {
    let mut facts = with_classes(here());
    facts.issuers = Fact::Known(vec![Issuer { kind: "Issuer".into(), name: "own".into(), ready: true }]);
    assert_eq!(codes(INGRESS, facts.clone()), ["ISSUER_MISSING"]);
    facts.unread_issuers = vec!["ClusterIssuer".into()];
    assert_eq!(codes(INGRESS, facts), ["NOT_CHECKED"]);
}

#[test]
fn a_host_of_another_ingress_blocks_on_the_same_path_and_warns_on_others() {
    let served = |namespace: &str, path: &str| {
        let mut facts = with_classes(here());
        facts.served_hosts = Fact::Known(vec![crate::facts::ServedHost {
            namespace: namespace.into(),
            ingress: "inngest".into(),
            host: "app.acme.io".into(),
            path: path.into(),
        }]);
        findings(INGRESS, facts)
    };
    let clash = served("shop", "/e");
    assert_eq!(clash[0].code, "HOST_TAKEN");
    assert!(clash[0].blocks() && clash[0].what.contains("Ingress/inngest in the namespace shop"), "{clash:?}");
    assert!(!served("shop", "/cart")[0].blocks());
    assert_eq!(served("inngest", "/e"), [], "our own of an earlier run");
    let mut unknown = with_classes(here());
    unknown.served_hosts = Fact::Unknown("forbidden".into());
    assert_eq!(codes(INGRESS, unknown), ["NOT_CHECKED"]);
}

#[test]
fn a_gateway_that_is_named_must_be_there() {
    let answers: &[(&str, &str)] =
        &[("exposure.mode", "gateway"), ("exposure.host", "a.acme.io"), ("exposure.gateway", "edge")];
    let mut facts = with_classes(here());
    let found = findings(answers, facts.clone());
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["GATEWAY_MISSING"]);
    assert!(found[0].what.contains("no Gateway edge in the namespace inngest"), "{found:?}");
    facts.namespace.gateways = Fact::Known(vec!["edge".into()]);
    assert_eq!(codes(answers, facts.clone()), Vec::<String>::new());
    facts.namespace.gateways = Fact::Unknown("forbidden".into());
    assert_eq!(codes(answers, facts), ["NOT_CHECKED"]);
}

#[test]
fn an_issuer_that_is_not_ready_blocks() {
    let facts = |ready| Facts {
        ingress_classes: Fact::Known(vec![crate::facts::Class {
            name: "nginx".into(),
            ..crate::facts::Class::default()
        }]),
        issuers: Fact::Known(vec![Issuer { kind: "ClusterIssuer".into(), name: "le".into(), ready }]),
        ..Facts::assumed()
    };
    assert_eq!(codes(INGRESS, facts(true)), Vec::<String>::new());
    assert_eq!(codes(INGRESS, facts(false)), ["ISSUER_MISSING"]);
}

#[test]
fn a_kind_that_nobody_brought_blocks_and_names_who_brings_it() {
    let gateway = [
        ("exposure.mode", "gateway"),
        ("exposure.host", "a.acme.io"),
        ("exposure.gatewayClass", "x"),
        ("exposure.tls", "plain"),
    ];
    let facts = Facts {
        gateway_classes: Fact::Known(vec![crate::facts::Class { name: "x".into(), ..crate::facts::Class::default() }]),
        ..Facts::assumed()
    };
    assert_eq!(codes(&gateway, facts), ["KIND_MISSING", "KIND_MISSING"]);
}

#[test]
fn a_namespace_of_a_gitops_tool_is_refused() {
    let mut facts = Facts::assumed();
    facts.namespace.annotations.insert("argocd.argoproj.io/tracking-id".into(), "x".into());
    assert_eq!(codes(&[], facts), ["FOREIGN_OWNER"]);
}

#[test]
fn every_pod_of_inngest_passes_a_namespace_that_enforces_restricted() {
    let mut facts = Facts::assumed();
    facts.namespace.labels.insert("pod-security.kubernetes.io/enforce".into(), "restricted".into());
    facts.crds = Fact::Known(vec!["ScaledObject.keda.sh".into()]);
    assert_eq!(codes(&[("scaling.mode", "keda")], facts), Vec::<String>::new());
}
