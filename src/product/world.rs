//! What names mean while a product is evaluated: answers, keys, derived values, components, the release, the cluster.
//!
//! Values and outputs are evaluated when they are first asked for and kept; a name that leads back to itself is a fault.

mod lists;
mod scope;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::facts::Facts;
use crate::secret::Secrets;
use crate::suggest;

pub use scope::Scope;

use super::expression::{Evaluated, EvaluationFault, Looked};
use super::functions::secret::Facts as SecretFacts;
use super::item;
use super::node::{Node, NodeValue};
use super::recipe::Given;
use super::schema::{Kind, Product, ScopeId};

/// Everything that expressions may name.
pub struct World<'a> {
    /// The product.
    pub product: &'a Product,
    /// Clean answers by path; one that is missing is null.
    pub answers: &'a BTreeMap<String, Value>,
    /// Secret answers by path; one that is missing is null.
    pub secrets: &'a Secrets,
    /// The cluster.
    pub facts: &'a Facts,
    /// Name of the release.
    pub release: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its profile.
    pub profile: &'a str,
    /// Derived values and outputs that were already evaluated, by scope and name; `None` while one is being evaluated.
    memory: Mutex<BTreeMap<String, Option<Looked>>>,
    /// Cluster facts that were read, for the record.
    read_facts: Mutex<BTreeMap<String, Value>>,
    /// Paths of the answers that were read so far, each once, in order; `None` where nobody wants to know.
    watched: Option<Mutex<Vec<String>>>,
    /// What is settled so far, and where it is noted that something else was read.
    settled: Option<(&'a BTreeMap<String, bool>, &'a AtomicBool)>,
}

impl<'a> World<'a> {
    /// A world of a product with the given answers.
    pub fn new(
        product: &'a Product,
        answers: &'a BTreeMap<String, Value>,
        secrets: &'a Secrets,
        facts: &'a Facts,
        (namespace, release, profile): (&'a str, &'a str, &'a str),
    ) -> Self {
        Self {
            product,
            answers,
            secrets,
            facts,
            release,
            namespace,
            profile,
            memory: Mutex::default(),
            read_facts: Mutex::default(),
            watched: None,
            settled: None,
        }
    }

    /// The same world while its answers are settled one after the other: notes in `ahead` that one was read which is not
    /// among them yet.
    #[must_use]
    pub fn settling(self, settled: &'a BTreeMap<String, bool>, ahead: &'a AtomicBool) -> Self {
        Self { settled: Some((settled, ahead)), ..self }
    }

    /// The same world, which notes the answers that are read in it.
    #[must_use]
    pub fn watched(self) -> Self {
        Self { watched: Some(Mutex::default()), ..self }
    }

    /// The paths of the answers that were read, in order: what is read next depends on nothing else. Empty unless
    /// [`watched`](Self::watched).
    pub fn read_answers(&self) -> Vec<String> {
        let watched = self.watched.as_ref().map(|read| read.lock().unwrap_or_else(PoisonError::into_inner).clone());
        watched.unwrap_or_default()
    }

    /// A clean answer; none where it is null.
    fn given(&self, path: &str) -> Option<&'a Value> {
        if let Some(watched) = &self.watched {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            if !watched.iter().any(|known| known == path) {
                watched.push(path.to_owned());
            }
        }
        self.reads(path);
        self.answers.get(path)
    }

    fn reads(&self, path: &str) {
        if let Some((settled, ahead)) = self.settled
            && !settled.contains_key(path)
        {
            ahead.store(true, Ordering::Relaxed);
        }
    }

