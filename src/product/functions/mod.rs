//! The functions of the product language beside CEL's own: pure, without clock and randomness. One file a family, each
//! with its table. Messages never name an argument: it may be a secret.

pub mod image;
pub mod secret;
pub mod url;

mod encoding;
mod list;
mod quantity;
mod version;

use cel::{Context, DeclarationError, ExecutionError};
use serde_json::Value;

use super::expression::EvaluationFault;

/// Names of all functions of ours, for lint and for the nearest name in a message.
pub const NAMES: &[&str] = &[
    "base64",
    "given",
    "image",
    "json",
    "mongoUrl",
    "postgresUrl",
    "quantity",
    "redisUrl",
    "secretKey",
    "secretName",
    "source",
    "urlHost",
    "urlPort",
    "versionAtLeast",
    "isGreaterThan",
    "isLessThan",
    "compareTo",
    "add",
    "sub",
    "find",
    "sum",
];

/// Makes the functions known to a context.
pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    encoding::register(context)?;
    image::register(context)?;
    list::register(context)?;
    quantity::register(context)?;
    url::register(context)?;
    version::register(context)
}

/// A fault of a function, without its operands.
fn fault(function: &str, message: impl ToString) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

/// Text out of a value, or a fault.
fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, EvaluationFault> {
    value.as_str().ok_or_else(|| EvaluationFault::new(format!("{what} must be text")))
}
