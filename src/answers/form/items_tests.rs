use serde_json::json;

use super::*;
use crate::answers::file;
use crate::plan::install::install;
use crate::plan::render::render;
use crate::plan::{PLACEHOLDER, Plan, Target};
use crate::product::load::{Components, Files, load};
use crate::secret::{Secret, SecretRef, SecretSource};

const PRODUCT: &str = r#"
slipway: 1
name: demo
title: Demo
about: For tests
profiles: [dev]
versions: {default: v1.0.0}
pages:
  - id: users
    title: Users
    questions:
      - id: users
        type: list
        key: name
        ask: Users
        default: []
        fields:
          - {id: name, type: text, ask: Name, checks: [{that: 'self != "root"', say: may not be root}]}
          - {id: level, type: number, ask: Level, default: '${base + 1}'}
          - {id: password, type: secret, ask: Password, generate: {password: 24}, checks: [{that: 'size(self) >= 8', say: needs 8 characters}]}
          - {id: token, type: secret, ask: Token, optional: true}
          - {id: url, type: secret, ask: Address, when: ''}
      - {id: base, type: number, ask: Base, default: 4}
values:
  lines: '${users.map(u, u.name + ":" + u.password).join(",")}'
  high: '${users.filter(u, u.level > 4)}'
"#;

const MANIFEST: &str = r#"
$each: {user: values.high}
apiVersion: v1
kind: Secret
metadata: {name: 'user-${user.name}'}
data:
  password: ${user.password}
  level: ${string(user.level)}
  token: ${user.token}
