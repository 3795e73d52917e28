//! CEL, as the product language uses it: bare expressions and scalars with `${}`.
//!
//! Parsing and evaluating is the `cel` crate's. What is ours: every dotted name is looked up by itself and only when it
//! is needed, so that the branch not taken costs nothing; every secret that was read taints the result; and what
//! language.md calls clean facts of a secret (`given`, `source`, `secretName`, `secretKey`, null-ness, `urlHost`,
//! `urlPort`) is evaluated apart, so that it taints nothing.

mod evaluate;
pub mod infer;
mod quick;
mod rewrite;
mod template;
mod value;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::common::ast::{Expr, IdedExpr};
use serde_json::Value;

use super::recipe::Given;

pub use evaluate::Evaluated;
pub use template::{Outcome, Template, read_ahead};

/// An expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionFault {
    /// What is wrong.
    pub message: String,
    /// Offset in the expression's text, in characters.
    pub offset: usize,
}

/// An expression that cannot be evaluated. It never names a value: an operand may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationFault {
    /// What is wrong.
    pub message: String,
}

impl EvaluationFault {
    /// A fault.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// What a name means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looked {
    /// Its value, null where it has none.
    pub value: Value,
    /// It is a secret, or computed from one: what a recipe holds for it.
    pub taint: Option<Given>,
    /// It exists but may not be read (language.md "Secrets are tainted": *unknown*).
    pub unknown: bool,
}

impl Looked {
    /// A clean value.
    pub fn clean(value: Value) -> Self {
        Self { value, taint: None, unknown: false }
    }
}

/// Gives names their meaning.
pub trait Names: Sync {
    /// What a dotted name means; a name that goes past the end of a known one reads the fields of its value.
    ///
    /// # Errors
    /// When the name is unknown, or what it stands for cannot be evaluated.
    fn lookup(&self, name: &str) -> Result<Looked, EvaluationFault>;

    /// The same for an expression whose macros read `fields` of the items of lists: a list that holds secrets in such
    /// fields comes with them.
    ///
    /// # Errors
    /// As [`Names::lookup`].
    fn lookup_fields(&self, name: &str, fields: &BTreeSet<String>) -> Result<Looked, EvaluationFault> {
        let _clean_whatever_is_read = fields;
        self.lookup(name)
    }
}

/// A bare CEL expression.
#[derive(Clone, Debug)]
pub struct Expression {
    source: Arc<str>,
    parsed: Arc<Parsed>,
}

#[derive(Debug)]
struct Parsed {
    tree: IdedExpr,
    apart: Vec<Apart>,
    names: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// Fields that its macros read of what they go through.
    fields: BTreeSet<String>,
    /// It needs no CEL.
    quick: bool,
}

/// A part of an expression whose result is clean though its operand may be secret.
#[derive(Clone, Debug)]
struct Apart {
    what: ApartKind,
    operand: IdedExpr,
    /// Its operand needs no CEL.
    quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ApartKind {
    /// `x == null`
    IsNull,
    /// `x != null`, `has(x)`
    IsNotNull,
    /// `urlHost(x)`
    UrlHost,
    /// `urlPort(x)`
    UrlPort,
    /// `given(path)`
    Given,
    /// `source(path)`
    Source,
    /// `secretName(path)`
    SecretName,
    /// `secretKey(path)`
    SecretKey,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Where the text is not CEL.
    pub fn parse(source: &str) -> Result<Self, ExpressionFault> {
        // The same few hundred expressions are read again and again while a form is filled in.
        static READ: LazyLock<Mutex<HashMap<String, Expression>>> = LazyLock::new(Mutex::default);
        if let Some(known) = READ.lock().unwrap_or_else(PoisonError::into_inner).get(source) {
            return Ok(known.clone());
        }
        let expression = Self::read(source)?;
        READ.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_string(), expression.clone());
        Ok(expression)
    }

    fn read(source: &str) -> Result<Self, ExpressionFault> {
        let tree = evaluate::parse(source)?;
        let mut rewritten = rewrite::rewrite(tree)?;
        rewritten
            .functions
            .retain(|name| !name.starts_with('_') && !name.starts_with('@') && name != "!_" && name != "-_");
        let parsed = Parsed {
            quick: quick::fits(&rewritten.tree),
            tree: rewritten.tree,
            apart: rewritten.apart,
            names: rewritten.names,
            functions: rewritten.functions,
            fields: rewritten.fields,
        };
        Ok(Self { source: source.into(), parsed: Arc::new(parsed) })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The dotted names it uses, `self` included; the variables of its macros are not.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.parsed.names
    }

    /// The functions it calls, operators left out.
    pub fn functions(&self) -> &BTreeSet<String> {
        &self.parsed.functions
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// When a name or an operation fails. The message names no value.
    pub fn evaluate(&self, names: &dyn Names) -> Result<Evaluated, EvaluationFault> {
        evaluate::evaluate(self, names)
    }

    /// Whether it holds; anything but true and false is a fault. The answer is clean.
    ///
    /// # Errors
    /// When it cannot be evaluated, or is neither true nor false.
    pub fn holds(&self, names: &dyn Names) -> Result<bool, EvaluationFault> {
        match self.evaluate(names)?.value {
            Value::Bool(holds) => Ok(holds),
            _ => Err(EvaluationFault::new(format!("`{}` must be true or false", self.source))),
        }
    }
}

/// The dotted name that an expression spells, if it is nothing else.
fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", dotted(&select.operand.expr)?, select.field)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
