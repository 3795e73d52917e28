//! `quantity(text)` and the comparisons of Kubernetes' CEL library. A quantity is a CEL double here: exact for whole
//! numbers below 2^53, which is 8 PiB in bytes.

use std::sync::Arc;

use cel::extractors::This;
use cel::{Context, DeclarationError, ExecutionError};

use super::fault;

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("quantity", |text: Arc<String>| -> Result<f64, ExecutionError> {
        let quantity =
            crate::quantity::parse(&text).map_err(|_| fault("quantity", "not a quantity such as 20Gi or 500m"))?;
        Ok(quantity.to_milli() as f64 / 1000.0)
    })?;
    context.add_function("isGreaterThan", |This(this): This<f64>, other: f64| this > other)?;
    context.add_function("isLessThan", |This(this): This<f64>, other: f64| this < other)?;
    context.add_function("compareTo", |This(this): This<f64>, other: f64| -> i64 {
        this.partial_cmp(&other).map_or(0, |order| order as i64)
    })?;
    context.add_function("add", |This(this): This<f64>, other: f64| this + other)?;
    context.add_function("sub", |This(this): This<f64>, other: f64| this - other)?;
    context.add_function(
        "find",
        |This(this): This<Arc<String>>, pattern: Arc<String>| -> Result<cel::Value, ExecutionError> {
            let pattern = regex::Regex::new(&pattern).map_err(|_| fault("find", "not a regular expression"))?;
            Ok(pattern.find(&this).map(|found| found.as_str().to_string()).unwrap_or_default().into())
        },
    )
}
