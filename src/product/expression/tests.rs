use serde_json::json;

use super::*;
use crate::secret::SecretRef;

/// Names of a little world: answers, one secret, one that may not be read.
struct World;

impl Names for World {
    fn lookup(&self, name: &str) -> Result<Looked, EvaluationFault> {
        Ok(match name {
            "database.mode" => Looked::clean(json!("bundled")),
            "replicas" => Looked::clean(json!(2)),
            "nothing" => Looked::clean(Value::Null),
            "list" => Looked::clean(json!(["b", "a"])),
            "labels" => Looked::clean(json!({"b": "2", "a": "1"})),
            "issuer.kind" => Looked::clean(json!("Issuer")),
            "registry" => Looked::clean(Value::Null),
            "db.password" => Looked {
                value: Value::Null,
                taint: Some(Given::Secret {
                    path: name.into(),
                    at: SecretRef::Existing { namespace: "shop".into(), name: "pg".into(), key: "password".into() },
                }),
                unknown: true,
            },
            "boom" => return Err(EvaluationFault::new("`boom` must never be read")),
            "keys.a" | "url" => Looked {
                value: if name == "url" { json!("postgres://u:hunter2@db:6000/x") } else { json!("hunter2") },
                taint: Some(Given::Secret {
                    path: name.into(),
                    at: SecretRef::Keys { generation: 1, key: name.into() },
                }),
                unknown: false,
            },
            "hidden" => Looked {
                value: Value::Null,
                taint: Some(Given::Secret {
                    path: name.into(),
                    at: SecretRef::Keys { generation: 1, key: name.into() },
                }),
                unknown: true,
            },
            _ => return Err(EvaluationFault::new(format!("`{name}` is not known"))),
        })
    }
}

fn value(source: &str) -> Value {
    Expression::parse(source).unwrap().evaluate(&World).unwrap().value
}

#[test]
fn cel_and_its_extensions_compute_on_answers() {
    for (source, wanted) in [
        ("database.mode == \"bundled\"", json!(true)),
        ("replicas + 1", json!(3)),
        ("replicas > 1 ? \"many\" : boom", json!("many")),
        ("false && boom", json!(false)),
        ("nothing == null", json!(true)),
        ("nothing == \"x\"", json!(false)),
        ("list.join(\",\")", json!("b,a")),
        ("list.map(x, x + \"!\")", json!(["b!", "a!"])),
        ("list.exists(x, x == database.mode)", json!(false)),
        ("labels", json!({"a": "1", "b": "2"})),
        ("{\"z\": 1, \"a\": replicas}", json!({"a": 2, "z": 1})),
        ("issuer.kind", json!("Issuer")),
        ("string(replicas)", json!("2")),
        ("\"a\" in list", json!(true)),
        ("size(list) + size(\"abc\")", json!(5)),
        ("\"v1.2\".matches(\"^v[0-9.]+$\")", json!(true)),
        ("quantity(\"20Gi\").isGreaterThan(quantity(\"8Gi\"))", json!(true)),
        ("versionAtLeast(\"v1.43.0\", \"1.9\")", json!(true)),
        ("image(\"inngest/inngest\", \"v1\")", json!("inngest/inngest:v1")),
        ("image(\"postgres:17\")", json!("postgres:17")),
        (
            "postgresUrl({\"host\": \"h\", \"user\": \"a b\", \"password\": \"p@/\", \"database\": \"d\"})",
            json!("postgres://a%20b:p%40%2F@h:5432/d"),
        ),
        ("[80] + [replicas]", json!([80, 2])),
        ("\"%s-%d\".format([\"a\", replicas])", json!("a-2")),
        ("[\"http://a:3000\"].map(u, urlPort(u))", json!([3000])),
        ("\"a-b\".split(\"-\")", json!(["a", "b"])),
        ("\"tag 1.2.3-x\".find(\"[0-9.]+\")", json!("1.2.3")),
    ] {
        assert_eq!(value(source), wanted, "{source}");
    }
}

#[test]
fn what_reads_a_secret_is_tainted_and_its_clean_facts_are_not() {
    for (source, tainted) in [
        ("keys.a", true),
        ("keys.a + \"x\"", true),
        ("keys.a.startsWith(\"h\") ? 1 : 2", true),
        ("keys.a == null", false),
        ("keys.a != null ? \"set\" : \"unset\"", false),
        ("urlHost(url)", false),
        ("urlPort(url)", false),
        ("replicas > 1 ? 1 : keys.a", false),
        ("has(keys.a)", false),
    ] {
        assert_eq!(Expression::parse(source).unwrap().evaluate(&World).unwrap().tainted, tainted, "{source}");
    }
    assert_eq!(value("urlHost(url) + \":\" + string(urlPort(url))"), json!("db:6000"));
}

#[test]
fn an_error_names_no_operand() {
    for source in [
        "keys.a + 1",
        "keys.a > 3",
        "quantity(keys.a)",
        "keys.a[7]",
        "int(keys.a)",
        "{\"a\": 1}[keys.a]",
        "postgresUrl(keys.a)",
    ] {
        let fault = Expression::parse(source).unwrap().evaluate(&World).unwrap_err();
        assert!(!fault.to_string().contains("hunter2"), "{source}: {fault}");
    }
}

