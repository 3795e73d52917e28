//! Writing: create, replace, patch and apply, with what the server does to an object on the way.

use serde_json::{Value, json};

use super::apply::{Writer, apply, track};
use super::clock::seconds;
use super::kinds::Kind;
use super::route::{Query, Target};
use super::status::{Refusal, already_exists, bad_request, forbidden, modified, not_found};
use super::store::Key;
use super::world::World;
use super::{defaults, patch, validate};
use crate::object::Object;

/// Who writes, as a query or else the client's name says.
pub(crate) fn writer(world: &World, kind: &Kind, target: &Target, query: &Query, agent: &str) -> Writer {
    let manager = query.text("fieldManager");
    let agent = agent.split('/').next().filter(|agent| !agent.is_empty()).unwrap_or("unknown");
    Writer {
        manager: if manager.is_empty() { agent } else { manager }.into(),
        api_version: kind.api_version(),
        subresource: target.subresource.clone(),
        now: seconds(world.now()),
    }
}

/// A namespace must be there and not be ending.
fn open(world: &World, kind: &Kind, target: &Target) -> Result<(), Refusal> {
    if !kind.namespaced {
        return Ok(());
    }
    let namespace = &target.namespace;
    let found = world.store.get(&Key::new("namespaces", "", namespace));
    let found = found.ok_or_else(|| not_found("", "namespaces", namespace))?;
    if found.text(&["metadata", "deletionTimestamp"]).is_empty() {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut refusal = forbidden(&kind.group, &kind.plural, &target.name, &why);
    let message = format!("namespace {namespace} is being terminated");
    refusal.details["causes"] =
        json!([{"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}]);
    Err(refusal)
}

/// The body must be about what the path names.
fn address(kind: &Kind, target: &Target, object: &mut Object) -> Result<(), Refusal> {
    if !object.0.is_object() {
        return Err(bad_request("the body of the request is not an object"));
    }
    let named = object.name().to_string();
    if !target.name.is_empty() && named.is_empty() {
        object.set(&["metadata", "name"], target.name.as_str().into());
    } else if !target.name.is_empty() && named != target.name {
        return Err(bad_request(format!(
            "the name of the object ({named}) does not match the name on the URL ({})",
            target.name
        )));
    }
    if kind.namespaced {
        if !object.namespace().is_empty() && object.namespace() != target.namespace {
            return Err(bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        object.set(&["metadata", "namespace"], target.namespace.as_str().into());
    } else {
        object.remove(&["metadata", "namespace"]);
    }
    Ok(())
}

/// Makes an object.
pub(crate) fn create(
    world: &mut World,
    kind: &Kind,
    target: &Target,
    query: &Query,
    agent: &str,
    body: Value,
) -> Result<Value, Refusal> {
    let mut object = Object(body);
    if kind.is_question() {
        return Ok(question(kind, object));
    }
    address(kind, target, &mut object)?;
    open(world, kind, target)?;
    if query.text("fieldValidation") != "Ignore" {
        validate::strict(kind, world.fields.as_ref(), &object)?;
    }
    if object.name().is_empty() {
        let prefix = object.text(&["metadata", "generateName"]).to_string();
        if prefix.is_empty() {
            return Err(super::status::invalid(
                &kind.group,
                &kind.kind,
                "",
                &[super::status::Cause::required("metadata.name", "name or generateName is required")],
            ));
        }
        let name = format!("{prefix}{}", world.suffix());
        object.set(&["metadata", "name"], name.into());
    }
    let key = Key::new(&kind.table(), object.namespace(), object.name());
    if world.store.get(&key).is_some() {
        return Err(already_exists(&kind.group, &kind.plural, object.name()));
    }
    if kind.has("status") && !(kind.group.is_empty() && kind.kind == "Namespace") {
        object.remove(&["status"]);
    }
    let writer = writer(world, kind, target, query, agent);
    object.remove(&["metadata", "managedFields"]);
    let mut object = born(world, kind, object)?;
    track(&Object(json!({})), &mut object, &writer);
    Ok(store(world, key, object, query.is_dry()))
}

/// What every new object gets.
fn born(world: &mut World, kind: &Kind, mut object: Object) -> Result<Object, Refusal> {
    validate::name(kind, &object)?;
    object.set(&["metadata", "uid"], world.uid().into());
    object.set(&["metadata", "creationTimestamp"], seconds(world.now()).into());
    object.remove(&["metadata", "resourceVersion"]);
    object.remove(&["metadata", "deletionTimestamp"]);
    if has_generation(kind) {
        object.set(&["metadata", "generation"], 1.into());
    }
    defaults::fill(kind, &mut object);
    validate::complete(kind, &object)?;
    Ok(object)
}

fn has_generation(kind: &Kind) -> bool {
    let without =
        matches!(kind.kind.as_str(), "Namespace" | "Service" | "PersistentVolumeClaim" | "PersistentVolume" | "Node");
    kind.fields.iter().any(|field| field == "spec") && !(kind.group.is_empty() && without)
}

fn store(world: &mut World, key: Key, object: Object, dry: bool) -> Value {
    if dry { object.0 } else { world.store.put(key, object).0.clone() }
}

/// Everything that changes an object that is there ends here.
pub(crate) fn settle(
    world: &mut World,
    kind: &Kind,
    key: Key,
    live: &Object,
    mut new: Object,
    target: &Target,
    dry: bool,
) -> Result<Value, Refusal> {
    for name in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "name",
        "namespace",
    ] {
        match live.at(&["metadata", name]) {
            Some(value) => new.set(&["metadata", name], value.clone()),
            None => drop(new.remove(&["metadata", name])),
        }
    }
    new.set(&["metadata", "resourceVersion"], live.resource_version().into());
    if target.subresource.is_empty() && kind.has("status") {
        // The status has a door of its own.
        match live.at(&["status"]) {
            Some(status) => new.set(&["status"], status.clone()),
            None => drop(new.remove(&["status"])),
        }
    }
    defaults::fill(kind, &mut new);
    if kind.group.is_empty() && kind.kind == "Service" {
        for name in ["clusterIP", "clusterIPs"] {
            if let (None, Some(value)) = (new.at(&["spec", name]), live.at(&["spec", name])) {
                new.set(&["spec", name], value.clone());
            }
        }
    }
    if kind.kind == "PersistentVolumeClaim"
        && let (None, Some(value)) = (new.at(&["spec", "volumeName"]), live.at(&["spec", "volumeName"]))
    {
        new.set(&["spec", "volumeName"], value.clone());
    }
    validate::change(kind, live, &new)?;
    validate::complete(kind, &new)?;
    let body = |object: &Object| {
        let mut map = object.0.as_object().cloned().unwrap_or_default();
        for name in ["metadata", "status", "apiVersion", "kind"] {
            map.shift_remove(name);
        }
        map
    };
    if has_generation(kind) && body(live) != body(&new) {
        let generation = live.integer(&["metadata", "generation"]).unwrap_or(0) + 1;
        new.set(&["metadata", "generation"], generation.into());
    }
    if new == *live {
        return Ok(new.0);
    }
    let ends =
        !new.text(&["metadata", "deletionTimestamp"]).is_empty() && new.list(&["metadata", "finalizers"]).is_empty();
    if ends && !dry && !matches!(kind.kind.as_str(), "Namespace" | "Pod") {
        world.store.remove(&key);
        return Ok(new.0);
    }
    Ok(store(world, key, new, dry))
}

/// Replaces an object or its status.
pub(crate) fn update(
    world: &mut World,
    kind: &Kind,
    target: &Target,
    query: &Query,
    agent: &str,
    body: Value,
) -> Result<Value, Refusal> {
    let mut new = Object(body);
    address(kind, target, &mut new)?;
    let key = Key::new(&kind.table(), &target.namespace, &target.name);
    let live = world.store.get(&key).cloned().ok_or_else(|| not_found(&kind.group, &kind.plural, &target.name))?;
    let version = new.resource_version();
    if !version.is_empty() && version != live.resource_version() {
        return Err(modified(&kind.group, &kind.plural, &target.name));
    }
    let uid = new.uid();
    if !uid.is_empty() && uid != live.uid() {
        return Err(modified(&kind.group, &kind.plural, &target.name));
    }
    let new = of_subresource(&live, new, target);
    if target.subresource.is_empty() && query.text("fieldValidation") != "Ignore" {
        validate::strict(kind, world.fields.as_ref(), &new)?;
    }
    let writer = writer(world, kind, target, query, agent);
    changed(world, kind, key, &live, new, &writer, target, query.is_dry())
}

/// What a write to a subresource leaves of the rest.
fn of_subresource(live: &Object, new: Object, target: &Target) -> Object {
    let mut object = live.clone();
    match target.subresource.as_str() {
        "" => return new,
        "scale" => {
            if let Some(replicas) = new.at(&["spec", "replicas"]) {
                object.set(&["spec", "replicas"], replicas.clone());
            }
        }
        "finalize" => {
            object.set(&["spec", "finalizers"], new.at(&["spec", "finalizers"]).cloned().unwrap_or(json!([])))
        }
        _ => object.set(&["status"], new.at(&["status"]).cloned().unwrap_or(json!({}))),
    }
    object
}

fn changed(
    world: &mut World,
    kind: &Kind,
    key: Key,
    live: &Object,
    mut new: Object,
    writer: &Writer,
    target: &Target,
    dry: bool,
) -> Result<Value, Refusal> {
    // Who sends a list of managers replaces it; an empty one changes nothing here.
    let sent = !new.list(&["metadata", "managedFields"]).is_empty();
    let entries = live.at(&["metadata", "managedFields"]).cloned();
    match entries {
        _ if sent => {}
        Some(entries) => new.set(&["metadata", "managedFields"], entries),
        None => drop(new.remove(&["metadata", "managedFields"])),
    }
    track(live, &mut new, writer);
    let object = settle(world, kind, key, live, new, target, dry)?;
    Ok(if target.subresource == "scale" { super::read::scale(&Object(object)) } else { object })
}

/// Patches an object; `true` in the answer says that it was made.
pub(crate) fn patch(
    world: &mut World,
    kind: &Kind,
    target: &Target,
    query: &Query,
    agent: &str,
    content_type: &str,
    body: Value,
) -> Result<(bool, Value), Refusal> {
    let key = Key::new(&kind.table(), &target.namespace, &target.name);
    let live = world.store.get(&key).cloned();
    let writer = writer(world, kind, target, query, agent);
    if content_type.starts_with("application/apply-patch") {
        return applied(world, kind, key, live.as_deref(), target, query, &writer, Object(body));
    }
    let live = live.ok_or_else(|| not_found(&kind.group, &kind.plural, &target.name))?;
    let mut value = if target.subresource == "scale" { super::read::scale(&live) } else { live.0.clone() };
    if content_type.starts_with("application/json-patch") {
        patch::json_patch(&mut value, &body)?;
    } else {
        patch::merge(&mut value, &body);
    }
    let new = Object(value);
    if new.resource_version() != live.resource_version() {
        return Err(modified(&kind.group, &kind.plural, &target.name));
    }
    let new = of_subresource(&live, new, target);
    let object = changed(world, kind, key, &live, new, &writer, target, query.is_dry())?;
    Ok((false, object))
}

fn applied(
    world: &mut World,
    kind: &Kind,
    key: Key,
    live: Option<&Object>,
    target: &Target,
    query: &Query,
    writer: &Writer,
    mut wanted: Object,
) -> Result<(bool, Value), Refusal> {
    if query.text("fieldManager").is_empty() {
        return Err(bad_request(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    if wanted.at(&["metadata", "managedFields"]).is_some_and(|fields| !fields.is_null()) {
        return Err(bad_request("metadata.managedFields must be nil"));
    }
    address(kind, target, &mut wanted)?;
    validate::strict_apply(kind, world.fields.as_ref(), &wanted)?;
    defaults::decode(kind, &mut wanted);
    let force = query.is_on("force");
    if let Some(live) = live {
        let uid = wanted.uid();
        if !uid.is_empty() && uid != live.uid() {
            return Err(modified(&kind.group, &kind.plural, &target.name));
        }
        let version = wanted.resource_version();
        if !version.is_empty() && version != live.resource_version() {
            return Err(modified(&kind.group, &kind.plural, &target.name));
        }
        let new = apply(live, &wanted, writer, force)?;
        return Ok((false, settle(world, kind, key, live, new, target, query.is_dry())?));
    }
    if !wanted.uid().is_empty() {
        let why = format!(
            "uid mismatch: the provided object specified uid {}, and no existing object was found",
            wanted.uid()
        );
        return Err(super::status::conflict(&kind.group, &kind.plural, &target.name, &why));
    }
    if !target.subresource.is_empty() {
        return Err(not_found(&kind.group, &kind.plural, &target.name));
    }
    open(world, kind, target)?;
    let new = apply(&Object(json!({})), &wanted, writer, force)?;
    let new = born(world, kind, new)?;
    Ok((true, store(world, key, new, query.is_dry())))
}

/// What is only asked: everything is allowed to the one user.
fn question(kind: &Kind, mut object: Object) -> Value {
    object.set(&["apiVersion"], kind.api_version().into());
    object.set(&["kind"], kind.kind.as_str().into());
    let status = match kind.kind.as_str() {
        "SelfSubjectReview" => json!({"userInfo": {"username": "practice", "groups": ["system:authenticated"]}}),
        "SelfSubjectRulesReview" => {
            let all = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
            json!({"resourceRules": all, "nonResourceRules": [], "incomplete": false})
        }
        _ => json!({"allowed": true, "reason": "the practice cluster allows everything"}),
    };
    object.set(&["status"], status);
    object.0
}
