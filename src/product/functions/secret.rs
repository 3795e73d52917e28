//! Clean facts about a secret: `given(path)`, `source(path)`, `secretName(path)`, `secretKey(path)`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::{Secret, SecretRef, SecretSource};

/// Prefix of the name under which the facts of a secret are looked up.
pub const FACTS: &str = "@facts:";

/// What may be said of a secret without saying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    source: SecretSource,
    at: SecretRef,
    key_secret: String,
}

impl Facts {
    /// The facts of a secret; `key_secret` is the name of the release's key Secret, where generated and brought values
    /// live.
    pub fn of(secret: &Secret, key_secret: impl Fn(u32) -> String) -> Self {
        let name = match &secret.at {
            SecretRef::Keys { generation, .. } => key_secret((*generation).max(1)),
            SecretRef::Existing { name, .. } => name.clone(),
        };
        Self { source: secret.source, at: secret.at.clone(), key_secret: name }
    }

    /// `generated`, `brought` or `existing`.
    pub(crate) fn source(&self) -> Value {
        serde_json::to_value(self.source).unwrap_or(Value::Null)
    }

    /// Name of the Secret that holds it.
    pub(crate) fn name(&self) -> Value {
        Value::from(self.key_secret.as_str())
    }

    /// Key in that Secret.
    pub(crate) fn key(&self) -> Value {
        match &self.at {
            SecretRef::Keys { key, .. } | SecretRef::Existing { key, .. } => Value::from(key.as_str()),
        }
    }
}
