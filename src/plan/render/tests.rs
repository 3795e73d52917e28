use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::facts::Facts;
use crate::plan::{OPEN_HASH, PLACEHOLDER, RESTART_HASH};
use crate::product::load::{Files, built_in_for_tests, components_for_tests, load};
use crate::product::schema::Product;
use crate::secret::{Secret, SecretRef, SecretSource, SecretText, Secrets};

mod silent;

/// A product with some questions, a component and the manifests given.
pub(in crate::plan) fn product(manifests: &str) -> Product {
    let yaml = r#"
slipway: 1
name: demo
title: Demo
about: A product for tests
namespace: demo
profiles: [development]
versions: {default: v1.2.3}
pages:
  - id: all
    title: All
    questions:
      - {id: text, type: text, ask: Text, default: plain}
      - {id: flag, type: yesno, ask: Flag, default: true}
      - {id: list, type: list, of: text, ask: List, default: []}
      - {id: labels, type: map, ask: Labels, default: {}}
      - {id: url, type: secret, ask: URL, optional: true}
    keys: [key]
  - {id: database, title: Database, questions: [{component: database}]}
keys:
  key: {generate: {hex: 32}, ask: Key}
values:
  dsn: 'prefix ${keys.key}'
components:
  database: {use: postgresql, mode: bundled, with: {name: db, claim: data, database: d, user: u}}
"#;
    let mut files = Files::new();
    files.insert("product.yaml".into(), yaml.into());
    files.insert(
        "development.yaml".into(),
        "title: Development\nabout: For tests\nproduction: false\nanswers: {}\n".into(),
    );
    files.insert("manifests/server.yaml".into(), manifests.into());
    load("demo", &files, &components_for_tests()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn secret(value: &str, at: SecretRef, source: SecretSource) -> Secret {
    Secret { source, value: Some(SecretText::new(value)), at }
}

pub(in crate::plan) fn key(path: &str, value: &str) -> (String, Secret) {
    (path.into(), secret(value, SecretRef::Keys { generation: 1, key: path.into() }, SecretSource::Generated))
}

pub(in crate::plan) const KEY: &str = "s3cr3tkeyvalue";
pub(in crate::plan) const PASSWORD: &str = "databasepasswordvalue";

pub(in crate::plan) fn secrets() -> Secrets {
    Secrets(BTreeMap::from([key("keys.key", KEY), key("database.password", PASSWORD)]))
}

pub(in crate::plan) fn answers(more: Value) -> BTreeMap<String, Value> {
    let mut all = json!({"text": "plain", "flag": true, "list": [], "labels": {}, "database.storage": "1Gi"});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn rendered_with(manifests: &str, more: Value, facts: &Facts, secrets: &Secrets) -> Result<Rendered, Vec<Finding>> {
    let product = product(manifests);
    let answers = answers(more);
    render(&World::new(&product, &answers, secrets, facts, ("space", "rel", "development")))
}

fn rendered(manifests: &str, more: Value) -> Vec<Wanted> {
    let found =
        rendered_with(manifests, more, &Facts::assumed(), &secrets()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    found.objects.into_iter().filter(|wanted| wanted.group == "server").collect()
}

/// The `data` of the one ConfigMap of a manifest.
fn data(body: &str, more: Value) -> Value {
    let manifest = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{body}");
    rendered(&manifest, more)[0].object.at(&["data"]).unwrap().clone()
}

fn faults(manifests: &str, more: Value) -> Vec<String> {
    let found = rendered_with(manifests, more, &Facts::assumed(), &secrets()).unwrap_err();
    found.iter().map(|finding| format!("{}: {} ({})", finding.code, finding.what, finding.at)).collect()
}

#[test]
fn a_null_entry_is_dropped_and_an_empty_map_or_list_is_kept() {
    let made = data("  a: ${null}\n  b: {}\n  c: []\n  d: [1, '${null}', 2]\n  e: {x: '${null}'}\n", json!({}));
    assert_eq!(made, json!({"b": {}, "c": [], "d": [1, 2], "e": {}}));
}

#[test]
fn a_scalar_that_is_one_expression_takes_its_type_and_mixed_text_is_text() {
    let made =
        data("  a: ${1 + 1}\n  b: '${flag}'\n  c: n${1 + 1}-${flag}\n  d: \"8288\"\n  e: $${x} $(VAR) $\n", json!({}));
    assert_eq!(made, json!({"a": 2, "b": true, "c": "n2-true", "d": "8288", "e": "${x} $(VAR) $"}));
}

#[test]
fn each_directive_does_what_it_says() {
    let more = json!({"list": ["x", "y"], "labels": {"k": "v", "w": "1"}, "flag": false});
    for (body, wanted) in [
        ("  a:\n    - $each: {item: list}\n      name: ${item}\n", json!({"a": [{"name": "x"}, {"name": "y"}]})),
        (
            "  a:\n    - $each: {item: list}\n      $when: item != \"x\"\n      $value: 'is ${item}'\n",
            json!({"a": ["is y"]}),
        ),
        ("  a:\n    - first\n    - $splice: ${list}\n    - last\n", json!({"a": ["first", "x", "y", "last"]})),
        ("  a:\n    - $when: flag\n      $splice: ${list}\n", json!({"a": []})),
        ("  a: {$when: flag, b: 1}\n  c: 1\n", json!({"c": 1})),
        ("  a: {$when: true, b: 1}\n", json!({"a": {"b": 1}})),
        (
            "  a: {$merge: ['${labels}', {w: \"2\"}, '${null}'], z: \"3\"}\n",
            json!({"a": {"k": "v", "w": "2", "z": "3"}}),
        ),
        ("  a: {$json: {b: ['${list[0]}', '${null}']}}\n", json!({"a": "{\n  \"b\": [\n    \"x\"\n  ]\n}\n"})),
    ] {
        assert_eq!(data(body, more.clone()), wanted, "{body}");
    }
}

#[test]
fn yaml_text_reads_back_as_the_tree_it_was_made_of() {
    let made = data("  a: {$yaml: {b: '${text}', c: [1, {d: \"1\"}]}}\n", json!({"text": "x: y # \"z\"\n- 1e3"}));
    let back: Value = serde_yaml::from_str(made["a"].as_str().unwrap()).unwrap();
    assert_eq!(back, json!({"b": "x: y # \"z\"\n- 1e3", "c": [1, {"d": "1"}]}));
}

#[test]
fn a_whole_object_may_be_repeated_or_left_out() {
    let manifest = "$each: {item: list}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'm-${item}'}\n---\n$when: '!flag'\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    let names: Vec<String> =
        rendered(manifest, json!({"list": ["x", "y"]})).iter().map(|wanted| wanted.object.name().to_owned()).collect();
    assert_eq!(names, ["m-x", "m-y"]);
}

#[test]
fn misused_directives_are_faults_with_their_place() {
    for (body, code) in [
        ("  a: {$merge: ['${labels}'], k: 1}\n", "DIRECTIVE: `k`"),
        ("  a: {$each: {x: list}, b: 1}\n", "DIRECTIVE: $each stands"),
        ("  a: [{$splice: '${text}'}]\n", "DIRECTIVE: $splice takes a list"),
        ("  a: {$yaml: {b: 1}, c: 1}\n", "DIRECTIVE: `c` stands beside $yaml"),
        ("  a: '${keys.key}'\n", "SECRET_SHOWS"),
        ("  a: '${size(keys.key)}'\n", "SECRET_SHOWS"),
        ("  a: {$json: '${values.dsn}'}\n", "SECRET_SHOWS"),
        ("  a: {$when: keys.key == \"x\", b: 1}\n", "SECRET_SHOWS"),
        ("  a: ${text + 1}\n", "EXPRESSION"),
    ] {
        let manifest = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{body}");
        let found = faults(&manifest, json!({"labels": {"k": "v"}}));
        assert!(found.iter().any(|fault| fault.starts_with(code)), "{body} {found:?}");
        assert!(found.iter().all(|fault| fault.contains("server.yaml:")), "{found:?}");
        assert!(found.iter().all(|fault| !fault.contains(KEY)), "{found:?}");
    }
}

const SECRET: &str = r#"
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
  clean: ${text}
  key: ${keys.key}
  dsn: 'a "${values.dsn}" $${b}'
  url: ${components.database.url}
  file: {$yaml: {auth: {token: '${keys.key}', "on": true}, note: '$${x}'}}
  none: ${url}
stringData: {more: x}
"#;

#[test]
fn the_data_of_a_secret_is_encoded_and_a_secret_in_it_becomes_a_recipe() {
    let made = rendered(SECRET, json!({}));
    let data = made[0].object.at(&["data"]).unwrap();
    assert_eq!(data["clean"], json!(STANDARD.encode("plain")));
    assert_eq!(data["more"], json!(STANDARD.encode("x")));
    assert_eq!(made[0].object.at(&["stringData"]), None);
    for key in ["key", "dsn", "url", "file"] {
        assert_eq!(data[key], json!(PLACEHOLDER), "{key}");
    }
    assert_eq!(data.get("none"), None, "a secret that is not given is null");
    let resolve = |key: &str| {
        let secrets = secrets();
        let value = made[0].recipes[key].resolve(&|path, _| secrets.value(path).cloned()).unwrap().unwrap();
        value.expose().to_owned()
    };
    assert_eq!(resolve("key"), KEY);
    assert_eq!(resolve("dsn"), format!("a \"prefix {KEY}\" ${{b}}"));
    assert_eq!(resolve("url"), format!("postgres://u:{PASSWORD}@db:5432/d"));
    let file: Value = serde_yaml::from_str(&resolve("file")).unwrap();
    assert_eq!(file, json!({"auth": {"token": KEY, "on": true}, "note": "${x}"}));
}

#[test]
fn no_secret_value_is_anywhere_in_what_is_rendered() {
    let product = product(SECRET);
    let (answers, secrets, facts) = (answers(json!({})), secrets(), Facts::assumed());
    let all = render(&World::new(&product, &answers, &secrets, &facts, ("space", "rel", "development"))).unwrap();
    let text = serde_json::to_string(&all.objects).unwrap();
    for value in [KEY, PASSWORD] {
        assert!(!text.contains(value) && !text.contains(&STANDARD.encode(value)), "{value}");
    }
}

#[test]
fn a_secret_reference_names_where_the_secret_lives() {
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      env:\n        - {name: A, valueFrom: {$secretRef: keys.key}}\n        - {name: B, valueFrom: {$secretRef: url}}\n";
    let mut secrets = secrets();
    let at = SecretRef::Existing { namespace: "space".into(), name: "given".into(), key: "dsn".into() };
    secrets.0.insert("url".into(), Secret { source: SecretSource::Existing, value: None, at });
    let made = rendered_with(manifest, json!({}), &Facts::assumed(), &secrets).unwrap();
    let pod = made.objects.iter().find(|wanted| wanted.object.kind() == "Pod").unwrap();
    assert_eq!(
        pod.object.pod_spec().unwrap()["containers"][0]["env"],
        json!([
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "rel-keys-1", "key": "keys.key"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "given", "key": "dsn"}}},
        ])
    );
}

#[test]
fn copying_a_secret_that_may_not_be_read_is_a_fault_that_names_the_missing_right() {
    let mut all = secrets();
    let at = SecretRef::Existing { namespace: "space".into(), name: "given".into(), key: "dsn".into() };
    all.0.insert("url".into(), Secret { source: SecretSource::Existing, value: None, at: at.clone() });
    let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: '${url}'}\n";
    let found = rendered_with(manifest, json!({}), &Facts::assumed(), &all).unwrap_err();
    assert_eq!(found[0].code, "SECRET_UNREADABLE");
    assert!(found[0].remedy.contains("secrets/given"), "{found:?}");
    all.0.insert("url".into(), secret("x", at, SecretSource::Existing));
    let found = rendered_with(manifest, json!({}), &Facts::assumed(), &all).unwrap();
    assert_eq!(found.findings[0].code, "SECRET_COPIED");
}

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
$after: [components.database]
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      $waitFor: [components.database]
      securityContext: {fsGroup: 1000}
      containers:
        - {name: c, image: x, envFrom: [{secretRef: {name: s}}], securityContext: {runAsUser: 5, allowPrivilegeEscalation: true}}
