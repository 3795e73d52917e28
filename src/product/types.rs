//! The types of everything that a product's expressions may name, without answers.

use std::cell::RefCell;

use super::expression::infer::{Inferred, Shape, Types, infer};
use super::expression::{EvaluationFault, Template};
use super::node::{Node, NodeValue};
use super::schema::{Kind, Product, ScopeId};
use crate::suggest;

/// Names of a product as one scope reads them.
pub struct ProductTypes<'a> {
    product: &'a Product,
    scope: ScopeId,
    bound: Vec<Bound>,
    /// What is being inferred, so that a circle ends.
    open: RefCell<Vec<String>>,
}

/// A name that means something in one place alone.
struct Bound {
    name: String,
    inferred: Inferred,
    /// Its fields, where they are known.
    fields: Option<Vec<(String, Inferred)>>,
}

/// What may be asked about the cluster.
const CLUSTER: [(&str, Shape); 8] = [
    ("version", Shape::Text),
    ("storageClasses", Shape::List),
    ("ingressClasses", Shape::List),
    ("gatewayClasses", Shape::List),
    ("issuers", Shape::List),
    ("crds", Shape::List),
    ("openshift", Shape::Bool),
    ("provider", Shape::Text),
];

/// The type of an answer.
pub fn shape_of(kind: &Kind) -> Shape {
    match kind {
        Kind::YesNo => Shape::Bool,
        Kind::Number { .. } | Kind::Port => Shape::Number,
        Kind::Choices(_) | Kind::List(_) | Kind::Items { .. } => Shape::List,
        Kind::Map | Kind::Object { .. } | Kind::Issuer | Kind::ExistingSecret => Shape::Map,
        _ => Shape::Text,
    }
}

impl<'a> ProductTypes<'a> {
    /// The names of a scope.
    pub fn new(product: &'a Product, scope: &ScopeId) -> Self {
        Self { product, scope: scope.clone(), bound: Vec::new(), open: RefCell::default() }
    }

    /// The same with one more name: `self`, or that of an `$each`.
    #[must_use]
    pub fn with(mut self, name: &str, inferred: Inferred) -> Self {
        self.bound.push(Bound { name: name.to_owned(), inferred, fields: None });
        self
    }

    /// The same with the name of an `$each` whose items have the given fields.
    #[must_use]
    pub fn with_item(mut self, name: &str, fields: Vec<(String, Inferred)>) -> Self {
        let inferred = Inferred::clean(Shape::Map);
        self.bound.push(Bound { name: name.to_owned(), inferred, fields: Some(fields) });
        self
    }

