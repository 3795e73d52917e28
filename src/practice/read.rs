//! Reading: one object, a collection, and the form it is asked in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::route::{Query, Target};
use super::selector::Selector;
use super::status::{Refusal, bad_request, not_found};
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
    let after = continued(query.text("continue"))?;
    let limit = query.number("limit").and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let mut fitting = store
        .entries(&table, &target.namespace)
        .filter(|(key, object)| after.as_ref().is_none_or(|after| place(key) > *after) && selector.fits(object))
        .peekable();
    let mut last = None;
    let items: Vec<Value> = std::iter::from_fn(|| fitting.next())
        .take(limit.unwrap_or(usize::MAX))
        .map(|(key, object)| {
            last = Some(place(key));
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
    let mut metadata = json!({"resourceVersion": store.version().to_string()});
    if let (Some(_), Some((namespace, name))) = (fitting.peek(), last) {
        metadata["continue"] = BASE64.encode(format!("{namespace}/{name}")).into();
    }
    Ok(json!({"kind": name, "apiVersion": version, "metadata": metadata, "items": items}))
}

/// Where an object stands in a list.
fn place(key: &Key) -> (String, String) {
    (key.namespace.clone(), key.name.clone())
}

/// The place after which a page begins.
fn continued(token: &str) -> Result<Option<(String, String)>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let text = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| text.split_once('/'));
    let (namespace, name) = place.ok_or_else(|| bad_request("continue key is not valid"))?;
    Ok(Some((namespace.into(), name.into())))
}
