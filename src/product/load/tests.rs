use super::from_repository::built_in;
use super::*;

fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(name, text)| (name.to_string(), text.as_bytes().to_vec())).collect()
}

fn told(result: Result<Product, Vec<Finding>>) -> String {
    match result {
        Ok(_) => "no fault".into(),
        Err(faults) => faults
            .iter()
            .map(|fault| {
                format!(
                    "{} {}{}",
                    fault.at,
                    fault.what,
                    if fault.remedy.is_empty() { String::new() } else { format!(" | {}", fault.remedy) }
                )
            })
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn inngest_loads_without_a_fault() {
    let (files, components) = built_in("inngest");
    let product = load("inngest", &files, &components).unwrap_or_else(|faults| panic!("{}", told(Err(faults))));
    assert_eq!(
        product.profiles.iter().map(|profile| profile.id.as_str()).collect::<Vec<_>>(),
        ["development", "staging", "production"]
    );
    assert!(product.questions.contains_key("database.storage"));
    assert!(product.questions.contains_key("keys.signing"));
    assert_eq!(product.questions["database.password"].generate, Some(crate::product::schema::Generate::Password(32)));
    assert_eq!(product.pages[0].questions, ["version", "registry"]);
    assert_eq!(product.digest.len(), 64);
}

#[test]
fn every_fault_of_every_file_is_told_at_once() {
    let product = "slipway: 1\nname: demo\ntitel: Demo\nabout: x\nprofiles: [dev, gone]\nversions: {default: latest}\npages:\n  - id: p\n    title: P\n    questions:\n      - {id: a, type: txt, ask: A}\n      - {id: in, type: text, ask: B}\n      - {id: b, type: choice, ask: C, choices: {x: X}}\n      - {id: c.d, type: number, ask: D, when: 'a =='}\n      - {id: c, type: secret, ask: E, default: x}\nchecks:\n  - {at: bb, that: 'true', say: no}\n";
    let files = files(&[
        ("product.yaml", product),
        ("dev.yaml", "title: Dev\nabout: x\nanswers: {c.e: 1, c: 2}\n"),
        ("manifests/a.yaml", "kind: ConfigMap\nmetadata: {name: '${x'}\ndata: {$wen: a, b: '${1 +}'}\n"),
    ]);
    insta::assert_snapshot!(told(load("demo", &files, &Components::new())));
}

#[test]
fn a_product_for_a_newer_slipway_is_refused_in_words() {
    let files = files(&[("product.yaml", "slipway: 2\nname: demo\nfuture: true\n")]);
    insta::assert_snapshot!(told(load("demo", &files, &Components::new())), @"demo/product.yaml:1:1 it is written in version 2 of the product language, and this slipway reads version 1 | install a newer slipway");
}

#[test]
fn an_empty_folder_says_how_to_begin() {
    insta::assert_snapshot!(told(load("demo", &Files::new(), &Components::new())), @"demo/product.yaml:1:1 there is no product.yaml | a product is a folder with a product.yaml in it");
}
