use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::answers::form::{Form, Layers, NoSources, Place};
use crate::answers::view::Input;
use crate::facts::{Fact, Issuer, Version};
use crate::plan::Target;
use crate::plan::install::install;
use crate::product::load::built_in_for_tests;

/// The codes that are found for Inngest with answers, in a cluster.
fn codes(answers: &[(&str, &str)], facts: Facts) -> Vec<String> {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    let mut layers = Layers::default();
    for (path, text) in answers {
        layers.flags.insert((*path).into(), Input::Text((*text).into()));
    }
    let product = Arc::new(built_in_for_tests("inngest"));
    let form = Form::new(Arc::clone(&product), place, Arc::new(facts.clone()), layers, Arc::new(NoSources), [3; 32]);
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    let plan = install(&form.world(), &BTreeMap::new(), &target, form.recorded()).unwrap();
    check(&facts, &plan, &product).into_iter().map(|finding| finding.code).collect()
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
    assert_eq!(codes(&[("database.storageClass", "fast")], unknown), Vec::<String>::new());
    assert_eq!(codes(INGRESS, Facts::assumed()), ["INGRESS_CLASS_MISSING", "ISSUER_MISSING"]);
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
