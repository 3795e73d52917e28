//! Expressions of the wrong type, found without answers: a branch that no combination takes is read too.

use crate::finding::{Finding, Severity};
use crate::product::expression::infer::{Inferred, Shape};
use crate::product::node::{Node, NodeValue};
use crate::product::schema::{Kind, Product};
use crate::product::types::{ProductTypes, shape_of};

use super::names::question;
use super::schema::Schemas;
use super::spots::{Binding, Spot, Wanted};

/// Every operand of a wrong type, unknown field, and result that is not what its place needs.
pub(super) fn wrong(product: &Product, spots: &[Spot]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for spot in spots {
        let faults = match types(product, spot).template(&spot.template) {
            Ok(inferred) => misfit(spot, inferred).into_iter().collect(),
            Err(faults) => faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>(),
        };
        for fault in faults {
            // The nearest name is the remedy.
            let (what, remedy) = match fault.split_once(", did you mean ") {
                Some((what, near)) => (what.to_owned(), format!("did you mean {near}")),
                None => (fault, String::new()),
            };
            // A value is told where it stands, and again by nobody who reads it.
            if !found.iter().any(|one| one.what == what && (one.at == spot.at || what.contains("values."))) {
                found.push(Finding::new("TYPE", Severity::Error, what).remedy(remedy).at(spot.at.clone()));
            }
        }
    }
    found
}

/// Definitions of Kubernetes that are not there, and inputs of components that are literals of another type.
pub(super) fn literals(product: &Product) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut kinds: Vec<(&Kind, String)> = Vec::new();
    for question in product.questions.values() {
        kinds.push((&question.kind, question.place.to_string()));
    }
    while let Some((kind, at)) = kinds.pop() {
        match kind {
            Kind::Object { schema } => {
                if let Err(near) = Schemas::embedded().definition(schema) {
                    let remedy = near.map(|near| format!("did you mean {near}?")).unwrap_or_default();
                    let what = format!("`{schema}` is no definition of Kubernetes");
                    found.push(Finding::new("TYPE", Severity::Error, what).remedy(remedy).at(at));
                }
            }
            Kind::List(of) => kinds.push((of, at)),
            Kind::Items { fields, .. } => {
                kinds.extend(fields.iter().map(|field| (&field.kind, field.place.to_string())));
            }
            _ => {}
        }
    }
    for (id, component) in &product.components {
        for (name, node) in &component.with {
            let Some(input) = component.inputs.get(name) else { continue };
            if node.value == NodeValue::Null || holds_expressions(node) {
                continue;
            }
            if let Err(fault) = crate::answers::value::from_value(&input.kind, &input.kind.written(node))
                && input.kind != Kind::Secret
            {
                let what = format!("the input `{name}` of `{id}` {fault}");
                found.push(Finding::new("TYPE", Severity::Error, what).at(node.place.to_string()));
            }
        }
    }
    found
}

fn holds_expressions(node: &Node) -> bool {
    match &node.value {
        NodeValue::Text(text) => text.contains("${"),
        NodeValue::List(items) => items.iter().any(holds_expressions),
        NodeValue::Map(entries) => entries.iter().any(|(_, node)| holds_expressions(node)),
        _ => false,
    }
}

/// The names of a spot with their types.
fn types<'p>(product: &'p Product, spot: &Spot) -> ProductTypes<'p> {
    let mut types = ProductTypes::new(product, &spot.scope);
    for (name, binding) in &spot.bindings {
        types = match binding {
            Binding::Answer(kind) => {
                let tainted = *kind == Kind::Secret;
                types.with(name, Inferred { shape: shape_of(kind), tainted })
            }
            Binding::Each(list) => {
                let only = list.names().iter().next().filter(|one| one.as_str() == list.source().trim());
                let question = only
                    .and_then(|only| question(product, &spot.scope, only).filter(|path| path.ends_with(only.as_str())));
                match question.and_then(|path| product.questions.get(path)).map(|question| &question.kind) {
                    Some(Kind::Items { fields, .. }) => {
                        let fields = fields.iter().map(|field| {
                            (field.path.clone(), Inferred { shape: shape_of(&field.kind), tainted: field.is_secret() })
                        });
                        types.with_item(name, fields.collect())
                    }
                    Some(Kind::List(of)) => types.with(name, Inferred::clean(shape_of(of))),
                    Some(Kind::Choices(_)) => types.with(name, Inferred::clean(Shape::Text)),
                    Some(Kind::Map) => types.with_item(
                        name,
                        ["key", "value"].map(|field| (field.to_owned(), Inferred::clean(Shape::Text))).into(),
                    ),
                    _ => types.with(name, Inferred::clean(Shape::Any)),
                }
            }
        };
    }
    types
}

/// What is wrong with the type of a result where it stands.
fn misfit(spot: &Spot, found: Inferred) -> Option<String> {
    let source = spot.template.source();
    let shown = source.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(source).trim();
    let shape = found.shape;
    let unless = |fits: bool, wanted: &str| {
        let is = shape.word();
        (!fits && !matches!(shape, Shape::Any | Shape::Null)).then(|| format!("`{shown}` is {is} and must be {wanted}"))
    };
    match &spot.wanted {
        Wanted::Anything => None,
        Wanted::Truth => unless(shape == Shape::Bool, "true or false"),
        Wanted::Several => unless(matches!(shape, Shape::List | Shape::Map), "a list or a map"),
        Wanted::List => unless(shape == Shape::List, "a list"),
        Wanted::Map => unless(shape == Shape::Map, "a map"),
        Wanted::Secret => (!found.tainted && shape != Shape::Any).then(|| format!("`{shown}` is not a secret")),
        Wanted::Answer(kind, what) => {
            let wanted = shape_of(kind);
            // Text takes numbers and booleans as they are written.
            let fits = shape == wanted
                || wanted == Shape::Text && matches!(shape, Shape::Number | Shape::Bool) && !takes_text_only(kind)
                || matches!(kind, Kind::Issuer | Kind::ExistingSecret) && shape == Shape::Text;
            (!fits && !matches!(shape, Shape::Any | Shape::Null))
                .then(|| format!("{what} is {} and must be {}", shape.word(), wanted.word()))
        }
    }
}

fn takes_text_only(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Duration | Kind::Host | Kind::Url { .. } | Kind::StorageClass | Kind::IngressClass | Kind::Secret
    )
}