    /// Names as a scope reads them.
    pub fn scope<'w>(&'w self, id: &'w ScopeId) -> Scope<'w, 'a> {
        Scope { world: self, id, bound: BTreeMap::new(), items: BTreeMap::new() }
    }

    /// The version to install.
    pub fn version(&self) -> String {
        match self.given("version") {
            Some(Value::String(version)) => version.clone(),
            _ => self.product.versions.default.clone(),
        }
    }

    /// `bundled`, `external` or `off` of a component.
    ///
    /// # Errors
    /// When its mode cannot be evaluated or is none of the three.
    pub fn mode(&self, id: &str) -> Result<String, EvaluationFault> {
        let component = self.product.components.get(id).ok_or_else(|| unknown(id, self.product.components.keys()))?;
        let looked = self.remember(&format!("mode:{id}"), || {
            let evaluated = component.mode.evaluate(&self.scope(&None))?;
            Ok(looked(evaluated, component.mode.source()))
        })?;
        match looked.value.as_str() {
            Some(mode @ ("bundled" | "external" | "off")) => Ok(mode.to_string()),
            // A mode that depends on a question that is not asked is off.
            None if looked.value.is_null() => Ok("off".into()),
            _ => {
                Err(EvaluationFault::new(format!("the mode of the component `{id}` must be bundled, external or off")))
            }
        }
    }

    /// The cluster facts that expressions have read so far, for the record.
    pub fn read_facts(&self) -> BTreeMap<String, Value> {
        self.read_facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<Looked, EvaluationFault>,
    ) -> Result<Looked, EvaluationFault> {
        let memory = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match memory().get(key) {
            Some(Some(known)) => return Ok(known.clone()),
            Some(None) => return Err(EvaluationFault::new(format!("`{}` leads back to itself", shown(key)))),
            None => {}
        }
        memory().insert(key.to_string(), None);
        let made = make();
        match &made {
            Ok(looked) => memory().insert(key.to_string(), Some(looked.clone())),
            Err(_) => memory().remove(key),
        };
        made
    }

    /// An answer, or a field of one, by the longest question path that the name begins with.
    fn answer(&self, path: &str) -> Option<Looked> {
        let mut known = path;
        loop {
            if let Some(question) = self.product.questions.get(known) {
                let rest = path[known.len()..].trim_start_matches('.');
                // No id begins with another: what is a question is no part of an item.
                if !rest.is_empty() && item::named(self.product, path).is_some() {
                    return Some(self.secret(path));
                }
                let looked = if question.is_secret() { self.secret(known) } else { self.clean(known) };
                return Some(field(looked, rest));
            }
            known = &known[..known.rfind('.')?];
        }
    }

    fn clean(&self, path: &str) -> Looked {
        Looked::clean(self.given(path).cloned().unwrap_or(Value::Null))
    }

    fn secret(&self, path: &str) -> Looked {
        self.reads(path);
        let Some(secret) = self.secrets.get(path) else { return Looked::clean(Value::Null) };
        Looked {
            value: secret.value.as_ref().map_or(Value::Null, |text| Value::from(text.expose())),
            taint: Some(Given::Secret { path: path.to_string(), at: secret.at.clone() }),
            unknown: secret.value.is_none(),
        }
    }

    fn secret_facts(&self, path: &str) -> Looked {
        self.reads(path);
        let facts = self
            .secrets
            .get(path)
            .map(|secret| SecretFacts::of(secret, |generation| format!("{}-keys-{generation}", self.release)));
        Looked::clean(facts.and_then(|facts| serde_json::to_value(facts).ok()).unwrap_or(Value::Null))
    }

    /// A derived value (`scope` none: the product's).
    fn derived(&self, scope: &ScopeId, path: &str) -> Result<Looked, EvaluationFault> {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let values = match scope {
            None => &self.product.values,
            Some(id) => match self.product.components.get(id) {
                Some(component) => &component.values,
                None => return Err(unknown(id, self.product.components.keys())),
            },
        };
        let value = values.get(name).ok_or_else(|| unknown_of("values", name, values.keys()))?;
        let key = format!("values:{}:{name}", scope.as_deref().unwrap_or(""));
        let looked = self.remember(&key, || self.tree(&value.node, scope, &format!("values.{name}")))?;
        Ok(field(looked, rest))
    }

    /// An output of a component; null when the component is off.
    fn output(&self, id: &str, path: &str) -> Result<Looked, EvaluationFault> {
        let component = self.product.components.get(id).ok_or_else(|| unknown(id, self.product.components.keys()))?;
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if name == "mode" && !component.outputs.contains_key("mode") {
            return self.mode(id).map(|mode| Looked::clean(Value::from(mode)));
        }
        let node = component
            .outputs
            .get(name)
            .ok_or_else(|| unknown_of(&format!("components.{id}"), name, component.outputs.keys()))?;
        if self.mode(id)? == "off" {
            return Ok(Looked::clean(Value::Null));
        }
        let key = format!("outputs:{id}:{name}");
        let scope = Some(id.to_string());
        let looked = self.remember(&key, || self.tree(node, &scope, &format!("components.{id}.{name}")))?;
        Ok(field(looked, rest))
    }

    /// An input of a component: what the product gives, or the component's default.
    fn input(&self, id: &str, path: &str) -> Result<Looked, EvaluationFault> {
        let component = self.product.components.get(id).ok_or_else(|| unknown(id, self.product.components.keys()))?;
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let input = component.inputs.get(name).ok_or_else(|| unknown_of("inputs", name, component.inputs.keys()))?;
        let looked = self.remember(&format!("inputs:{id}:{name}"), || {
            let given = match component.with.get(name) {
                Some(node) => self.tree(node, &None, &format!("inputs.{name}"))?,
                None => Looked::clean(Value::Null),
            };
            if given.value.is_null()
                && !given.unknown
                && let Some(default) = &input.default
            {
                return self.tree(default, &Some(id.to_string()), &format!("inputs.{name}"));
            }
            if given.taint.is_some() && input.kind != Kind::Secret {
                let message =
                    format!("the input `{name}` of `{id}` is not a secret, and what is given is computed from one");
                return Err(EvaluationFault::new(message));
            }
            Ok(given)
        })?;
        Ok(field(looked, rest))
    }

    /// A tree whose scalars may be templates, as one value. Where it is tainted it must be a single scalar: a recipe says
    /// how one text is made.
    fn tree(&self, node: &Node, scope: &ScopeId, what: &str) -> Result<Looked, EvaluationFault> {
        if let Some(template) = node.template() {
            let template = template.map_err(|fault| EvaluationFault::new(fault.to_string()))?;
            return Ok(looked(template.evaluate(&self.scope(scope))?, template.source()));
        }
        let mut tainted = false;
        let value = self.clean_tree(node, scope, &mut tainted)?;
        if tainted {
            return Err(EvaluationFault::new(format!(
                "`{what}` holds a secret inside a list or mapping: give it a name of its own"
            )));
        }
        Ok(Looked::clean(value))
    }

    fn clean_tree(&self, node: &Node, scope: &ScopeId, tainted: &mut bool) -> Result<Value, EvaluationFault> {
        if let Some(template) = node.template() {
            let template = template.map_err(|fault| EvaluationFault::new(fault.to_string()))?;
            let evaluated = template.evaluate(&self.scope(scope))?;
            *tainted |= evaluated.tainted;
            return Ok(evaluated.value);
        }
        Ok(match &node.value {
            NodeValue::List(list) => {
                let items = list.iter().map(|node| self.clean_tree(node, scope, tainted));
                Value::Array(items.filter(|item| !matches!(item, Ok(Value::Null))).collect::<Result<_, _>>()?)
            }
            NodeValue::Map(map) => {
                let mut made = Map::new();
                for (key, node) in map {
                    let value = self.clean_tree(node, scope, tainted)?;
                    if !value.is_null() {
                        made.insert(key.text.clone(), value);
                    }
                }
                Value::Object(made)
            }
            _ => node.to_json(),
        })
    }

    fn cluster(&self, path: &str) -> Result<Looked, EvaluationFault> {
        let facts = self.facts;
        let known = [
            "version",
            "storageClasses",
            "ingressClasses",
            "gatewayClasses",
            "issuers",
            "crds",
            "openshift",
            "provider",
        ];
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let value = match name {
            "version" => json!(facts.version.to_string()),
            "storageClasses" => {
                json!(facts.storage_classes.known().map(|all| names(all.iter().map(|class| &class.name))))
            }
            "ingressClasses" => {
                json!(facts.ingress_classes.known().map(|all| names(all.iter().map(|class| &class.name))))
            }
            "gatewayClasses" => {
                json!(facts.gateway_classes.known().map(|all| names(all.iter().map(|class| &class.name))))
            }
            "issuers" => json!(facts.issuers.known().map(|all| {
                all.iter().map(|issuer| format!("{}/{}", issuer.kind, issuer.name)).collect::<Vec<_>>()
            })),
            "crds" => json!(facts.crds.known()),
            "openshift" => json!(facts.openshift),
            "provider" => json!(facts.provider),
            _ => return Err(unknown_of("cluster", name, known.iter())),
        };
        self.read_facts.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string(), value.clone());
        Ok(field(Looked::clean(value), rest))
    }
}

