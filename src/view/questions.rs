//! What a face needs of the form: pages of questions, ways to answer them, and what the answers make. The full screen and
//! the plain face drive it alike, so that neither can ask what the other cannot. Nothing here holds a secret in the clear
//! but [`SecretInput::Value`] on its way in and [`Questions::reveal`] on its way to the operator's eyes.

use crate::secret::SecretText;

/// Where one is; on every screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// What is being done: `install inngest v1.43.0`.
    pub doing: String,
    /// Name of the context.
    pub context: String,
    /// Namespace.
    pub namespace: String,
    /// The practice cluster, not a real one.
    pub practice: bool,
}

/// How far a page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageState {
    /// Something on it was not answered yet, or not looked at.
    #[default]
    Open,
    /// All of it is answered.
    Done,
    /// Something on it is wrong.
    Faulty,
}

/// A page of questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub state: PageState,
    /// Questions on it that are visible and essential.
    pub questions: usize,
    /// Questions on it that are visible and advanced.
    pub advanced: usize,
}

/// One choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceView {
    /// The value.
    pub value: String,
    /// What it means, in words.
    pub text: String,
}

/// Which widget a question gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Widget {
    /// One line of text.
    #[default]
    Text,
    /// Several lines (multiline; an object as YAML).
    Multiline,
    /// A secret.
    Secret {
        /// slipway can make it.
        generates: bool,
    },
    /// One of several.
    Choice(Vec<ChoiceView>),
    /// Any of several.
    Choices(Vec<ChoiceView>),
    /// Yes or no.
    YesNo,
    /// A whole number.
    Number,
    /// Several values, a line each; maps as `key=value`, items with fields as JSON.
    List,
}

/// One question as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionView {
    /// Path of its answer.
    pub path: String,
    /// What is asked.
    pub ask: String,
    /// Why it is asked; empty without a reason.
    pub why: String,
    /// Its widget.
    pub widget: Widget,
    /// The value as text, also while it is wrong; lists and several choices have a line each; `true` or `false` for yes
    /// and no; a secret shows fixed dots, or how it is made.
    pub value_text: String,
    /// Where the value came from, in words: `from the profile`.
    pub origin: String,
    /// What would stand without an answer; empty without a default.
    pub default_text: String,
    /// What is wrong with the value.
    pub fault: Option<Fault>,
    /// An example; empty without one.
    pub example: String,
    /// Hidden until it is asked for.
    pub advanced: bool,
    /// Stays as it was installed, and why; empty when it may be changed.
    pub locked: String,
    /// May be left empty.
    pub optional: bool,
    /// Values that the cluster offers.
    pub suggestions: Vec<String>,
    /// Why the cluster could not be asked for them; empty when it could.
    pub suggestions_missing: String,
}

impl QuestionView {
    /// Whether its value is a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self.widget, Widget::Secret { .. })
    }
}

/// What is wrong with an answer, or that it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Path of the answer.
    pub path: String,
    /// What is wrong, in a sentence.
    pub what: String,
    /// The rule that it breaks; empty when `what` says it.
    pub rule: String,
    /// A value that would do; empty when there is none to name.
    pub example: String,
}

impl Fault {
    /// All of it in a line.
    pub fn line(&self) -> String {
        let mut said = self.what.clone();
        if !self.rule.is_empty() {
            said.push_str(": ");
            said.push_str(&self.rule);
        }
        if !self.example.is_empty() {
            said.push_str(", such as ");
            said.push_str(&self.example);
        }
        said
    }
}

/// How a secret is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretInput {
    /// The value itself.
    Value(SecretText),
    /// `env:NAME`, `file:PATH`, `secret:NAME/KEY`: where the value lies.
    Reference(String),
    /// slipway makes it.
    Generate,
}

impl SecretInput {
    /// What was typed: a reference, `generate`, or the value itself.
    pub fn read(typed: &SecretText) -> Self {
        let text = typed.expose();
        if text == "generate" {
            return Self::Generate;
        }
        let reference = ["env:", "file:", "secret:"].iter().any(|start| text.starts_with(start));
        if reference { Self::Reference(text.to_string()) } else { Self::Value(typed.clone()) }
    }
}

/// An answer as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Text; numbers and everything else that is typed on one line, and multiline.
    Text(String),
    /// A choice by its value.
    Choice(String),
    /// Several choices by their values.
    Choices(Vec<String>),
    /// Yes or no.
    YesNo(bool),
    /// A secret.
    Secret(SecretInput),
    /// A line each.
    List(Vec<String>),
}

/// An object that the answers make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadeObject {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// It as YAML, without a secret value.
    pub yaml: String,
}

/// The form, as a face drives it.
pub trait Questions {
    /// Where one is, for the header.
    fn whereabouts(&self) -> Whereabouts;
    /// The pages that hold a visible question, in order.
    fn pages(&self) -> Vec<PageView>;
    /// The visible questions of a page, advanced ones too, in order.
    fn page(&self, id: &str) -> Vec<QuestionView>;
    /// One question, if it is visible.
    fn question(&self, path: &str) -> Option<QuestionView>;
    /// Answers a question. A wrong answer is kept as it was typed, so that going back is free.
    ///
    /// # Errors
    /// What is wrong with it.
    fn set(&mut self, path: &str, input: Input) -> Result<(), Fault>;
    /// Back to the value that stands without an answer.
    fn reset(&mut self, path: &str);
    /// Lets slipway make a secret.
    ///
    /// # Errors
    /// When this secret cannot be made.
    fn generate(&mut self, path: &str) -> Result<(), Fault>;
    /// The value of a secret, where it is known.
    fn reveal(&self, path: &str) -> Option<SecretText>;
    /// Everything that is missing or wrong.
    fn faults(&self) -> Vec<Fault>;
    /// Nothing is missing or wrong.
    fn is_complete(&self) -> bool {
        self.faults().is_empty()
    }
    /// The objects that the answers make so far; empty while they cannot be made.
    fn objects(&self) -> Vec<MadeObject>;
    /// What the preflight says so far, in a line; empty before it has run.
    fn checks(&self) -> String {
        String::new()
    }
    /// The answers file that repeats the run.
    fn answers_file(&self) -> String;
}
