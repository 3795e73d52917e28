use serde_json::json;

use super::*;
use crate::answers::view::PageState;
use crate::product::load::built_in_for_tests;

struct Outside;

impl Sources for Outside {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "DB_URL").then(|| "postgres://u:hunter2@db.example.com:6000/x\n".into())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        if path == "/key" { Ok("00ff\n".into()) } else { Err("no such file".into()) }
    }

    fn existing(&self, name: &str, _key: &str) -> Result<Option<SecretText>, String> {
        match name {
            "readable" => Ok(Some(SecretText::new("postgres://u:p@h/d"))),
            "forbidden" => Ok(None),
            _ => Err("there is no such Secret".into()),
        }
    }
}

fn form(profile: &str, layers: Layers) -> Form {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: profile.into() };
    let product = Arc::new(built_in_for_tests("inngest"));
    Form::new(product, place, Arc::new(Facts::assumed()), layers, Arc::new(Outside), [7; 32])
}

fn text(text: &str) -> Input {
    Input::Text(text.into())
}

#[test]
fn every_profile_of_inngest_is_complete_without_an_answer() {
    for profile in ["development", "staging", "production"] {
        let form = form(profile, Layers::default());
        assert_eq!(form.faults(), [], "{profile}");
    }
}

#[test]
fn the_strongest_origin_wins_and_is_told() {
    let mut layers = Layers::default();
    layers.file.insert("replicas".into(), Input::Value(json!(3)));
    layers.flags.insert("replicas".into(), text("4"));
    let mut form = form("production", layers);
    assert_eq!(
        (form.answers()["replicas"].clone(), form.question("replicas").unwrap().origin),
        (json!(4), Some(Origin::Flag))
    );
    form.set("replicas", text("5")).unwrap();
    assert_eq!(form.answers()["replicas"], json!(5));
    form.reset("replicas");
    assert_eq!(form.answers()["replicas"], json!(4));
    assert_eq!(form.question("database.storage").unwrap().origin, Some(Origin::Profile));
    assert_eq!(form.question("queue.mode").unwrap().origin, Some(Origin::Default));
}

#[test]
fn a_hidden_question_is_null_and_keeps_what_was_typed() {
    let mut form = form("development", Layers::default());
    form.set("database.storage", text("50Gi")).unwrap();
    form.set("database.mode", text("sqlite")).unwrap();
    assert_eq!(form.answers().get("database.storage"), None);
    assert!(form.question("database.storage").is_none());
    form.set("database.mode", text("bundled")).unwrap();
    assert_eq!(form.answers()["database.storage"], json!("50Gi"));
}

#[test]
fn a_wrong_answer_is_kept_told_and_never_used() {
    let mut form = form("development", Layers::default());
    let refused = form.set("database.storage", text("10gb")).unwrap_err();
    assert!(refused.to_string().starts_with("database.storage must be a Kubernetes quantity"), "{refused}");
    assert_eq!(form.question("database.storage").unwrap().text, "10gb");
    assert_eq!(form.answers().get("database.storage"), None);
    let page = form.pages().into_iter().find(|page| page.id == "database").unwrap();
    assert_eq!(page.state, PageState::Faulty);
}

#[test]
fn an_unknown_question_names_the_nearest() {
    let refused = form("development", Layers::default()).set("databse.mode", text("x")).unwrap_err();
    assert_eq!(refused.to_string(), "databse.mode is not a question; did you mean database.mode?");
}

#[test]
fn a_missing_answer_names_the_ways_to_give_it() {
    let mut form = form("development", Layers::default());
    form.set("exposure.mode", text("ingress")).unwrap();
    let missing: Vec<String> = form
        .faults()
        .iter()
        .filter(|fault| fault.missing)
        .map(|fault| format!("{}: {}", fault.path, fault.ways()))
        .collect();
    assert_eq!(
        missing,
        [
            "exposure.host: --set exposure.host=…, variable SLIPWAY_SET_EXPOSURE__HOST, answers file key exposure.host",
            "exposure.issuer: --set exposure.issuer=…, variable SLIPWAY_SET_EXPOSURE__ISSUER, answers file key exposure.issuer",
        ]
    );
}

#[test]
fn secrets_come_by_reference_and_a_plain_value_is_refused_without_being_repeated() {
    let mut form = form("development", Layers::default());
    form.set("database.mode", text("external")).unwrap();
    form.set("database.url", text("env:DB_URL")).unwrap();
    assert_eq!(form.secrets().value("database.url").unwrap().expose(), "postgres://u:hunter2@db.example.com:6000/x");
    let refused = form.set("database.url", text("postgres://u:hunter2@h/x")).unwrap_err();
    assert_eq!(refused.to_string(), "database.url is a secret: write env:NAME, file:PATH, generate or secret:NAME/KEY");
    form.set("database.url", text("secret:forbidden/url")).unwrap();
    assert_eq!(form.secrets().value("database.url"), None);
    assert!(form.set("database.url", text("secret:gone/url")).is_err());
    assert!(form.set("database.url", text("file:/nope")).is_err());
    assert!(!format!("{:?}", form.question("database.url")).contains("hunter2"));
}