/// What was evaluated, as what a name means.
fn looked(evaluated: Evaluated, source: &str) -> Looked {
    let taint =
        (evaluated.tainted || evaluated.unknown).then(|| Given::Recipe(Box::new(evaluated.reads.recipe(source))));
    Looked { value: evaluated.value, taint, unknown: evaluated.unknown }
}

/// A field of a value by its dotted path; null where a part is missing. A field of a secret is tainted by the whole, and
/// since a recipe cannot say it, it has no value.
fn field(looked: Looked, path: &str) -> Looked {
    if path.is_empty() {
        return looked;
    }
    let found = path.split('.').try_fold(&looked.value, |value, key| value.get(key)).cloned().unwrap_or(Value::Null);
    if looked.taint.is_some() { Looked { value: Value::Null, ..looked } } else { Looked::clean(found) }
}

fn names<'n>(all: impl Iterator<Item = &'n String>) -> Vec<&'n str> {
    all.map(String::as_str).collect()
}

fn unknown<'n>(id: &str, known: impl Iterator<Item = &'n String>) -> EvaluationFault {
    unknown_of("components", id, known)
}

fn unknown_of(what: &str, name: &str, known: impl Iterator<Item = impl AsRef<str>>) -> EvaluationFault {
    let known: Vec<String> = known.map(|name| name.as_ref().to_string()).collect();
    let near = suggest::nearest(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!(", did you mean `{what}.{near}`?")).unwrap_or_default();
    EvaluationFault::new(format!("`{what}.{name}` is not known{near}"))
}

/// A key of the memory as the author wrote it.
fn shown(key: &str) -> String {
    let parts: Vec<&str> = key.split(':').collect();
    match parts.as_slice() {
        ["values", _, name] => format!("values.{name}"),
        ["outputs", id, name] => format!("components.{id}.{name}"),
        ["inputs", id, name] => format!("the input {name} of {id}"),
        ["mode", id] => format!("the mode of {id}"),
        _ => key.to_string(),
    }
}
