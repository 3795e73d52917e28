//! What the operator decided (pure): the form, values with their origin, checks, the answers file.

pub mod draft;
pub mod file;
pub mod form;
pub mod names;
pub mod presets;
pub mod value;
pub mod view;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::SecretRef;

pub use form::Form;

/// Where a value came from, weakest first; the order is the precedence of design.md 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// The product's default.
    Default,
    /// The profile.
    Profile,
    /// What the operator set at the last run.
    LastRun,
    /// The answers file.
    File,
    /// A variable `SLIPWAY_SET_…`.
    Variable,
    /// `--set`.
    Flag,
    /// Typed in the form.
    Typed,
}

impl Origin {
    /// How it is told: `from the profile`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Profile => "from the profile",
            Self::LastRun => "from the last run",
            Self::File => "from the answers file",
            Self::Variable => "from a variable",
            Self::Flag => "from --set",
            Self::Typed => "typed",
        }
    }
}

/// An answer as it is recorded: a secret as a reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedAnswer {
    /// The value; null for a secret.
    pub value: Value,
    /// Where a secret lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
    /// Where the value came from: `default`, `profile`, `lastRun`, `file`, `variable`, `flag`, `typed`.
    pub origin: String,
}
