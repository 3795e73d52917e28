use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;
use crate::product::load::built_in_for_tests;
use crate::secret::SecretText;

fn object(value: Value) -> Object {
    Object(value)
}

fn sent(kind: &str, name: &str, more: Value) -> Object {
    let version = match kind {
        "Deployment" => "apps/v1",
        _ => "v1",
    };
    let mut made = object(json!({
        "apiVersion": version, "kind": kind,
        "metadata": {"name": name, "namespace": "n", "labels": {"helm.sh/chart": "inngest-0.3.1", MANAGED_BY: "Helm", "a": "b"}},
    }));
    for (key, value) in more.as_object().unwrap() {
        made.set(&[key], value.clone());
    }
    made
}

fn encoded(entries: &[(&str, &str)]) -> Value {
    Value::Object(entries.iter().map(|(key, value)| (key.to_string(), BASE64.encode(value).into())).collect())
}

fn workload(image: &str) -> Value {
    json!({"spec": {"replicas": 1, "template": {"spec": {
        "containers": [{"name": "inngest", "image": image, "env": null}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "inngest-postgresql"}}],
    }}}})
}

fn chart(objects: Vec<Object>) -> ChartRelease {
    let stored = |revision: u32| {
        object(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": format!("sh.helm.release.v1.inngest.v{revision}"), "namespace": "default"},
        }))
    };
    ChartRelease {
        name: "inngest".into(),
        namespace: "default".into(),
        revision: 2,
        status: "deployed".into(),
        newest_status: "deployed".into(),
        chart: "inngest".into(),
        version: "0.3.1".into(),
        values: json!({"commonLabels": {"team": "a"}}),
        manifest: objects,
        stored: vec![stored(1), stored(2)],
        ..ChartRelease::default()
    }
}

fn bundled() -> ChartRelease {
    let uri = "postgres://ana:wonderful@inngest-postgresql:5432/events";
    chart(vec![
        object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})),
        sent(
            "Secret",
            "inngest",
            json!({"type": "Opaque", "data": encoded(&[
                ("INNGEST_EVENT_KEY", "e1"), ("INNGEST_SIGNING_KEY", "aabb"), ("INNGEST_POSTGRES_URI", uri),
                ("INNGEST_REDIS_URI", "redis://inngest-redis:6379"), ("OTHER", "unknown to the product"),
            ])}),
        ),
        sent(
            "Secret",
            "inngest-postgresql",
            json!({"data": encoded(&[
                ("postgres-password", "wonderful"), ("postgres-username", "ana"), ("postgres-database", "events"), ("postgres-uri", uri),
            ])}),
        ),
        sent("ConfigMap", "inngest", json!({"data": {"INNGEST_POLL_INTERVAL": "7", "INNGEST_LOG_LEVEL": "loud"}})),
        sent("Deployment", "inngest", workload("mirror.example.com/inngest/inngest:v1.19.0")),
        sent("Deployment", "inngest-postgresql", workload("postgres:16")),
    ])
}

/// What is live of a chart: what was sent, with what the server and others added.
fn live(chart: &ChartRelease) -> BTreeMap<ObjectId, Object> {
    let mut all: Vec<Object> = chart.objects();
    for object in &mut all {
        object.set(&["metadata", "uid"], "u".into());
        object.set_annotation(HELM_MARKS[0], "inngest");
        if object.kind() == "Deployment" {
            object.set(&["spec", "progressDeadlineSeconds"], 600.into());
        }
    }
    all.into_iter().chain(chart.stored.iter().cloned()).map(|object| (object.id(), object)).collect()
}

fn target() -> Target {
    Target { namespace: "n".into(), release: "inngest".into(), ..Target::default() }
}

fn planned(chart: &ChartRelease) -> (Plan, Derived) {
    let product = built_in_for_tests("inngest");
    let live = live(chart);
    let derived = derive(&product, product.adopt.as_ref().unwrap(), chart, &live);
    (plan(chart, &derived, &Preview::default(), &live, &target(), &product), derived)
}

fn step<'a>(plan: &'a Plan, id: &str) -> &'a Step {
    plan.steps.iter().find(|step| step.wanted.object.id().short() == id).unwrap()
}

#[test]
fn answers_are_found_where_the_product_says_and_keep_the_type_of_their_question() {
    let (plan, derived) = planned(&bundled());
    let answer = |path: &str| plan.answers[path].value.clone();
    let told = [
        "database.mode",
        "queue.mode",
        "database.bundledUser",
        "database.image",
        "pollInterval",
        "registry",
        "version",
    ];
    assert_eq!(
        json!(told.map(answer)),
        json!(["bundled", "external", "ana", "postgres:16", 7, "mirror.example.com", "v1.19.0"])
    );
    assert_eq!(answer("commonLabels"), json!({"team": "a"}));
    assert!(derived.findings.iter().any(|finding| finding.code == "ADOPT_ANSWER" && finding.at == "logLevel"));
    assert!(!plan.answers.contains_key("logLevel"));
    assert_eq!(derived.version, "v1.19.0");
}

#[test]
fn every_secret_entry_is_made_again_as_it_is_and_no_value_is_in_the_plan() {
    let chart = bundled();
    let (plan, derived) = planned(&chart);
    let text = serde_json::to_string(&plan).unwrap();
    for value in ["wonderful", "aabb", "unknown to the product"] {
        assert!(!text.contains(value) && !text.contains(&BASE64.encode(value)), "{value}");
    }
    for sent in chart.objects().iter().filter(|object| object.kind() == "Secret") {
        let made = step(&plan, &sent.id().short()).wanted.complete(&derived.secrets);
        assert_eq!(made.at(&["data"]), sent.at(&["data"]), "{}", sent.name());
    }
    // The address follows a rotated password, and what the product has no key for is kept as it is.
    let recipe = &step(&plan, "Secret/inngest").wanted.recipes["INNGEST_POSTGRES_URI"];
    let rotated = recipe.resolve(&|path, _| (path == "database.password").then(|| SecretText::new("new"))).unwrap();
    assert_eq!(rotated.unwrap().expose(), "postgres://ana:new@inngest-postgresql:5432/events");
    let paths: Vec<&str> = plan.keys.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["adopted.inngest.OTHER", "database.password", "keys.event", "keys.signing", "queue.url"]);
}

