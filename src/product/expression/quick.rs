//! What most expressions are, a name, or names held against texts with `&&`, `||`, `!` and `?:`, without the detour over
//! CEL's own values. It reads the same names in the same order, and gives up where a type is not what CEL would want: then
//! CEL judges.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use serde_json::Value;

use super::EvaluationFault;
use super::evaluate::Reader;

/// Why there is no result.
pub(super) enum Stopped {
    /// A name cannot be read.
    Fault(EvaluationFault),
    /// CEL has to judge.
    NotHere,
}

/// Whether an expression is made of nothing else.
pub(super) fn fits(tree: &IdedExpr) -> bool {
    match &tree.expr {
        Expr::Ident(_) => true,
        Expr::Literal(literal) => {
            matches!(literal, LiteralValue::String(_) | LiteralValue::Boolean(_) | LiteralValue::Null)
        }
        Expr::Call(call) => {
            let known = matches!(
                (call.func_name.as_str(), call.args.len()),
                (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::EQUALS | operators::NOT_EQUALS, 2)
                    | (operators::LOGICAL_NOT, 1)
                    | (operators::CONDITIONAL, 3)
            );
            known && call.target.is_none() && call.args.iter().all(fits)
        }
        _ => false,
    }
}

/// The value of an expression that [`fits`].
pub(super) fn value(tree: &IdedExpr, reader: &Reader<'_>) -> Result<Value, Stopped> {
    match &tree.expr {
        Expr::Ident(name) => match reader.read(name) {
            Some(read) => read.map_err(Stopped::Fault),
            None => Err(Stopped::NotHere),
        },
        Expr::Literal(LiteralValue::String(text)) => Ok(Value::from(text.inner())),
        Expr::Literal(LiteralValue::Boolean(truth)) => Ok(Value::Bool(*truth.inner())),
        Expr::Literal(LiteralValue::Null) => Ok(Value::Null),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => Ok(Value::Bool(first(left, reader)? && truth(right, reader)?)),
            (operators::LOGICAL_OR, [left, right]) => Ok(Value::Bool(first(left, reader)? || truth(right, reader)?)),
            (operators::LOGICAL_NOT, [inner]) => Ok(Value::Bool(!truth(inner, reader)?)),
            (operators::EQUALS, [left, right]) => Ok(Value::Bool(same(left, right, reader)?)),
            (operators::NOT_EQUALS, [left, right]) => Ok(Value::Bool(!same(left, right, reader)?)),
            (operators::CONDITIONAL, [when, then, or]) => value(if truth(when, reader)? { then } else { or }, reader),
            _ => Err(Stopped::NotHere),
        },
        _ => Err(Stopped::NotHere),
    }
}

fn truth(tree: &IdedExpr, reader: &Reader<'_>) -> Result<bool, Stopped> {
    match value(tree, reader)? {
        Value::Bool(truth) => Ok(truth),
        _ => Err(Stopped::NotHere),
    }
}

/// The left side of `&&` and `||`: where it fails, the other side may make up for it, and CEL knows how.
fn first(tree: &IdedExpr, reader: &Reader<'_>) -> Result<bool, Stopped> {
    truth(tree, reader).map_err(|_| Stopped::NotHere)
}

fn same(left: &IdedExpr, right: &IdedExpr, reader: &Reader<'_>) -> Result<bool, Stopped> {
    match (value(left, reader)?, value(right, reader)?) {
        (Value::String(one), Value::String(other)) => Ok(one == other),
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        _ => Err(Stopped::NotHere),
    }
}
