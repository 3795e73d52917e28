//! `list.sum()`, as Kubernetes' CEL library has it: of whole numbers, or of quantities.

use cel::extractors::This;
use cel::{Context, DeclarationError, ExecutionError, Value};

use super::fault;

pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("sum", |This(this): This<Value>| sum(&this))
}

fn sum(list: &Value) -> Result<Value, ExecutionError> {
    let Value::List(items) = list else { return Err(fault("sum", "needs a list")) };
    let (mut whole, mut broken, mut is_whole) = (0i64, 0f64, true);
    for item in items.iter() {
        match item {
            Value::Int(number) => {
                whole = whole.checked_add(*number).ok_or_else(|| fault("sum", "the sum is too large"))?;
            }
            Value::Float(number) => {
                broken += number;
                is_whole = false;
            }
            _ => return Err(fault("sum", "needs a list of numbers or of quantities")),
        }
    }
    Ok(if is_whole { Value::Int(whole) } else { Value::Float(broken + whole as f64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_quantities_are_summed_and_nothing_else_is() {
        let list = |items: Vec<Value>| Value::List(std::sync::Arc::new(items));
        assert_eq!(sum(&list(vec![1.into(), 2.into()])), Ok(Value::Int(3)));
        assert_eq!(sum(&list(vec![])), Ok(Value::Int(0)));
        assert_eq!(sum(&list(vec![Value::Float(0.5), 2.into()])), Ok(Value::Float(2.5)));
        assert!(sum(&list(vec!["x".into()])).is_err());
        assert!(sum(&list(vec![i64::MAX.into(), 1.into()])).is_err());
        assert!(sum(&1.into()).is_err());
    }
}
