use serde_json::json;

use super::*;
use crate::answers::RecordedAnswer;
use crate::plan::{KeyEntry, KeyPlan, ProductRef};
use crate::product::{Given, Recipe};
use crate::secret::SecretSource;

fn target() -> Target {
    Target { namespace: "a".into(), release: "shop".into(), ..Target::default() }
}

fn wanted(object: Value) -> Wanted {
    Wanted { object: Object(object), group: "shop".into(), after: vec![], recipes: BTreeMap::new() }
}

fn step(wanted: Wanted) -> Step {
    let class = Class::of(&wanted.object);
    Step { wanted, action: Action::Create, wave: 0, after: vec![], class, one_first: false }
}

fn keyed(path: &str, generation: u32) -> Given {
    Given::Secret { path: path.into(), at: SecretRef::Keys { generation, key: path.into() } }
}

/// A Secret with one entry that is made from a key.
fn composed(name: &str, template: &str, path: &str, generation: u32) -> Wanted {
    let data = json!({"value": crate::plan::PLACEHOLDER});
    let mut made = wanted(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "a"}, "data": data}),
    );
    let recipe =
        Recipe { template: template.into(), with: BTreeMap::from([(path.to_string(), keyed(path, generation))]) };
    made.recipes.insert("value".into(), recipe);
    made
}

fn recorded(version: &str, generation: u32, keys: &[&str], steps: Vec<Step>) -> Plan {
    let entry = |path: &&str| KeyEntry { path: (*path).into(), source: SecretSource::Brought, opens: vec![] };
    Plan {
        keys: KeyPlan { generation, exists: true, entries: keys.iter().map(entry).collect(), ..KeyPlan::default() },
        steps,
        waves: vec!["all".into()],
        ..Plan::new(Verb::Install, target(), ProductRef { version: version.into(), ..ProductRef::default() })
    }
}

fn generations(all: &[(u32, &[(&str, &str)])]) -> Generations {
    let values = |values: &[(&str, &str)]| {
        values.iter().map(|(key, value)| ((*key).to_string(), SecretText::new(*value))).collect()
    };
    all.iter().map(|(number, pairs)| (*number, values(pairs))).collect()
}

#[derive(Default)]
struct There {
    generations: Generations,
    live: Vec<Value>,
    members: Vec<Value>,
}

