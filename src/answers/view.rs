//! What a face sees of the form.

use serde_json::Value;

use super::Origin;
use crate::secret::SecretText;

/// A page as the list of pages shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Where it stands.
    pub state: PageState,
    /// Essential questions that are asked now.
    pub questions: usize,
    /// Advanced questions that are asked now.
    pub advanced: usize,
    /// Advanced questions whose answer is neither the default nor the profile's.
    pub advanced_changed: usize,
    /// Answers that are wrong.
    pub wrong: usize,
    /// Answers that are missing.
    pub missing: usize,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Something is missing.
    Open,
    /// Everything is answered.
    Done,
    /// Something is wrong.
    Faulty,
}

/// Which control fits a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Widget {
    /// A line of text.
    Line,
    /// Several lines.
    Lines,
    /// One of several, each with its text.
    Choice(Vec<(String, String)>),
    /// Several of several.
    Choices(Vec<(String, String)>),
    /// Yes or no.
    YesNo,
    /// A secret.
    Secret,
    /// A list, one item a line.
    List,
}

/// A question as a face shows it. It holds no secret value.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionView {
    /// Path.
    pub path: String,
    /// What is asked.
    pub ask: String,
    /// Why it matters.
    pub why: String,
    /// Which control fits.
    pub widget: Widget,
    /// Name of its type; `items` for a list of mappings.
    pub kind: String,
    /// The answer as text; of a secret how it is given (`made by slipway`, `brought`), never the value.
    pub text: String,
    /// The answer as a value; null for a secret.
    pub value: Value,
    /// Its answer is a secret.
    pub secret: bool,
    /// A secret that can be made.
    pub can_generate: bool,
    /// Where the answer came from.
    pub origin: Option<Origin>,
    /// What the answer is when nobody says anything.
    pub default_text: String,
    /// What would stand if it was not typed, and where that comes from; empty for a secret.
    pub beneath: (Option<Origin>, String),
    /// It may be left open.
    pub optional: bool,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// Shown when it is wrong.
    pub example: String,
    /// Behind one key.
    pub advanced: bool,
    /// It is pinned since the install and cannot be changed.
    pub locked: bool,
    /// Choices out of the cluster; or why they could not be read.
    pub suggestions: Result<Vec<Offer>, String>,
}

/// A value that the cluster offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// What the answer would be.
    pub value: String,
    /// What is worth knowing of it: `default here, can grow`; may be empty.
    pub note: String,
}

impl Offer {
    /// The value with its note: `standard (default here, can grow)`.
    pub fn words(&self) -> String {
        if self.note.is_empty() { self.value.clone() } else { format!("{} ({})", self.value, self.note) }
    }
}

/// What is put into the form.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Typed text, read by the question's type.
    Text(String),
    /// A value.
    Value(Value),
    /// A secret.
    Secret(SecretInput),
}

/// How a secret is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretInput {
    /// By its value; only ever typed.
    Value(SecretText),
    /// `env:NAME`
    Env(String),
    /// `file:PATH`
    File(String),
    /// `generate`
    Generate,
    /// `secret:NAME/KEY`
    Existing {
        /// Name of the Secret.
        name: String,
        /// Key in it.
        key: String,
    },
}

impl SecretInput {
    /// Reads a reference as files and flags write it.
    ///
    /// # Errors
    /// For anything else: a plain value is refused everywhere, and never repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rule = "is a secret: write env:NAME, file:PATH, generate or secret:NAME/KEY";
        if text == "generate" {
            return Ok(Self::Generate);
        }
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.into())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("secret", place)) => match place.split_once('/') {
                Some((name, key)) if !name.is_empty() && !key.is_empty() => {
                    Ok(Self::Existing { name: name.into(), key: key.into() })
                }
                _ => Err("names a Secret as secret:NAME/KEY".into()),
            },
            _ => Err(rule.into()),
        }
    }

    /// The reference as files and flags write it; none for a typed value.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Value(_) => None,
            Self::Env(name) => Some(format!("env:{name}")),
            Self::File(path) => Some(format!("file:{path}")),
            Self::Generate => Some("generate".into()),
            Self::Existing { name, key } => Some(format!("secret:{name}/{key}")),
        }
    }
}

/// Something that stands between the answers and an install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the question.
    pub path: String,
    /// Nobody answered; else what was answered is wrong.
    pub missing: bool,
    /// What is wrong, as it reads after the question's path.
    pub what: String,
    /// A right answer.
    pub example: String,
}

impl Fault {
    /// The ways to give the answer without a terminal.
    pub fn ways(&self) -> String {
        format!(
            "--set {}=…, variable {}, answers file key {}",
            self.path,
            super::names::variable(&self.path),
            self.path
        )
    }
}
