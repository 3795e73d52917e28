//! What is kept when the form is made anew, for another product, profile or place.

use super::{Form, Input};
use crate::answers::{Origin, value};
use crate::product::schema::Question;

impl Form {
    /// Takes over what was typed into an earlier form, where it still fits, and the keys that it has made: a key that was
    /// looked at or copied stays the same. A wrong answer to the same product stays too, so that nothing typed is lost.
    pub fn carry(&mut self, earlier: &Form) {
        let same = self.product.name == earlier.product.name;
        if same {
            let kept = earlier.generated.iter().filter(|(path, _)| self.generated.contains_key(*path));
            let kept: Vec<_> = kept.map(|(path, value)| (path.clone(), value.clone())).collect();
            self.generated.extend(kept);
        }
        let typed = earlier.given.get(&Origin::Typed).cloned().unwrap_or_default();
        let product = std::sync::Arc::clone(&self.product);
        let fitting = typed
            .into_iter()
            .filter(|(path, input)| product.questions.get(path).is_some_and(|question| same || fits(question, input)));
        self.given.entry(Origin::Typed).or_default().extend(fitting);
        self.resolve();
    }
}

/// Whether an answer can be one to this question.
fn fits(question: &Question, input: &Input) -> bool {
    match input {
        Input::Secret(_) => question.is_secret(),
        Input::Text(_) if question.is_secret() => false,
        Input::Text(text) => value::from_text(&question.kind, text).is_ok(),
        Input::Value(given) => value::from_value(&question.kind, given).is_ok(),
    }
}
