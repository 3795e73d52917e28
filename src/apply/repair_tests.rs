use super::*;
use crate::facts::Existing;
use crate::secret::SecretText;

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

fn claim(name: &str, by: &str) -> Object {
    Object(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {
        "name": name, "namespace": "a", "uid": format!("uid-{name}"), "labels": {RELEASE: "shop"},
        "annotations": {OPENED_BY: by}}}))
}

fn keys(generation: u32) -> Keys {
    Keys {
        secret: target().key_secret_name(generation),
        uid: "u".into(),
        generation,
        values: BTreeMap::from([("db.password".to_string(), SecretText::new("hunter22"))]),
        salt: SecretText::new("salt"),
        opens: vec!["db".into()],
    }
}

fn found(objects: Vec<Object>, generations: &[u32], revisions: Vec<Revision>) -> Found {
    let keys = generations.iter().map(|generation| keys(*generation)).collect();
    Found { parent: false, revisions, torn: vec![], objects, keys }
}

fn aside() -> Pact {
    let one = |key: bool, instead: &str| Existing { key, fate: Fate::Aside, uid: "u".into(), instead: instead.into() };
    Pact(BTreeMap::from([("db".to_string(), one(false, "db-2")), ("shop-keys-1".to_string(), one(true, ""))]))
}

#[test]
fn a_record_is_not_built_without_the_keys_that_its_claims_are_opened_by() {
    let none: Vec<Revision> = vec![];
    let revision = |entries: bool, began: bool, pact: &Pact| {
        let mut plan = plan(Verb::Install, pact, 2);
        plan.keys.entries = if entries { vec![entry("db.password", None, &[])] } else { vec![] };
        let mut revision = Revision::new(1, &plan, "ana@laptop");
        if began {
            let id = ObjectId::new("", "ConfigMap", "a", "shop");
            revision.progress.written.insert(id, Written { uid: "u".into(), ..Written::default() });
        }
        vec![revision]
    };
    let no_pact = Pact::default();
    for (claims, generations, revisions, expected) in [
        // A gap before the newest generation hides nothing.
        (vec![claim("db", "shop-keys-3/db.password")], &[3][..], none.clone(), None),
        (vec![claim("db", "shop-keys-3/db.password")], &[1], none.clone(), Some(3)),
        (vec![claim("db", "shop-keys-1/a,shop-keys-2/b")], &[2], none.clone(), Some(1)),
        (vec![claim("db", "shop-keys-1/db.password")], &[], none.clone(), Some(1)),
        // Another release's, and a Secret of the operator.
        (vec![claim("db", "other-keys-1/db.password,mine/password")], &[], none.clone(), None),
        (vec![], &[], revision(true, true, &no_pact), Some(2)),
        (vec![], &[], revision(true, false, &no_pact), None),
        (vec![], &[], revision(false, true, &no_pact), None),
        // What was set aside is nobody's to open; its keys are not the release's.
        (
            vec![claim("db", "shop-keys-1/p"), claim("db-2", "shop-keys-2/p")],
            &[2],
            revision(true, true, &aside()),
            None,
        ),
        (vec![], &[1], revision(true, true, &aside()), Some(2)),
    ] {
        let names: Vec<&str> = claims.iter().filter_map(|claim| claim.annotation(OPENED_BY)).collect();
        let told = format!("{names:?} with {generations:?}");
        let missing = found(claims, generations, revisions).missing_keys(&target());
        assert_eq!(missing, expected, "{told}");
    }
}

#[test]
fn a_rebuilt_record_has_the_newest_keys_and_what_was_decided_about_an_earlier_install() {
    let of = |generations: &[u32], revisions| {
        let found = found(vec![claim("db-2", "shop-keys-3/db.password")], generations, revisions);
        rebuilt(&found, &target(), "ana@laptop").unwrap().0.plan
    };
    let lost = of(&[3], vec![]);
    assert_eq!((lost.keys.generation, lost.keys.exists, lost.target.pact.is_empty()), (3, true, true));
    let install = Revision::new(1, &plan(Verb::Install, &aside(), 3), "ana@laptop");
    let uninstall = Revision::new(2, &plan(Verb::Uninstall, &Pact::default(), 0), "ana@laptop");
    let known = of(&[3, 1], vec![uninstall, install]);
    assert_eq!((known.keys.generation, known.target.pact), (3, aside()));
}

#[test]
fn a_kind_that_may_not_be_listed_stops_a_repair_where_the_release_may_have_it() {
    let named = BTreeSet::from(["Ingress.networking.k8s.io".to_string()]);
    for (group, kind, open) in [
        ("", "Secret", true),
        ("apps", "StatefulSet", true),
        ("networking.k8s.io", "Ingress", true),
        ("acme.io", "Secret", false),
        ("acme.io", "Widget", false),
    ] {
        assert_eq!(leaves_open(group, kind, &named), open, "{kind}.{group}");
    }
}
