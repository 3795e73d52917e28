//! What a face needs of the form, and of what stands around it: where one is, what the answers make, what the preflight
//! says. The full screen and the plain face drive it alike, so that neither can ask what the other cannot.

use serde_json::Value;

pub use crate::answers::view::{Fault, Input, Offer, PageState, PageView, QuestionView, SecretInput, Widget};

pub use super::made::{Made, MadeObject, Standing};
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

/// The form, as a face drives it.
pub trait Questions {
    /// Where one is, for the header.
    fn whereabouts(&self) -> Whereabouts;
    /// Titles of the pages that were settled before the form; with them one can go back over its first page.
    fn before(&self) -> Vec<String> {
        Vec::new()
    }
    /// The pages that have something to ask, in order.
    fn pages(&self) -> Vec<PageView>;
    /// The visible questions of a page, advanced ones too, in order.
    fn page(&self, id: &str) -> Vec<QuestionView>;
    /// One question, if it is visible.
    fn question(&self, path: &str) -> Option<QuestionView>;
    /// It was answered at the last run, and is asked again only where that is asked for.
    fn stands(&self, _path: &str) -> bool {
        false
    }
    /// Answers a question. A wrong answer is kept as it was typed, so that going back is free.
    ///
    /// # Errors
    /// What is wrong with it.
    fn set(&mut self, path: &str, input: Input) -> Result<(), String>;
    /// What would be wrong with an answer, without giving it: for what is still being written.
    ///
    /// # Errors
    /// What would be wrong.
    fn judge(&self, _path: &str, _input: &Input) -> Result<(), String> {
        Ok(())
    }
    /// Back to the value that stands without an answer.
    fn reset(&mut self, path: &str);
    /// Lets slipway make a secret whose view says that it can.
    fn generate(&mut self, path: &str);
    /// The value of a secret, where it is known. For the operator's eyes alone.
    fn reveal(&self, path: &str) -> Option<SecretText>;
    /// Everything that is missing or wrong.
    fn faults(&self) -> Vec<Fault>;
    /// Nothing is missing or wrong.
    fn is_complete(&self) -> bool {
        self.faults().is_empty()
    }
    /// What the answers make so far.
    fn made(&self) -> Made;
    /// What the preflight says so far, in a line; empty before it has run.
    fn checks(&self) -> String {
        String::new()
    }
}

/// What is wrong, with an example: `must be a quantity, such as 20Gi`.
pub fn wrong(what: &str, example: &str) -> String {
    if example.is_empty() || what.contains(example) { what.to_string() } else { format!("{what}, such as {example}") }
}

/// Whether a choice is chosen, of one or of several.
pub fn is_chosen(question: &QuestionView, choice: &str) -> bool {
    match &question.value {
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(choice)),
        value => value.as_str() == Some(choice),
    }
}

/// Whether yes or no stands, if one does.
pub fn yes_or_no(question: &QuestionView) -> Option<bool> {
    question.value.as_bool()
}

/// A list, an item a line: texts as they are, everything else as JSON; a text of several lines as it is.
pub fn as_lines(question: &QuestionView) -> String {
    match &question.value {
        Value::Array(items) if items.iter().any(Value::is_object) && question.fault.is_none() => {
            serde_yaml::to_string(items).unwrap_or_default().trim_end().to_string()
        }
        Value::Array(items) if question.widget == Widget::List => {
            let line = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_string);
            items.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        // A map of texts, a pair a line.
        Value::Object(pairs) if question.kind == "map" && question.fault.is_none() => {
            let line = |(key, value): (&String, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
            pairs.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        // Anything deeper as YAML, as manifests write it.
        value @ Value::Object(_) if question.widget == Widget::Lines && question.fault.is_none() => {
            serde_yaml::to_string(value).unwrap_or_else(|_| value.to_string()).trim_end().to_string()
        }
        _ => question.text.clone(),
    }
}

/// How lines are to be written.
pub fn lines_rule(question: &QuestionView) -> &'static str {
    match (&question.widget, question.kind.as_str()) {
        (_, "items") => "YAML: each item begins with - ",
        (_, "map") => "name=value, a line each",
        (_, "object") => "YAML",
        (Widget::List, _) => "a line each",
        _ => "as many lines as it needs",
    }
}

/// The answer that lines are.
pub fn of_lines(question: &QuestionView, lines: &str) -> Input {
    if question.widget != Widget::List {
        return Input::Text(lines.to_string());
    }
    // A list of mappings is YAML; what is none stays as it was typed, and is told.
    if lines.trim_start().starts_with('-') && question.kind == "items" {
        return match serde_yaml::from_str::<Value>(lines) {
            Ok(items @ Value::Array(_)) => Input::Value(items),
            _ => Input::Text(lines.to_string()),
        };
    }
    let items = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let item = |line: &str| match line.starts_with(['{', '[']).then(|| serde_json::from_str(line)) {
        Some(Ok(value)) => value,
        _ => Value::from(line),
    };
    Input::Value(items.map(item).collect())
}

/// What was typed as a secret: a reference as files write it, `generate`, or the value itself.
pub fn of_secret(typed: &SecretText) -> Input {
    let input = SecretInput::parse(typed.expose()).unwrap_or_else(|_| SecretInput::Value(typed.clone()));
    Input::Secret(input)
}

/// Where an answer came from, in words; empty when nothing stands.
pub fn origin(question: &QuestionView) -> &'static str {
    question.origin.map_or("", crate::answers::Origin::words)
}

/// What an answer that is pinned says.
pub const LOCKED: &str = "locked: it stays as it was installed, because changing it could cost data";
