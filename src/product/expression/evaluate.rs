//! Evaluation by the `cel` crate, with names looked up as they are needed and taint kept.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::common::ast::IdedExpr;
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError};
use serde_json::Value;

use super::quick::{self, Stopped};
use super::rewrite::APART;
use super::{ApartKind, EvaluationFault, Expression, ExpressionFault, Looked, Names, Parsed, value};
use crate::product::functions;
use crate::product::recipe::Given;

/// The standard library and the string and list extensions that Kubernetes has too.
static ENV: LazyLock<Result<Arc<Env>, String>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings).map_err(|fault| fault.to_string())?;
    env.add_extension(cel::extensions::lists).map_err(|fault| fault.to_string())?;
    Ok(Arc::new(env))
});

fn env() -> Result<Arc<Env>, String> {
    ENV.clone()
}

/// Reads CEL.
pub(super) fn parse(source: &str) -> Result<IdedExpr, ExpressionFault> {
    let env = env().map_err(|message| ExpressionFault { message, offset: 0 })?;
    match env.compile(source) {
        Ok(program) => Ok(program.expression().clone()),
        Err(faults) => {
            let first = faults.errors.first();
            let message = first.map_or_else(|| "not an expression".into(), |fault| fault.msg.clone());
            let offset = first.map_or(0, |fault| usize::try_from(fault.pos.1 - 1).unwrap_or(0));
            Err(ExpressionFault { message: format!("`{source}` cannot be read: {}", readable(&message)), offset })
        }
    }
}

/// The parser's message without its list of everything that could have stood there.
fn readable(message: &str) -> String {
    let message = message.trim().trim_start_matches("Syntax error: ");
    let short = message.split(" expecting ").next().unwrap_or(message);
    short.replace("'<EOF>'", "the end")
}

/// The result of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluated {
    /// Its value. Where it is tainted, the value is a secret: do not show it.
    pub value: Value,
    /// It was computed from a secret.
    pub tainted: bool,
    /// It was computed from a secret that may not be read: the value means nothing.
    pub unknown: bool,
    /// Every name that was read, with what a recipe holds for it.
    pub reads: BTreeMap<String, Given>,
}

/// What one evaluation reads, kept while it runs.
pub(super) struct Reader<'a> {
    parsed: &'a Parsed,
    names: &'a dyn Names,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tainted: bool,
    unknown: bool,
    reads: BTreeMap<String, Given>,
    fault: Option<EvaluationFault>,
}

impl Reader<'_> {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, name: &str) -> Result<Looked, EvaluationFault> {
        let looked = self.names.lookup_fields(name, &self.parsed.fields)?;
        let mut state = self.state();
        state.tainted |= looked.taint.is_some();
        state.unknown |= looked.unknown;
        let given = looked.taint.clone().unwrap_or_else(|| Given::Value(looked.value.clone()));
        state.reads.insert(name.to_string(), given);
        Ok(looked)
    }

    /// Evaluates a part that is set apart: what it reads is recorded, its taint is not.
    fn apart(&self, number: &str) -> Result<Value, EvaluationFault> {
        let Some(apart) = number.parse::<usize>().ok().and_then(|number| self.parsed.apart.get(number)) else {
            return Err(EvaluationFault::new("a part of the expression is missing"));
        };
        if let cel::common::ast::Expr::Ident(path) = &apart.operand.expr {
            match apart.what {
                ApartKind::Given => return self.fact(path, |secret| Value::Bool(secret.is_some())),
                ApartKind::Source => return self.fact(path, |secret| secret.map_or(Value::Null, |fact| fact.source())),
                ApartKind::SecretName => {
                    return self.fact(path, |secret| secret.map_or(Value::Null, |fact| fact.name()));
                }
                ApartKind::SecretKey => return self.fact(path, |secret| secret.map_or(Value::Null, |fact| fact.key())),
                _ => {}
            }
        }
        let inner = run(&apart.operand, apart.quick, self.parsed, self.names)?;
        let mut state = self.state();
        state.reads.extend(inner.reads);
        if inner.unknown && !matches!(apart.what, ApartKind::IsNull | ApartKind::IsNotNull) {
            // What may not be read has no host that we know: null, and nobody is told more.
            return Ok(Value::Null);
        }
        drop(state);
        match apart.what {
            ApartKind::IsNull => Ok(Value::Bool(inner.value.is_null() && !inner.unknown)),
            ApartKind::IsNotNull => Ok(Value::Bool(!inner.value.is_null() || inner.unknown)),
            ApartKind::UrlHost => functions::url::host(&inner.value),
            ApartKind::UrlPort => functions::url::port(&inner.value),
            _ => Err(EvaluationFault::new("takes the path of a secret")),
        }
    }

    /// A clean fact about a secret, by its path.
    fn fact(
        &self,
        path: &str,
        of: impl Fn(Option<functions::secret::Facts>) -> Value,
    ) -> Result<Value, EvaluationFault> {
        let name = format!("{}{path}", functions::secret::FACTS);
        let clean = self.names.lookup(&name)?;
        // A recipe asks again when it is followed.
        self.state().reads.insert(name, Given::Value(clean.value.clone()));
        let facts = serde_json::from_value(clean.value).ok();
        let value = of(facts);
        Ok(value)
    }
}

