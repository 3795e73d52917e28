//! Scalars that may hold `${…}` (language.md "Values").

use std::collections::BTreeSet;

use serde_json::Value;

use super::evaluate::Reads;
use super::{EvaluationFault, Expression, ExpressionFault, Names};
use crate::product::recipe::Recipe;

/// A scalar: plain text, exactly one `${…}`, or text with `${…}` in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Expression(Expression),
}

/// The result of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has no value: the entry is dropped.
    Null,
    /// A value that holds nothing secret.
    Clean(Value),
    /// It is computed from secrets: how, never what.
    Tainted(Recipe),
    /// It is computed from a secret that may not be read.
    Unknown(Recipe),
}

impl Template {
    /// Reads a scalar.
    ///
    /// # Errors
    /// Where a `${` is not closed or holds no expression; the offset is in the scalar.
    pub fn parse(source: &str) -> Result<Self, ExpressionFault> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find('$') {
            text.push_str(&rest[..at]);
            let tail = &rest[at..];
            if let Some(after) = tail.strip_prefix("$${") {
                text.push_str("${");
                rest = after;
            } else if let Some(inner) = tail.strip_prefix("${") {
                let offset = source.len() - inner.len();
                let end = closing(inner).ok_or_else(|| ExpressionFault {
                    message: "`${` is not closed; put the whole scalar in single quotes".into(),
                    offset,
                })?;
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                let expression = Expression::parse(inner[..end].trim())
                    .map_err(|fault| ExpressionFault { offset: offset + fault.offset, ..fault })?;
                parts.push(Part::Expression(expression));
                rest = &inner[end + 1..];
            } else {
                text.push('$');
                rest = &tail[1..];
            }
        }
        text.push_str(rest);
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { source: source.to_string(), parts })
    }

    /// The scalar that is exactly one expression.
    pub fn of(expression: Expression) -> Self {
        Self { source: format!("${{{}}}", expression.source()), parts: vec![Part::Expression(expression)] }
    }

    /// The scalar as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// It holds no expression.
    pub fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// It is exactly one expression, whose type it takes.
    pub fn single(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [Part::Expression(expression)] => Some(expression),
            _ => None,
        }
    }

    /// Its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// The dotted names it uses.
    pub fn names(&self) -> BTreeSet<String> {
        self.expressions().flat_map(|expression| expression.names().iter().cloned()).collect()
    }

    /// Evaluates it to a value, secret or not.
    ///
    /// # Errors
    /// When an expression fails, or text is made of what has no text. The message names no value.
    pub fn evaluate(&self, names: &dyn Names) -> Result<super::Evaluated, EvaluationFault> {
        if let Some(expression) = self.single() {
            return expression.evaluate(names);
        }
        let mut whole = super::Evaluated::default();
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Expression(expression) => {
                    let part = expression.evaluate(names)?;
                    whole.tainted |= part.tainted;
                    whole.unknown |= part.unknown;
                    whole.reads.append(part.reads);
                    match part.value {
                        Value::String(value) => text.push_str(&value),
                        Value::Number(number) => text.push_str(&number.to_string()),
                        Value::Bool(value) => text.push_str(if value { "true" } else { "false" }),
                        _ if whole.unknown => {}
                        _ => {
                            let message =
                                format!("`{}` in a text must be text, a number or true or false", expression.source());
                            return Err(EvaluationFault::new(message));
                        }
                    }
                }
            }
        }
        whole.value = Value::String(text);
        Ok(whole)
    }

    /// Evaluates it to what a plan may hold: a clean value, or a recipe.
    ///
    /// # Errors
    /// As [`Template::evaluate`].
    pub fn outcome(&self, names: &dyn Names) -> Result<Outcome, EvaluationFault> {
        let evaluated = self.evaluate(names)?;
        let recipe = |reads: Reads| reads.recipe(&self.source);
        Ok(match evaluated {
            evaluated if evaluated.unknown => Outcome::Unknown(recipe(evaluated.reads)),
            evaluated if evaluated.value.is_null() => Outcome::Null,
            evaluated if evaluated.tainted => Outcome::Tainted(recipe(evaluated.reads)),
            evaluated => Outcome::Clean(evaluated.value),
        })
    }
}

/// Reads the expressions in the `${}` of texts, the last ones first, so that whoever reads the same texts from the front
/// meanwhile finds half of them read: expressions are much of the work of reading a product. What cannot be read is passed
/// over; its reader tells it with its place.
pub fn read_ahead<'a>(texts: impl DoubleEndedIterator<Item = &'a str>) {
    for text in texts.rev() {
        for (at, _) in text.rmatch_indices("${") {
            let inner = &text[at + 2..];
            if let Some(end) = closing(inner) {
                let _read = Expression::parse(inner[..end].trim()).is_ok();
            }
        }
    }
}

/// Where the brace that balances an already opened `${` is; braces in string literals do not count.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}
