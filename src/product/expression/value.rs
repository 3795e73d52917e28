//! Values between JSON and CEL. Numbers are CEL ints whatever their source (language.md "Values"); maps come back with
//! their keys sorted, so that a render is stable.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::EvaluationFault;

/// JSON as a CEL value.
pub(super) fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => cel::Value::Int(int),
            None => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(list) => cel::Value::List(Arc::new(list.iter().map(to_cel).collect())),
        Value::Object(map) => {
            let map = map.iter().map(|(key, value)| (cel::objects::Key::from(key.as_str()), to_cel(value))).collect();
            cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
        }
    }
}

/// JSON as it comes out of CEL, so that numbers and the order of keys are as in any other result.
///
/// # Errors
/// As [`to_json`].
pub(super) fn as_cel_has_it(value: Value) -> Result<Value, EvaluationFault> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(value),
        Value::Number(ref number) if number.is_i64() => Ok(value),
        other => to_json(&to_cel(&other)),
    }
}

/// A CEL value as JSON.
///
/// # Errors
/// For what JSON cannot hold.
pub(super) fn to_json(value: &cel::Value) -> Result<Value, EvaluationFault> {
    Ok(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => Value::Bool(*value),
        cel::Value::Int(value) => Value::from(*value),
        cel::Value::UInt(value) => Value::from(*value),
        cel::Value::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
        cel::Value::String(text) => Value::String(text.to_string()),
        cel::Value::List(list) => Value::Array(list.iter().map(to_json).collect::<Result<_, _>>()?),
        cel::Value::Map(map) => {
            let mut sorted = BTreeMap::new();
            for (key, value) in map.map.iter() {
                let key = match key {
                    cel::objects::Key::String(text) => text.to_string(),
                    cel::objects::Key::Int(int) => int.to_string(),
                    cel::objects::Key::Uint(int) => int.to_string(),
                    cel::objects::Key::Bool(value) => value.to_string(),
                };
                sorted.insert(key, to_json(value)?);
            }
            Value::Object(sorted.into_iter().collect::<Map<_, _>>())
        }
        _ => return Err(EvaluationFault::new("the result is of a type that a manifest cannot hold")),
    })
}
