//! What most expressions are, names, literals and the plainest operations on texts, whole numbers and truths, without the
//! detour over CEL's own values. It reads the same names in the same order, and gives up where a type is not what CEL would
//! want: then CEL judges.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use regex::Regex;
use serde_json::{Map, Value};

use super::EvaluationFault;
use super::evaluate::Reader;
use crate::product::functions::image;

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
        Expr::Literal(literal) => matches!(
            literal,
            LiteralValue::String(_) | LiteralValue::Boolean(_) | LiteralValue::Int(_) | LiteralValue::Null
        ),
        Expr::List(list) => list.optional_indices.is_empty() && list.elements.iter().all(fits),
        Expr::Map(map) => {
            let mut keys = BTreeSet::new();
            map.entries.iter().all(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    !entry.optional && fits(&entry.value) && text_of(&entry.key).is_some_and(|key| keys.insert(key))
                }
                EntryExpr::StructField(_) => false,
            })
        }
        Expr::Call(call) => {
            use operators as op;
            let known = match &call.target {
                None => matches!(
                    (call.func_name.as_str(), call.args.len()),
                    (op::LOGICAL_AND | op::LOGICAL_OR | op::EQUALS | op::NOT_EQUALS | op::IN, 2)
                        | (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, 2)
                        | (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, 2)
                        | (op::LOGICAL_NOT | "size" | "string", 1)
                        | (op::CONDITIONAL, 3)
                        | ("image", 2 | 3)
                ),
                Some(_) => {
                    matches!(
                        (call.func_name.as_str(), call.args.len()),
                        ("startsWith" | "endsWith" | "contains" | "matches", 1)
                    )
                }
            };
            known && call.target.iter().all(|target| fits(target)) && call.args.iter().all(fits)
        }
        _ => false,
    }
}

fn text_of(tree: &IdedExpr) -> Option<&str> {
    match &tree.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
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
        Expr::Literal(LiteralValue::Int(number)) => Ok(Value::from(*number.inner())),
        Expr::Literal(LiteralValue::Null) => Ok(Value::Null),
        Expr::List(list) => {
            list.elements.iter().map(|element| value(element, reader)).collect::<Result<_, _>>().map(Value::Array)
        }
        Expr::Map(map) => {
            let mut made = Map::new();
            for entry in &map.entries {
                let EntryExpr::MapEntry(entry) = &entry.expr else { return Err(Stopped::NotHere) };
                let key = text_of(&entry.key).ok_or(Stopped::NotHere)?;
                made.insert(key.to_owned(), value(&entry.value, reader)?);
            }
            Ok(Value::Object(made))
        }
        Expr::Call(call) => match &call.target {
            Some(target) => method(target, call, reader),
            None => operation(call, reader),
        },
        _ => Err(Stopped::NotHere),
    }
}

