//! Evaluation of a manifest's tree: templates in scalars, and the keys that begin with `$`.

use serde_json::Value;

use super::piece::Piece;
use super::{Notes, secrets};
use crate::product::expression::{Expression, Looked, Outcome};
use crate::product::node::{Key, Node, NodeValue};
use crate::product::world::Scope;

/// Every directive, for the nearest one in a message.
const KNOWN: [&str; 9] = ["$each", "$when", "$value", "$splice", "$merge", "$yaml", "$json", "$secretRef", "$after"];
/// Directives that are taken out of the finished tree later.
const LATER: [&str; 2] = ["$after", "$waitFor"];

type Entry<'n> = &'n (Key, Node);

/// The pieces that an object or a list item comes to: none where its `$when` does not hold, several under `$each`.
pub(super) fn repeated<'w, 'a>(node: &Node, scope: &Scope<'w, 'a>, notes: &mut Notes) -> Vec<(Piece, Scope<'w, 'a>)> {
    let each = node.get("$each");
    let Some(each) = each else {
        return piece(node, scope, notes).map(|piece| (piece, scope.with("", Looked::default()))).into_iter().collect();
    };
    let Some([(name, list)]) = each.as_map() else {
        notes.fault("DIRECTIVE", &each.place, "$each takes one name and its list").remedy =
            "write $each: {item: list}".into();
        return vec![];
    };
    let Some(list_of) = bare(list, notes) else { return vec![] };
    let items = match list_of.evaluate(scope) {
        Ok(evaluated) if evaluated.tainted => {
            notes.fault("SECRET_SHOWS", &list.place, "$each cannot go through a list that is computed from a secret");
            None
        }
        Ok(evaluated) => match evaluated.value {
            Value::Null => Some(vec![]),
            Value::Array(items) => Some(items),
            // Each entry as {key, value}, so that both have a name.
            Value::Object(map) => {
                Some(map.into_iter().map(|(key, value)| serde_json::json!({"key": key, "value": value})).collect())
            }
            _ => {
                notes.fault("DIRECTIVE", &list.place, format!("`{}` is not a list", list_of.source()));
                None
            }
        },
        Err(fault) => {
            notes.expression(&list.place, &fault);
            None
        }
    };
    items
        .into_iter()
        .flatten()
        .filter_map(|item| {
            let scope = scope.with_item(&name.text, item, &list_of);
            piece(node, &scope, notes).map(|piece| (piece, scope))
        })
        .collect()
}

/// A bare expression out of a node.
fn bare(node: &Node, notes: &mut Notes) -> Option<Expression> {
    let read = match (node.bare(), &node.value) {
        (Some(read), _) => read.cloned().map_err(Clone::clone),
        (None, NodeValue::Bool(truth)) => Expression::parse(&truth.to_string()),
        _ => {
            notes.fault("DIRECTIVE", &node.place, format!("an expression must stand here, not {}", node.word()));
            return None;
        }
    };
    read.map_err(|fault| notes.fault("EXPRESSION", &node.place, fault.message)).ok()
}

/// Whether `$when` holds; a fault of it counts as no.
fn wanted(node: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> bool {
    let Some(when) = node.get("$when") else { return true };
    let Some(condition) = bare(when, notes) else { return false };
    match condition.evaluate(scope) {
        Ok(evaluated) if evaluated.tainted => {
            notes.fault(
                "SECRET_SHOWS",
                &when.place,
                format!("`{}` would tell something of a secret", condition.source()),
            );
            false
        }
        Ok(evaluated) => match evaluated.value {
            Value::Bool(truth) => truth,
            // A question that is not asked is null.
            Value::Null => false,
            _ => {
                notes.fault("EXPRESSION", &when.place, format!("`{}` must be true or false", condition.source()));
                false
            }
        },
        Err(fault) => {
            notes.expression(&when.place, &fault);
            false
        }
    }
}

/// What a node comes to; `None` is null.
pub(super) fn piece(node: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> Option<Piece> {
    match &node.value {
        NodeValue::Null => None,
        NodeValue::Text(_) => scalar(node, scope, notes),
        NodeValue::List(items) => {
            let pieces = items.iter().flat_map(|item| list_item(item, scope, notes)).collect();
            Some(Piece::List(pieces, node.place.clone()))
        }
        NodeValue::Map(entries) if wanted(node, scope, notes) => mapping(entries, node, scope, notes),
        NodeValue::Map(_) => None,
        _ => Some(Piece::Clean(node.to_json(), node.place.clone())),
    }
}

fn scalar(node: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> Option<Piece> {
    let place = node.place.clone();
    let outcome = match node.template()? {
        Ok(template) => template.outcome(scope),
        Err(fault) => {
            notes.fault("EXPRESSION", &place, fault.message.clone());
            return None;
        }
    };
    match outcome {
        Ok(Outcome::Null) => None,
        Ok(Outcome::Clean(value)) => without_nulls(value).map(|value| Piece::Clean(value, place)),
        Ok(Outcome::Tainted(recipe)) => Some(Piece::Tainted { recipe, unknown: false, place }),
        Ok(Outcome::Unknown(recipe)) => Some(Piece::Tainted { recipe, unknown: true, place }),
        Err(fault) => {
            notes.expression(&place, &fault);
            None
        }
    }
}

/// Drops the nulls inside a value that an expression made, as they are dropped in a manifest.
fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_nulls).collect())),
        Value::Object(map) => {
            Some(Value::Object(map.into_iter().filter_map(|(key, value)| Some((key, without_nulls(value)?))).collect()))
        }
        other => Some(other),
    }
}

