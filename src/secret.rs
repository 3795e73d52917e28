//! Secret values: held so that no format, log or panic can show one, and named by the path of the answer they belong to.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A secret value. Its memory is wiped when it is dropped; `Debug` shows `[hidden]`; it cannot be serialized.
#[derive(Clone)]
pub struct SecretText(SecretString);

impl SecretText {
    /// Takes the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself. Every use is a place where it could leak: hand it to what needs it and keep no copy.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretText {}

/// Where a secret's value lives, or will live: what plans and records hold in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "in")]
pub enum SecretRef {
    /// In the release's key Secret, under `key`. The generation is 0 while the key Secret is not yet made
    /// (cluster.md 3: one Secret per release and generation).
    Keys {
        /// Generation of the key Secret (`<release>-keys-<generation>`), from 1.
        generation: u32,
        /// Entry in its data: the answer's path, such as `keys.signing` or `database.password`.
        key: String,
    },
    /// In a Secret that the operator named; it is referenced, never copied unless the product forces it.
    Existing {
        /// Namespace of the Secret.
        namespace: String,
        /// Name of the Secret.
        name: String,
        /// Key in its data.
        key: String,
    },
}

/// How a secret got its value; a clean fact about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// Made by slipway, in this run or an earlier one.
    Generated,
    /// Given by the operator (typed, `env:` or `file:`).
    Brought,
    /// Read out of a Secret that the operator named.
    Existing,
}

/// One secret as a run knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// How it got its value.
    pub source: SecretSource,
    /// The value; `None` when it exists but may not be read (language.md: *unknown*).
    pub value: Option<SecretText>,
    /// Where it lives or will live.
    pub at: SecretRef,
}

/// The secrets of a run by the path of their answer. Only what composes Secrets and sends them may hold one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets(pub BTreeMap<String, Secret>);

impl Secrets {
    /// The secret at an answer's path.
    pub fn get(&self, path: &str) -> Option<&Secret> {
        self.0.get(path)
    }

    /// The value at an answer's path, where it is known.
    pub fn value(&self, path: &str) -> Option<&SecretText> {
        self.get(path)?.value.as_ref()
    }

    /// Every known value, for redaction.
    pub fn values(&self) -> impl Iterator<Item = &SecretText> {
        self.0.values().filter_map(|secret| secret.value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_value() {
        let secret = Secret {
            source: SecretSource::Brought,
            value: Some(SecretText::new("hunter2")),
            at: SecretRef::Keys { generation: 1, key: "keys.event".into() },
        };
        let shown = format!("{secret:?} {:?}", Secrets(BTreeMap::from([("a".into(), secret.clone())])));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
