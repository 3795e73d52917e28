//! Reading: one object, a collection, and the form it is asked in.

use serde_json::{Value, json};

use super::kinds::Kind;
use super::route::{Query, Target};
use super::selector::Selector;
use super::status::{Refusal, not_found};
use super::store::{Key, Store};
use crate::object::Object;

/// Whether `Accept` prefers metadata alone.
pub(crate) fn is_partial(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=PartialObjectMetadata"))
}

/// An object as it is answered.
pub(crate) fn shown(object: &Object, partial: bool) -> Value {
    if !partial {
        return object.0.clone();
    }
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.at(&["metadata"]).cloned().unwrap_or(Value::Null),
    })
}

/// One object.
pub(crate) fn get(store: &Store, kind: &Kind, target: &Target, partial: bool) -> Result<Value, Refusal> {
    let key = Key::new(&kind.table(), &target.namespace, &target.name);
    let live = store.get(&key).ok_or_else(|| not_found(&kind.group, &kind.plural, &target.name))?;
    if target.subresource == "scale" {
        return Ok(scale(live));
    }
    Ok(shown(live, partial))
}

/// The Scale of a workload.
pub(crate) fn scale(live: &Object) -> Value {
    let mut metadata = json!({"name": live.name(), "namespace": live.namespace(), "uid": live.uid()});
    metadata["resourceVersion"] = live.resource_version().into();
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": live.integer(&["spec", "replicas"]).unwrap_or(0)},
        "status": {"replicas": live.integer(&["status", "replicas"]).unwrap_or(0)},
    })
}

/// The selector of a query; a name in the path is one more requirement.
pub(crate) fn selector(target: &Target, query: &Query) -> Result<Selector, Refusal> {
    let mut fields = query.text("fieldSelector").to_string();
    if !target.name.is_empty() {
        let comma = if fields.is_empty() { "" } else { "," };
        fields = format!("{fields}{comma}metadata.name={}", target.name);
    }
    Selector::parse(query.text("labelSelector"), &fields)
}

/// A collection.
pub(crate) fn list(
    store: &Store,
    kind: &Kind,
    target: &Target,
    query: &Query,
    partial: bool,
) -> Result<Value, Refusal> {
    let selector = selector(target, query)?;
    let table = kind.table();
    let fitting = store.list(&table, &target.namespace).filter(|object| selector.fits(object));
    let items: Vec<Value> = fitting
        .map(|object| {
            let mut item = shown(object, partial);
            if let (false, Some(map)) = (partial, item.as_object_mut()) {
                // Items of a typed list do not repeat what the list says.
                map.shift_remove("apiVersion");
                map.shift_remove("kind");
            }
            item
        })
        .collect();
    let (name, version) = if partial {
        ("PartialObjectMetadataList".to_string(), "meta.k8s.io/v1".to_string())
    } else {
        (format!("{}List", kind.kind), kind.api_version())
    };
    Ok(json!({
        "kind": name,
        "apiVersion": version,
        "metadata": {"resourceVersion": store.version().to_string()},
        "items": items,
    }))
}