---
apiVersion: v1
kind: Secret
metadata: {name: all}
data:
  lines: ${values.lines}
  users.yaml: {$yaml: {users: [{$each: {user: users}, name: '${user.name}', password: '${user.password}'}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          image: app:1
          env:
            - {$each: {user: users}, name: 'PASSWORD_${user.name}', valueFrom: {$secretRef: user.password}}
            - {$each: {user: users}, $when: given(user.token), name: 'TOKEN_${user.name}', valueFrom: {$secretRef: user.token}}
"#;

fn product() -> Arc<Product> {
    let text = PRODUCT.lines().filter(|line| !line.contains("when: ''")).collect::<Vec<_>>().join("\n");
    let mut files = Files::new();
    files.insert("product.yaml".into(), text.into());
    files.insert("dev.yaml".into(), "title: D\nabout: x\nanswers: {}\n".into());
    files.insert("manifests/app.yaml".into(), MANIFEST.into());
    Arc::new(load("demo", &files, &Components::new()).unwrap_or_else(|faults| panic!("{faults:#?}")))
}

struct Outside;

impl Sources for Outside {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "ALICE").then(|| "hunter2hunter2".into())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        if path == "/short" { Ok("short\n".into()) } else { Err("no such file".into()) }
    }

    fn existing(&self, _name: &str, _key: &str) -> Result<Option<SecretText>, String> {
        Ok(Some(SecretText::new("existing-value")))
    }
}

fn form_with(layers: Layers) -> Form {
    let place = Place { namespace: "space".into(), release: "rel".into(), profile: "dev".into() };
    Form::new(product(), place, Arc::new(Facts::assumed()), layers, Arc::new(Outside), [7; 32])
}

fn form(answers: &str) -> Form {
    let file = file::read("answers.yaml", answers, &product()).unwrap_or_else(|faults| panic!("{faults:#?}")).answers;
    form_with(Layers { file, ..Layers::default() })
}

const ANSWERS: &str =
    "users:\n  - {name: alice, password: 'env:ALICE', token: 'secret:tokens/alice'}\n  - {name: bob, level: 9}\n";

fn plan(form: &Form) -> Plan {
    let target = Target { namespace: "space".into(), release: "rel".into(), ..Target::default() };
    install(&form.world(), &BTreeMap::new(), &target, form.recorded()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn each_secret_of_an_item_is_a_key_of_its_own_and_the_list_is_clean() {
    let form = form(ANSWERS);
    assert_eq!(form.faults(), []);
    assert_eq!(form.answers()["users"], json!([{"name": "alice", "level": 5}, {"name": "bob", "level": 9}]));
    let secrets = &form.secrets().0;
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["users.alice.password", "users.alice.token", "users.bob.password"]);
    assert_eq!(secrets["users.alice.password"].source, SecretSource::Brought);
    assert_eq!(secrets["users.bob.password"].source, SecretSource::Generated);
    assert_eq!(secrets["users.bob.password"].value.as_ref().unwrap().expose().len(), 24);
    let at = SecretRef::Existing { namespace: "space".into(), name: "tokens".into(), key: "alice".into() };
    assert_eq!(secrets["users.alice.token"].at, at);
}

#[test]
fn the_secrets_of_items_end_in_secrets_and_in_references_only() {
    let form = form(ANSWERS);
    let made = render(&form.world()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let text = serde_json::to_string(&made.objects).unwrap();
    let bob = form.secrets().value("users.bob.password").unwrap().expose().to_owned();
    assert!(!text.contains("hunter2") && !text.contains(&bob), "{text}");
    let find = |name: &str| made.objects.iter().find(|one| one.object.name() == name).unwrap();
    assert_eq!(find("user-alice").object.at(&["data", "password"]), Some(&json!(PLACEHOLDER)));
    let resolve = |name: &str, key: &str| {
        let value = find(name).recipes[key].resolve(&|path, _| form.secrets().value(path).cloned());
        value.unwrap().unwrap().expose().to_owned()
    };
    assert_eq!(resolve("user-alice", "password"), "hunter2hunter2");
    assert_eq!(resolve("user-alice", "token"), "existing-value");
    assert_eq!(find("user-bob").recipes.keys().collect::<Vec<_>>(), ["password"], "a token that is not given is null");
    assert_eq!(resolve("all", "lines"), format!("alice:hunter2hunter2,bob:{bob}"));
    let file: Value = serde_yaml::from_str(&resolve("all", "users.yaml")).unwrap();
    assert_eq!(file["users"][1], json!({"name": "bob", "password": bob}));
    let env = &find("app").object.pod_spec().unwrap()["containers"][0]["env"];
    assert_eq!(
        *env,
        json!([
            {"name": "PASSWORD_alice", "valueFrom": {"secretKeyRef": {"name": "rel-keys-1", "key": "users.alice.password"}}},
            {"name": "PASSWORD_bob", "valueFrom": {"secretKeyRef": {"name": "rel-keys-1", "key": "users.bob.password"}}},
            {"name": "TOKEN_alice", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "alice"}}},
        ])
    );
}

#[test]
fn plan_and_record_hold_references_to_the_secrets_of_items() {
    let form = form(ANSWERS);
    let plan = plan(&form);
    let entries: Vec<&str> = plan.keys.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(entries, ["users.alice.password", "users.bob.password"]);
    let recorded = &plan.answers["users.alice.token"];
    assert_eq!((recorded.value.clone(), recorded.origin.as_str()), (Value::Null, "file"));
    assert!(matches!(recorded.secret, Some(SecretRef::Existing { .. })), "{recorded:?}");
    let text = serde_json::to_string(&plan).unwrap();
    let bob = form.secrets().value("users.bob.password").unwrap();
    assert!(!text.contains("hunter2") && !text.contains(bob.expose()), "{text}");
}

#[test]
fn a_plain_value_inside_an_item_is_refused_everywhere_and_never_repeated() {
    let faults = file::read("a.yaml", "users: [{name: a, password: hunter2}]\n", &product()).unwrap_err();
    assert_eq!(faults[0].at, "a.yaml:1:8");
    assert_eq!(
        faults[0].what,
        "users entry 1: password is a secret: write env:NAME, file:PATH, generate or secret:NAME/KEY"
    );
    let mut form = form("{}");
    let refused = form.set("users", Input::Text("[{name: a, password: hunter2}]".into())).unwrap_err();
    assert!(refused.what.contains("is a secret: write env:NAME"), "{refused}");
    assert!(!refused.to_string().contains("hunter2"));
    let refused = form.set("users", Input::Text("[{name: 'a b', password: generate}]".into())).unwrap_err();
    assert!(refused.what.contains("letters, digits"), "{refused}");
}

#[test]
fn the_checks_of_fields_are_run_on_every_item() {
    for (answers, told) in [
        ("users: [{name: root}]", "has a wrong name for root: may not be root"),
        ("users: [{name: a, password: 'file:/short'}]", "has a wrong password for a: needs 8 characters"),
        (
            "users: [{name: a, password: 'env:NOT_SET'}]",
            "has a wrong password for a: names the variable NOT_SET, which is not set",
        ),
        ("users: [{name: a, token: generate}]", "has a wrong token for a: cannot be made"),
    ] {
        let form = form(answers);
        assert!(
            form.faults().iter().any(|fault| fault.path == "users" && fault.what.starts_with(told)),
            "{:?}",
            form.faults()
        );
    }
}

#[test]
fn a_secret_of_an_item_can_be_given_by_its_own_path_and_kept_ones_are_used_again() {
    let mut layers = Layers::default();
    layers.flags.insert("users".into(), Input::Text("[{name: alice}]".into()));
    layers.flags.insert("users.alice.token".into(), Input::Text("env:ALICE".into()));
    let kept = |text: &str, key: &str| Secret {
        source: SecretSource::Generated,
        value: Some(SecretText::new(text)),
        at: SecretRef::Keys { generation: 1, key: key.into() },
    };
    layers.kept_keys.0.insert("users.alice.password".into(), kept("kept-kept", "users.alice.password"));
    let mut form = form_with(layers);
    assert_eq!(form.faults(), []);
    assert_eq!(form.secrets().value("users.alice.password").unwrap().expose(), "kept-kept");
    assert_eq!(form.secrets().value("users.alice.token").unwrap().expose(), "hunter2hunter2");
    // A key that the first generation lacks is in the next one, which is complete.
    assert_eq!(plan(&form).keys.generation, 2);
    let typed = SecretText::new("typed-typed");
    form.set("users.alice.password", Input::Secret(SecretInput::Value(typed))).unwrap();
    assert!(form.set("users.alice.pasword", Input::Text("env:ALICE".into())).is_err());
    form.set("users", Input::Text("[]".into())).unwrap();
    assert_eq!(form.secrets().0.len(), 0, "an item that is gone takes its secrets along");
}

#[test]
fn the_written_file_repeats_the_items_with_references() {
    let written = file::write(&form(ANSWERS), "");
    assert!(!written.contains("hunter2"), "{written}");
    let again = form(&written);
    assert_eq!(again.faults(), [], "{written}");
    assert_eq!(again.secrets().value("users.alice.password").unwrap().expose(), "hunter2hunter2");
    assert!(written.contains("\"password\":\"env:ALICE\"") && written.contains("secret:tokens/alice"), "{written}");
    assert!(form(ANSWERS).question("users").unwrap().text.contains("env:ALICE"));
}

#[test]
fn what_recorded_items_refer_to_is_used_again() {
    let mut layers = Layers::default();
    layers.last_run.insert("users".into(), Input::Value(json!([{"name": "alice", "level": 1}])));
    let existing = SecretInput::Existing { name: "tokens".into(), key: "alice".into() };
    layers.last_run.insert("users.alice.token".into(), Input::Secret(existing));
    let form = form_with(layers);
    assert!(matches!(form.secrets().get("users.alice.token").unwrap().at, SecretRef::Existing { .. }));
    assert_eq!(form.question("users").unwrap().origin, Some(Origin::LastRun));
}

#[test]
fn fields_that_no_item_can_have_are_told() {
    let fields = "- {id: name, type: secret, ask: N, generate: {hex: 32}}\n          - {id: a.b, type: text, ask: A}\n          - {id: c, type: text, ask: C, when: 'true'}\n          - {id: d, type: list, of: secret, ask: D}\n";
    let text = PRODUCT.replace("- {id: url, type: secret, ask: Address, when: ''}", fields);
    let files = Files::from([("product.yaml".to_owned(), text.into_bytes())]);
    let faults = load("demo", &files, &Components::new()).unwrap_err();
    let told: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    for wanted in ["has a dot in its id", "has a `when`", "is of secrets"] {
        assert!(told.iter().any(|what| what.contains(wanted)), "{told:#?}");
    }
}
