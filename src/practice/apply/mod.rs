//! Server-side apply: who owns which field, conflicts, and what an apply makes of an object (KEP-555).

mod fields;
mod merge;
mod shape;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub(crate) use fields::Fields;
use merge::{difference, fields_of, merge, prune};
pub(crate) use shape::with_keys;

use super::status::Refusal;
use crate::object::Object;

/// An entry of `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq)]
struct Managed {
    manager: String,
    operation: String,
    api_version: String,
    subresource: String,
    time: String,
    fields: Fields,
}

/// Who writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    pub(crate) manager: String,
    pub(crate) api_version: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    /// RFC 3339 with seconds.
    pub(crate) now: String,
}

/// Metadata that nobody owns.
const UNOWNED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
    "generateName",
];

/// The part of an object whose fields have owners.
fn ownable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.shift_remove("apiVersion");
        map.shift_remove("kind");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for name in UNOWNED {
                metadata.shift_remove(*name);
            }
        }
        if map.get("metadata").and_then(Value::as_object).is_some_and(Map::is_empty) {
            map.shift_remove("metadata");
        }
    }
    object
}

fn read(object: &Object) -> Vec<Managed> {
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or("").to_string();
    object
        .list(&["metadata", "managedFields"])
        .iter()
        .map(|entry| Managed {
            manager: text(entry, "manager"),
            operation: text(entry, "operation"),
            api_version: text(entry, "apiVersion"),
            subresource: text(entry, "subresource"),
            time: text(entry, "time"),
            fields: Fields::from_json(entry.get("fieldsV1").unwrap_or(&Value::Null)),
        })
        .collect()
}

fn write(object: &mut Object, mut entries: Vec<Managed>) {
    entries.retain(|entry| !entry.fields.is_empty());
    // Applies first, as the server sorts them.
    entries.sort_by_key(|entry| (entry.operation != "Apply", entry.time.clone(), entry.manager.clone()));
    if entries.is_empty() {
        object.remove(&["metadata", "managedFields"]);
        return;
    }
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            let mut shown = json!({
                "manager": entry.manager,
                "operation": entry.operation,
                "apiVersion": entry.api_version,
                "time": entry.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": entry.fields.to_json(),
            });
            if !entry.subresource.is_empty() {
                shown["subresource"] = entry.subresource.into();
            }
            shown
        })
        .collect();
    object.set(&["metadata", "managedFields"], entries.into());
}

impl Managed {
    fn is(&self, writer: &Writer, operation: &str) -> bool {
        self.manager == writer.manager
            && self.operation == operation
            && self.subresource == writer.subresource
            && (operation == "Apply" || self.api_version == writer.api_version)
    }

    /// As a conflict names it.
    fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            shown.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == "Update" {
            shown.push_str(&format!(" using {}", self.api_version));
        }
        shown
    }
}

/// Notes in `new` that `writer` changed it from `old` by a create, an update or a patch.
pub(crate) fn track(old: &Object, new: &mut Object, writer: &Writer) {
    // The managers that were sent with it, where they were.
    let mut entries = if new.list(&["metadata", "managedFields"]).is_empty() { read(old) } else { read(new) };
    let changes = difference(&ownable(&old.0), &ownable(&new.0), &mut Vec::new());
    let touched = changes.changed.union(&changes.removed);
    if !touched.is_empty() {
        let mut mine = Fields::default();
        for entry in &mut entries {
            if entry.is(writer, "Update") {
                mine = entry.fields.clone();
            }
            entry.fields = entry.fields.without(&touched);
        }
        entries.retain(|entry| !entry.is(writer, "Update"));
        entries.push(Managed {
            manager: writer.manager.clone(),
            operation: "Update".into(),
            api_version: writer.api_version.clone(),
            subresource: writer.subresource.clone(),
            time: writer.now.clone(),
            fields: mine.without(&changes.removed).union(&changes.changed),
        });
    }
    write(new, entries);
}