"#;

#[test]
fn pods_get_what_the_manifest_is_silent_about_and_keep_what_it_says() {
    let made = rendered(DEPLOYMENT, json!({}));
    let spec = made[0].object.pod_spec().unwrap();
    assert_eq!(spec["enableServiceLinks"], json!(false));
    assert_eq!(
        spec["securityContext"],
        json!({"fsGroup": 1000, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}})
    );
    assert_eq!(
        spec["containers"][0]["securityContext"],
        json!({"runAsUser": 5, "allowPrivilegeEscalation": true, "capabilities": {"drop": ["ALL"]}})
    );
    assert_eq!(made[0].object.text(&["spec", "template", "metadata", "annotations", RESTART_HASH]), OPEN_HASH);
    assert_eq!(made[0].after, ["components.database"]);
    assert_eq!(made[0].object.namespace(), "space");
    assert_eq!(made[0].object.at(&["spec", "selector"]), Some(&json!({"matchLabels": {"app": "d"}})));
}

#[test]
fn on_openshift_fixed_uids_and_groups_are_left_out() {
    let facts = Facts { openshift: true, ..Facts::assumed() };
    let made = rendered_with(DEPLOYMENT, json!({}), &facts, &secrets()).unwrap();
    let text = serde_json::to_string(&made.objects).unwrap();
    for left_out in ["runAsUser", "runAsGroup", "\"fsGroup\""] {
        assert!(!text.contains(left_out), "{left_out}");
    }
}

