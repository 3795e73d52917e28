use serde_json::{Map, Value, json};

use super::*;
use crate::facts::Facts;
use crate::plan::render::tests::{KEY, answers, product, secrets};
use crate::plan::{Action, OPEN_HASH, PLACEHOLDER, RESTART_HASH};
use crate::secret::{SecretText, Secrets};

pub(in crate::plan) const MANIFESTS: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {key: '${keys.key}', text: '${text}', first: '${text}'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, annotations: {slipway.dev/first-use-keys: first}}
data: {first: '${text}', labels: '${size(labels) == 0 ? "none" : "some"}'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
$after: [components.database]
spec:
  selector: {matchLabels: {app: '${flag ? "d" : "e"}'}}
  template:
    metadata: {labels: {app: '${flag ? "d" : "e"}'}}
    spec:
      containers:
        - {name: c, image: x, env: [{name: K, valueFrom: {secretKeyRef: {name: s, key: key}}}], envFrom: [{configMapRef: {name: c}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: x, args: ['${text}']}]
"#;

pub(in crate::plan) fn target() -> Target {
    Target { namespace: "space".into(), release: "rel".into(), ..Target::default() }
}

fn planned(more: Value, secrets: &Secrets, live: &BTreeMap<ObjectId, Object>) -> Result<Plan, Vec<Finding>> {
    let product = product(MANIFESTS);
    let (answers, facts) = (answers(more), Facts::assumed());
    let world = World::new(&product, &answers, secrets, &facts, ("space", "rel", "development"));
    install(&world, live, &target(), BTreeMap::new())
}

/// What `managedFields` says of an object that was applied whole.
fn fields(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (format!("f:{key}"), fields(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) if items.iter().all(|item| item["name"].is_string()) => Value::Object(
            items
                .iter()
                .map(|item| (format!("k:{}", json!({"name": item["name"]})), fields(item)))
                .collect::<Map<_, _>>(),
        ),
        _ => json!({}),
    }
}

/// The cluster after a plan was carried out.
pub(in crate::plan) fn carried_out(plan: &Plan, secrets: &Secrets) -> BTreeMap<ObjectId, Object> {
    use base64::Engine;
    let mut live = BTreeMap::new();
    for step in &plan.steps {
        let mut object = step.wanted.object.clone();
        for (key, recipe) in &step.wanted.recipes {
            let value = recipe.resolve(&|path, _| secrets.value(path).cloned()).unwrap().unwrap();
            let encoded = base64::engine::general_purpose::STANDARD.encode(value.expose());
            object.set(&["data", key], Value::from(encoded));
        }
        let hash = ["spec", "template", "metadata", "annotations", RESTART_HASH];
        if object.text(&hash) == OPEN_HASH {
            object.set(&hash, json!("abc"));
        }
        let entry = json!({"manager": target().field_manager(), "operation": "Apply", "fieldsV1": fields(&object.0)});
        object.set(&["metadata", "managedFields"], json!([entry]));
        object.set(&["metadata", "uid"], json!("u"));
        live.insert(object.id(), object);
    }
    live
}

pub(in crate::plan) fn of<'p>(plan: &'p Plan, short: &str) -> &'p Step {
    plan.steps.iter().find(|step| step.wanted.object.id().short() == short).unwrap()
}

fn paths(step: &Step) -> Vec<&str> {
    match &step.action {
        Action::Change { fields, .. } => fields.iter().map(|field| field.path.as_str()).collect(),
        _ => vec![],
    }
}

#[test]
fn a_first_install_creates_everything_in_the_order_of_the_waves() {
    let plan = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    assert!(plan.steps.iter().all(|step| step.action == Action::Create));
    assert!(plan.steps.is_sorted_by_key(|step| step.wave));
    let after: Vec<String> = of(&plan, "Deployment/d").after.iter().map(ObjectId::short).collect();
    assert_eq!(after, ["StatefulSet/db"]);
    assert_eq!(plan.waves.len(), 3, "{:?}", plan.waves);
    assert_eq!(plan.keys.generation, 1);
    assert!(!plan.keys.exists);
    let password = plan.keys.entries.iter().find(|entry| entry.path == "database.password").unwrap();
    assert_eq!(password.opens, ["data"]);
    assert_eq!(plan.health.len(), 1, "the component's own check: {:?}", plan.health);
    assert_eq!(plan.health[0].group, "database");
}

#[test]
fn a_plan_that_was_carried_out_has_nothing_left_to_do() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let again = planned(json!({}), &secrets(), &carried_out(&first, &secrets())).unwrap();
    for step in &again.steps {
        assert_eq!(step.action, Action::Keep, "{}", step.wanted.object.id());
    }
}

#[test]
fn a_changed_key_restarts_its_readers_and_its_value_is_nowhere_in_the_plan() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let mut rotated = secrets();
    rotated.0.get_mut("keys.key").unwrap().value = Some(SecretText::new("rotatedvalue"));
    let plan = planned(json!({}), &rotated, &carried_out(&first, &secrets())).unwrap();
    assert_eq!(paths(of(&plan, "Secret/s")), ["data.key"]);
    assert_eq!(paths(of(&plan, "Deployment/d")), ["spec.template.metadata.annotations[\"slipway.dev/restart-hash\"]"]);
    assert!(matches!(of(&plan, "Deployment/d").action, Action::Change { restarts: true, .. }));
    let text = serde_json::to_string(&plan).unwrap();
    for value in [KEY, "rotatedvalue"] {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(value);
        assert!(!text.contains(value) && !text.contains(&encoded), "{value}");
    }
    assert!(text.contains(PLACEHOLDER));
}

