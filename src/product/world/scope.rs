//! Names as one scope reads them: the product's own, or those of a component, with what is bound inside it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{World, field, lists, unknown_of};
use crate::product::expression::{EvaluationFault, Expression, Looked, Names, Outcome, Template};
use crate::product::functions::secret::FACTS;
use crate::product::item;
use crate::product::schema::ScopeId;
use crate::suggest;

/// Names as one scope reads them.
pub struct Scope<'w, 'a> {
    pub(super) world: &'w World<'a>,
    pub(super) id: &'w ScopeId,
    /// `self`, and the names of `$each`.
    pub(super) bound: BTreeMap<String, Looked>,
    /// Names of `$each` that stand for an item with secrets: the beginning of their paths.
    pub(super) items: BTreeMap<String, lists::Item<'a>>,
}

impl Scope<'_, '_> {
    /// The same names with one more: `self`, or the name of an `$each`.
    #[must_use]
    pub fn with(&self, name: &str, looked: Looked) -> Self {
        let mut bound = self.bound.clone();
        bound.insert(name.to_string(), looked);
        let mut items = self.items.clone();
        items.remove(name);
        Self { world: self.world, id: self.id, bound, items }
    }

    /// The world it belongs to.
    pub fn world(&self) -> &World<'_> {
        self.world
    }

    /// The names that are bound here: `self`, and those of `$each`.
    pub fn bound(&self) -> impl Iterator<Item = &str> {
        self.bound.keys().map(String::as_str)
    }

    /// Whether a condition holds; one that is not there holds.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn truth(&self, condition: Option<&Expression>) -> Result<bool, EvaluationFault> {
        condition.map_or(Ok(true), |condition| condition.holds(self))
    }

    /// A template's value or recipe.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn outcome(&self, template: &Template) -> Result<Outcome, EvaluationFault> {
        template.outcome(self)
    }

    /// A clean text of a template, empty for null.
    ///
    /// # Errors
    /// When it cannot be evaluated or is computed from a secret.
    pub fn text(&self, template: &Template) -> Result<String, EvaluationFault> {
        match self.outcome(template)? {
            Outcome::Null => Ok(String::new()),
            Outcome::Clean(Value::String(text)) => Ok(text),
            Outcome::Clean(other) => Ok(other.to_string()),
            Outcome::Tainted(_) | Outcome::Unknown(_) => Err(EvaluationFault::new(format!(
                "`{}` is computed from a secret, which may end in a Secret only",
                template.source()
            ))),
        }
    }
}

impl Names for Scope<'_, '_> {
    fn lookup(&self, name: &str) -> Result<Looked, EvaluationFault> {
        let world = self.world;
        if let Some(path) = name.strip_prefix(FACTS) {
            let path = self.item_secret(path).map_or_else(|| self.question_path(path), Cow::Owned);
            return match item::secret(world.product, &path) {
                Some(_) => Ok(world.secret_facts(&path)),
                None => Err(EvaluationFault::new(format!("`{path}` is not a secret"))),
            };
        }
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        if let Some(path) = self.item_secret(name) {
            return Ok(world.secret(&path));
        }
        if let Some(bound) = self.bound.get(first) {
            return Ok(field(bound.clone(), rest));
        }
        match first {
            "release" => {
                let release = json!({"name": world.release, "namespace": world.namespace});
                return known_field("release", release, rest);
            }
            "product" => {
                let product = json!({"name": world.product.name, "title": world.product.title});
                return known_field("product", product, rest);
            }
            "profile" => return Ok(Looked::clean(Value::from(world.profile))),
            "cluster" => return world.cluster(rest),
            "version" => return Ok(Looked::clean(Value::from(world.version()))),
            "registry" => return Ok(world.clean("registry")),
            "values" => return world.derived(self.id, rest),
            _ => {}
        }
        match (self.id, first) {
            (None, "components") => {
                let (id, output) = rest.split_once('.').unwrap_or((rest, ""));
                if let Some(secret) = world.answer(&format!("{id}.{output}")).filter(|_| {
                    !output.is_empty()
                        && !world
                            .product
                            .components
                            .get(id)
                            .is_some_and(|component| component.outputs.contains_key(output))
                }) {
                    return Ok(secret);
                }
                world.output(id, output)
            }
            (Some(id), "mode") => world.mode(id).map(|mode| Looked::clean(Value::from(mode))),
            (Some(id), "inputs") => world.input(id, rest),
            (Some(id), "outputs") => world.output(id, rest),
            _ => {
                let path = self.question_path(name);
                world.answer(&path).ok_or_else(|| {
                    let prefix = self.id.as_ref().map(|id| format!("{id}.")).unwrap_or_default();
                    let known = world.product.questions.keys().filter_map(|path| path.strip_prefix(&prefix));
                    let near = suggest::nearest(name, known)
                        .map(|near| format!(", did you mean `{near}`?"))
                        .unwrap_or_default();
                    EvaluationFault::new(format!("`{name}` is not known{near}"))
                })
            }
        }
    }

    fn lookup_fields(&self, name: &str, fields: &BTreeSet<String>) -> Result<Looked, EvaluationFault> {
        if !fields.is_empty() && !self.bound.contains_key(name) {
            let list = self.world.product.questions.get(&*self.question_path(name));
            if let Some(list) = list.filter(|list| list.secret_fields().any(|field| fields.contains(&field.path))) {
                return Ok(self.world.whole_list(list));
            }
        }
        self.lookup(name)
    }
}

impl Scope<'_, '_> {
    /// The path of a question as the whole product knows it.
    fn question_path<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.id {
            None => Cow::Borrowed(name),
            Some(id) => Cow::Owned(format!("{id}.{}", name.strip_prefix("keys.").unwrap_or(name))),
        }
    }
}
fn known_field(what: &str, value: Value, path: &str) -> Result<Looked, EvaluationFault> {
    if path.is_empty() {
        return Ok(Looked::clean(value));
    }
    match value.get(path) {
        Some(found) => Ok(Looked::clean(found.clone())),
        None => {
            let keys: Vec<String> = value.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
            Err(unknown_of(what, path, keys.iter()))
        }
    }
}