fn list_item(node: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> Vec<Piece> {
    let pieces: Vec<Piece> = repeated(node, scope, notes).into_iter().map(|(piece, _)| piece).collect();
    if node.get("$splice").is_none() {
        return pieces;
    }
    let mut spliced = Vec::new();
    for piece in pieces {
        match piece {
            Piece::List(items, _) => spliced.extend(items),
            Piece::Clean(Value::Array(items), place) => {
                spliced.extend(items.into_iter().map(|item| Piece::Clean(item, place.clone())));
            }
            other => {
                notes.fault("DIRECTIVE", other.place(), "$splice takes a list");
            }
        }
    }
    spliced
}

fn mapping(entries: &[(Key, Node)], node: &Node, scope: &Scope<'_, '_>, notes: &mut Notes) -> Option<Piece> {
    let find = |name: &str| entries.iter().find(|(key, _)| key.text == name);
    for name in ["$value", "$splice", "$yaml", "$json", "$secretRef"] {
        if let Some((key, payload)) = find(name) {
            alone(name, entries, notes);
            return match name {
                "$yaml" | "$json" => {
                    secrets::as_text(piece(payload, scope, notes)?, name == "$yaml", &key.place, notes)
                }
                "$secretRef" => secrets::reference(payload, scope, notes),
                _ => piece(payload, scope, notes),
            };
        }
    }
    let mut made: Vec<(String, Piece)> = Vec::new();
    if let Some(merge) = find("$merge") {
        merged(merge, scope, &mut made, notes);
    }
    let from_merge = made.len();
    for (key, value) in entries {
        let name = key.text.as_str();
        if matches!(name, "$each" | "$when" | "$merge") {
            continue;
        }
        if LATER.contains(&name) {
            made.push((name.to_owned(), Piece::Clean(value.to_json(), value.place.clone())));
            continue;
        }
        if name.starts_with('$') {
            let near = crate::suggest::nearest(name, KNOWN.into_iter().chain(["$waitFor"]));
            notes.fault("DIRECTIVE", &key.place, format!("there is no directive {name}")).remedy =
                near.map(|near| format!("did you mean {near}?")).unwrap_or_default();
            continue;
        }
        if made[..from_merge].iter().any(|(known, _)| known == name) {
            notes
                .fault("DIRECTIVE", &key.place, format!("`{name}` is written here and comes out of $merge as well"))
                .remedy = "write it into one of the maps of $merge: later ones win".into();
            continue;
        }
        if let Some(each) = value.get("$each") {
            notes.fault("DIRECTIVE", &each.place, "$each stands on the item of a list or on a whole object only");
            continue;
        }
        if let Some(piece) = piece(value, scope, notes) {
            made.push((name.to_owned(), piece));
        }
    }
    Some(Piece::Map(made, node.place.clone()))
}

/// Says that a directive stands with keys that it would swallow.
fn alone(name: &str, entries: &[(Key, Node)], notes: &mut Notes) {
    for (key, _) in
        entries.iter().filter(|(key, _)| key.text != name && !matches!(key.text.as_str(), "$each" | "$when"))
    {
        notes.fault("DIRECTIVE", &key.place, format!("`{}` stands beside {name}, which is the whole value", key.text));
    }
}

fn merged((key, list): Entry<'_>, scope: &Scope<'_, '_>, made: &mut Vec<(String, Piece)>, notes: &mut Notes) {
    let Some(maps) = list.as_list() else {
        notes.fault("DIRECTIVE", &key.place, "$merge takes a list of maps");
        return;
    };
    for map in maps {
        let Some(piece) = piece(map, scope, notes) else { continue };
        let entries = match piece {
            Piece::Map(entries, _) => entries,
            Piece::Clean(Value::Object(map), place) => {
                map.into_iter().map(|(key, value)| (key, Piece::Clean(value, place.clone()))).collect()
            }
            other => {
                notes.fault("DIRECTIVE", other.place(), "$merge takes maps only");
                continue;
            }
        };
        for (key, value) in entries {
            match made.iter_mut().find(|(known, _)| *known == key) {
                Some((_, there)) => *there = value,
                None => made.push((key, value)),
            }
        }
    }
}

/// Takes `$after` out of an object.
pub(super) fn after(piece: &mut Piece) -> Vec<String> {
    names_of(piece.take("$after"))
}

/// The names of `$after` or `$waitFor`: a list, or one.
pub(super) fn names_of(piece: Option<Piece>) -> Vec<String> {
    match piece {
        Some(Piece::Clean(Value::Array(names), _)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Piece::Clean(Value::String(name), _)) => vec![name],
        _ => vec![],
    }
}
