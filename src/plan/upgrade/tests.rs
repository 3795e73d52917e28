use serde_json::{Value, json};

use super::*;
use crate::facts::Facts;
use crate::finding::Severity;
use crate::plan::diff::holders;
use crate::plan::install::tests::{MANIFESTS, carried_out, of, target};
use crate::plan::render::tests::{answers, product, secrets};

const SCALED: &str = r#"
---
$when: text == "hpa"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: d}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, maxReplicas: 5}
---
$when: text == "keda"
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: d}
spec: {scaleTargetRef: {name: d}, triggers: []}
---
$when: size(list) > 0
apiVersion: v1
kind: Service
metadata: {name: extra}
spec: {ports: [{port: 80}]}
"#;

fn recorded(answers: &Value) -> BTreeMap<String, RecordedAnswer> {
    let all = answers.as_object().unwrap().iter();
    all.map(|(path, value)| {
        (path.clone(), RecordedAnswer { value: value.clone(), secret: None, origin: "default".into() })
    })
    .collect()
}

fn installed(more: Value) -> Plan {
    let product = product(&format!("{MANIFESTS}{SCALED}"));
    let (given, facts, secrets) = (answers(more.clone()), Facts::assumed(), secrets());
    let world = World::new(&product, &given, &secrets, &facts, ("space", "rel", "development"));
    install::install(&world, &BTreeMap::new(), &target(), recorded(&more)).unwrap()
}

