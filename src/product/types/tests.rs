use super::*;
use crate::product::expression::Expression;
use crate::product::load::{Components, Files, built_in_for_tests, load};

const PRODUCT: &str = r#"
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
      - {id: name, type: text, ask: Name, default: plain}
      - {id: count, type: number, ask: Count, default: 1}
      - {id: flag, type: yesno, ask: Flag, default: true}
      - {id: hosts, type: list, of: text, ask: Hosts, default: []}
      - {id: issuer, type: issuer, ask: Issuer, optional: true}
    keys: [key]
keys:
  key: {generate: {hex: 32}, ask: Key}
values:
  dsn: 'prefix ${keys.key}'
  twice: ${count * 2}
"#;

fn product() -> Product {
    let mut files = Files::new();
    files.insert("product.yaml".into(), PRODUCT.into());
    files.insert("development.yaml".into(), "title: D\nabout: For tests\nproduction: false\nanswers: {}\n".into());
    files.insert("manifests/a.yaml".into(), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".into());
    load("demo", &files, &Components::new()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn told(text: &str) -> Result<Inferred, String> {
    let product = product();
    let types = ProductTypes::new(&product, &None);
    infer(&Expression::parse(text).unwrap(), &types)
        .map_err(|faults| faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("; "))
}

#[test]
fn the_type_of_an_expression_is_known_without_answers() {
    for (text, shape, tainted) in [
        ("name + \"x\"", Shape::Text, false),
        ("values.twice > 1 && flag", Shape::Bool, false),
        ("flag ? null : hosts", Shape::List, false),
        ("hosts.map(host, host + \"x\")", Shape::List, false),
        ("hosts.all(host, host.startsWith(\"a\"))", Shape::Bool, false),
        ("keys.key", Shape::Text, true),
        ("values.dsn + name", Shape::Text, true),
        ("keys.key == null", Shape::Bool, false),
        ("given(keys.key)", Shape::Bool, false),
        ("urlHost(values.dsn)", Shape::Text, false),
        ("hosts.exists(host, host == keys.key)", Shape::Bool, true),
        ("image(\"a\", version)", Shape::Text, false),
        ("issuer.kind", Shape::Any, false),
        ("cluster.openshift ? 1 : 2", Shape::Number, false),
    ] {
        assert_eq!(told(text), Ok(Inferred { shape, tainted }), "{text}");
    }
}

#[test]
fn a_wrong_operand_or_an_unknown_name_is_told_in_every_branch() {
    for (text, wanted) in [
        ("name + count", "`+` does not take text and a number"),
        ("flag ? nmae : name", "`nmae` is not known, did you mean `name`?"),
        ("name && flag", "`&&` needs true or false, not text"),
        ("count == \"1\"", "they are never equal"),
        ("hosts < 1", "`<` does not take a list and a number"),
        ("count.startsWith(\"a\")", "`.startsWith()` needs text, not a number"),
        ("\"a\" in name", "`in` needs a list or a map, not text"),
        ("name.x", "`name` is text and has no fields"),
        ("values.dns", "did you mean `values.dsn`?"),
        ("cluster.crd", "did you mean `cluster.crds`?"),
        ("postgresUlr({})", "did you mean postgresUrl()?"),
        ("count.map(c, c)", "goes through a list or a map"),
    ] {
        let fault = told(text).expect_err(text);
        assert!(fault.contains(wanted), "{text}: {fault}");
    }
}

#[test]
fn every_expression_of_a_bundled_product_has_a_type() {
    let product = built_in_for_tests("inngest");
    for (path, question) in &product.questions {
        let types = ProductTypes::new(&product, &question.scope);
        for condition in question.when.iter().chain(&question.from) {
            assert!(infer(condition, &types).is_ok(), "{path}: {:?}", infer(condition, &types));
        }
        let itself = Inferred { shape: shape_of(&question.kind), tainted: question.is_secret() };
        let types = types.with("self", itself);
        for check in &question.checks {
            let found = infer(&check.that, &types);
            assert!(found.as_ref().is_ok_and(|found| found.shape == Shape::Bool), "{path}: {found:?}");
        }
    }
    for name in product.values.keys() {
        assert!(ProductTypes::new(&product, &None).of(&format!("values.{name}")).is_ok(), "{name}");
    }
    let url = ProductTypes::new(&product, &None).of("components.database.url").unwrap();
    assert_eq!(url, Inferred { shape: Shape::Text, tainted: true });
}
