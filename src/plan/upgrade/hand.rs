//! What somebody changed by hand since the release was written, and what becomes of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::diff::{HIDDEN, changes, holders};
use super::Earlier;
use crate::finding::{Finding, Severity};
use crate::object::{Object, ObjectId};
use crate::plan::action::entry_of;
use crate::plan::{Action, FieldChange, Plan, Wanted};
use crate::secret::{SecretRef, Secrets};

/// A finding for each object that is not as the release left it.
pub(super) fn changed(
    plan: &Plan,
    earlier: &Earlier<'_>,
    live: &BTreeMap<ObjectId, Object>,
    secrets: &Secrets,
) -> Vec<Finding> {
    let manager = plan.target.field_manager();
    let mut found = Vec::new();
    for (id, recorded) in &earlier.wanted {
        let step = plan.steps.iter().find(|step| step.wanted.object.id() == *id);
        let Some(there) = live.get(id) else {
            found.extend(step.filter(|step| step.action == Action::Create).map(|_| gone(id)));
            continue;
        };
        // Where one run died and another went on, it may be as either of them left it.
        let differing = recorded.iter().map(|wanted| {
            let now = step.map(|step| &step.wanted);
            differences(wanted, now, there, secrets, &manager)
        });
        let Some(mut fields) = differing.min_by_key(Vec::len) else { continue };
        let left = earlier.left.get(id).map_or(&[][..], Vec::as_slice);
        fields.retain(|field| !left.contains(&field.path));
        let wanted = recorded.first().map(|wanted| &wanted.object);
        if let Some(wanted) = wanted.filter(|_| !fields.is_empty()) {
            let action = step.map(|step| &step.action);
            found.push(told(wanted, there, &fields, action, &manager));
        }
    }
    found
}

/// The fields that are not as they were wanted.
fn differences(
    wanted: &Wanted,
    now: Option<&Wanted>,
    live: &Object,
    secrets: &Secrets,
    manager: &str,
) -> Vec<FieldChange> {
    let mut fields = changes(&wanted.complete(secrets), live, manager);
    fields.retain(|field| {
        let recipe = entry_of(&field.path).and_then(|key| Some((wanted.recipes.get(&key)?, key)));
        // What an entry was made of may have changed since, which is nobody's hand.
        recipe.is_none_or(|(recipe, key)| {
            field.to.is_some()
                && now.and_then(|now| now.recipes.get(&key)) == Some(recipe)
                && recipe.secrets().iter().all(|(_, at)| matches!(at, SecretRef::Keys { .. }))
        })
    });
    fields
}

fn gone(id: &ObjectId) -> Finding {
    Finding::new("HAND_CHANGED", Severity::Info, format!("{} was deleted by somebody", id.short()))
        .why("it is wanted, so it is made again")
        .at(id.to_string())
}

fn told(wanted: &Object, live: &Object, fields: &[FieldChange], action: Option<&Action>, manager: &str) -> Finding {
    let mut lost = false;
    let mut contested = Vec::new();
    let told = fields.iter().map(|field| {
        let others: Vec<String> =
            holders(live, wanted, &field.path).into_iter().filter(|holder| holder != manager).collect();
        let by = if others.is_empty() { String::new() } else { format!(" by {}", others.join(", ")) };
        let becomes = match action {
            None | Some(Action::Delete) => "goes with the object",
            Some(Action::Replace { .. }) => {
                lost = true;
                "goes, since the object is made anew"
            }
            Some(Action::Change { fields, .. }) if fields.iter().any(|change| overlaps(&change.path, &field.path)) => {
                lost = true;
                if others.is_empty() {
                    "is set back"
                } else {
                    contested.push(field.path.clone());
                    "is in conflict"
                }
            }
            _ => "stays as it is",
        };
        format!("{} was {}, is {}{by}: {becomes}", field.path, shown(&field.to), shown(&field.from))
    });
    let told: Vec<String> = told.collect();
    let id = live.id();
    let severity = if lost { Severity::Warning } else { Severity::Info };
    let finding = Finding::new("HAND_CHANGED", severity, format!("{} was changed by hand", id.short()))
        .why(told.join("; "))
        .at(id.to_string());
    match contested.first() {
        Some(path) => finding.remedy(format!("say whose it is: --leave-field '{path}' or --take-field '{path}'")),
        None => finding,
    }
}

/// Whether one path is the other, or above it.
fn overlaps(one: &str, other: &str) -> bool {
    let under = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    under(one, other) || under(other, one)
}

fn shown(value: &Option<Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::String(text)) if text == HIDDEN => HIDDEN.into(),
        Some(value) => crate::sanitize::line(&value.to_string()),
    }
}
