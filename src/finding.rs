//! One thing worth saying: preflight, lint and diagnosis all speak findings.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Info,
    /// It may go wrong; the operator decides.
    Warning,
    /// It blocks: nothing is written while it stands, unless it is skipped by its code (`--skip-preflight CODE`).
    Error,
}

impl Severity {
    /// The word shown before any colour.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing worth saying, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable name in capitals, such as `STORAGE_CLASS_MISSING`; `slipway explain CODE` says more.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case, in one sentence without a final period.
    pub what: String,
    /// Why it is so or why it matters; empty when `what` says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What to do, as a command where there is one; empty when there is nothing to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// What it is about: an object's id, an answer's path, or `file:line:column`; empty when it is about everything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl Finding {
    /// A finding with its code, severity and what; the rest is added with [`Finding::why`], [`Finding::remedy`] and
    /// [`Finding::at`].
    pub fn new(code: &str, severity: Severity, what: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity,
            what: what.into(),
            why: String::new(),
            remedy: String::new(),
            at: String::new(),
        }
    }

    /// Says why.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says what it is about.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    /// Whether it blocks.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Error
    }
}