#[test]
fn what_is_read_at_the_first_use_only_or_by_nobody_restarts_nobody() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let plan = planned(json!({"text": "other"}), &secrets(), &carried_out(&first, &secrets())).unwrap();
    assert_eq!(paths(of(&plan, "ConfigMap/c")), ["data.first"]);
    assert_eq!(paths(of(&plan, "Secret/s")), ["data.text", "data.first"]);
    assert_eq!(of(&plan, "Deployment/d").action, Action::Keep);
}

#[test]
fn a_field_that_was_left_to_another_is_no_change_and_restarts_nobody() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let mut live = carried_out(&first, &secrets());
    let id = ObjectId::new("", "ConfigMap", "space", "c");
    live.get_mut(&id).unwrap().set(&["data", "labels"], json!("theirs"));
    let (product, answers, facts) = (product(MANIFESTS), answers(json!({})), Facts::assumed());
    let secrets = secrets();
    let world = World::new(&product, &answers, &secrets, &facts, ("space", "rel", "development"));
    let again = |left: &BTreeMap<_, _>| plan(Verb::Install, &world, &live, left, &target(), BTreeMap::new()).unwrap();
    assert_eq!(paths(of(&again(&BTreeMap::new()), "ConfigMap/c")), ["data.labels"]);
    let left = again(&BTreeMap::from([(id, vec!["data.labels".to_owned()])]));
    assert!(left.steps.iter().all(|step| step.action == Action::Keep));
}

#[test]
fn an_immutable_field_replaces_a_deployment_and_a_job() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let plan = planned(json!({"flag": false, "text": "other"}), &secrets(), &carried_out(&first, &secrets())).unwrap();
    let Action::Replace { why } = &of(&plan, "Deployment/d").action else { panic!("{:?}", of(&plan, "Deployment/d")) };
    assert!(why.contains("spec.selector.matchLabels.app"), "{why}");
    assert!(matches!(of(&plan, "Job/j").action, Action::Replace { .. }));
}

#[test]
fn a_stateful_set_and_a_claim_that_may_hold_data_are_never_replaced() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let mut live = carried_out(&first, &secrets());
    for object in live.values_mut() {
        match object.kind() {
            "StatefulSet" => object.set(&["spec", "serviceName"], json!("other")),
            "PersistentVolumeClaim" => {
                object.set(&["spec", "accessModes"], json!(["ReadWriteMany"]));
                object.set(&["spec", "volumeName"], json!("pv-1"));
            }
            _ => {}
        }
    }
    let plan = planned(json!({}), &secrets(), &live).unwrap();
    let codes: Vec<&str> = plan.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["IMMUTABLE_FIELD", "IMMUTABLE_FIELD"]);
    assert!(plan.steps.iter().all(|step| !matches!(step.action, Action::Replace { .. } | Action::Delete)));
}

#[test]
fn a_claim_that_was_never_bound_holds_no_data_and_is_made_anew_with_another_class() {
    let first = planned(json!({}), &secrets(), &BTreeMap::new()).unwrap();
    let mut live = carried_out(&first, &secrets());
    for object in live.values_mut().filter(|object| object.kind() == "PersistentVolumeClaim") {
        object.set(&["spec", "accessModes"], json!(["ReadWriteMany"]));
    }
    let plan = planned(json!({}), &secrets(), &live).unwrap();
    assert!(plan.findings.is_empty(), "{:?}", plan.findings);
    let Action::Replace { why } = &of(&plan, "PersistentVolumeClaim/data").action else { panic!("not replaced") };
    assert!(why.contains("never bound"), "{why}");
}

#[test]
fn a_claim_grows_and_never_shrinks() {
    let at = |size: &str| json!({"database.storage": size});
    let first = planned(at("2Gi"), &secrets(), &BTreeMap::new()).unwrap();
    let live = carried_out(&first, &secrets());
    let grown = planned(at("3Gi"), &secrets(), &live).unwrap();
    assert_eq!(paths(of(&grown, "PersistentVolumeClaim/data")), ["spec.resources.requests.storage"]);
    let shrunk = planned(at("1Gi"), &secrets(), &live).unwrap();
    let claim = of(&shrunk, "PersistentVolumeClaim/data");
    assert_eq!(claim.action, Action::Keep);
    assert_eq!(claim.wanted.object.text(&["spec", "resources", "requests", "storage"]), "2Gi");
    assert_eq!(shrunk.findings[0].code, "CLAIM_SHRINKS");
}

#[test]
fn the_key_secret_that_holds_every_entry_is_used_as_it_is() {
    let id = ObjectId::new("", "Secret", "space", "rel-keys-1");
    let keys = |data: Value| {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "rel-keys-1", "namespace": "space"}, "data": data});
        BTreeMap::from([(id.clone(), Object(object))])
    };
    let whole = keys(json!({"keys.key": "eA==", "database.password": "eA=="}));
    assert!(planned(json!({}), &secrets(), &whole).unwrap().keys.exists);
    let part = keys(json!({"keys.key": "eA=="}));
    assert!(!planned(json!({}), &secrets(), &part).unwrap().keys.exists);
}
