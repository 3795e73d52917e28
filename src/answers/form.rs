//! The one form that every face drives: a pure state machine between questions and answers.

mod carry;
mod items;
mod offers;
mod resolve;
mod show;
mod through;

pub(crate) use items::given_items;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::RecordedAnswer;
use super::view::{Fault, Input, SecretInput};
use super::{Origin, value};
use crate::facts::Facts;
use crate::product::item;
use crate::product::schema::{Generate, Product};
use crate::product::world::World;
use crate::secret::{SecretText, Secrets};
use crate::suggest;

/// What the form may ask of the outside, given by who runs it.
pub trait Sources {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The contents of a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn file(&self, path: &str) -> Result<String, String>;
    /// The value of a key of a Secret in the target namespace: `Ok(None)` when it may not be read.
    ///
    /// # Errors
    /// Why it is not there.
    fn existing(&self, name: &str, key: &str) -> Result<Option<SecretText>, String>;
    /// Whether a structure is what a Kubernetes definition such as `io.k8s.api.core.v1.Affinity` says.
    ///
    /// # Errors
    /// Where it is not, as it reads after the question's path.
    fn fits(&self, definition: &str, value: &Value) -> Result<(), String> {
        let _nothing_is_known_here = (definition, value);
        Ok(())
    }
}

/// No outside at all: every reference stays unknown.
pub struct NoSources;

impl Sources for NoSources {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err("no files are read here".into())
    }

    fn existing(&self, _name: &str, _key: &str) -> Result<Option<SecretText>, String> {
        Ok(None)
    }
}

/// Answers of one origin, as they were given.
pub type Given = BTreeMap<String, Input>;

/// Where the release lives, as far as expressions know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Namespace.
    pub namespace: String,
    /// Name of the release.
    pub release: String,
    /// Profile.
    pub profile: String,
}

/// The answers that are given from outside, by origin.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// What the operator set at the last run.
    pub last_run: Given,
    /// The answers file.
    pub file: Given,
    /// Variables.
    pub variables: Given,
    /// `--set`.
    pub flags: Given,
    /// Values of keys of an earlier install, by path, with where they live.
    pub kept_keys: Secrets,
}

/// The form.
pub struct Form {
    product: Arc<Product>,
    place: Place,
    facts: Arc<Facts>,
    sources: Arc<dyn Sources + Send + Sync>,
    given: BTreeMap<Origin, Given>,
    kept: Secrets,
    generated: BTreeMap<String, SecretText>,
    random: StdRng,
    seed: [u8; 32],
    /// The release is installed: sticky answers of the last run can no longer be changed here.
    pinned: bool,
    /// A version that has to be installed before the one that is answered, with that one.
    through: Option<(String, Value)>,
    // What follows is computed from what stands above, after each change.
    answers: BTreeMap<String, Value>,
    origins: BTreeMap<String, Origin>,
    shown: BTreeMap<String, bool>,
    secrets: Secrets,
    faults: Vec<Fault>,
    /// An answer was read before it was settled: what was made of it may be wrong.
    ahead: AtomicBool,
}

/// The question is not known, or the input does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {what}")]
pub struct Refused {
    /// Path that was named.
    pub path: String,
    /// Why it is refused.
    pub what: String,
}

impl Form {
    /// A form over a product. `seed` is 32 bytes of entropy, from which keys are made; the same seed makes the same keys.
    pub fn new(
        product: Arc<Product>,
        place: Place,
        facts: Arc<Facts>,
        layers: Layers,
        sources: Arc<dyn Sources + Send + Sync>,
        seed: [u8; 32],
    ) -> Self {
        let given = BTreeMap::from([
            (Origin::LastRun, layers.last_run),
            (Origin::File, layers.file),
            (Origin::Variable, layers.variables),
            (Origin::Flag, layers.flags),
            (Origin::Typed, Given::new()),
        ]);
        let mut form = Self {
            product,
            place,
            facts,
            sources,
            given,
            kept: layers.kept_keys,
            generated: BTreeMap::new(),
            random: StdRng::from_seed(seed),
            seed,
            pinned: false,
            through: None,
            answers: BTreeMap::new(),
            origins: BTreeMap::new(),
            shown: BTreeMap::new(),
            secrets: Secrets::default(),
            faults: Vec::new(),
            ahead: AtomicBool::new(false),
        };
        // In the order of the product, so that the same seed makes the same keys whatever is asked.
        let product = Arc::clone(&form.product);
        for question in product.questions.values() {
            if question.generate.is_some() {
                form.make(&question.path);
            }
        }
        form.resolve();
        form
    }

    /// The product.
    pub fn product(&self) -> &Arc<Product> {
        &self.product
    }

    /// Where the release lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Moves to another profile; what was typed stays.
    pub fn set_profile(&mut self, profile: &str) {
        self.place.profile = profile.to_string();
        self.resolve();
    }

