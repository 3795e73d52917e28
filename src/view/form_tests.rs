use super::*;
use crate::answers::Origin;
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
        ..Chosen::default()
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
    let made = form.made().objects;
    assert!(made.iter().any(|object| object.kind == "StatefulSet" && object.name == "inngest-postgresql"));
    let password = form.reveal("database.password").map(|held| held.expose().to_string()).unwrap();
    assert!(!made.iter().any(|object| object.yaml.contains(&password)));
    form.set("database.mode", Input::Value("external".into())).unwrap();
    assert!(form.faults().iter().any(|fault| fault.path == "database.url" && fault.missing));
    let url = SecretText::new("postgres://u:hunter2@db.example.com/x");
    form.set("database.url", Input::Secret(SecretInput::Value(url))).unwrap();
    let made = form.made().objects;
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

#[tokio::test]
async fn what_is_made_begins_with_the_namespace_and_the_keys_and_is_reckoned_up() {
    let mut form = questions().await;
    let made = form.made();
    let told = |object: &MadeObject| (object.group.clone(), object.kind.clone(), object.name.clone());
    assert_eq!(told(&made.objects[0]), ("first".into(), "Namespace".into(), "inngest".into()));
    assert_eq!(told(&made.objects[1]), ("first".into(), "Secret".into(), "inngest-keys-1".into()));
    assert_eq!(made.objects[1].detail, "4 keys");
    assert!(made.objects.iter().all(|object| object.standing == Standing::New));
    assert_eq!(made.totals.asked.words(), "0.3 CPU, 640 MiB memory, 16 GiB disk");
    assert!(made.totals.outside.is_empty() && made.open == 0);
    for (path, value) in [("exposure.mode", "ingress"), ("exposure.host", "a.example.com"), ("exposure.tls", "plain")] {
        form.set(path, Input::Text(value.into())).unwrap();
    }
    let outside = form.made().totals.outside;
    assert!(outside[0].starts_with("http://a.example.com/e/, "), "{outside:?}");
}

#[tokio::test]
async fn a_release_that_stands_shows_what_is_new_changed_and_the_same() {
    let form = questions().await;
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    let recorded =
        crate::plan::install::install(&form.form().world(), &BTreeMap::new(), &target, BTreeMap::new()).unwrap();
    let mut form = questions().await.over(Some(&recorded));
    let standing = |form: &FormQuestions, kind: &str, name: &str| {
        let made = form.made().objects;
        made.into_iter().find(|object| object.kind == kind && object.name == name).map(|object| object.standing)
    };
    assert_eq!(standing(&form, "Deployment", "inngest"), Some(Standing::Same));
    assert_eq!(standing(&form, "Secret", "inngest"), Some(Standing::Same));
    form.set("resources.cpu", Input::Text("1".into())).unwrap();
    form.set("networkPolicy.enabled", Input::Value(true.into())).unwrap();
    assert_eq!(standing(&form, "Deployment", "inngest"), Some(Standing::Changed));
    assert_eq!(standing(&form, "StatefulSet", "inngest-postgresql"), Some(Standing::Same));
    assert_eq!(standing(&form, "NetworkPolicy", "inngest-postgresql"), Some(Standing::New));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_makes_nothing_of_itself() {
    let mut form = questions().await;
    form.set("database.storage", Input::Text("lots".into())).unwrap_err();
    let made = form.made();
    assert!(made.objects.is_empty() && made.missing.starts_with("database.storage must be"), "{}", made.missing);
    // One that is missing, or that only a rule speaks against, leaves the rest to be seen.
    form.reset("database.storage");
    form.set("exposure.mode", Input::Value("ingress".into())).unwrap();
    let made = form.made();
    assert!(made.missing.is_empty() && made.open == 2, "{made:?}");
}

#[tokio::test]
async fn what_would_stand_without_an_answer_is_told_beside_it() {
    let mut form = questions().await;
    assert_eq!(form.question("resources.cpu").unwrap().beneath, (Some(Origin::Profile), "100m".into()));
    form.set("resources.cpu", Input::Text("2".into())).unwrap();
    let cpu = form.question("resources.cpu").unwrap();
    assert_eq!((cpu.text.as_str(), cpu.origin), ("2", Some(Origin::Typed)));
    assert_eq!(cpu.beneath, (Some(Origin::Profile), "100m".into()));
    assert_eq!(cpu.default_text, "500m");
    assert_eq!(form.question("keys.event").unwrap().beneath, (None, String::new()));
}

#[tokio::test]
async fn what_is_still_written_is_judged_without_being_an_answer() {
    let form = questions().await;
    let judged = |path: &str, text: &str| form.judge(path, &Input::Text(text.into()));
    assert!(judged("database.storage", "100Mi").unwrap_err().contains("more than 256Mi"));
    assert!(judged("database.storage", "lots").unwrap_err().contains("quantity"));
    assert_eq!(judged("database.storage", "9Gi"), Ok(()));
    let said = judged("scheduling.tolerations", "- key: a\n- key: [").unwrap_err();
    assert!(said.contains("line 2"), "{said}");
    assert_eq!(form.question("database.storage").unwrap().text, "8Gi");
}

#[tokio::test]
async fn a_wrong_list_stays_as_it_was_given() {
    let mut form = questions().await;
    form.set("sdkUrls", Input::Value(serde_json::json!(["https://a.example.com", "app"]))).unwrap_err();
    let list = form.question("sdkUrls").unwrap();
    assert_eq!(as_lines(&list), "https://a.example.com\napp");
    assert!(list.fault.unwrap().starts_with("entry 2"));
}

#[tokio::test]
async fn a_secret_says_how_long_it_is_and_never_what_it_is() {
    let mut form = questions().await;
    assert_eq!(form.question("keys.event").unwrap().text, "made by slipway, 32 characters");
    let own = Input::Secret(SecretInput::Value(SecretText::new("hunter2")));
    form.set("keys.event", own).unwrap();
    assert_eq!(form.question("keys.event").unwrap().text, "brought, 7 characters");
}

#[tokio::test]
async fn an_upgrade_asks_what_is_new_or_wrong_and_nothing_that_stands() {
    let form = questions().await;
    let target = Target { namespace: "inngest".into(), release: "inngest".into(), ..Target::default() };
    let answers = form.form().recorded();
    let recorded = |answers| crate::plan::install::install(&form.form().world(), &BTreeMap::new(), &target, answers);
    let recorded = recorded(answers).unwrap();
    assert!(!questions().await.over(Some(&recorded)).stands("replicas"), "a change asks everything");
    let mut upgrade = questions().await.over(Some(&recorded)).only_new();
    assert!(upgrade.has_nothing_new());
    assert!(upgrade.stands("replicas") && upgrade.stands("database.storageClass") && upgrade.stands("sdkUrls"));
    upgrade.set("replicas", Input::Text("none".into())).unwrap_err();
    assert!(!upgrade.has_nothing_new(), "what is wrong is asked");
    // A newer product with a question that the last run did not have.
    let mut older = recorded.clone();
    older.product.digest = "another".into();
    older.answers.remove("replicas");
    let upgrade = questions().await.over(Some(&older)).only_new();
    assert!(!upgrade.stands("replicas") && !upgrade.has_nothing_new());
    assert!(upgrade.stands("database.storageClass"), "what was pinned open stays open");
}
