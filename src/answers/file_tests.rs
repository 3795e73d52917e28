use std::sync::Arc;

use super::*;
use crate::answers::form::{Layers, NoSources, Place};
use crate::answers::view::SecretInput;
use crate::facts::Facts;
use crate::product::load::built_in_for_tests;
use crate::secret::SecretText;

fn form(layers: Layers) -> Form {
    let place = Place { namespace: "inngest".into(), release: "inngest".into(), profile: "production".into() };
    let product = Arc::new(built_in_for_tests("inngest"));
    Form::new(product, place, Arc::new(Facts::assumed()), layers, Arc::new(NoSources), [1; 32])
}

#[test]
fn a_written_file_reads_back_to_the_same_answers() {
    let mut first = form(Layers::default());
    for (path, text) in [
        ("replicas", "3"),
        ("database.storage", "123456e7"),
        ("exposure.mode", "ingress"),
        ("exposure.publish", "everything"),
        ("exposure.host", "inngest.example.com"),
        ("exposure.issuer", "ClusterIssuer/letsencrypt"),
        ("scheduling.nodeSelector", "disk=ssd"),
        ("sdkUrls", "https://a.example.com/x,https://b.example.com"),
        ("logLevel", "debug"),
    ] {
        first.set(path, Input::Text(text.into())).unwrap();
    }
    let text = write(&first, "prod-eu");
    insta::assert_snapshot!(text);
    let read = read("answers.yaml", &text, first.product()).unwrap();
    assert_eq!(read.target["context"], "prod-eu");
    let second = form(Layers { file: read.answers, ..Layers::default() });
    assert_eq!(first.answers(), second.answers());
}

#[test]
fn a_typed_secret_is_written_as_a_variable_and_never_as_its_value() {
    let mut form = form(Layers::default());
    form.set(
        "keys.signing",
        Input::Secret(SecretInput::Value(SecretText::new("00ffhunter2".replace("hunter2", "aa")))),
    )
    .unwrap();
    let text = write(&form, "");
    assert!(text.contains("signing: env:KEYS_SIGNING"), "{text}");
    assert!(!text.contains("00ffaa"), "{text}");
}

#[test]
fn every_fault_of_a_file_has_its_place_and_what_was_meant() {
    let product = built_in_for_tests("inngest");
    let text = "slipway: {contxt: a}\nreplica: 2\ndatabase:\n  storage: 10gb\n  url: postgres://u:hunter2@h/d\n  mod: x\nversion: 1.43\n";
    let faults = read("answers.yaml", text, &product).unwrap_err();
    let told: Vec<String> =
        faults.iter().map(|fault| format!("{} {} | {}", fault.at, fault.what, fault.remedy)).collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(!told.join("").contains("hunter2"));
}

#[test]
fn a_text_answer_takes_the_scalar_as_it_was_written() {
    let product = built_in_for_tests("inngest");
    let read = read("a", "registry: 1.20\nexposure: {gateway: no}\n", &product).unwrap();
    assert_eq!(read.answers["registry"], Input::Value("1.20".into()));
    assert_eq!(read.answers["exposure.gateway"], Input::Value("no".into()));
}
