use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::answers::form::{Form, Layers, NoSources, Place};
use crate::answers::view::{Input, SecretInput};
use crate::facts::Facts;
use crate::product::load::{Components, Files, built_in_for_tests, load};
use crate::secret::SecretText;

fn form_of(product: Product) -> Form {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    Form::new(Arc::new(product), place, Arc::new(Facts::assumed()), Layers::default(), Arc::new(NoSources), [7; 32])
}

fn form() -> Form {
    form_of(built_in_for_tests("inngest"))
}

/// Takes a draft of a form, through its file.
fn drafted(form: &Form) -> Draft {
    let (answers, not_kept) = form.kept();
    let draft =
        Draft { product: "inngest".into(), profile: "production".into(), answers, not_kept, ..Draft::default() };
    let text = draft.write().unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let read = Draft::read(&text).unwrap();
    assert_eq!(read, draft);
    read
}

#[test]
fn what_was_typed_comes_back_and_a_typed_secret_is_named_as_not_kept() {
    let mut first = form();
    first.set("database.mode", Input::Text("external".into())).unwrap();
    first.set("database.url", Input::Secret(SecretInput::Value(SecretText::new("postgres://a:hunter2@db/x")))).unwrap();
    let _told_as_missing = first.set("queue.url", Input::Secret(SecretInput::Env("QUEUE_URL".into())));
    let _wrong = first.set("exposure.host", Input::Text("no host!".into()));
    first.generate("keys.event");
    let draft = drafted(&first);
    assert_eq!(draft.not_kept, ["database.url"]);
    assert_eq!(draft.answers["keys.event"], KeptAnswer::Secret("generate".into()));
    assert_eq!(draft.fits(Some(first.product())), Ok(()));

    let mut second = form();
    assert_eq!(second.take_up(&draft.answers), Vec::<String>::new());
    assert_eq!(second.answers()["database.mode"], json!("external"));
    assert!(second.faults().iter().any(|fault| fault.path == "database.url" && fault.missing));
    // What was typed wrong is still there, as it was typed.
    let (again, _) = second.kept();
    assert_eq!(again["exposure.host"], KeptAnswer::Text("no host!".into()));
    assert_eq!(again["queue.url"], KeptAnswer::Secret("env:QUEUE_URL".into()));
}

#[test]
fn a_plain_text_in_the_place_of_a_secret_is_never_kept() {
    let mut form = form();
    for input in [Input::Text("hunter2".into()), Input::Value(json!("hunter2")), Input::Value(json!({"a": "hunter2"}))]
    {
        let _refused = form.set("database.url", input);
        let draft = drafted(&form);
        assert_eq!((draft.not_kept.as_slice(), draft.answers.len()), (["database.url".to_string()].as_slice(), 0));
    }
}

const USERS: &str = "slipway: 1\nname: demo\ntitle: Demo\nabout: For tests\nprofiles: [dev]\n\
    versions: {default: v1.0.0}\npages:\n  - id: users\n    title: Users\n    questions:\n      - id: users\n\
    \x20       type: list\n        key: name\n        ask: Users\n        default: []\n        fields:\n\
    \x20         - {id: name, type: text, ask: Name}\n\
    \x20         - {id: password, type: secret, ask: Password, generate: {password: 24}}\n\
    values:\n  lines: '${users.map(u, u.name + u.password).join(\",\")}'\n";

const MANIFEST: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: all}\ndata: {lines: '${values.lines}'}\n";

fn with_users() -> Product {
    let mut files = Files::new();
    files.insert("product.yaml".into(), USERS.into());
    files.insert("dev.yaml".into(), "title: D\nabout: x\nanswers: {}\n".into());
    files.insert("manifests/app.yaml".into(), MANIFEST.into());
    load("demo", &files, &Components::new()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn a_secret_inside_of_an_item_is_kept_as_a_reference_or_not_at_all() {
    let mut form = form_of(with_users());
    let users = json!([{"name": "ana", "password": "env:ANA"}, {"name": "bo", "password": "hunter2"}]);
    let _refused = form.set("users", Input::Value(users));
    let draft = drafted(&form);
    assert_eq!(
        draft.answers["users"],
        KeptAnswer::Value(json!([{"name": "ana", "password": "env:ANA"}, {"name": "bo"}]))
    );
    assert_eq!(draft.not_kept, ["users.bo.password"]);
    let _refused = form.set("users", Input::Text("- {name: bo, password: hunter2".into()));
    assert_eq!(drafted(&form).not_kept, ["users"]);
}

#[test]
fn a_draft_that_cannot_be_used_says_why() {
    let product = built_in_for_tests("inngest");
    for (text, why) in [
        ("", "is damaged"),
        ("{\"format\": 1}", "is damaged: missing field"),
        ("{\"format\": 2, \"new\": true}", "was made by another version of slipway"),
    ] {
        let told = Draft::read(text).unwrap_err();
        assert!(told.starts_with(why), "{told}");
    }
    let unknown =
        Draft { answers: BTreeMap::from([("no.such".into(), KeptAnswer::Text("x".into()))]), ..Draft::default() };
    assert_eq!(unknown.fits(Some(&product)).unwrap_err(), "answers what Inngest no longer asks: no.such");
    let profile = Draft { profile: "huge".into(), ..Draft::default() };
    assert!(profile.fits(Some(&product)).unwrap_err().contains("no longer has"));
    assert!(Draft { product: "gone".into(), ..Draft::default() }.fits(None).is_err());
    assert!(!Draft::default().holds_something());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_anywhere_no_draft_holds_a_secret(pick in any::<prop::sample::Index>(), how in 0..4usize, around: String) {
        let mut form = form();
        let secrets: Vec<String> =
            form.product().questions.values().filter(|one| one.is_secret()).map(|one| one.path.clone()).collect();
        let path = pick.get(&secrets);
        let value = format!("{around}hunter2");
        let input = match how {
            0 => Input::Secret(SecretInput::Value(SecretText::new(value))),
            // A text that reads as a reference is one.
            1 if !value.contains(':') => Input::Text(value),
            2 if !value.contains(':') => Input::Value(json!(value)),
            _ => Input::Value(json!([value])),
        };
        let _told = form.set(path, input);
        drafted(&form);
    }
}
