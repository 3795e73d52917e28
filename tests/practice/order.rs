//! What must be there before something else is sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use slipway::apply::Control;
use slipway::event::EventKind;
use slipway::object::Object;
use slipway::plan::waves::waves;
use slipway::plan::{Action, Class, Plan, Step, Wanted};
use tokio::sync::watch;

use crate::every_call::{NAMESPACE, at_its_own_pace, cluster};
use crate::inngest::plan;
use crate::install::run_with;

/// A definition and an object of its kind.
fn with_definition() -> Plan {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                }}},
            }],
        },
    });
    let widget = json!({
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": NAMESPACE},
        "spec": {"size": 3},
    });
    let wanted: Vec<Wanted> = [widget, definition]
        .map(|object| Wanted {
            object: Object(object),
            group: "server".into(),
            after: vec![],
            recipes: BTreeMap::new(),
        })
        .to_vec();
    let order = waves(&wanted, &BTreeSet::from(["server"])).unwrap();
    let mut plan = plan(NAMESPACE);
    plan.keys.entries.clear();
    plan.waves = order.titles;
    let steps = wanted.into_iter().zip(order.places);
    plan.steps = steps
        .map(|(wanted, (wave, after))| Step {
            class: Class::of(&wanted.object),
            one_first: false,
            after,
            action: Action::Create,
            wave,
            wanted,
        })
        .collect();
    plan
}

#[tokio::test(start_paused = true)]
async fn a_custom_resource_is_sent_once_its_definition_is_established_and_not_before() {
    let server = at_its_own_pace();
    let (_wish, wishes) = watch::channel(Control::Go);
    let (ended, events) = run_with(&cluster(&server), &with_definition(), wishes).await;
    ended.unwrap();
    let retried: Vec<_> =
        events.iter().filter(|event| matches!(event.kind, EventKind::RequestRetried { .. })).collect();
    assert!(retried.is_empty(), "{retried:?}");
    let sent = server.writes();
    let sent: Vec<u16> =
        sent.iter().filter(|write| write.path.ends_with("/widgets/one")).map(|write| write.code).collect();
    assert_eq!(sent, [201]);
}