#[test]
fn nothing_but_labels_and_annotations_changes_and_the_namespace_is_not_written() {
    let (plan, _) = planned(&bundled());
    let deployment = step(&plan, "Deployment/inngest");
    let Action::Change { fields, restarts: false } = &deployment.action else { panic!("{:?}", deployment.action) };
    assert!(fields.iter().all(|field| field.path.starts_with("metadata.")), "{fields:?}");
    assert_eq!(deployment.wanted.object.at(&["spec", "progressDeadlineSeconds"]), None, "a default is not Helm's");
    assert_eq!(deployment.wanted.object.label("a"), Some("b"));
    assert_eq!(deployment.wanted.object.label(CHART), None);
    assert_eq!(deployment.wanted.object.label(PART_OF), Some(target().set_id().as_str()));
    assert!(!plan.steps.iter().any(|step| step.wanted.object.kind() == "Namespace"));
}

#[test]
fn helms_record_goes_after_everything_else_and_the_revision_that_counts_last_of_all() {
    let (plan, _) = planned(&bundled());
    let goes: Vec<(String, u32)> = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Delete)
        .map(|step| (step.wanted.object.name().to_string(), step.wave))
        .collect();
    assert_eq!(
        goes,
        [("sh.helm.release.v1.inngest.v1".to_string(), 1), ("sh.helm.release.v1.inngest.v2".to_string(), 2)]
    );
    assert!(plan.steps.iter().all(|step| step.action == Action::Delete || step.wave == 0));
    assert_eq!(plan.late(), 3, "it goes with the run, and is not put off");
}

#[test]
fn a_run_that_was_begun_is_planned_the_same_again() {
    let chart = bundled();
    let product = built_in_for_tests("inngest");
    let (before, derived) = planned(&chart);
    // Half of it is done: labels are ours, Helm's marks are gone, an older revision of the record too.
    let mut half = live(&chart);
    half.remove(&chart.stored[0].id());
    for wanted in before.steps.iter().filter(|step| step.action != Action::Delete).map(|step| &step.wanted).take(3) {
        let there = half.get_mut(&wanted.object.id()).unwrap();
        there.set(&["metadata", "labels"], wanted.object.at(&["metadata", "labels"]).unwrap().clone());
        there.remove(&["metadata", "annotations"]);
    }
    let again = plan(&chart, &derived, &Preview::default(), &half, &target(), &product);
    let wanted = |plan: &Plan| -> Vec<Wanted> {
        plan.steps.iter().filter(|step| step.action != Action::Delete).map(|step| step.wanted.clone()).collect()
    };
    assert_eq!(wanted(&again), wanted(&before));
    assert_eq!(again.keys, before.keys);
}

#[test]
fn helm_must_be_done_with_a_release_of_a_chart_that_is_known() {
    let product = built_in_for_tests("inngest");
    let adopt = product.adopt.as_ref().unwrap();
    assert!(judge(&bundled(), &product, adopt).is_ok());
    let cases = [
        (ChartRelease { newest_status: "pending-rollback".into(), ..bundled() }, "pending-rollback"),
        (ChartRelease { newest_status: "uninstalling".into(), ..bundled() }, "has taken inngest away"),
        (ChartRelease { chart: "other".into(), ..bundled() }, "of the chart other"),
        (ChartRelease { version: "0.4.0".into(), ..bundled() }, "0.4.0 is not known"),
    ];
    for (chart, told) in cases {
        let failure = judge(&chart, &product, adopt).unwrap_err();
        assert!(failure.to_string().contains(told) && !failure.hints.is_empty() || told.contains("other"), "{failure}");
    }
}

#[test]
fn data_in_a_pod_is_found_by_what_the_workload_mounts() {
    let product = built_in_for_tests("inngest");
    let adopt = product.adopt.as_ref().unwrap();
    let mut chart = bundled();
    assert_eq!(of_data(adopt, &chart, &live(&chart), &target()), []);
    for object in chart.manifest.iter_mut().filter(|object| object.name() == "inngest-postgresql") {
        object.set(&["spec", "template", "spec", "volumes"], json!([]));
    }
    let found = of_data(adopt, &chart, &live(&chart), &target());
    assert_eq!(found.len(), 1);
    assert!(found[0].blocks() && found[0].remedy.contains("kubectl -n n exec deploy/inngest-postgresql"), "{found:?}");
}

#[test]
fn an_entry_that_is_not_text_is_refused_by_its_name_and_its_value_is_in_no_plan() {
    let (_, whole) = planned(&bundled());
    assert!(recordable(&bundled(), &whole).is_ok());
    let mut chart = bundled();
    let value = BASE64.encode([0xff, 0xfe, 0x00, 0x80]);
    for object in chart.manifest.iter_mut().filter(|object| object.id().short() == "Secret/inngest") {
        object.set(&["data", "keystore.p12"], value.clone().into());
    }
    let (plan, derived) = planned(&chart);
    assert!(!serde_json::to_string(&plan).unwrap().contains(&value));
    let refused = recordable(&chart, &derived).unwrap_err();
    assert_eq!(refused.kind, crate::error::FailureKind::Refused);
    assert!(refused.what.contains("keystore.p12 of Secret/inngest is not text"), "{refused}");
}
