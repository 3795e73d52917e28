//! What went wrong, for a person at three in the morning: what, where, why, what is in the cluster now, what to type
//! next. The kind alone decides the exit code (design.md 9).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a failure; scripts act on the exit code it maps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// 1: the deployment failed.
    Deployment,
    /// 2: the command line cannot be understood, or names an unknown product.
    Usage,
    /// 3: the product or the answers are invalid, or an answer is missing.
    Invalid,
    /// 4: the cluster cannot be reached, or refuses who we are or what we may do.
    Cluster,
    /// 5: timed out; objects remain in the cluster.
    TimedOut,
    /// 6: refused: drift, conflict, gate, locked, not ours, not confirmed.
    Refused,
    /// 7: `diff` or `plan --exit-code` found differences.
    Differences,
    /// 70: a fault of slipway itself.
    Bug,
    /// 130: stopped by Ctrl-C or SIGINT.
    Interrupted,
    /// 143: stopped by SIGTERM.
    Terminated,
}

impl FailureKind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Deployment => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Cluster => 4,
            Self::TimedOut => 5,
            Self::Refused => 6,
            Self::Differences => 7,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// A failure with everything an operator needs; every text is already sanitised and holds no secret value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Decides the exit code.
    pub kind: FailureKind,
    /// What failed, in one line: `cannot reach the cluster "prod-eu"`.
    pub what: String,
    /// Where: a server, an object's id, a file with line and column; empty when `what` says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Why, from the nearest cause to the deepest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What is in the cluster now: `nothing was written`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// What to type next, each a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The step that failed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// An event of its run told it already.
    #[serde(skip)]
    pub told: bool,
}

/// What [`Failure::state`] says as long as no write was made.
pub const NOTHING_WRITTEN: &str = "nothing was written";

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            place: String::new(),
            why: Vec::new(),
            state: String::new(),
            hints: Vec::new(),
            step: None,
            told: false,
        }
    }

    /// Says where.
    #[must_use]
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Adds a cause; call it from the nearest to the deepest.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Says what is in the cluster now.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the step.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }
}

/// The one rendering of a failure (screens.md, last sketch): aligned, plain, no colour.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // That something differs is an answer, not an error.
        let said = if self.kind == FailureKind::Differences { "" } else { "error: " };
        write!(f, "{said}{}", self.what)?;
        let mut rows = |name: &str, texts: &[&str]| -> fmt::Result {
            for (i, text) in texts.iter().filter(|text| !text.is_empty()).enumerate() {
                for (j, line) in text.lines().enumerate() {
                    let name = if i == 0 && j == 0 { name } else { "" };
                    write!(f, "\n  {name:<5}  {line}")?;
                }
            }
            Ok(())
        };
        rows("where", &[&self.place])?;
        rows("why", &self.why.iter().map(String::as_str).collect::<Vec<_>>())?;
        rows("state", &[&self.state])?;
        rows("next", &self.hints.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_its_five_things_in_order() {
        let failure = Failure::new(FailureKind::Cluster, "cannot reach the cluster \"prod-eu\"")
            .place("https://34.90.1.2 (context prod-eu in ~/.kube/config)")
            .why("the certificate expired on 2026-11-18")
            .state(NOTHING_WRITTEN)
            .hint("renew the credential: gcloud container clusters get-credentials prod-eu")
            .hint("or choose another: slipway install inngest --context kind-dev");
        insta::assert_snapshot!(failure, @r#"
        error: cannot reach the cluster "prod-eu"
          where  https://34.90.1.2 (context prod-eu in ~/.kube/config)
          why    the certificate expired on 2026-11-18
          state  nothing was written
          next   renew the credential: gcloud container clusters get-credentials prod-eu
                 or choose another: slipway install inngest --context kind-dev
        "#);
    }
}