#[test]
fn the_container_of_a_component_waits_in_front() {
    let made = rendered(DEPLOYMENT, json!({}));
    let wait = &made[0].object.pod_spec().unwrap()["initContainers"][0];
    assert_eq!(wait["name"], "wait-database");
    assert_eq!(wait["image"], "postgres:17");
    assert_eq!(wait["resources"]["requests"], json!({"cpu": "10m", "memory": "16Mi"}));
    assert_eq!(wait["securityContext"]["allowPrivilegeEscalation"], json!(false));
    assert!(!serde_json::to_string(&made[0].object).unwrap().contains("$waitFor"));
}

#[test]
fn ordinary_objects_are_members_of_the_set_and_claims_are_not() {
    let product = product(DEPLOYMENT);
    let (answers, secrets, facts) = (answers(json!({})), secrets(), Facts::assumed());
    let all = render(&World::new(&product, &answers, &secrets, &facts, ("space", "rel", "development"))).unwrap();
    for wanted in &all.objects {
        let object = &wanted.object;
        let member = object.label("applyset.kubernetes.io/part-of");
        assert_eq!(object.label("app.kubernetes.io/instance"), Some("rel"));
        assert_eq!(object.label("app.kubernetes.io/managed-by"), Some("slipway"));
        if object.kind() == "PersistentVolumeClaim" {
            assert_eq!(member, None);
            assert_eq!(object.label("slipway.dev/release"), Some("rel"));
            assert_eq!(object.annotation("slipway.dev/opened-by"), Some("rel-keys-1/database.password"));
        } else {
            assert_eq!(member, Some(crate::plan::set::set_id("slipway-rel", "space", "ConfigMap", "").as_str()));
        }
    }
    assert!(all.objects.iter().any(|wanted| wanted.object.kind() == "PersistentVolumeClaim"));
}