impl Reader<'_> {
    fn evaluated(self, value: Value) -> Result<Evaluated, EvaluationFault> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Evaluated { value, tainted: state.tainted, unknown: state.unknown, reads: state.reads })
    }

    /// What fails because a value may not be read is unknown itself.
    fn failed(self, fault: EvaluationFault) -> Result<Evaluated, EvaluationFault> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if state.unknown {
            return Ok(Evaluated { value: Value::Null, tainted: true, unknown: true, reads: state.reads });
        }
        Err(fault)
    }

    /// What a variable of the expression means; none where it is not one of ours.
    pub(super) fn read(&self, variable: &str) -> Option<Result<Value, EvaluationFault>> {
        match variable.strip_prefix(APART) {
            Some(number) => Some(self.apart(number)),
            None if variable.starts_with('@') => None,
            None => Some(self.look(variable).map(|looked| looked.value)),
        }
    }
}

impl cel::context::VariableResolver for Reader<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match self.read(variable)? {
            Ok(value) => value::to_cel(&value).try_into().ok().map(CowVal::Owned),
            Err(fault) => {
                self.state().fault.get_or_insert(fault);
                None
            }
        }
    }
}

pub(super) fn evaluate(expression: &Expression, names: &dyn Names) -> Result<Evaluated, EvaluationFault> {
    let parsed = &expression.parsed;
    run(&parsed.tree, parsed.quick, parsed, names).map_err(|fault| {
        if fault.message.contains('`') {
            fault
        } else {
            EvaluationFault::new(format!("`{}`: {}", expression.source, fault.message))
        }
    })
}

fn run(tree: &IdedExpr, is_quick: bool, parsed: &Parsed, names: &dyn Names) -> Result<Evaluated, EvaluationFault> {
    let reader = Reader { parsed, names, state: Mutex::new(State::default()) };
    if is_quick {
        match quick::value(tree, &reader) {
            // By way of CEL's values, so that numbers and the order of keys are as in any other result.
            Ok(value) => return reader.evaluated(value::to_json(&value::to_cel(&value))?),
            Err(Stopped::Fault(fault)) => return reader.failed(fault),
            Err(Stopped::NotHere) => *reader.state() = State::default(),
        }
    }
    let result = {
        let mut context = Context::with_env(env().map_err(EvaluationFault::new)?);
        if parsed.calls_ours {
            functions::register(&mut context).map_err(|fault| EvaluationFault::new(fault.to_string()))?;
        }
        context.set_variable_resolver(&reader);
        cel::Value::resolve(tree, &context)
    };
    match result {
        Ok(value) => reader.evaluated(value::to_json(&value)?),
        Err(fault) => {
            let told = reader.state().fault.take();
            reader.failed(told.unwrap_or_else(|| EvaluationFault::new(without_operands(&fault))))
        }
    }
}

/// An error of CEL in words that name no operand, since an operand may be a secret.
fn without_operands(fault: &ExecutionError) -> String {
    match fault {
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function takes {expected} arguments, not {actual}")
        }
        ExecutionError::NotSupportedAsMethod { method, .. } => format!("`{method}` cannot be called on this type"),
        ExecutionError::UnexpectedType { got, want } => format!("expected {want}, got {got}"),
        ExecutionError::NoSuchKey(_) => "a map has no such key".into(),
        ExecutionError::NoSuchOverload(overload) => {
            format!("`{}` does not take ({})", overload.function(), overload.argument_types().join(", "))
        }
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known here"),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::ValuesNotComparable(..) => "two values cannot be compared".into(),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => format!("`{operator}` does not take these types"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".into(),
        ExecutionError::Overflow(..) => "a number is too large".into(),
        ExecutionError::IndexOutOfBounds(_) => "an index is past the end of its list".into(),
        _ => "cannot be evaluated".into(),
    }
}
