//! Every expression of a product, with its place, its scope and the names it uses.

use std::collections::BTreeSet;

use crate::product::expression::{Expression, Template};
use crate::product::functions::secret::FACTS;
use crate::product::node::{Node, NodeValue, Place};
use crate::product::schema::{HealthProbe, Kind, Product, Question, ScopeId};

/// What an expression belongs to, for cycles: only what is evaluated to make something else has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// Default and `when` of a question.
    Question(String),
    /// A derived value, by scope and name.
    Value(ScopeId, String),
    /// An output of a component.
    Output(String, String),
    /// An input of a component, as the product gives it.
    Input(String, String),
    /// The mode of a component.
    Mode(String),
}

/// One expression, or one scalar with several.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Where it stands, as a finding says it.
    pub(super) at: String,
    /// In whose names it is read.
    pub(super) scope: ScopeId,
    /// The dotted names in it.
    pub(super) names: BTreeSet<String>,
    /// The functions in it.
    pub(super) functions: BTreeSet<String>,
    /// Names that mean something here alone: `self`, those of `$each`.
    pub(super) bound: Vec<String>,
    /// What it makes.
    pub(super) owner: Option<Owner>,
    /// The question whose own rules or condition it is part of.
    pub(super) of_question: Option<String>,
}

/// Collects spots.
struct Walk {
    found: Vec<Spot>,
    scope: ScopeId,
    bound: Vec<String>,
    owner: Option<Owner>,
    of_question: Option<String>,
}

/// Every expression of a product.
pub(super) fn of(product: &Product) -> Vec<Spot> {
    let mut walk = Walk { found: Vec::new(), scope: None, bound: Vec::new(), owner: None, of_question: None };
    for question in product.questions.values() {
        walk.question(question);
    }
    walk.scope(&None);
    if let Some(accept) = &product.versions.accept {
        walk.bound.push("self".into());
        walk.expression(accept, "versions.accept");
        walk.bound.clear();
    }
    for check in &product.checks {
        walk.expression(&check.check.that, &check.place.to_string());
    }
    for (name, value) in &product.values {
        walk.owned(Owner::Value(None, name.clone()), |walk| walk.node(&value.node));
    }
    for (id, component) in &product.components {
        walk.scope(&None);
        let at = component.place.to_string();
        walk.owned(Owner::Mode(id.clone()), |walk| walk.template(&component.mode, &at));
        for (name, node) in &component.with {
            walk.owned(Owner::Input(id.clone(), name.clone()), |walk| walk.node(node));
        }
        walk.scope(&Some(id.clone()));
        for (name, input) in &component.inputs {
            if let Some(default) = &input.default {
                walk.owned(Owner::Input(id.clone(), name.clone()), |walk| walk.node(default));
            }
        }
        for (name, node) in &component.outputs {
            walk.owned(Owner::Output(id.clone(), name.clone()), |walk| walk.node(node));
        }
        for (name, value) in &component.values {
            let owner = Owner::Value(Some(id.clone()), name.clone());
            walk.owned(owner, |walk| walk.node(&value.node));
        }
        if let Some(wait) = &component.wait_for {
            let at = format!("waitFor of {}", component.uses);
            wait.when.iter().for_each(|when| walk.expression(when, &at));
            walk.template(&wait.image, &at);
            wait.command.iter().for_each(|part| walk.template(part, &at));
        }
    }
    for group in product.groups.values() {
        walk.scope(&group.scope);
        group.objects.iter().for_each(|object| walk.node(object));
    }
    walk.rest(product);
    walk.found
}

impl Walk {
    fn scope(&mut self, scope: &ScopeId) {
        self.scope = scope.clone();
    }

    fn owned(&mut self, owner: Owner, walk: impl FnOnce(&mut Self)) {
        self.owner = Some(owner);
        walk(self);
        self.owner = None;
    }