    /// Takes newer facts of the cluster in.
    pub fn set_facts(&mut self, facts: Arc<Facts>) {
        self.facts = facts;
        self.resolve();
    }

    /// Moves to another namespace or name.
    pub fn set_place(&mut self, place: Place) {
        self.place = place;
        self.resolve();
    }

    /// Answers a question, as if it was typed. A wrong answer is kept, so that nothing typed is ever lost.
    ///
    /// # Errors
    /// When there is no such question, or the answer is wrong; then what is wrong.
    pub fn set(&mut self, path: &str, input: Input) -> Result<(), Refused> {
        let inside = item::named(&self.product, path).map(|named| named.list.path.clone());
        if !self.product.questions.contains_key(path) && inside.is_none() {
            let near = suggest::nearest(path, self.product.questions.keys().map(String::as_str));
            let what = near
                .map_or_else(|| "is not a question".into(), |near| format!("is not a question; did you mean {near}?"));
            return Err(Refused { path: path.into(), what });
        }
        self.given.entry(Origin::Typed).or_default().insert(path.to_string(), input);
        self.resolve();
        let shown_at = inside.as_deref().unwrap_or(path);
        match self.faults.iter().find(|fault| fault.path == shown_at && !fault.missing) {
            Some(fault) => Err(Refused { path: path.into(), what: fault.what.clone() }),
            None => Ok(()),
        }
    }

    /// Forgets what was typed: the answer is again what stands below it.
    pub fn reset(&mut self, path: &str) {
        if let Some(typed) = self.given.get_mut(&Origin::Typed) {
            typed.remove(path);
        }
        self.resolve();
    }

    /// The release is installed: its sticky answers stay as they are. One that is given by a flag or a file still counts,
    /// so that the plan can say what it would mean.
    pub fn pin(&mut self) {
        self.pinned = true;
    }

    /// Makes a key anew. Only a key that no earlier install has made is ever made anew here.
    pub fn generate(&mut self, path: &str) {
        if self.kept.get(path).is_none() {
            self.make(path);
            self.given.entry(Origin::Typed).or_default().insert(path.to_string(), Input::Secret(SecretInput::Generate));
            self.resolve();
        }
    }

    fn make(&mut self, path: &str) {
        let Some(generate) = self.product.questions.get(path).and_then(|question| question.generate) else { return };
        let made = letters(&mut self.random, generate);
        self.generated.insert(path.to_string(), made);
    }

    /// What still stands between the answers and an install.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether nothing stands in the way.
    pub fn is_complete(&self) -> bool {
        self.faults.is_empty()
    }

    /// The clean answers; hidden questions are null and left out.
    pub fn answers(&self) -> &BTreeMap<String, Value> {
        &self.answers
    }

    /// The secret answers.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Everything that expressions may name, with the present answers.
    pub fn world(&self) -> World<'_> {
        World::new(
            &self.product,
            &self.answers,
            &self.secrets,
            &self.facts,
            (&self.place.namespace, &self.place.release, &self.place.profile),
        )
        .settling(&self.shown, &self.ahead)
    }

    /// The answers for the record: secrets as references.
    pub fn recorded(&self) -> BTreeMap<String, RecordedAnswer> {
        let mut recorded = BTreeMap::new();
        for (path, origin) in &self.origins {
            let origin = serde_json::to_value(origin)
                .ok()
                .and_then(|origin| origin.as_str().map(str::to_string))
                .unwrap_or_default();
            let secret = self.secrets.get(path).map(|secret| secret.at.clone());
            let value =
                if secret.is_some() { Value::Null } else { self.answers.get(path).cloned().unwrap_or(Value::Null) };
            // The version that is meant in the end is what was answered: the next run goes on to it.
            let value = self.meant(path).unwrap_or(value);
            recorded.insert(path.clone(), RecordedAnswer { value, secret, origin });
        }
        recorded.extend(self.recorded_items());
        recorded
    }

    /// The answer of a question as typed text, and its default.
    fn as_text(&self, path: &str) -> String {
        let Some(question) = self.product.questions.get(path) else { return String::new() };
        let shown = |answer| value::to_text(&question.kind, &self.with_references(question, answer, false));
        match self.answers.get(path) {
            Some(answer) if question.secret_fields().next().is_some() => shown(answer),
            Some(answer) => value::to_text(&question.kind, answer),
            None => String::new(),
        }
    }
}

/// The letters of a key.
pub fn letters(random: &mut StdRng, generate: Generate) -> SecretText {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const HEX: &[u8] = b"0123456789abcdef";
    let (alphabet, length) = match generate {
        Generate::Hex(length) => (HEX, length),
        Generate::Password(length) => (LETTERS, length),
    };
    let made: String = (0..length).map(|_| alphabet[random.random_range(0..alphabet.len())] as char).collect();
    SecretText::new(made)
}

#[cfg(test)]
mod checks_tests;
#[cfg(test)]
mod items_tests;
#[cfg(test)]
mod tests;