/// From one plan that was carried out to other answers, over what is there by then.
fn changed(first: &Plan, more: Value, live: &BTreeMap<ObjectId, Object>) -> Plan {
    let product = product(&format!("{MANIFESTS}{SCALED}"));
    let (given, facts, secrets) = (answers(more.clone()), Facts::assumed(), secrets());
    let world = World::new(&product, &given, &secrets, &facts, ("space", "rel", "development"));
    let members: Vec<Object> = live.values().filter(|object| Class::of(object) != Class::Claim).cloned().collect();
    let earlier = Earlier {
        deployed: first,
        wanted: first.steps.iter().map(|step| (step.wanted.object.id(), vec![&step.wanted])).collect(),
        left: &BTreeMap::new(),
        members: &members,
        finally: "v1.2.3",
        caution: Caution::default(),
    };
    upgrade(&earlier, &world, live, &target(), recorded(&more)).unwrap()
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn titles(plan: &Plan, short: &str) -> (Action, String) {
    let step = of(plan, short);
    (step.action.clone(), plan.waves[step.wave as usize].clone())
}

#[test]
fn an_upgrade_to_the_same_does_nothing_and_says_nothing() {
    let first = installed(json!({}));
    let plan = changed(&first, json!({}), &carried_out(&first, &secrets()));
    assert!(plan.steps.iter().all(|step| step.action == Action::Keep));
    assert_eq!(codes(&plan), [""; 0]);
    assert_eq!(plan.verb, Verb::Upgrade);
}

#[test]
fn what_is_no_longer_wanted_goes_at_the_end_and_what_stands_in_the_way_right_before() {
    let first = installed(json!({"text": "hpa", "list": ["a"]}));
    let live = carried_out(&first, &secrets());
    let plan = changed(&first, json!({"text": "keda"}), &live);
    assert_eq!(titles(&plan, "Service/extra"), (Action::Delete, "No longer wanted".into()));
    assert_eq!(titles(&plan, "HorizontalPodAutoscaler/d"), (Action::Delete, "What has to make way".into()));
    assert_eq!(of(&plan, "ScaledObject/d").wave, of(&plan, "HorizontalPodAutoscaler/d").wave + 1);
    assert!(plan.steps.is_sorted_by_key(|step| step.wave));
    assert_eq!(plan.late(), of(&plan, "Service/extra").wave);
    let last = plan.steps.iter().map(|step| step.wave).max().unwrap();
    assert_eq!(plan.waves.len(), last as usize + 1, "{:?}", plan.waves);
    // Nothing comes in its place: it has time until the end.
    let fixed = changed(&first, json!({}), &live);
    assert_eq!(titles(&fixed, "HorizontalPodAutoscaler/d").1, "No longer wanted");
}

#[test]
fn a_claim_and_a_secret_never_leave_with_what_they_hold() {
    let first = installed(json!({}));
    let mut live = carried_out(&first, &secrets());
    let mut foreign = live[&of(&first, "Secret/s").wanted.object.id()].clone();
    foreign.set(&["metadata", "name"], json!("old"));
    live.insert(foreign.id(), foreign);
    let plan = changed(&first, json!({}), &live);
    let step = of(&plan, "Secret/old");
    assert_eq!(step.action, Action::Delete);
    assert!(step.wanted.object.at(&["data"]).is_none(), "a plan holds no secret");
    assert!(plan.steps.iter().all(|step| step.class != Class::Claim || step.action == Action::Keep));
}

#[test]
fn a_job_that_ran_and_was_cleaned_up_is_not_run_again_unless_it_changes() {
    let first = installed(json!({}));
    let mut live = carried_out(&first, &secrets());
    live.remove(&of(&first, "Job/j").wanted.object.id());
    assert_eq!(of(&changed(&first, json!({}), &live), "Job/j").action, Action::Keep);
    assert_eq!(of(&changed(&first, json!({"text": "other"}), &live), "Job/j").action, Action::Create);
}

/// A person with kubectl changes a field: it is theirs then.
fn by_hand(live: &mut BTreeMap<ObjectId, Object>, id: &ObjectId, path: &[&str], value: Value, fields: Value) {
    let object = live.get_mut(id).unwrap();
    object.set(path, value);
    let mut managers = object.list(&["metadata", "managedFields"]).to_vec();
    managers.push(json!({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields}));
    object.set(&["metadata", "managedFields"], managers.into());
}

fn hand(plan: &Plan) -> (Severity, String) {
    let found = plan.findings.iter().find(|finding| finding.code == "HAND_CHANGED").unwrap();
    (found.severity, found.why.clone())
}

#[test]
fn what_was_changed_by_hand_is_told_with_who_did_it_and_what_becomes_of_it() {
    let first = installed(json!({}));
    let id = of(&first, "ConfigMap/c").wanted.object.id();
    let mut live = carried_out(&first, &secrets());
    by_hand(&mut live, &id, &["data", "labels"], json!("mine"), json!({"f:data": {"f:labels": {}}}));
    let (severity, why) = hand(&changed(&first, json!({}), &live));
    assert_eq!(why, r#"data.labels was "none", is "mine" by kubectl-edit: is in conflict"#);
    assert_eq!(severity, Severity::Warning);
    // What is wanted now happens to be what somebody made of it.
    by_hand(&mut live, &id, &["data", "labels"], json!("some"), json!({}));
    let (severity, why) = hand(&changed(&first, json!({"labels": {"a": "b"}}), &live));
    assert!(why.ends_with("stays as it is"), "{why}");
    assert_eq!(severity, Severity::Info);
    // What is gone is made again.
    live.remove(&id);
    let plan = changed(&first, json!({}), &live);
    assert!(plan.findings.iter().any(|finding| finding.what == "ConfigMap/c was deleted by somebody"));
}

#[test]
fn an_entry_of_a_secret_that_was_changed_by_hand_is_told_without_its_value() {
    let first = installed(json!({}));
    let id = of(&first, "Secret/s").wanted.object.id();
    let mut live = carried_out(&first, &secrets());
    by_hand(&mut live, &id, &["data", "key"], json!("bWluZQ=="), json!({"f:data": {"f:key": {}}}));
    let (_, why) = hand(&changed(&first, json!({}), &live));
    assert_eq!(why, "data.key was hidden, is hidden by kubectl-edit: is in conflict");
}

#[test]
fn what_two_runs_may_have_left_is_nobodys_hand() {
    let first = installed(json!({}));
    let second = installed(json!({"labels": {"a": "b"}}));
    let live = carried_out(&second, &secrets());
    let product = product(&format!("{MANIFESTS}{SCALED}"));
    let (given, facts, secrets) = (answers(json!({})), Facts::assumed(), secrets());
    let world = World::new(&product, &given, &secrets, &facts, ("space", "rel", "development"));
    let mut wanted: BTreeMap<ObjectId, Vec<&Wanted>> = BTreeMap::new();
    for step in second.steps.iter().chain(&first.steps) {
        wanted.entry(step.wanted.object.id()).or_default().push(&step.wanted);
    }
    let (left, caution) = (BTreeMap::new(), Caution::default());
    let earlier = Earlier { deployed: &first, wanted, left: &left, members: &[], finally: "v1.2.3", caution };
    let plan = upgrade(&earlier, &world, &live, &target(), BTreeMap::new()).unwrap();
    assert!(!codes(&plan).contains(&"HAND_CHANGED"), "{:?}", plan.findings);
}

#[test]
fn a_preset_that_comes_out_otherwise_is_told_and_what_is_made_anew_with_what_that_means() {
    let first = installed(json!({"text": "old", "flag": true}));
    let live = carried_out(&first, &secrets());
    let plan = changed(&first, json!({"text": "new", "flag": false}), &live);
    let of = |code: &str| plan.findings.iter().find(|finding| finding.code == code).unwrap();
    assert_eq!(of("PRESETS_CHANGED").why, "flag: yes -> no (default); text: old -> new (default)");
    let anew: Vec<&str> =
        plan.findings.iter().filter(|one| one.code == "MADE_ANEW").map(|one| one.what.as_str()).collect();
    assert_eq!(anew.len(), 2, "{anew:?}");
    assert!(of("NO_WAY_BACK").why.contains("what Job/j does"), "{:?}", of("NO_WAY_BACK"));
}

#[test]
fn who_holds_a_field_is_found_through_keys_and_items() {
    let live = Object(json!({"metadata": {"managedFields": [
        {"manager": "one", "fieldsV1": {"f:data": {"f:a.b": {}}}},
        {"manager": "two", "fieldsV1": {"f:spec": {"f:list": {"k:{\"name\":\"x\"}": {"f:image": {}}}}}},
        {"manager": "all", "fieldsV1": {"f:spec": {}}},
    ]}}));
    let wanted = Object(json!({"data": {"a.b": 1}, "spec": {"list": [{"name": "y"}, {"name": "x", "image": "i"}]}}));
    assert_eq!(holders(&live, &wanted, r#"data["a.b"]"#), ["one"]);
    assert_eq!(holders(&live, &wanted, "spec.list[1].image"), ["two", "all"]);
    assert_eq!(holders(&live, &wanted, "spec.list[0].image"), ["all"]);
    assert!(holders(&live, &wanted, "data.c").is_empty());
}
