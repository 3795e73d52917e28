//! How a secret entry of a composed Secret is made: kept in plans and records in the value's place (cluster.md 1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::SecretRef;

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
