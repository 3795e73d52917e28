//! How a secret entry of a composed Secret is made: kept in plans and records in the value's place (cluster.md 1).

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::expression::{EvaluationFault, Looked, Names, Template};
use crate::secret::{SecretRef, SecretText};

/// One name that a recipe's template uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Given {
    /// A clean value, filled in.
    Value(Value),
    /// A secret: the path of its answer, and where its value lives.
    Secret {
        /// Path of the answer, such as `keys.signing` or `database.password`.
        path: String,
        /// Where the value lives.
        at: SecretRef,
    },
    /// A derived value or component output that is itself computed from secrets.
    Recipe(Box<Recipe>),
}

/// An expression that is computed from secrets, with everything clean filled in and a reference for each secret: enough
/// to make the value again without the product's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipe {
    /// The scalar as the author wrote it: text with `${…}`.
    pub template: String,
    /// What the names in it mean, by dotted path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
}

impl Recipe {
    /// The references to secrets in it, nested ones included.
    pub fn secrets(&self) -> Vec<(&str, &SecretRef)> {
        let mut found = Vec::new();
        for given in self.with.values() {
            match given {
                Given::Value(_) => {}
                Given::Secret { path, at } => found.push((path.as_str(), at)),
                Given::Recipe(recipe) => found.extend(recipe.secrets()),
            }
        }
        found
    }
}

/// A recipe that cannot be followed. It names paths, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// A secret that it needs is not there.
    #[error("the secret `{path}` is missing")]
    Missing {
        /// Path of the secret.
        path: String,
    },
    /// Its expression fails.
    #[error("{0}")]
    Fault(String),
}

impl Recipe {
    /// Makes the value, with `secret` giving the value of each secret by its path and place. `None` where the recipe
    /// comes to null.
    ///
    /// # Errors
    /// When a secret is missing or the expression fails; the message names no value.
    pub fn resolve(
        &self,
        secret: &(dyn Fn(&str, &SecretRef) -> Option<SecretText> + Sync),
    ) -> Result<Option<SecretText>, Unresolved> {
        let evaluated = self.evaluate(secret)?;
        Ok(match evaluated {
            Value::Null => None,
            Value::String(text) => Some(SecretText::new(text)),
            other => Some(SecretText::new(other.to_string())),
        })
    }

    fn evaluate(&self, secret: &(dyn Fn(&str, &SecretRef) -> Option<SecretText> + Sync)) -> Result<Value, Unresolved> {
        let template = Template::parse(&self.template).map_err(|fault| Unresolved::Fault(fault.to_string()))?;
        let missing = Mutex::new(None);
        let names = Ingredients { recipe: self, secret, missing: &missing };
        let result = template.evaluate(&names);
        let missing = missing.lock().map(|mut missing| missing.take()).unwrap_or_default();
        match (missing, result) {
            (Some(path), _) => Err(Unresolved::Missing { path }),
            (None, Ok(evaluated)) => Ok(evaluated.value),
            (None, Err(fault)) => Err(Unresolved::Fault(fault.to_string())),
        }
    }
}

/// What a recipe's names mean while it is followed.
struct Ingredients<'a> {
    recipe: &'a Recipe,
    secret: &'a (dyn Fn(&str, &SecretRef) -> Option<SecretText> + Sync),
    missing: &'a Mutex<Option<String>>,
}

impl Names for Ingredients<'_> {
    fn lookup(&self, name: &str) -> Result<Looked, EvaluationFault> {
        let value = match self.recipe.with.get(name) {
            None => return Err(EvaluationFault::new(format!("the recipe does not say what `{name}` is"))),
            Some(Given::Value(value)) => value.clone(),
            Some(Given::Secret { path, at }) => match (self.secret)(path, at) {
                Some(text) => Value::String(text.expose().to_string()),
                None => {
                    if let Ok(mut missing) = self.missing.lock() {
                        missing.get_or_insert_with(|| path.clone());
                    }
                    return Err(EvaluationFault::new(format!("the secret `{path}` is missing")));
                }
            },
            Some(Given::Recipe(recipe)) => {
                recipe.evaluate(self.secret).map_err(|fault| EvaluationFault::new(fault.to_string()))?
            }
        };
        Ok(Looked::clean(value))
    }
}
