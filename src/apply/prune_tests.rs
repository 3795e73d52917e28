use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::facts::{Existing, Pact};
use crate::plan::{KeyPlan, ProductRef, Step, Target, Verb, Wanted};

fn target() -> Target {
    Target { namespace: "a".into(), release: "shop".into(), ..Target::default() }
}

fn plan(verb: Verb, pact: &Pact, generation: u32) -> Plan {
    Plan {
        keys: KeyPlan { generation, ..KeyPlan::default() },
        waves: vec!["all".into()],
        ..Plan::new(verb, Target { pact: pact.clone(), ..target() }, ProductRef::default())
    }
}

#[test]
fn only_what_was_named_to_be_wiped_and_has_no_successor_goes_at_the_end() {
    let one = |key: bool, fate: Fate| Existing { key, fate, uid: "u".into(), instead: String::new() };
    let pact = Pact(BTreeMap::from([
        ("shop-keys-1".to_string(), one(true, Fate::Wipe)),
        ("shop-keys-0".to_string(), one(true, Fate::Aside)),
        ("db".to_string(), one(false, Fate::Wipe)),
        ("queue".to_string(), one(false, Fate::Use)),
        ("new".to_string(), one(false, Fate::Wipe)),
    ]));
    let mut plan = plan(Verb::Install, &pact, 2);
    let step = |(kind, namespace, name, action, wave): (&str, &str, &str, Action, u32)| {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}});
        let object = Object(object);
        let class = Class::of(&object);
        let wanted = Wanted { object, group: "earlier".into(), after: vec![], recipes: BTreeMap::new() };
        Step { wanted, action, wave, after: vec![], class, one_first: false }
    };
    let claim = "PersistentVolumeClaim";
    let all = [
        ("ConfigMap", "a", "shop", Action::Create, 0),
        // It is replaced in its own wave.
        (claim, "a", "new", Action::Replace { why: "wiped".into() }, 0),
        ("Secret", "a", "shop-keys-1", Action::Delete, 1),
        (claim, "a", "db", Action::Delete, 1),
        ("Secret", "a", "shop-keys-0", Action::Delete, 1),
        (claim, "a", "queue", Action::Delete, 1),
        (claim, "a", "stranger", Action::Delete, 1),
        // The name alone says nothing: another kind, another namespace.
        ("Secret", "a", "db", Action::Delete, 1),
        ("ConfigMap", "a", "db", Action::Delete, 1),
        (claim, "a", "shop-keys-1", Action::Delete, 1),
        (claim, "b", "db", Action::Delete, 1),
    ];
    plan.steps = all.into_iter().map(step).collect();
    let doomed: Vec<String> = doomed(&plan).iter().map(ObjectId::short).collect();
    assert_eq!(doomed, ["Secret/shop-keys-1", "PersistentVolumeClaim/db"]);
}
