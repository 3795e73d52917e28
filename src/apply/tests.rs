//! The pure parts: what a manager owns, and paths as the server writes them.

use serde_json::json;

use super::{hash, owned};
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