#[test]
fn keys_are_hex_of_their_length_and_checked_as_the_server_checks_them() {
    let mut form = form("development", Layers::default());
    let hex = |path: &str, form: &Form| form.secrets().value(path).unwrap().expose().to_string();
    assert_eq!((hex("keys.event", &form).len(), hex("keys.signing", &form).len()), (32, 64));
    assert!(hex("keys.signing", &form).chars().all(|c| c.is_ascii_hexdigit()));
    // facts: products 2.12, signing key: the whole must be even, and the rest after a prefix must be pairs of hex digits.
    for (key, accepted) in [
        ("00ff", true),
        ("signkey-dev-00ff", true),
        ("signkey-prod-00ff", false),
        ("signkey-test-00ff", false),
        ("signkey-branch-00ff", false),
        ("00f", false),
        ("zz", false),
        ("", false),
    ] {
        let set = form.set("keys.signing", Input::Secret(SecretInput::Value(SecretText::new(key))));
        assert_eq!(set.is_ok(), accepted, "{key}");
    }
    for (key, accepted) in [("abc", true), ("a,b", true), ("a/b", false), ("a b", false), ("ä", false), ("a?b", false)]
    {
        let set = form.set("keys.event", Input::Secret(SecretInput::Value(SecretText::new(key))));
        assert_eq!(set.is_ok(), accepted, "{key}");
    }
}

#[test]
fn a_key_of_an_earlier_install_is_used_and_never_made_again() {
    let mut layers = Layers::default();
    let at = crate::secret::SecretRef::Keys { generation: 1, key: "keys.signing".into() };
    let kept = crate::secret::Secret {
        source: crate::secret::SecretSource::Generated,
        value: Some(SecretText::new("aabb")),
        at,
    };
    layers.kept_keys.0.insert("keys.signing".into(), kept);
    let mut form = form("development", layers);
    form.generate("keys.signing");
    assert_eq!(form.secrets().value("keys.signing").unwrap().expose(), "aabb");
}

#[test]
fn checks_over_several_answers_stand_at_their_question() {
    let mut form = form("development", Layers::default());
    form.set("queue.mode", text("memory")).unwrap();
    let refused = form.set("replicas", text("2")).unwrap_err();
    assert_eq!(refused.to_string(), "replicas a queue in memory serves one replica only");
    form.set("exposure.mode", text("nodeport")).unwrap();
    assert!(form.faults().iter().any(|fault| fault.path == "exposure.publish"), "{:?}", form.faults());
}

#[test]
fn sqlite_is_refused_in_production() {
    let refused = form("production", Layers::default()).set("database.mode", text("sqlite")).unwrap_err();
    assert!(refused.to_string().contains("not in the production profile"), "{refused}");
}

#[test]
fn a_form_that_is_made_anew_keeps_what_was_typed_and_the_keys_that_were_made() {
    let mut earlier = form("development", Layers::default());
    earlier.set("database.storage", text("11Gi")).unwrap();
    earlier.set("replicas", text("many")).unwrap_err();
    let place = Place { namespace: "other".into(), release: "inngest".into(), profile: "production".into() };
    let product = Arc::new(built_in_for_tests("inngest"));
    let facts = Arc::new(Facts::assumed());
    let mut anew = Form::new(product, place, facts, Layers::default(), Arc::new(Outside), [8; 32]);
    assert_ne!(anew.secrets().value("keys.event"), earlier.secrets().value("keys.event"));
    anew.carry(&earlier);
    assert_eq!(anew.answers()["database.storage"], json!("11Gi"));
    assert_eq!(anew.question("replicas").unwrap().text, "many");
    assert_eq!(anew.secrets().value("keys.event"), earlier.secrets().value("keys.event"));
    // A key of an earlier install there stays the one that is used.
    let mut layers = Layers::default();
    let at = crate::secret::SecretRef::Keys { generation: 1, key: "keys.event".into() };
    let source = crate::secret::SecretSource::Generated;
    let kept = crate::secret::Secret { source, value: Some(SecretText::new("00aa")), at };
    layers.kept_keys.0.insert("keys.event".into(), kept);
    let mut there = form("development", layers);
    there.carry(&earlier);
    assert_eq!(there.secrets().value("keys.event").unwrap().expose(), "00aa");
}

#[test]
fn another_profile_changes_what_nobody_typed() {
    let mut form = form("development", Layers::default());
    form.set("database.storage", text("11Gi")).unwrap();
    form.set_profile("production");
    assert_eq!(
        (form.answers()["replicas"].clone(), form.answers()["database.storage"].clone()),
        (json!(2), json!("11Gi"))
    );
}

#[test]
fn a_sticky_answer_of_an_installed_release_is_locked_and_one_of_a_failed_attempt_is_not() {
    let mut layers = Layers::default();
    layers.last_run.insert("database.mode".into(), text("sqlite"));
    layers.last_run.insert("replicas".into(), text("1"));
    let mut form = form("development", layers);
    assert!(!form.question("database.mode").unwrap().locked);
    form.pin();
    assert!(form.question("database.mode").unwrap().locked);
    assert!(!form.question("replicas").unwrap().locked);
    // Nobody ever answered it: there is nothing to keep.
    assert!(!form.question("queue.mode").unwrap().locked);
}
