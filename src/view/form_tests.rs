use super::*;
use crate::view::questions::{SecretInput, Widget, as_lines, lines_rule, of_lines};
use crate::view::way::rehearsal::Rehearsed;
use crate::view::way::{Chosen, Guide, Stop};

async fn questions() -> FormQuestions {
    let chosen = Chosen {
        context: "kind-dev".into(),
        product: "inngest".into(),
        profile: "development".into(),
        namespace: "inngest".into(),
        release: "inngest".into(),
    };
    Rehearsed::default().prepare(&chosen).await.unwrap()
}

#[tokio::test]
async fn a_form_is_driven_through_its_questions() {
    let mut form = questions().await;
    assert_eq!(form.before(), Stop::titles());
    assert!(form.is_complete() && form.faults().is_empty());
    assert_eq!(form.pages()[0].id, "version");
    form.set("replicas", Input::Text("none".into())).unwrap_err();
    assert!(!form.is_complete() && form.faults().iter().any(|fault| fault.path == "replicas"));
    assert_eq!(form.question("replicas").unwrap().text, "none");
    form.reset("replicas");
    assert!(form.is_complete());
    assert!(form.set("nothing.here", Input::Text(String::new())).unwrap_err().contains("is not a question"));
}

#[tokio::test]
async fn an_answer_changes_what_is_made_and_no_value_of_a_secret_is_in_it() {
    let mut form = questions().await;
    let made = form.objects();
    assert!(made.iter().any(|object| object.kind == "StatefulSet" && object.name == "inngest-postgresql"));
    let password = form.reveal("database.password").map(|held| held.expose().to_string()).unwrap();
    assert!(!made.iter().any(|object| object.yaml.contains(&password)));
    form.set("database.mode", Input::Value("external".into())).unwrap();
    assert!(form.faults().iter().any(|fault| fault.path == "database.url" && fault.missing));
    let url = SecretText::new("postgres://u:hunter2@db.example.com/x");
    form.set("database.url", Input::Secret(SecretInput::Value(url))).unwrap();
    let made = form.objects();
    assert!(!made.iter().any(|object| object.name == "inngest-postgresql" && object.kind == "StatefulSet"));
    assert!(!made.iter().any(|object| object.yaml.contains("hunter2")));
}

#[tokio::test]
async fn a_key_is_made_anew_only_when_that_is_asked() {
    let mut form = questions().await;
    let value = |form: &FormQuestions| form.reveal("keys.event").unwrap().expose().to_string();
    let first = value(&form);
    form.set("replicas", Input::Text("1".into())).unwrap();
    assert_eq!(value(&form), first);
    form.generate("keys.event");
    assert_ne!(value(&form), first);
}

#[tokio::test]
async fn a_map_is_a_pair_a_line_and_an_object_is_yaml() {
    let mut form = questions().await;
    let map = form.question("scheduling.nodeSelector").unwrap();
    assert_eq!(map.widget, Widget::Lines);
    form.set(&map.path, of_lines(&map, "disk=ssd\nzone=a,b\n")).unwrap();
    let map = form.question("scheduling.nodeSelector").unwrap();
    assert_eq!(map.value, serde_json::json!({"disk": "ssd", "zone": "a,b"}));
    assert_eq!(as_lines(&map), "disk=ssd\nzone=a,b");
    assert!(form.set(&map.path, of_lines(&map, "disk=ssd\nzone")).unwrap_err().contains("pairs"));
    let object = form.question("scheduling.affinity").unwrap();
    let yaml = "nodeAffinity:\n  requiredDuringSchedulingIgnoredDuringExecution:\n    nodeSelectorTerms: []";
    form.set(&object.path, of_lines(&object, yaml)).unwrap();
    let object = form.question("scheduling.affinity").unwrap();
    assert_eq!(as_lines(&object), yaml);
    // What is wrong stays as it was typed.
    form.set(&object.path, of_lines(&object, "nodeAffinity: [")).unwrap_err();
    assert_eq!(as_lines(&form.question("scheduling.affinity").unwrap()), "nodeAffinity: [");
}

#[tokio::test]
async fn a_list_of_mappings_is_yaml_and_a_list_of_words_is_a_line_each() {
    let mut form = questions().await;
    let items = form.question("extraEnv").unwrap();
    assert_eq!(lines_rule(&items), "YAML: each item begins with - ");
    form.set(&items.path, of_lines(&items, "- name: A\n  value: one\n- {name: B, value: two}")).unwrap();
    let items = form.question("extraEnv").unwrap();
    assert_eq!(items.value[1], serde_json::json!({"name": "B", "value": "two"}));
    assert_eq!(as_lines(&items), "- name: A\n  value: one\n- name: B\n  value: two");
    let said = form.set(&items.path, of_lines(&items, "- name: [")).unwrap_err();
    assert!(said.contains("YAML"), "{said}");
    assert_eq!(as_lines(&form.question("extraEnv").unwrap()), "- name: [");
    let words = form.question("pullSecrets").unwrap();
    form.set(&words.path, of_lines(&words, "one\n\ntwo")).unwrap();
    assert_eq!(as_lines(&form.question("pullSecrets").unwrap()), "one\ntwo");
}

#[tokio::test]
async fn what_the_cluster_offers_is_marked() {
    let mut form = questions().await;
    form.set("database.mode", Input::Value("bundled".into())).unwrap();
    let offered = form.question("database.storageClass").unwrap().suggestions.unwrap();
    assert_eq!(offered[0].words(), "standard (default here, can grow)");
}