#[test]
fn two_objects_of_one_name_are_a_fault() {
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    assert!(faults(&format!("{one}---\n{one}"), json!({}))[0].starts_with("DUPLICATE_OBJECT"));
}

#[test]
fn every_profile_of_inngest_renders() {
    let product = built_in_for_tests("inngest");
    for profile in &product.profiles {
        let mut answers = BTreeMap::new();
        for (path, question) in &product.questions {
            if let Some(default) = &question.default {
                let value = default.to_json();
                if !value.to_string().contains("${") {
                    answers.insert(path.clone(), value);
                }
            }
        }
        // A component's questions have the defaults that the product gives.
        answers.extend(
            ["networkPolicy.enabled", "database.maxOpenConnections"]
                .map(String::from)
                .into_iter()
                .zip([json!(false), json!(80)]),
        );
        answers.extend(profile.answers.iter().map(|(path, value)| (path.clone(), value.clone())));
        let secrets = Secrets(BTreeMap::from([
            key("keys.event", "eventkey"),
            key("keys.signing", "abcd"),
            key("database.password", "pw1"),
            key("queue.password", "pw2"),
        ]));
        let facts = Facts::assumed();
        let world = World::new(&product, &answers, &secrets, &facts, ("inngest", "inngest", &profile.id));
        let made = render(&world).unwrap_or_else(|faults| panic!("{} {faults:#?}", profile.id));
        assert!(made.objects.iter().any(|wanted| wanted.object.kind() == "Deployment"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_text_answer_changes_the_structure_of_a_manifest(text in "(\\PC|[\"'{}$:#\n\\-\\\\&*!|>%@`]){0,40}") {
        let body = "  a: ${text}\n  b: x ${text} y\n  c: [ '${text}' ]\n  d: {$yaml: {e: '${text}'}}\n  f: {$json: ['${text}']}\n";
        let made = data(body, json!({"text": text}));
        prop_assert_eq!(&made["a"], &json!(text));
        prop_assert_eq!(&made["b"], &json!(format!("x {text} y")));
        prop_assert_eq!(&made["c"], &json!([text]));
        let yaml: Value = serde_yaml::from_str(made["d"].as_str().unwrap()).unwrap();
        prop_assert_eq!(yaml, json!({"e": text}));
        let json: Value = serde_json::from_str(made["f"].as_str().unwrap()).unwrap();
        prop_assert_eq!(json, json!([text]));
        prop_assert_eq!(made.as_object().unwrap().len(), 5);
    }
}