/// Back to the last of the plans, which are the newest first.
fn back(plans: &[Plan], there: &There) -> Result<(Plan, Secrets), Failure> {
    let recorded: Vec<&Plan> = plans.iter().collect();
    let live = there.live.iter().map(|object| Object(object.clone()));
    let members: Vec<Object> = there.members.iter().map(|object| Object(object.clone())).collect();
    plan(&Ground {
        number: 1,
        to: plans.last().unwrap(),
        recorded: &recorded,
        generations: &there.generations,
        existing: &BTreeMap::new(),
        live: &live.map(|object| (object.id(), object)).collect(),
        members: &members,
        left: &BTreeMap::new(),
        target: &target(),
    })
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn value(secrets: &Secrets, path: &str) -> String {
    secrets.value(path).unwrap().expose().to_string()
}

const A: &str = "postgres://ops:old@a.acme.io/shop";
const A_ROTATED: &str = "postgresql://ops:new@A.acme.io:5432/shop?sslmode=require";
const B: &str = "postgres://ops:b-pass@b.acme.io:5432/shop";

#[test]
fn a_rotated_value_never_comes_back_and_an_endpoint_is_undone_with_its_own_newest_credentials() {
    // Each case: the values by generation from 1, what is used after going back to revision 1, and in which generation.
    for (path, template, values, used, generation) in [
        ("keys.event", "${keys.event}", &["one", "two"][..], "two", 2),
        ("database.url", "${database.url}", &[A, A_ROTATED], A_ROTATED, 2),
        ("database.url", "${database.url}", &[A, B], A, 3),
        ("database.url", "${database.url}", &[A, A_ROTATED, B], A_ROTATED, 4),
        ("database.url", "${database.url}", &[A, B, A_ROTATED], A_ROTATED, 3),
        ("database.url", "${database.url}", &[A, "postgres://ops:x@a.acme.io/other"], A, 3),
        ("database.url", "${database.url}", &[A, "postgres://root:x@a.acme.io/shop"], A, 3),
        ("database.url", "${database.url}", &[A, "postgres://ops:x@a.acme.io:6432/shop"], A, 3),
    ] {
        let numbered = |number: usize| u32::try_from(number + 1).unwrap();
        let plans: Vec<Plan> = (0..values.len())
            .rev()
            .map(|i| recorded("1", numbered(i), &[path], vec![step(composed("s", template, path, numbered(i)))]))
            .collect();
        let pairs: Vec<[(&str, &str); 1]> = values.iter().map(|value| [(path, *value)]).collect();
        let all: Vec<(u32, &[(&str, &str)])> =
            pairs.iter().enumerate().map(|(i, pairs)| (numbered(i), &pairs[..])).collect();
        let there = There { generations: generations(&all), ..There::default() };
        let (plan, secrets) = back(&plans, &there).unwrap();
        assert_eq!((value(&secrets, path).as_str(), plan.keys.generation), (used, generation), "{values:?}");
        assert_eq!(plan.keys.exists, generation == numbered(values.len() - 1), "{values:?}");
        let recipe = &plan.steps[0].wanted.recipes["value"];
        assert_eq!(recipe.with[path], keyed(path, generation), "{values:?}: the record names what is used");
    }
}

#[test]
fn a_password_beside_an_endpoint_belongs_to_the_endpoint_that_was_named_with_it() {
    let at = |host: &str, generation: u32| {
        let template = format!("postgres://ops:${{database.password}}@{host}:5432/shop");
        step(composed("s", &template, "database.password", generation))
    };
    let keys = ["database.password"];
    for (hosts, used, generation) in [
        (["a", "a", "a"], "three", 3),
        (["a", "a", "b"], "two", 4),
        (["a", "b", "b"], "one", 4),
        (["a", "b", "a"], "three", 3),
    ] {
        let plans: Vec<Plan> = (1..=3u32)
            .rev()
            .map(|number| recorded("1", number, &keys, vec![at(hosts[number as usize - 1], number)]))
            .collect();
        let there = There {
            generations: generations(&[
                (1, &[("database.password", "one")]),
                (2, &[("database.password", "two")]),
                (3, &[("database.password", "three")]),
            ]),
            ..There::default()
        };
        let (plan, secrets) = back(&plans, &there).unwrap();
        assert_eq!(
            (value(&secrets, "database.password").as_str(), plan.keys.generation),
            (used, generation),
            "{hosts:?}"
        );
    }
}

#[test]
fn a_generation_that_is_made_for_it_holds_everything_of_the_newest() {
    let mut first =
        recorded("1", 1, &["database.url"], vec![step(composed("s", "${database.url}", "database.url", 1))]);
    let at = SecretRef::Keys { generation: 1, key: "database.url".into() };
    let answer = RecordedAnswer { value: Value::Null, secret: Some(at), origin: "flag".into() };
    first.answers.insert("database.url".into(), answer);
    let second = recorded(
        "1",
        2,
        &["database.url", "keys.new"],
        vec![step(composed("s", "${database.url}", "database.url", 2))],
    );
    let there = There {
        generations: generations(&[(1, &[("database.url", A)]), (2, &[("database.url", B), ("keys.new", "n")])]),
        ..There::default()
    };
    let (plan, _) = back(&[second, first], &there).unwrap();
    let paths: Vec<&str> = plan.keys.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!((plan.keys.generation, plan.keys.exists, paths), (3, false, vec!["database.url", "keys.new"]));
    let at = SecretRef::Keys { generation: 3, key: "database.url".into() };
    assert_eq!(plan.answers["database.url"].secret, Some(at), "the next run takes it from where it is");
    assert!(codes(&plan).contains(&"KEY_OF_ENDPOINT"), "{:?}", plan.findings);
}

#[test]
fn a_key_secret_that_is_gone_is_refused_where_its_endpoint_would_have_to_be_known() {
    let first = recorded("1", 1, &["database.url"], vec![step(composed("s", "${database.url}", "database.url", 1))]);
    let none = back(std::slice::from_ref(&first), &There::default()).unwrap_err();
    assert!(none.to_string().contains("shop-keys-1 is gone"), "{none}");
    let second = recorded("1", 2, &["database.url"], vec![]);
    let there = There { generations: generations(&[(2, &[("database.url", B)])]), ..There::default() };
    let refused = back(&[second.clone(), first], &there).unwrap_err();
    assert!(
        refused.to_string().contains("shop-keys-1 is gone") && !refused.to_string().contains("b-pass"),
        "{refused}"
    );
    // What tells no endpoint is as good in the newest.
    let first = recorded("1", 1, &["keys.event"], vec![step(composed("s", "${keys.event}", "keys.event", 1))]);
    let there = There { generations: generations(&[(2, &[("keys.event", "two")])]), ..There::default() };
    assert_eq!(value(&back(&[second, first], &there).unwrap().1, "keys.event"), "two");
}

fn claim(size: &str, class: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "db", "namespace": "a", "annotations": {"slipway.dev/opened-by": "shop-keys-1/database.password"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": size}}},
    })
}

