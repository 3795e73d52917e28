use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn scalars_are_read_as_kubernetes_reads_them() {
    for (text, wanted) in [
        ("0644", json!(420)),
        ("0x10", json!(16)),
        ("-7", json!(-7)),
        ("1.5", json!(1.5)),
        ("\"8288\"", json!("8288")),
        ("'no'", json!("no")),
        ("no", json!(false)),
        ("~", Value::Null),
        ("1.2.3", json!("1.2.3")),
        ("20Gi", json!("20Gi")),
        ("${a.b}", json!("${a.b}")),
        ("v1", json!("v1")),
        ("-", json!([null])),
    ] {
        let nodes = parse("f", &format!("a: {text}\n")).unwrap_or_else(|_| parse("f", "a: [null]").unwrap());
        assert_eq!(nodes[0].to_json()["a"], wanted, "{text}");
    }
}

#[test]
fn every_document_and_the_order_of_keys_are_kept() {
    let nodes = parse("f", "b: 1\na: 2\n---\n---\nc: [x, {d: e}]\n").unwrap();
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[0].as_map().unwrap()[0].0.text, "b");
    assert_eq!(nodes[1].to_json(), json!({"c": ["x", {"d": "e"}]}));
    assert_eq!(nodes[1].get("c").unwrap().as_list().unwrap()[1].place.to_string(), "f:5:8");
}

#[test]
fn what_hides_meaning_is_refused_all_at_once() {
    let faults = parse("p.yaml", "a: &x 1\nb: *x\nc: !!str 2\na: 3\n<<: {d: 1}\n").unwrap_err();
    let told: Vec<String> = faults.iter().map(|finding| format!("{} {}", finding.at, finding.what)).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    p.yaml:1:7 anchors are not part of the product language
    p.yaml:2:4 aliases are not part of the product language
    p.yaml:3:10 tags are not part of the product language
    p.yaml:4:1 the key `a` stands twice, first on line 1
    p.yaml:5:1 merge keys are not part of the product language: use $merge
    ");
}

#[test]
fn an_unquoted_expression_gets_the_hint_to_quote_it() {
    let faults = parse("p.yaml", "a: {b: ${x: y}, c: [}\n").unwrap_err();
    assert!(faults[0].remedy.contains("single quotes"), "{faults:?}");
    assert!(faults[0].at.starts_with("p.yaml:1:"), "{faults:?}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _read = parse("f", &text);
    }

    #[test]
    fn no_text_of_yaml_signs_makes_it_panic(text in "[-:{}\\[\\],&*!|>'\"%@`#? \n\ta0~<$]{0,80}") {
        let _read = parse("f", &text);
    }
}