/// What an apply makes of `live` (an empty object where there is none), or the conflicts that stop it.
pub(crate) fn apply(live: &Object, wanted: &Object, writer: &Writer, force: bool) -> Result<Object, Refusal> {
    let mut entries = read(live);
    if entries.is_empty() && !live.uid().is_empty() {
        // An object from before anybody's apply belongs to a manager of that name.
        entries.push(Managed {
            manager: "before-first-apply".into(),
            operation: "Update".into(),
            api_version: writer.api_version.clone(),
            subresource: String::new(),
            time: writer.now.clone(),
            fields: fields_of(&ownable(&live.0), &mut Vec::new(), true),
        });
    }
    let before = ownable(&live.0);
    let wants = ownable(&wanted.0);
    let mine = fields_of(&wants, &mut Vec::new(), false);
    let mut after = merge(&before, &wants, &mut Vec::new());

    let previous = entries.iter().find(|entry| entry.is(writer, "Apply")).cloned();
    entries.retain(|entry| !entry.is(writer, "Apply"));
    if let Some(previous) = &previous {
        let kept = entries.iter().fold(mine.clone(), |kept, entry| kept.union(&entry.fields));
        prune(&mut after, &previous.fields.without(&mine), &kept, &mut Vec::new());
    }

    let changed = difference(&before, &after, &mut Vec::new()).changed;
    let mut conflicts = Vec::new();
    for entry in &mut entries {
        let taken = entry.fields.common(&changed);
        if taken.is_empty() {
            continue;
        }
        if force {
            entry.fields = entry.fields.without(&taken);
        } else {
            conflicts.extend(taken.paths().into_iter().map(|path| (entry.shown(), path)));
        }
    }
    if !conflicts.is_empty() {
        return Err(refuse(&conflicts));
    }

    // Time moves only when the set or the object does: an apply that changes nothing writes nothing.
    let same = previous.as_ref().is_some_and(|previous| previous.fields == mine) && before == after;
    entries.push(Managed {
        manager: writer.manager.clone(),
        operation: "Apply".into(),
        api_version: writer.api_version.clone(),
        subresource: writer.subresource.clone(),
        time: previous.filter(|_| same).map_or_else(|| writer.now.clone(), |previous| previous.time),
        fields: mine,
    });
    let mut object = join(live, wanted, after);
    write(&mut object, entries);
    Ok(object)
}

/// Puts the metadata that nobody owns back around the merged rest.
fn join(live: &Object, wanted: &Object, after: Value) -> Object {
    let mut object = Object(json!({"apiVersion": wanted.api_version(), "kind": wanted.kind(), "metadata": {}}));
    let source = if live.uid().is_empty() { wanted } else { live };
    for name in UNOWNED {
        if let Some(value) = source.at(&["metadata", name]) {
            object.set(&["metadata", name], value.clone());
        }
    }
    let Value::Object(after) = after else { return object };
    for (name, value) in after {
        if name == "metadata" {
            for (name, value) in value.as_object().into_iter().flatten() {
                object.set(&["metadata", name], value.clone());
            }
        } else {
            object.set(&[&name], value);
        }
    }
    object
}

fn refuse(conflicts: &[(String, String)]) -> Refusal {
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(who, field)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": field})
        })
        .collect();
    let message = if let [(who, field)] = conflicts {
        format!("conflict with {who}: {field}")
    } else {
        let mut managers: Vec<&String> = conflicts.iter().map(|(who, _)| who).collect();
        managers.sort();
        managers.dedup();
        let mut lines = Vec::new();
        for manager in managers {
            lines.push(format!("conflicts with {manager}:"));
            let fields = conflicts.iter().filter(|(who, _)| who == manager);
            lines.extend(fields.map(|(_, field)| format!("- {field}")));
        }
        lines.join("\n")
    };
    let plural = if conflicts.len() == 1 { "conflict" } else { "conflicts" };
    let message = format!("Apply failed with {} {plural}: {message}", conflicts.len());
    Refusal::new(409, "Conflict", message, json!({"causes": causes}))
}
