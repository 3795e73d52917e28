//! The pure parts: what a manager owns, and paths as the server writes them.

use serde_json::json;

use super::{hash, owned, repair, step};
use crate::cluster::record::JournalEntry;
use crate::object::Object;
use crate::secret::SecretText;

fn live() -> Object {
    Object(json!({
        "metadata": {"name": "a", "managedFields": [
            {"manager": "slipway:n/r", "operation": "Apply", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:ours": {}}},
                "f:spec": {
                    "f:replicas": {},
                    "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}}},
                    "f:finalizers": {"v:\"x\"": {}},
                },
            }},
            {"manager": "slipway:n/r", "operation": "Update", "fieldsV1": {"f:spec": {"f:theirs": {}}}},
            {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:theirs": {}}}},
        ], "labels": {"ours": "1", "other": "2"}},
        "spec": {
            "replicas": 3,
            "theirs": true,
            "finalizers": ["y", "x"],
            "containers": [{"name": "side", "image": "s"}, {"name": "web", "image": "w", "resources": {}}],
        },
    }))
}

#[test]
fn a_projection_holds_just_what_the_manager_applied() {
    assert_eq!(
        owned::projection(&live(), "slipway:n/r"),
        json!({
            "metadata": {"labels": {"ours": "1"}},
            "spec": {"replicas": 3, "containers": [{"name": "web", "image": "w"}], "finalizers": ["x"]},
        })
    );
    assert_eq!(owned::projection(&live(), "somebody"), json!(null));
    assert!(owned::owns(&live(), "slipway:n/r", &["spec", "replicas"]));
    assert!(!owned::owns(&live(), "slipway:n/r", &["spec", "theirs"]));
}

#[test]
fn a_path_with_list_keys_finds_its_field_even_where_keys_hold_dots_and_brackets() {
    let mut object = json!({"spec": {"containers": [{"name": "a.b]c", "image": "1"}, {"name": "d", "image": "2"}]}, "data": {"k": "v"}});
    assert_eq!(owned::take(&mut object, r#"spec.containers[name="a.b]c"].image"#), Some(json!("1")));
    assert_eq!(owned::take(&mut object, r#"spec.containers[name="d"]"#), Some(json!({"name": "d", "image": "2"})));
    assert_eq!(owned::at(&object, "data.k"), Some(json!("v")));
    assert_eq!(owned::take(&mut object, "data.missing.deeper"), None);
    assert_eq!(object, json!({"spec": {"containers": [{"name": "a.b]c"}]}, "data": {"k": "v"}}));
}

#[test]
fn a_hash_knows_values_and_not_the_order_of_keys() {
    let salt = SecretText::new("salt");
    let one = hash::of(&salt, &json!({"a": 1, "b": [1, 2]}));
    assert_eq!(one, hash::of(&salt, &json!({"b": [1, 2], "a": 1})));
    assert_ne!(one, hash::of(&salt, &json!({"a": 1, "b": [2, 1]})));
    assert_ne!(one, hash::of(&SecretText::new("other"), &json!({"a": 1, "b": [1, 2]})));
}

#[test]
fn a_journal_holds_no_address_that_opens_something() {
    let uri = "postgres://ana:wonderful@db:5432/events";
    let applied = format!("{{\"data\":{{\"URI\":\"{uri}\"}}}}");
    let config = Object(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "inngest", "uid": "1",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
        },
        "data": {"URI": uri, "PORT": "8288"},
    }));
    let workload = Object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "inngest"},
        "spec": {"template": {"spec": {"containers": [{"name": "a", "env": [{"name": "URI", "value": uri}]}]}}},
    }));
    let kept = step::entry("replace", &config).original;
    assert_eq!((kept.text(&["data", "URI"]), kept.text(&["data", "PORT"])), ("[hidden]", "8288"));
    for object in [&config, &workload] {
        let text = serde_json::to_string(&step::entry("delete", object)).unwrap();
        assert!(!text.contains("wonderful"), "{text}");
    }
}

#[test]
fn a_record_that_is_built_anew_holds_no_address_that_opens_something() {
    let target = crate::plan::Target { namespace: "n".into(), release: "r".into(), ..Default::default() };
    let uri = "postgres://ana:wonderful@db:5432/events";
    let live = Object(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "inngest", "namespace": "n", "uid": "1", "managedFields": [{
            "manager": target.field_manager(), "operation": "Apply", "fieldsV1": {"f:data": {"f:URI": {}, "f:PORT": {}}},
        }]},
        "data": {"URI": uri, "PORT": "8288"},
    }));
    let found = repair::Found { parent: true, revisions: vec![], torn: vec![], objects: vec![live], keys: vec![] };
    let (revision, unknown) = repair::rebuilt(&found, &target, "ana@laptop").unwrap();
    let object = &revision.plan.steps[0].wanted.object;
    assert_eq!(object.at(&["data"]), Some(&json!({"PORT": "8288"})));
    assert_eq!(object.annotation(crate::plan::rollback::UNKNOWN_ENTRIES), Some("URI"), "a rollback leaves it as it is");
    assert!(unknown.contains(&"how URI of ConfigMap inngest is made".to_string()), "{unknown:?}");
}

#[test]
fn what_came_after_the_one_that_the_journal_names_is_another() {
    let live =
        |uid: &str| Object(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "uid": uid}}));
    let entries = |told: &[(&str, &str)]| -> Vec<JournalEntry> {
        told.iter().map(|(word, uid)| step::entry(word, &live(uid))).collect()
    };
    for (journal, wanted) in [
        (&[][..], false),
        (&[("replace", "1")], true),
        (&[("replace", "2")], false),
        (&[("replace", "1"), ("replace", "2")], false),
        (&[("delete", "1")], false),
        (&[("end", "1")], false),
    ] {
        assert_eq!(step::is_another(&entries(journal), "replace", &live("2")), wanted, "{journal:?}");
    }
    let mut other = live("2");
    other.set(&["metadata", "name"], "b".into());
    assert!(!step::is_another(&entries(&[("replace", "1")]), "replace", &other));
}
