//! What the form may ask of the outside: variables, files, and Secrets that were read beforehand.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::answers::form::Sources;
use crate::lint::schema::Schemas;
use crate::secret::SecretText;

/// The process's variables and files, and keys of Secrets by name and key.
#[derive(Default)]
pub(super) struct Outside {
    /// What was read of each: `Ok(None)` may not be read.
    pub(super) existing: BTreeMap<(String, String), Result<Option<SecretText>, String>>,
}

impl Sources for Outside {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn existing(&self, name: &str, key: &str) -> Result<Option<SecretText>, String> {
        // One that is typed in later is unknown until the plan is made: it is referenced, so its value is not needed.
        self.existing.get(&(name.to_string(), key.to_string())).cloned().unwrap_or(Ok(None))
    }

    fn fits(&self, definition: &str, value: &Value) -> Result<(), String> {
        let schemas = Schemas::embedded();
        // The newest version knows every field that an older one knows.
        let newest = schemas.versions().last().map(|version| (*version).to_owned()).unwrap_or_default();
        match schemas.check_definition(&newest, definition, value).first() {
            None => Ok(()),
            Some(fault) => Err(format!("is not what Kubernetes takes: {fault}")),
        }
    }
}
