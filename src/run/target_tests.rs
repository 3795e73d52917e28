use super::*;
use crate::facts::Pact;
use crate::plan::{KeyPlan, ProductRef};

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
fn an_uninstall_that_did_not_end_does_not_say_which_volumes_and_keys_are_used() {
    let revision = |number: u32, verb: Verb, generation: u32| {
        Revision::new(number, &plan(verb, &Pact::default(), generation), "ana@laptop")
    };
    let (install, uninstall) = (revision(1, Verb::Install, 2), revision(2, Verb::Uninstall, 0));
    for (revisions, expected) in [
        (vec![uninstall.clone(), install.clone()], Some(2)),
        (vec![install.clone()], Some(2)),
        // The earlier ones went already.
        (vec![uninstall], Some(0)),
        (vec![], None),
    ] {
        assert_eq!(installed(&revisions).map(|one| one.plan.keys.generation), expected);
    }
}