#[test]
fn a_template_takes_its_type_from_a_single_expression_and_is_text_otherwise() {
    for (source, wanted) in [
        ("${replicas}", json!(2)),
        ("a ${replicas} b ${database.mode}", json!("a 2 b bundled")),
        ("$${replicas}", json!("${replicas}")),
        ("$(VAR) and $", json!("$(VAR) and $")),
        ("${ {\"a\": \"}\"} }", json!({"a": "}"})),
        ("${\"}\" + '{'}", json!("}{")),
        ("", json!("")),
    ] {
        assert_eq!(Template::parse(source).unwrap().evaluate(&World).unwrap().value, wanted, "{source}");
    }
    assert!(Template::parse("${a").is_err());
    assert!(Template::parse("x${labels}").unwrap().evaluate(&World).is_err());
    assert!(Template::parse("${}").is_err());
}

#[test]
fn a_tainted_template_is_a_recipe_that_holds_references_and_no_value() {
    let outcome = Template::parse("a ${keys.a} in ${database.mode}").unwrap().outcome(&World).unwrap();
    let Outcome::Tainted(recipe) = outcome else { panic!("{outcome:?}") };
    let json = serde_json::to_string(&recipe).unwrap();
    assert!(!json.contains("hunter2"), "{json}");
    let resolved = recipe.resolve(&|_, _| Some(crate::secret::SecretText::new("swordfish"))).unwrap().unwrap();
    assert_eq!(resolved.expose(), "a swordfish in bundled");
}

#[test]
fn a_secret_that_may_not_be_read_makes_the_result_unknown() {
    let outcome = Template::parse("x${hidden}").unwrap().outcome(&World).unwrap();
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(value("hidden == null"), json!(false));
    assert_eq!(value("urlHost(hidden)"), Value::Null);
}

#[test]
fn names_are_the_longest_dotted_paths_without_the_variables_of_macros() {
    let expression = Expression::parse("list.all(x, x.size() > replicas) && database.mode == keys.a").unwrap();
    let names: Vec<&str> = expression.names().iter().map(String::as_str).collect();
    assert_eq!(names, ["database.mode", "keys.a", "list", "replicas"]);
    assert!(expression.functions().contains("size"));
}

#[test]
fn what_is_no_cel_is_refused_with_its_place() {
    for source in ["", "a ==", "1 +* 2", "\"open"] {
        assert!(Expression::parse(source).is_err(), "{source}");
    }
}

#[test]
fn what_needs_no_cel_comes_to_what_cel_says() {
    for source in [
        "database.mode",
        "replicas",
        "labels",
        "list",
        "[replicas, database.mode, nothing]",
        "{\"z\": {\"y\": replicas, \"b\": list}, \"a\": nothing}",
        "replicas == 2 && replicas != 3 || boom",
        "boom || replicas == 2",
        "replicas == database.mode",
        "nothing == database.mode",
        "1 - 2 * 3 + 7 / 2",
        "-7 / 2",
        "7 / 0",
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "\"a\" + database.mode + \"ü\"",
        "\"a\" + replicas",
        "replicas < 3 && replicas <= 2 && replicas > 1 && replicas >= 2",
        "replicas < database.mode",
        "replicas < nothing",
        "\"b\" in list",
        "\"x\" in list",
        "replicas in list",
        "replicas in [1, 2]",
        "\"a\" in labels",
        "database.mode in nothing",
        "size(\"aü€\") + size(list) + size(labels)",
        "size(nothing)",
        "string(replicas) + string(true) + string(database.mode)",
        "string(nothing)",
        "string(list)",
        "database.mode.matches(\"^b.*d$\")",
        "database.mode.matches(\"[\")",
        "nothing.matches(\"a\")",
        "database.mode.startsWith(\"bun\") && database.mode.endsWith(\"led\") && database.mode.contains(\"ndl\")",
        "list.contains(\"a\")",
        "image(\"docker.io/postgres\", \"17\")",
        "image(\"postgres:17\")",
        "image(nothing, \"17\")",
        "image(replicas)",
        "nothing ? 1 : 2",
        "!nothing",
        "true ? url : boom",
        "\"x\" + url",
        "hidden + \"x\"",
        "size(hidden)",
        "unknown.name > 1",
    ] {
        let expression = Expression::parse(source).unwrap();
        let (one, other) = (expression.evaluate(&World), evaluate::by_cel(&expression, &World));
        // How a fault is put around differs; what it says does not.
        let said = |result: Result<Evaluated, EvaluationFault>| {
            result.map_err(|fault| {
                fault.message.rsplit_once("`: ").map_or(fault.message.clone(), |(_, why)| why.to_owned())
            })
        };
        assert_eq!(said(one), said(other), "{source}");
    }
}

#[test]
fn what_is_null_is_told_by_name_where_an_operation_takes_none() {
    let fault = |source: &str| Expression::parse(source).unwrap().evaluate(&World).unwrap_err().message;
    let told = fault("string(nothing)");
    assert!(told.contains("`string` does not take (null): `nothing` is null with these answers"), "{told}");
    assert!(told.contains("nothing == null ? null : …"), "{told}");
    let told = fault("replicas < database.mode");
    assert!(told.ends_with("does not take (a number, text)"), "{told}");
}

#[test]
fn where_a_url_leads_is_known_though_its_password_may_not_be_read() {
    let url = r#"postgresUrl({"host": "db", "port": 6000, "user": "me", "password": db.password, "database": "x"})"#;
    assert_eq!(value(&format!("urlHost({url})")), json!("db"));
    assert_eq!(value(&format!("urlPort({url})")), json!(6000));
    // A host that may not be read, and a URL that may not, lead nowhere that we know.
    assert_eq!(value(r#"urlHost(postgresUrl({"host": db.password, "user": "me", "database": "x"}))"#), Value::Null);
    assert_eq!(value("urlPort(hidden)"), Value::Null);
}
