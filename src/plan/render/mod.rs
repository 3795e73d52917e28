//! From a product and its answers to the objects that are wanted (language.md "Rules").
//!
//! Expressions are evaluated inside the parsed tree, so no answer can change a manifest's structure; a secret never comes in
//! by value: where it goes, a [`Recipe`] says how it is made.

mod defaults;
mod directives;
pub(super) mod members;
mod piece;
mod secrets;
mod silent;
mod wait;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Wanted;
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::product::expression::EvaluationFault;
use crate::product::node::{Node, Place};
use crate::product::recipe::Recipe;
use crate::product::world::World;

use piece::Piece;

/// What a product comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// The objects, by group and within it in the author's order.
    pub objects: Vec<Wanted>,
    /// What is worth saying about them; none of it blocks.
    pub findings: Vec<Finding>,
}

/// What is collected while a product is rendered.
#[derive(Default)]
pub(super) struct Notes {
    findings: Vec<Finding>,
}

impl Notes {
    fn fault(&mut self, code: &str, place: &Place, what: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding::new(code, Severity::Error, what).at(place.to_string()));
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    fn expression(&mut self, place: &Place, fault: &EvaluationFault) {
        self.fault("EXPRESSION", place, fault.message.clone());
    }
}

/// Renders every object of a product.
///
/// # Errors
/// Every fault of every object: an expression that fails, a secret that would end outside of a Secret, a misused directive,
/// two objects of one name.
pub fn render(world: &World<'_>) -> Result<Rendered, Vec<Finding>> {
    let mut notes = Notes::default();
    let mut objects: Vec<Wanted> = Vec::new();
    for (group, manifests) in &world.product.groups {
        if let Some(id) = &manifests.scope {
            match world.mode(id) {
                Ok(mode) if mode == "bundled" => {}
                Ok(_) => continue,
                Err(fault) => {
                    if let Some(first) = manifests.objects.first() {
                        notes.expression(&first.place, &fault);
                    }
                    continue;
                }
            }
        }
        for node in &manifests.objects {
            let scope = world.scope(&manifests.scope);
            for (mut piece, scope) in directives::repeated(node, &scope, &mut notes) {
                let after = directives::after(&mut piece);
                if let Some(id) = wait::names(&mut piece, &scope, node, &mut notes) {
                    wait::put_in_front(&mut piece, id, world, &mut notes);
                }
                objects.extend(finish(piece, group, after, node, world, &mut notes));
            }
        }
    }
    doubles(&objects, &mut notes);
    let (faults, findings): (Vec<_>, Vec<_>) = notes.findings.into_iter().partition(Finding::blocks);
    if faults.is_empty() {
        members::opened_by(&mut objects, world);
        members::rename_claims(&mut objects, world);
        Ok(Rendered { objects, findings })
    } else {
        Err(faults)
    }
}

/// The object that a rendered tree is, with everything that rendering adds.
fn finish(
    piece: Piece,
    group: &str,
    after: Vec<String>,
    node: &Node,
    world: &World<'_>,
    notes: &mut Notes,
) -> Option<Wanted> {
    let mut piece = piece;
    let mut recipes: BTreeMap<String, Recipe> = BTreeMap::new();
    if piece.text("kind") == "Secret" && piece.text("apiVersion") == "v1" {
        recipes = secrets::encode(&mut piece, world, notes);
    }
    let before = notes.findings.len();
    let mut object = Object(piece.into_json(notes)?);
    if notes.findings.len() > before {
        return None;
    }
    for (what, value) in
        [("apiVersion", object.api_version()), ("kind", object.kind()), ("metadata.name", object.name())]
    {
        if value.is_empty() {
            notes.fault("OBJECT", &node.place, format!("an object needs {what}, as text"));
            return None;
        }
    }
    members::mark(&mut object, group, node, world, notes);
    defaults::fill(&mut object, world.facts.openshift);
    silent::leave_out(&mut object);
    Some(Wanted { object, group: group.to_owned(), after, recipes })
}

fn doubles(objects: &[Wanted], notes: &mut Notes) {
    let mut seen = BTreeSet::new();
    for wanted in objects {
        let id = wanted.object.id();
        if !seen.insert(id.clone()) {
            notes.findings.push(
                Finding::new("DUPLICATE_OBJECT", Severity::Error, format!("{} is rendered twice", id.short()))
                    .why(format!("the second is in the group {}", wanted.group))
                    .remedy("give one of them another name, or a $when that leaves one of them")
                    .at(id.to_string()),
            );
        }
    }
}

/// A JSON value as a mapping.
fn as_map(value: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    value.as_object_mut()
}

#[cfg(test)]
pub(super) mod tests;
