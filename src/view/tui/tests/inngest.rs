//! The questions of Inngest over a cluster that has something to choose from, for the tests and the pictures.

use std::sync::Arc;

use super::super::Theme;
use super::super::wizard::App;
use super::{drawn, press};
use crate::answers::form::{Form, Layers, NoSources, Place};
use crate::facts::{Class, Fact, Facts, Issuer, SecretKeys, StorageClass};
use crate::product::load::built_in_for_tests;
use crate::view::form::FormQuestions;
use crate::view::questions::Whereabouts;
use crate::view::way::Stop;

/// A cluster with two storage classes, an ingress and a gateway class, issuers and Secrets; without KEDA.
pub(super) fn facts() -> Facts {
    let storage = |name: &str, provisioner: &str, is_default: bool| StorageClass {
        name: name.into(),
        provisioner: provisioner.into(),
        is_default,
        expandable: is_default,
        ..StorageClass::default()
    };
    let class = |name: &str, controller: &str, is_default: bool| Class {
        name: name.into(),
        controller: controller.into(),
        is_default,
    };
    let issuer = |kind: &str, name: &str, ready: bool| Issuer { kind: kind.into(), name: name.into(), ready };
    let secret = |name: &str, kind: &str, keys: &[&str]| SecretKeys {
        name: name.into(),
        kind: kind.into(),
        keys: keys.iter().map(|key| (*key).into()).collect(),
        ..SecretKeys::default()
    };
    let mut facts = Facts {
        storage_classes: Fact::Known(vec![
            storage("premium-rwo", "pd.csi.storage.gke.io", false),
            storage("standard", "pd.csi.storage.gke.io", true),
        ]),
        ingress_classes: Fact::Known(vec![class("nginx", "k8s.io/ingress-nginx", true)]),
        gateway_classes: Fact::Known(vec![class("istio", "istio.io/gateway-controller", false)]),
        issuers: Fact::Known(vec![
            issuer("ClusterIssuer", "letsencrypt-prod", true),
            issuer("ClusterIssuer", "letsencrypt-staging", true),
            issuer("Issuer", "own-ca", false),
        ]),
        crds: Fact::Known(vec!["Certificate.cert-manager.io".into()]),
        ..Facts::assumed()
    };
    facts.namespace.secrets = Fact::Known(vec![
        secret("db-credentials", "Opaque", &["password", "url"]),
        secret("inngest-tls", "kubernetes.io/tls", &["tls.crt", "tls.key"]),
        secret("sh.helm.release.v1.old.v1", "helm.sh/release.v1", &["release"]),
    ]);
    facts
}

/// The form of a profile over those facts.
pub(super) fn form(profile: &str, facts: Facts) -> FormQuestions {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: profile.into() };
    let product = Arc::new(built_in_for_tests("inngest"));
    let form = Form::new(product, place, Arc::new(facts), Layers::default(), Arc::new(NoSources), [7; 32]);
    let here = Whereabouts {
        doing: "install inngest v1.43.0".into(),
        context: "prod-eu".into(),
        namespace: "inngest".into(),
        practice: false,
    };
    FormQuestions::new(form, here, "v1.35.1 gke, 12 nodes".into()).after(Stop::titles())
}

/// The screen in ASCII without colours.
pub(super) fn app(form: &mut FormQuestions) -> App<'_, FormQuestions> {
    App::new(form, Theme::new(false, false), None)
}

/// The screen on which lines are looked for: no list of pages and no preview beside them.
pub(super) fn seen(app: &App<'_, FormQuestions>) -> String {
    drawn(app, 90, 60)
}

/// Whether the marked line of a screen holds a text.
fn marks(shown: &str, text: &str) -> bool {
    shown.lines().any(|line| line.trim_start().starts_with("> ") && line.contains(text))
}

/// Whether the marked line holds a text.
pub(super) fn is_marked(app: &App<'_, FormQuestions>, text: &str) -> bool {
    marks(&seen(app), text)
}

/// Goes down, and on to the next pages, until a line is marked.
pub(super) fn to(app: &mut App<'_, FormQuestions>, text: &str) {
    let mut shown = seen(app);
    for _ in 0..200 {
        if marks(&shown, text) {
            return;
        }
        press(app, "down");
        let next = seen(app);
        if next == shown {
            press(app, "pagedown");
            shown = seen(app);
        } else {
            shown = next;
        }
    }
    panic!("{text:?} is never marked:\n{}", seen(app));
}
