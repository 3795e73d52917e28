//! The form of the answers, as the faces drive it, and how a session with an operator ends.

use serde_json::Value;

use super::overview::Overview;
use super::questions::{Fault, Input, MadeObject, PageView, QuestionView, Questions, Whereabouts};
use crate::answers::Form;
use crate::plan::Wanted;
use crate::plan::render::render;
use crate::sanitize::HIDDEN;
use crate::secret::SecretText;

/// How a session ended.
pub enum Answered {
    /// Do it: the answers, and what was agreed to.
    Yes(Box<Form>, Box<Overview>),
    /// Something blocks what was planned.
    Blocked(Box<Overview>),
    /// The operator left; nothing was written.
    Left,
    /// The operator left and kept a draft: where it is, and what is not in it.
    Kept(String),
    /// The input ended before everything was answered or agreed to.
    Ended(Box<Form>),
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM or SIGHUP, or the terminal is gone; where a draft was kept, where it is.
    Terminated(Option<String>),
}

/// The form with what stands around it.
pub struct FormQuestions {
    form: Form,
    whereabouts: Whereabouts,
    checks: String,
    before: Vec<String>,
}

impl FormQuestions {
    /// Over a form. `checks` is what the preflight says so far, in a line.
    pub fn new(form: Form, whereabouts: Whereabouts, checks: String) -> Self {
        Self { form, whereabouts, checks, before: Vec::new() }
    }

    /// The same after pages that were settled before it.
    #[must_use]
    pub fn after(self, before: Vec<String>) -> Self {
        Self { before, ..self }
    }

    /// The form.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The form, to change it.
    pub fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    /// Gives the form back.
    pub fn into_form(self) -> Form {
        self.form
    }
}

impl Questions for FormQuestions {
    fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.clone()
    }
    fn before(&self) -> Vec<String> {
        self.before.clone()
    }
    fn pages(&self) -> Vec<PageView> {
        self.form.pages()
    }
    fn page(&self, id: &str) -> Vec<QuestionView> {
        self.form.page(id)
    }
    fn question(&self, path: &str) -> Option<QuestionView> {
        self.form.question(path)
    }
    fn set(&mut self, path: &str, input: Input) -> Result<(), String> {
        self.form.set(path, input).map_err(|refused| refused.what)
    }
    fn reset(&mut self, path: &str) {
        self.form.reset(path);
    }
    fn generate(&mut self, path: &str) {
        self.form.generate(path);
    }
    fn reveal(&self, path: &str) -> Option<SecretText> {
        self.form.secrets().value(path).cloned()
    }
    fn faults(&self) -> Vec<Fault> {
        self.form.faults().to_vec()
    }
    /// What does not render yet makes nothing: the answers that are missing are told elsewhere.
    fn objects(&self) -> Vec<MadeObject> {
        render(&self.form.world()).map(|made| made.objects.iter().map(made_object).collect()).unwrap_or_default()
    }
    fn checks(&self) -> String {
        self.checks.clone()
    }
}

/// An object for the eye: no value of a Secret, whether it is secret or not.
fn made_object(wanted: &Wanted) -> MadeObject {
    let mut object = wanted.object.clone();
    if object.kind() == "Secret"
        && let Some(Value::Object(data)) = object.0.get_mut("data")
    {
        for value in data.values_mut() {
            *value = Value::from(HIDDEN);
        }
    }
    let yaml = serde_yaml::to_string(&object.0).unwrap_or_else(|_| object.0.to_string());
    MadeObject { kind: object.kind().into(), name: object.name().into(), yaml }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