fn operation(call: &CallExpr, reader: &Reader<'_>) -> Result<Value, Stopped> {
    use operators as op;
    match (call.func_name.as_str(), call.args.as_slice()) {
        (op::LOGICAL_AND, [left, right]) => Ok(Value::Bool(first(left, reader)? && truth(right, reader)?)),
        (op::LOGICAL_OR, [left, right]) => Ok(Value::Bool(first(left, reader)? || truth(right, reader)?)),
        (op::LOGICAL_NOT, [inner]) => Ok(Value::Bool(!truth(inner, reader)?)),
        (op::EQUALS, [left, right]) => Ok(Value::Bool(same(&value(left, reader)?, &value(right, reader)?)?)),
        (op::NOT_EQUALS, [left, right]) => Ok(Value::Bool(!same(&value(left, reader)?, &value(right, reader)?)?)),
        (op::CONDITIONAL, [when, then, or]) => value(if truth(when, reader)? { then } else { or }, reader),
        (op::IN, [item, list]) => {
            let (item, list) = (value(item, reader)?, value(list, reader)?);
            let alike = list.as_array().ok_or(Stopped::NotHere)?.iter().map(|one| same(&item, one));
            Ok(Value::Bool(alike.collect::<Result<Vec<_>, _>>()?.contains(&true)))
        }
        ("size", [of]) => {
            let size = match value(of, reader)? {
                Value::String(text) => text.chars().count(),
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                _ => return Err(Stopped::NotHere),
            };
            i64::try_from(size).map(Value::from).map_err(|_| Stopped::NotHere)
        }
        ("string", [of]) => match value(of, reader)? {
            Value::String(text) => Ok(Value::String(text)),
            Value::Bool(truth) => Ok(Value::from(truth.to_string())),
            Value::Number(number) => number.as_i64().map(|int| int.to_string().into()).ok_or(Stopped::NotHere),
            _ => Err(Stopped::NotHere),
        },
        ("image", args) => {
            let args = args.iter().map(|arg| value(arg, reader)).collect::<Result<Vec<_>, _>>()?;
            let args = args.iter().map(|arg| if arg.is_null() { Some(None) } else { arg.as_str().map(Some) });
            let made = args.collect::<Option<Vec<_>>>().and_then(|args| image::of(&args));
            made.map(Value::from).ok_or(Stopped::NotHere)
        }
        (operator, [left, right]) => two(operator, value(left, reader)?, value(right, reader)?),
        _ => Err(Stopped::NotHere),
    }
}

/// Sums and comparisons.
fn two(operator: &str, left: Value, right: Value) -> Result<Value, Stopped> {
    use operators as op;
    if let (op::ADD, Value::String(one), Value::String(other)) = (operator, &left, &right) {
        return Ok(Value::from(format!("{one}{other}")));
    }
    let (Some(one), Some(other)) = (left.as_i64(), right.as_i64()) else { return Err(Stopped::NotHere) };
    let number = match operator {
        op::LESS => return Ok(Value::Bool(one < other)),
        op::LESS_EQUALS => return Ok(Value::Bool(one <= other)),
        op::GREATER => return Ok(Value::Bool(one > other)),
        op::GREATER_EQUALS => return Ok(Value::Bool(one >= other)),
        op::ADD => one.checked_add(other),
        op::SUBSTRACT => one.checked_sub(other),
        op::MULTIPLY => one.checked_mul(other),
        op::DIVIDE => one.checked_div(other),
        _ => None,
    };
    number.map(Value::from).ok_or(Stopped::NotHere)
}

/// What is asked of a text.
fn method(target: &IdedExpr, call: &CallExpr, reader: &Reader<'_>) -> Result<Value, Stopped> {
    let [argument] = call.args.as_slice() else { return Err(Stopped::NotHere) };
    let (Value::String(text), Value::String(other)) = (value(target, reader)?, value(argument, reader)?) else {
        return Err(Stopped::NotHere);
    };
    let holds = match call.func_name.as_str() {
        "startsWith" => text.starts_with(&other),
        "endsWith" => text.ends_with(&other),
        "contains" => text.contains(&other),
        "matches" => matches(&text, &other).ok_or(Stopped::NotHere)?,
        _ => return Err(Stopped::NotHere),
    };
    Ok(Value::Bool(holds))
}

/// Whether a text matches; none where the pattern is none. The few patterns that products have are read once.
fn matches(text: &str, pattern: &str) -> Option<bool> {
    const KEPT: usize = 1_000;
    thread_local! {
        static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(known) = patterns.get(pattern) {
            return Some(known.is_match(text));
        }
        let read = Regex::new(pattern).ok()?;
        let holds = read.is_match(text);
        // A pattern may be computed: what is kept stays small.
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), read);
        Some(holds)
    })
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

fn same(left: &Value, right: &Value) -> Result<bool, Stopped> {
    match (left, right) {
        (Value::String(one), Value::String(other)) => Ok(one == other),
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (Value::Number(one), Value::Number(other)) if one.is_i64() && other.is_i64() => Ok(one == other),
        _ => Err(Stopped::NotHere),
    }
}