    /// What a template comes to.
    ///
    /// # Errors
    /// As [`infer`].
    pub fn template(&self, template: &Template) -> Result<Inferred, Vec<EvaluationFault>> {
        if let Some(expression) = template.single() {
            return infer(expression, self);
        }
        let mut whole = Inferred::clean(Shape::Text);
        let mut faults = Vec::new();
        for expression in template.expressions() {
            match infer(expression, self) {
                Ok(inferred) => {
                    whole.tainted |= inferred.tainted;
                    if matches!(inferred.shape, Shape::List | Shape::Map | Shape::Null) {
                        let message =
                            format!("`{}` in a text must be text, a number or true or false", expression.source());
                        faults.push(EvaluationFault::new(message));
                    }
                }
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() { Ok(whole) } else { Err(faults) }
    }

    /// What a tree comes to in a scope; a circle through `key` is a fault.
    fn tree(&self, key: String, node: &Node, scope: &ScopeId) -> Result<Inferred, EvaluationFault> {
        if self.open.borrow().contains(&key) {
            return Err(EvaluationFault::new(format!("`{key}` leads back to itself")));
        }
        let mut open = self.open.borrow().clone();
        open.push(key);
        let inner = Self { product: self.product, scope: scope.clone(), bound: Vec::new(), open: RefCell::new(open) };
        inner.node(node)
    }

    fn node(&self, node: &Node) -> Result<Inferred, EvaluationFault> {
        let all = |shape: Shape, nodes: &mut dyn Iterator<Item = &Node>| {
            let mut tainted = false;
            for node in nodes {
                tainted |= self.node(node)?.tainted;
            }
            Ok(Inferred { shape, tainted })
        };
        match &node.value {
            NodeValue::Text(text) => {
                let template = Template::parse(text).map_err(|fault| EvaluationFault::new(fault.message))?;
                if template.is_plain() {
                    return Ok(Inferred::clean(Shape::Text));
                }
                self.template(&template).map_err(|mut faults| faults.swap_remove(0))
            }
            NodeValue::List(items) => all(Shape::List, &mut items.iter()),
            NodeValue::Map(entries) => all(Shape::Map, &mut entries.iter().map(|(_, node)| node)),
            NodeValue::Null => Ok(Inferred::clean(Shape::Null)),
            NodeValue::Bool(_) => Ok(Inferred::clean(Shape::Bool)),
            NodeValue::Int(_) | NodeValue::Float(_) => Ok(Inferred::clean(Shape::Number)),
        }
    }

    /// A question, or a field of a structured answer.
    fn answer(&self, path: &str) -> Option<Result<Inferred, EvaluationFault>> {
        let mut known = path;
        loop {
            if let Some(question) = self.product.questions.get(known) {
                let shape = shape_of(&question.kind);
                if crate::product::item::named(self.product, path).is_some() {
                    return Some(Ok(Inferred { shape: Shape::Text, tainted: true }));
                }
                return Some(match known == path {
                    true => Ok(Inferred { shape, tainted: question.is_secret() }),
                    false if shape == Shape::Map => Ok(Inferred::clean(Shape::Any)),
                    false => {
                        Err(EvaluationFault::new(format!("`{known}` is {} and has no fields", question.kind.word())))
                    }
                });
            }
            known = &known[..known.rfind('.')?];
        }
    }

    fn component(&self, id: &str, rest: &str) -> Result<Inferred, EvaluationFault> {
        let component = self
            .product
            .components
            .get(id)
            .ok_or_else(|| unknown("components", id, self.product.components.keys().map(String::as_str)))?;
        let (output, fields) = rest.split_once('.').unwrap_or((rest, ""));
        match component.outputs.get(output) {
            Some(node) => {
                let found = self.tree(format!("components.{id}.{output}"), node, &Some(id.to_owned()))?;
                Ok(if fields.is_empty() { found } else { Inferred { shape: Shape::Any, ..found } })
            }
            None if output == "mode" => Ok(Inferred::clean(Shape::Text)),
            None => self.answer(&format!("{id}.{rest}")).unwrap_or_else(|| {
                Err(unknown(&format!("components.{id}"), output, component.outputs.keys().map(String::as_str)))
            }),
        }
    }
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> EvaluationFault {
    let near = suggest::nearest(name, known).map(|near| format!(", did you mean `{what}.{near}`?")).unwrap_or_default();
    EvaluationFault::new(format!("`{what}.{name}` is not known{near}"))
}

impl Types for ProductTypes<'_> {
    fn of(&self, name: &str) -> Result<Inferred, EvaluationFault> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        if let Some(bound) = self.bound.iter().rev().find(|bound| bound.name == first) {
            return match (&bound.fields, bound.inferred.shape) {
                _ if rest.is_empty() => Ok(bound.inferred),
                (Some(fields), _) => {
                    let part = rest.split('.').next().unwrap_or(rest);
                    match fields.iter().find(|(field, _)| field == part) {
                        Some((_, inferred)) if part == rest => Ok(*inferred),
                        Some((_, inferred)) => Ok(Inferred { shape: Shape::Any, ..*inferred }),
                        None => Err(unknown(first, rest, fields.iter().map(|(field, _)| field.as_str()))),
                    }
                }
                (None, Shape::Any | Shape::Null | Shape::Map) => {
                    Ok(Inferred { shape: Shape::Any, tainted: bound.inferred.tainted })
                }
                (None, shape) => Err(EvaluationFault::new(format!("`{first}` is {} and has no fields", shape.word()))),
            };
        }
        let one_of = |what: &str, known: &[(&str, Shape)]| {
            let found = known.iter().find(|(field, _)| *field == rest || rest.is_empty() && what.is_empty());
            found
                .map(|(_, shape)| Inferred::clean(*shape))
                .ok_or_else(|| unknown(what, rest, known.iter().map(|(field, _)| *field)))
        };
        match (first, &self.scope) {
            ("release", _) => return one_of("release", &[("name", Shape::Text), ("namespace", Shape::Text)]),
            ("product", _) => return one_of("product", &[("name", Shape::Text), ("title", Shape::Text)]),
            ("cluster", _) => return one_of("cluster", &CLUSTER),
            ("profile" | "version" | "registry", _) if rest.is_empty() => return Ok(Inferred::clean(Shape::Text)),
            ("values", scope) => {
                let (value, fields) = rest.split_once('.').unwrap_or((rest, ""));
                let values = match scope.as_ref().and_then(|id| self.product.components.get(id)) {
                    Some(component) => &component.values,
                    None => &self.product.values,
                };
                let derived =
                    values.get(value).ok_or_else(|| unknown("values", value, values.keys().map(String::as_str)))?;
                let found = self.tree(name.to_owned(), &derived.node, scope)?;
                return Ok(if fields.is_empty() { found } else { Inferred { shape: Shape::Any, ..found } });
            }
            ("components", None) => {
                let (id, output) = rest.split_once('.').unwrap_or((rest, ""));
                return self.component(id, output);
            }
            ("mode", Some(_)) if rest.is_empty() => return Ok(Inferred::clean(Shape::Text)),
            ("outputs", Some(id)) => return self.component(id, rest),
            ("inputs", Some(id)) => {
                if let Some(component) = self.product.components.get(id) {
                    let (input, fields) = rest.split_once('.').unwrap_or((rest, ""));
                    let known = component.inputs.keys().map(String::as_str);
                    let input = component.inputs.get(input).ok_or_else(|| unknown("inputs", input, known))?;
                    let shape = if fields.is_empty() { shape_of(&input.kind) } else { Shape::Any };
                    return Ok(Inferred { shape, tainted: input.kind == Kind::Secret });
                }
            }
            _ => {}
        }
        let (path, prefix) = match &self.scope {
            None => (name.to_owned(), String::new()),
            Some(id) => (format!("{id}.{}", name.strip_prefix("keys.").unwrap_or(name)), format!("{id}.")),
        };
        self.answer(&path).unwrap_or_else(|| {
            let known = self.product.questions.keys().filter_map(|path| path.strip_prefix(&prefix));
            let near =
                suggest::nearest(name, known).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            Err(EvaluationFault::new(format!("`{name}` is not known{near}")))
        })
    }
}

#[cfg(test)]
mod tests;
