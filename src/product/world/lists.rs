//! Lists whose items hold secrets, as expressions read them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::expression::{EvaluationFault, Expression, Looked, Template};
use super::super::item;
use super::super::node::{Node, NodeValue};
use super::super::recipe::{Given, Recipe};
use super::super::schema::{Question, ScopeId};
use super::{Scope, World};

/// Names that lead to names that lead to a list: no author writes longer chains.
const DEPTH: usize = 8;

/// An item whose list has secret fields.
#[derive(Clone)]
pub(super) struct Item<'a> {
    list: &'a Question,
    key: String,
}

impl Item<'_> {
    /// The path of the secret that a field of it is.
    fn secret(&self, field: &str) -> Option<String> {
        let field = self.list.secret_fields().find(|known| known.path == field)?;
        Some(item::path(&self.list.path, &self.key, &field.path))
    }
}

impl<'w, 'a> Scope<'w, 'a> {
    /// The same with the name of an `$each` for one item of what `list` came to: where the item is that of a list with
    /// secrets, the secrets are fields of it too.
    #[must_use]
    pub fn with_item(&self, name: &str, item: Value, list: &Expression) -> Self {
        let from = self.world.lists_behind(self.id, list.names(), 0).into_iter().find_map(|list| {
            let among = self.world.given(&list.path)?.as_array()?;
            if among.contains(&item) { Some(Item { list, key: list.key_of(&item)? }) } else { None }
        });
        let mut scope = self.with(name, Looked::clean(item));
        scope.items.extend(from.map(|from| (name.to_string(), from)));
        scope
    }

    /// The path of the secret that a field of an `$each` name stands for.
    pub(super) fn item_secret(&self, name: &str) -> Option<String> {
        let (first, field) = name.split_once('.')?;
        self.items.get(first)?.secret(field)
    }

    /// A backup with its expressions evaluated; `None` where its `when` does not hold.
    ///
    /// # Errors
    /// When one of them fails, or is computed from a secret.
    pub fn backup(&self, node: &Node) -> Result<Option<Value>, EvaluationFault> {
        let mut made = Map::new();
        for (key, node) in node.as_map().unwrap_or(&[]) {
            if key.text != "when" {
                let mut tainted = false;
                let value = self.world.clean_tree(node, self.id, &mut tainted)?;
                if tainted {
                    return Err(EvaluationFault::new(format!("`{}` of a backup is computed from a secret", key.text)));
                }
                made.insert(key.text.clone(), value);
                continue;
            }
            let condition = match &node.value {
                NodeValue::Text(text) => text.clone(),
                _ => node.to_json().to_string(),
            };
            let condition = Expression::parse(&condition).map_err(|fault| EvaluationFault::new(fault.to_string()))?;
            if !condition.holds(self)? {
                return Ok(None);
            }
        }
        Ok(Some(Value::Object(made)))
    }
}

impl<'a> World<'a> {
    /// The lists with secrets that some names read, be it through derived values and inputs.
    pub(super) fn lists_behind(&self, scope: &ScopeId, names: &BTreeSet<String>, depth: usize) -> Vec<&'a Question> {
        let product = self.product;
        let mut lists = Vec::new();
        for name in names {
            let path = match scope {
                None => name.clone(),
                Some(id) => format!("{id}.{name}"),
            };
            if let Some(list) = product.questions.get(&path).filter(|list| list.secret_fields().next().is_some()) {
                lists.push(list);
                continue;
            }
            let component = scope.as_ref().and_then(|id| product.components.get(id));
            let (node, scope) = match (name.split_once('.'), component) {
                (Some(("values", value)), None) => (product.values.get(value).map(|value| &value.node), scope.clone()),
                (Some(("values", value)), Some(component)) => {
                    (component.values.get(value).map(|value| &value.node), scope.clone())
                }
                (Some(("inputs", input)), Some(component)) => (component.with.get(input), None),
                _ => (None, None),
            };
            if let Some(node) = node.filter(|_| depth < DEPTH) {
                let mut names = BTreeSet::new();
                names_in(node, &mut names);
                lists.extend(self.lists_behind(&scope, &names, depth + 1));
            }
        }
        lists
    }

    /// A list with its secrets in it, for an expression that reads them out of its items: tainted as a whole.
    pub(super) fn whole_list(&self, list: &Question) -> Looked {
        let items = self.given(&list.path).and_then(Value::as_array).cloned().unwrap_or_default();
        let (mut with, mut template, mut value) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut unknown = false;
        for item in &items {
            let mut whole = item.as_object().cloned().unwrap_or_else(Map::new);
            let mut parts = Vec::new();
            for (field, value) in &whole {
                let name = format!("part{}", with.len());
                parts.push(format!("{}: {name}", Value::from(field.as_str())));
                with.insert(name, Given::Value(value.clone()));
            }
            let key = list.key_of(item).unwrap_or_default();
            for field in list.secret_fields() {
                let path = item::path(&list.path, &key, &field.path);
                let Some(secret) = self.secrets.get(&path) else { continue };
                let name = format!("part{}", with.len());
                parts.push(format!("{}: {name}", Value::from(field.path.as_str())));
                with.insert(name, Given::Secret { path, at: secret.at.clone() });
                unknown |= secret.value.is_none();
                let text = secret.value.as_ref().map_or(Value::Null, |text| Value::from(text.expose()));
                whole.insert(field.path.clone(), text);
            }
            template.push(format!("{{{}}}", parts.join(", ")));
            value.push(Value::Object(whole));
        }
        let recipe = Recipe { template: format!("${{[{}]}}", template.join(", ")), with };
        Looked { value: Value::Array(value), taint: Some(Given::Recipe(Box::new(recipe))), unknown }
    }
}

fn names_in(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        NodeValue::Text(text) => {
            names.extend(Template::parse(text).map(|template| template.names()).unwrap_or_default())
        }
        NodeValue::List(items) => items.iter().for_each(|node| names_in(node, names)),
        NodeValue::Map(entries) => entries.iter().for_each(|(_, node)| names_in(node, names)),
        _ => {}
    }
}
