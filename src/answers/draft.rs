//! A draft: what was decided half-way, kept for the next start. No secret value is ever in it: a secret that was typed is
//! named as not kept, one that slipway makes is kept as `generate`, and a reference stays a reference.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::product::item;
use crate::product::schema::Product;

/// The present form of a draft.
const FORMAT: u32 = 1;

/// What was decided half-way. Empty texts were not settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    /// Which form this file has: 1.
    pub format: u32,
    /// When it was made.
    pub made: Timestamp,
    /// On the practice cluster.
    pub practice: bool,
    /// Name of the context.
    pub context: String,
    /// Name of the product.
    pub product: String,
    /// Id of the profile.
    pub profile: String,
    /// Namespace.
    pub namespace: String,
    /// Name of the release.
    pub release: String,
    /// What was typed, by path.
    pub answers: BTreeMap<String, KeptAnswer>,
    /// Paths of the secrets that were typed and are not in it.
    pub not_kept: Vec<String>,
    /// Path of the question at which it was left; empty before the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

/// An answer in a draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeptAnswer {
    /// As it was typed, right or wrong.
    Text(String),
    /// A value that was chosen.
    Value(Value),
    /// Where a secret comes from: `env:NAME`, `file:PATH`, `secret:NAME/KEY`, `generate`.
    Secret(String),
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            format: FORMAT,
            made: Timestamp::UNIX_EPOCH,
            practice: false,
            context: String::new(),
            product: String::new(),
            profile: String::new(),
            namespace: String::new(),
            release: String::new(),
            answers: BTreeMap::new(),
            not_kept: Vec::new(),
            at: String::new(),
        }
    }
}

impl Draft {
    /// Reads one.
    ///
    /// # Errors
    /// Why it cannot be used, as it reads after "the draft".
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        match serde_json::from_str::<Format>(text) {
            Ok(Format { format: FORMAT }) => serde_json::from_str(text).map_err(|error| format!("is damaged: {error}")),
            Ok(Format { format }) => {
                Err(format!("was made by another version of slipway (its form is {format}, not {FORMAT})"))
            }
            Err(_) => Err("is damaged: it is not what slipway writes".into()),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// When an answer cannot be written as JSON.
    pub fn write(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// Something was decided that is worth keeping.
    pub fn holds_something(&self) -> bool {
        let settled = [&self.context, &self.product, &self.profile, &self.namespace, &self.release];
        settled.iter().any(|text| !text.is_empty()) || !self.answers.is_empty()
    }

    /// Whether it can be gone on with, as the product is now.
    ///
    /// # Errors
    /// Why not, as it reads after "the draft".
    pub fn fits(&self, product: Option<&Product>) -> Result<(), String> {
        let Some(product) = product else {
            let known = self.product.is_empty();
            return if known { Ok(()) } else { Err(format!("is for {}, which is not known here", self.product)) };
        };
        if !self.profile.is_empty() && !product.profiles.iter().any(|profile| profile.id == self.profile) {
            return Err(format!("is for the profile {}, which {} no longer has", self.profile, product.title));
        }
        let gone = |path: &&String| !product.questions.contains_key(*path) && item::secret(product, path).is_none();
        let gone: Vec<&str> = self.answers.keys().filter(gone).map(String::as_str).collect();
        if gone.is_empty() {
            return Ok(());
        }
        Err(format!("answers what {} no longer asks: {}", product.title, gone.join(", ")))
    }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