    fn add(&mut self, at: &str, names: BTreeSet<String>, functions: BTreeSet<String>) {
        let names = names.iter().map(|name| name.strip_prefix(FACTS).unwrap_or(name).to_owned()).collect();
        self.found.push(Spot {
            at: at.to_owned(),
            scope: self.scope.clone(),
            names,
            functions,
            bound: self.bound.clone(),
            owner: self.owner.clone(),
            of_question: self.of_question.clone(),
        });
    }

    fn expression(&mut self, expression: &Expression, at: &str) {
        self.add(at, expression.names().clone(), expression.functions().clone());
    }

    fn template(&mut self, template: &Template, at: &str) {
        if !template.is_plain() {
            let functions = template.expressions().flat_map(|one| one.functions().iter().cloned()).collect();
            self.add(at, template.names(), functions);
        }
    }

    /// A question, and the fields of its items.
    fn question(&mut self, question: &Question) {
        self.scope(&question.scope);
        self.of_question = Some(question.path.clone());
        let at = question.place.to_string();
        self.owned(Owner::Question(question.path.clone()), |walk| {
            question.when.iter().for_each(|when| walk.expression(when, &at));
            question.default.iter().for_each(|node| walk.node(node));
        });
        question.from.iter().for_each(|from| self.expression(from, &at));
        question.opens.iter().for_each(|opens| self.template(opens, &at));
        self.bound.push("self".into());
        question.checks.iter().for_each(|check| self.expression(&check.that, &at));
        if let Kind::Items { fields, .. } = &question.kind {
            for field in fields {
                field.checks.iter().for_each(|check| self.expression(&check.that, &field.place.to_string()));
            }
        }
        self.bound.clear();
        self.of_question = None;
    }

    /// A tree whose scalars may hold expressions, directives included.
    fn node(&mut self, node: &Node) {
        let at = node.place.to_string();
        match &node.value {
            NodeValue::Text(text) => {
                if let Ok(template) = Template::parse(text) {
                    self.template(&template, &at);
                }
            }
            NodeValue::List(list) => list.iter().for_each(|item| self.node(item)),
            NodeValue::Map(map) => {
                let before = self.bound.len();
                for (name, each) in
                    map.iter().filter(|(key, _)| key.text == "$each").flat_map(|(_, node)| node.as_map().unwrap_or(&[]))
                {
                    self.bare(each, &each.place);
                    self.bound.push(name.text.clone());
                }
                for (key, value) in map {
                    match key.text.as_str() {
                        "$each" | "$after" | "$waitFor" => {}
                        "$when" | "$secretRef" => self.bare(value, &value.place),
                        "$splice" if value.as_text().is_some_and(|text| !text.contains("${")) => {
                            self.bare(value, &value.place);
                        }
                        _ => self.node(value),
                    }
                }
                self.bound.truncate(before);
            }
            _ => {}
        }
    }

    /// A scalar that is an expression as a whole.
    fn bare(&mut self, node: &Node, place: &Place) {
        if let Some(expression) = node.as_text().and_then(|text| Expression::parse(text).ok()) {
            self.expression(&expression, &place.to_string());
        }
    }

    /// What is said and asked after the objects are there.
    fn rest(&mut self, product: &Product) {
        for health in &product.health {
            self.scope(&health.scope);
            let at = format!("health of {}", health.group);
            health.when.iter().for_each(|when| self.expression(when, &at));
            match &health.probe {
                HealthProbe::Http { service, port, path } => {
                    [service, port, path].into_iter().for_each(|template| self.template(template, &at));
                }
                HealthProbe::Exec { command, .. } => command.iter().for_each(|part| self.template(part, &at)),
            }
        }
        for backup in &product.backup {
            self.scope(&backup.scope);
            for (key, value) in backup.item.as_map().unwrap_or(&[]) {
                if key.text == "when" { self.bare(value, &value.place) } else { self.node(value) }
            }
        }
        for pattern in &product.log_patterns {
            self.scope(&pattern.scope);
            pattern.when.iter().for_each(|when| self.expression(when, &format!("log pattern {}", pattern.code)));
        }
        for note in &product.notes {
            self.scope(&note.scope);
            note.when.iter().for_each(|when| self.expression(when, "notes"));
            self.template(&note.say, "notes");
        }
    }
}
