//! `$waitFor`: a component's container in front, that waits until the component answers.

use serde_json::{Map, Value, json};

use super::Notes;
use super::directives::names_of;
use super::piece::Piece;
use crate::product::expression::EvaluationFault;
use crate::product::node::Node;
use crate::product::schema::WaitFor;
use crate::product::world::{Scope, World};

/// Takes `$waitFor` out of an object, wherever its pod template has it: the ids of the components.
pub(super) fn names(piece: &mut Piece, scope: &Scope<'_, '_>, node: &Node, notes: &mut Notes) -> Option<Vec<String>> {
    let names = names_of(find(piece)?);
    let mut ids = Vec::new();
    for name in names {
        let id = name.strip_prefix("components.").unwrap_or(&name);
        let components = &scope.world().product.components;
        if components.contains_key(id) {
            ids.push(id.to_owned());
        } else {
            let near = crate::suggest::nearest(id, components.keys().map(String::as_str));
            notes.fault("DIRECTIVE", &node.place, format!("$waitFor names `{name}`, which is no component")).remedy =
                near.map(|near| format!("did you mean components.{near}?")).unwrap_or_default();
        }
    }
    Some(ids)
}

/// The value of the first `$waitFor` in a tree.
fn find(piece: &mut Piece) -> Option<Option<Piece>> {
    if let Some(found) = piece.take("$waitFor") {
        return Some(Some(found));
    }
    match piece {
        Piece::Map(entries, _) => entries.iter_mut().find_map(|(_, piece)| find(piece)),
        _ => None,
    }
}

/// Puts the containers of components in front of the init containers of an object's pods.
pub(super) fn put_in_front(object: &mut Piece, ids: Vec<String>, world: &World<'_>, notes: &mut Notes) {
    let place = object.place().clone();
    let mut containers = Vec::new();
    for id in ids {
        let Some(wait) = world.product.components.get(&id).and_then(|component| component.wait_for.as_ref()) else {
            continue;
        };
        match container(&id, wait, world) {
            Ok(Some(container)) => containers.push(Piece::Clean(container, place.clone())),
            Ok(None) => {}
            Err(fault) => notes.expression(&place, &fault),
        }
    }
    if containers.is_empty() {
        return;
    }
    let Some(Piece::Map(spec, _)) = pod_spec(object) else {
        notes.fault("DIRECTIVE", &place, "$waitFor stands on a pod template only");
        return;
    };
    match spec.iter_mut().find(|(key, _)| key == "initContainers") {
        Some((_, Piece::List(there, _))) => {
            containers.append(there);
            *there = containers;
        }
        _ => {
            let at = spec.iter().position(|(key, _)| key == "containers").unwrap_or(spec.len());
            spec.insert(at, ("initContainers".into(), Piece::List(containers, place)));
        }
    }
}

fn pod_spec(object: &mut Piece) -> Option<&mut Piece> {
    match object.text("kind") {
        "Pod" => object.get_mut("spec"),
        "CronJob" => {
            object.get_mut("spec")?.get_mut("jobTemplate")?.get_mut("spec")?.get_mut("template")?.get_mut("spec")
        }
        _ => object.get_mut("spec")?.get_mut("template")?.get_mut("spec"),
    }
}

/// The container, or none where the component is off or does not ask to be waited for.
fn container(id: &str, wait: &WaitFor, world: &World<'_>) -> Result<Option<Value>, EvaluationFault> {
    if world.mode(id)? == "off" {
        return Ok(None);
    }
    let scope = Some(id.to_owned());
    let scope = world.scope(&scope);
    if !scope.truth(wait.when.as_ref())? {
        return Ok(None);
    }
    let mut made = Map::new();
    made.insert("name".into(), Value::from(format!("wait-{id}")));
    made.insert("image".into(), Value::from(scope.text(&wait.image)?));
    let command = wait.command.iter().map(|part| scope.text(part).map(Value::from)).collect::<Result<Vec<_>, _>>()?;
    made.insert("command".into(), Value::from(command));
    // It only asks and sleeps.
    made.insert(
        "resources".into(),
        json!({"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}),
    );
    Ok(Some(Value::Object(made)))
}