#[test]
fn a_claim_never_shrinks_keeps_what_it_was_made_with_and_names_the_keys_of_now() {
    let first = recorded("1", 1, &["database.password"], vec![step(wanted(claim("8Gi", "slow")))]);
    let mut live = claim("20Gi", "fast");
    live["spec"]["volumeName"] = json!("pv-1");
    let there = There {
        generations: generations(&[(1, &[("database.password", "one")]), (2, &[("database.password", "two")])]),
        live: vec![live],
        ..There::default()
    };
    let (plan, _) = back(&[recorded("2", 2, &["database.password"], vec![]), first.clone()], &there).unwrap();
    let object = &plan.steps[0].wanted.object;
    assert_eq!(object.text(&["spec", "resources", "requests", "storage"]), "20Gi");
    assert_eq!(object.text(&["spec", "storageClassName"]), "fast");
    assert_eq!(object.annotation(OPENED_BY), Some("shop-keys-2/database.password"));
    assert!(!matches!(plan.steps[0].action, Action::Replace { .. } | Action::Delete));
    assert!(
        codes(&plan).contains(&"CLAIM_SHRINKS") && !plan.findings.iter().any(Finding::blocks),
        "{:?}",
        plan.findings
    );
    // One that is gone took its data along.
    let (plan, _) = back(&[first], &There { live: vec![], ..there }).unwrap();
    assert!(codes(&plan).contains(&"CLAIM_EMPTY"), "{:?}", plan.findings);
}

fn deployment(replicas: Option<u32>) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
    });
    if let Some(replicas) = replicas {
        object["spec"]["replicas"] = replicas.into();
    }
    object
}

#[test]
fn the_number_of_replicas_that_another_owns_stays() {
    for (owner, sent) in [("kube-controller-manager", None), ("slipway:a/shop", Some(2))] {
        let mut live = deployment(Some(7));
        live["metadata"]["managedFields"] =
            json!([{"manager": owner, "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        let there = There { live: vec![live], ..There::default() };
        let (plan, _) = back(&[recorded("1", 0, &[], vec![step(wanted(deployment(Some(2))))])], &there).unwrap();
        assert_eq!(plan.steps[0].wanted.object.integer(&["spec", "replicas"]), sent, "{owner}");
        assert_eq!(codes(&plan).contains(&"REPLICAS_STAY"), sent.is_none(), "{owner}");
    }
}

#[test]
fn jobs_rest_definitions_stay_and_what_is_not_brought_back_is_not_waited_for() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "namespace": "a"}, "spec": {"template": {"spec": {"image": "old"}}}});
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.acme.io"}});
    let mut web = step(wanted(deployment(None)));
    web.after = vec![Object(job.clone()).id(), Object(crd.clone()).id()];
    let steps = vec![step(wanted(job.clone())), step(wanted(crd.clone())), web];
    let mut newer = job.clone();
    newer["spec"]["template"]["spec"]["image"] = json!("new");
    for (live, kinds) in
        [(vec![], vec!["CustomResourceDefinition", "Deployment"]), (vec![newer, crd], vec!["Job", "Deployment"])]
    {
        let (plan, _) = back(&[recorded("1", 0, &[], steps.clone())], &There { live, ..There::default() }).unwrap();
        assert_eq!(plan.steps.iter().map(|step| step.wanted.object.kind()).collect::<Vec<_>>(), kinds);
        let job = plan.steps.iter().find(|step| is_job(&step.wanted.object));
        assert!(job.is_none_or(|job| job.action == Action::Keep), "{job:?}");
        let web = plan.steps.last().unwrap();
        assert!(web.after.iter().all(|id| id.kind != "Job"), "{:?}", web.after);
        assert!(codes(&plan).contains(&"JOB_NOT_RUN"));
    }
}

#[test]
fn what_that_revision_did_not_have_is_named_before_it_goes_and_data_is_never_among_it() {
    let there = There { members: vec![deployment(None), claim("1Gi", "fast")], ..There::default() };
    let (plan, _) = back(&[recorded("2", 0, &[], vec![]), recorded("1", 0, &[], vec![])], &there).unwrap();
    let going: Vec<&str> = plan.steps.iter().map(|step| step.wanted.object.kind()).collect();
    assert_eq!((going, &plan.steps[0].action), (vec!["Deployment"], &Action::Delete));
    let data = plan.findings.iter().find(|finding| finding.code == "DATA_STAYS").unwrap();
    assert!(data.why.contains("what 2 wrote or migrated is read by 1"), "{data:?}");
}

#[test]
fn the_way_back_keeps_what_was_decided_about_an_earlier_installs_volumes() {
    use crate::facts::{Existing, Fate, Pact};
    let decided = Existing { key: false, fate: Fate::Aside, uid: "u".into(), instead: "db-2".into() };
    let pact = Pact(BTreeMap::from([("db".to_string(), decided)]));
    let with = |verb: Verb, pact: &Pact| {
        let mut plan = recorded("1.0.0", 1, &[], vec![]);
        (plan.verb, plan.target.pact) = (verb, pact.clone());
        plan
    };
    let none = Pact::default();
    for newer in [vec![with(Verb::Install, &pact)], vec![with(Verb::Uninstall, &none), with(Verb::Install, &pact)]] {
        let plans = [newer, vec![with(Verb::Install, &none)]].concat();
        let (plan, _) = back(&plans, &There::default()).unwrap();
        assert_eq!(plan.target.pact, pact);
    }
}
