//! A version on the way: installed before the one that was answered, because a gate asks for it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::Form;
use crate::secret::Secrets;

/// The path of the version among the answers.
const VERSION: &str = "version";

impl Form {
    /// The same answers with another version, which has to be installed first. What is recorded stays what was answered.
    #[must_use]
    pub fn through(&self, version: &str) -> Self {
        let meant = self.answers.get(VERSION).cloned().unwrap_or(Value::Null);
        let mut form = Self {
            product: Arc::clone(&self.product),
            place: self.place.clone(),
            facts: Arc::clone(&self.facts),
            sources: Arc::clone(&self.sources),
            given: self.given.clone(),
            kept: self.kept.clone(),
            generated: self.generated.clone(),
            // Everything that is made was made already.
            random: StdRng::from_seed(self.seed),
            seed: self.seed,
            pinned: self.pinned,
            through: Some((version.to_owned(), meant)),
            answers: self.answers.clone(),
            origins: self.origins.clone(),
            shown: self.shown.clone(),
            secrets: Secrets::default(),
            faults: Vec::new(),
            ahead: AtomicBool::new(false),
        };
        form.resolve();
        form
    }

    /// What stands for an answer while another version comes first.
    pub(super) fn instead(&self, path: &str) -> Option<Value> {
        self.through.as_ref().filter(|_| path == VERSION).map(|(version, _)| Value::from(version.as_str()))
    }

    /// What was answered, where another version comes first.
    pub(super) fn meant(&self, path: &str) -> Option<Value> {
        self.through.as_ref().filter(|_| path == VERSION).map(|(_, meant)| meant.clone())
    }
}
