use super::*;
use crate::product::load::{Components, Files, load};

const PRODUCT: &str = r#"
slipway: 1
name: demo
title: Demo
about: For tests
profiles: [dev]
versions: {default: v1.0.0}
pages:
  - id: login
    title: Login
    questions:
      - {id: user, type: text, ask: User, default: admin}
      - {id: password, type: secret, ask: Password}
      - {id: token, type: secret, ask: Token, optional: true}
checks:
  - {at: password, that: password != user, say: may not be the name of the user}
  - {at: keys.data, that: '!keys.data.contains(" ")', say: may hold no blank}
  - {at: token, that: size(token) > 3, say: is too short}
keys:
  data: {generate: {hex: 32}, ask: Key, opens: [data]}
"#;

struct Unreadable;

impl Sources for Unreadable {
    fn variable(&self, name: &str) -> Option<String> {
        Some(name.replace('_', " "))
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err("no such file".into())
    }

    fn existing(&self, _name: &str, _key: &str) -> Result<Option<SecretText>, String> {
        Ok(None)
    }
}

fn faults(given: &[(&str, &str)]) -> Vec<String> {
    let files = Files::from([
        ("product.yaml".to_owned(), PRODUCT.as_bytes().to_vec()),
        ("dev.yaml".to_owned(), b"title: D\nabout: x\nanswers: {}\n".to_vec()),
    ]);
    let product = Arc::new(load("demo", &files, &Components::new()).unwrap_or_else(|faults| panic!("{faults:#?}")));
    let place = Place { namespace: "space".into(), release: "rel".into(), profile: "dev".into() };
    let flags = given.iter().map(|(path, text)| ((*path).to_owned(), Input::Text((*text).to_owned()))).collect();
    let layers = Layers { flags, ..Layers::default() };
    let form = Form::new(product, place, Arc::new(Facts::assumed()), layers, Arc::new(Unreadable), [7; 32]);
    form.faults().iter().map(|fault| format!("{} {}", fault.path, fault.what)).collect()
}

#[test]
fn a_check_over_several_answers_that_is_shown_at_a_secret_is_run() {
    assert_eq!(faults(&[("password", "env:other")]), Vec::<String>::new());
    assert_eq!(faults(&[("password", "env:admin")]), ["password may not be the name of the user"]);
    let with_blank = faults(&[("password", "env:other"), ("keys.data", "env:a_b")]);
    assert_eq!(with_blank, ["keys.data may hold no blank"]);
    assert_eq!(faults(&[("password", "env:other"), ("token", "env:abc")]), ["token is too short"]);
}

#[test]
fn a_check_at_a_secret_that_may_not_be_read_or_was_not_given_is_not_run() {
    assert_eq!(faults(&[("password", "secret:there/password"), ("token", "secret:there/token")]), Vec::<String>::new());
}
