//! Every expression of a product, with its place, its scope and the names it uses.

use std::collections::BTreeSet;

use crate::product::expression::{Expression, Template};
use crate::product::functions::secret::FACTS;
use crate::product::node::{Key, Node, NodeValue, Place};
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
    /// The scalar, as one template: a bare expression is one in `${}`.
    pub(super) template: Template,
    /// What it must come to.
    pub(super) wanted: Wanted,
    /// What the names mean that mean something here alone.
    pub(super) bindings: Vec<(String, Binding)>,
}

/// What an expression must come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Whatever fits where it stands.
    Anything,
    /// True or false.
    Truth,
    /// What `$each` goes through.
    Several,
    /// A list.
    List,
    /// A map.
    Map,
    /// A secret.
    Secret,
    /// An answer to a question, or an input of a component, with its words.
    Answer(Kind, String),
}

/// What a name means that means something in one place alone.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// `self` of a check.
    Answer(Kind),
    /// An item of what an expression comes to.
    Each(Expression),
}

/// Collects spots.
struct Walk {
    found: Vec<Spot>,
    scope: ScopeId,
    bound: Vec<String>,
    owner: Option<Owner>,
    of_question: Option<String>,
    wanted: Wanted,
    bindings: Vec<(String, Binding)>,
}

/// Every expression of a product.
pub(super) fn of(product: &Product) -> Vec<Spot> {
    let mut walk = Walk {
        found: Vec::new(),
        scope: None,
        bound: Vec::new(),
        owner: None,
        of_question: None,
        wanted: Wanted::Anything,
        bindings: Vec::new(),
    };
    for question in product.questions.values() {
        walk.question(question);
    }
    walk.scope(&None);
    if let Some(accept) = &product.versions.accept {
        walk.itself(&Kind::Text, |walk| walk.truth(accept, "versions.accept"));
    }
    for check in &product.checks {
        walk.truth(&check.check.that, &check.place.to_string());
    }
    for (name, value) in &product.values {
        walk.owned(Owner::Value(None, name.clone()), |walk| walk.node(&value.node));
    }
    for (id, component) in &product.components {
        walk.scope(&None);
        let at = component.place.to_string();
        walk.owned(Owner::Mode(id.clone()), |walk| walk.template(&component.mode, &at));
        for (name, node) in &component.with {
            let wanted = component.inputs.get(name).map_or(Wanted::Anything, |input| {
                Wanted::Answer(input.kind.clone(), format!("the input `{name}` of `{id}`"))
            });
            walk.owned(Owner::Input(id.clone(), name.clone()), |walk| walk.wanting(wanted, |walk| walk.node(node)));
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
            wait.when.iter().for_each(|when| walk.truth(when, &at));
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

    fn wanting(&mut self, wanted: Wanted, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.wanted, wanted);
        walk(self);
        self.wanted = before;
    }

    /// With `self`, which is an answer of a type.
    fn itself(&mut self, kind: &Kind, walk: impl FnOnce(&mut Self)) {
        self.bound.push("self".into());
        self.bindings.push(("self".into(), Binding::Answer(kind.clone())));
        walk(self);
        self.bound.pop();
        self.bindings.pop();
    }

    fn truth(&mut self, expression: &Expression, at: &str) {
        self.wanting(Wanted::Truth, |walk| walk.expression(expression, at));
    }

    fn add(&mut self, at: &str, names: BTreeSet<String>, functions: BTreeSet<String>, template: Template) {
        let names = names.iter().map(|name| name.strip_prefix(FACTS).unwrap_or(name).to_owned()).collect();
        self.found.push(Spot {
            at: at.to_owned(),
            scope: self.scope.clone(),
            names,
            functions,
            bound: self.bound.clone(),
            owner: self.owner.clone(),
            of_question: self.of_question.clone(),
            template,
            wanted: self.wanted.clone(),
            bindings: self.bindings.clone(),
        });
    }

    fn expression(&mut self, expression: &Expression, at: &str) {
        let template = Template::of(expression.clone());
        self.add(at, expression.names().clone(), expression.functions().clone(), template);
    }

    fn template(&mut self, template: &Template, at: &str) {
        if !template.is_plain() {
            let functions = template.expressions().flat_map(|one| one.functions().iter().cloned()).collect();
            self.add(at, template.names(), functions, template.clone());
        }
    }

    /// A question, and the fields of its items.
    fn question(&mut self, question: &Question) {
        self.scope(&question.scope);
        self.of_question = Some(question.path.clone());
        let at = question.place.to_string();
        self.owned(Owner::Question(question.path.clone()), |walk| {
            question.when.iter().for_each(|when| walk.truth(when, &at));
            walk.default(question);
        });
        question.from.iter().for_each(|from| self.wanting(Wanted::List, |walk| walk.expression(from, &at)));
        question.opens.iter().for_each(|opens| self.template(opens, &at));
        let login = question.rotate.iter().filter_map(|rotate| rotate.database.as_ref());
        login.for_each(|login| [&login.user, &login.database].into_iter().for_each(|one| self.template(one, &at)));
        self.itself(&question.kind, |walk| question.checks.iter().for_each(|check| walk.truth(&check.that, &at)));
        if let Kind::Items { fields, .. } = &question.kind {
            for field in fields {
                let at = field.place.to_string();
                self.owned(Owner::Question(question.path.clone()), |walk| walk.default(field));
                field.opens.iter().for_each(|opens| self.template(opens, &at));
                self.itself(&field.kind, |walk| field.checks.iter().for_each(|check| walk.truth(&check.that, &at)));
            }
        }
        self.of_question = None;
    }

    fn default(&mut self, question: &Question) {
        let wanted = Wanted::Answer(question.kind.clone(), format!("the default of `{}`", question.path));
        self.wanting(wanted, |walk| question.default.iter().for_each(|node| walk.node(node)));
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
            // What must be a list is one already; its items are judged by what they stand in.
            NodeValue::List(list) => {
                self.wanting(Wanted::Anything, |walk| list.iter().for_each(|item| walk.node(item)));
            }
            NodeValue::Map(map) => self.wanting(Wanted::Anything, |walk| walk.map(map)),
            _ => {}
        }
    }

    fn map(&mut self, map: &[(Key, Node)]) {
        let before = (self.bound.len(), self.bindings.len());
        let each = map.iter().filter(|(key, _)| key.text == "$each").flat_map(|(_, node)| node.as_map().unwrap_or(&[]));
        for (name, each) in each {
            self.wanting(Wanted::Several, |walk| walk.bare(each, &each.place));
            self.bound.push(name.text.clone());
            if let Some(expression) = each.as_text().and_then(|text| Expression::parse(text).ok()) {
                self.bindings.push((name.text.clone(), Binding::Each(expression)));
            }
        }
        for (key, value) in map {
            match key.text.as_str() {
                "$each" | "$after" | "$waitFor" => {}
                "$when" => self.wanting(Wanted::Truth, |walk| walk.bare(value, &value.place)),
                "$secretRef" => self.wanting(Wanted::Secret, |walk| walk.bare(value, &value.place)),
                "$splice" => self.wanting(Wanted::List, |walk| walk.node(value)),
                "$merge" => {
                    for map in value.as_list().unwrap_or(&[]) {
                        self.wanting(Wanted::Map, |walk| walk.node(map));
                    }
                }
                _ => self.node(value),
            }
        }
        self.bound.truncate(before.0);
        self.bindings.truncate(before.1);
    }

    /// A scalar that is an expression as a whole.
    fn bare(&mut self, node: &Node, place: &Place) {
        if let Some(expression) = node.as_text().and_then(|text| Expression::parse(text).ok()) {
            self.expression(&expression, &place.to_string());
        }
    }

    /// What is said and asked after the objects are there.
    fn rest(&mut self, product: &Product) {
        self.scope(&None);
        for when in product.migration.iter().filter_map(|migration| migration.when.as_ref()) {
            self.truth(when, "migration");
        }
        for health in &product.health {
            self.scope(&health.scope);
            let at = format!("health of {}", health.group);
            health.when.iter().for_each(|when| self.truth(when, &at));
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
                if key.text == "when" {
                    self.wanting(Wanted::Truth, |walk| walk.bare(value, &value.place));
                } else {
                    self.node(value);
                }
            }
        }
        for pattern in &product.log_patterns {
            self.scope(&pattern.scope);
            let at = format!("log pattern {}", pattern.code);
            pattern.when.iter().for_each(|when| self.truth(when, &at));
        }
        for note in &product.notes {
            self.scope(&note.scope);
            note.when.iter().for_each(|when| self.truth(when, "notes"));
            self.template(&note.say, "notes");
        }
    }
}
