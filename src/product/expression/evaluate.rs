//! Evaluation by the `cel` crate, with names looked up as they are needed and taint kept.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::common::ast::IdedExpr;
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError};
use serde_json::Value;

use super::quick::{self, Stopped};
use super::rewrite::APART;
use super::{Apart, ApartKind, EvaluationFault, Expression, ExpressionFault, Looked, Names, Parsed, value};
use crate::product::functions;
use crate::product::recipe::{Given, Recipe};
use crate::secret::SecretText;

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

thread_local! {
    /// What every evaluation begins with, made once: the library and our functions, with no names.
    static ROOT: Result<Context<'static, 'static>, String> = root();
}

fn root() -> Result<Context<'static, 'static>, String> {
    let mut context = Context::with_env(env()?);
    functions::register(&mut context).map_err(|fault| fault.to_string())?;
    Ok(context)
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
    /// What was read for it.
    pub reads: Reads,
}

/// Every name that an evaluation read, with what a recipe holds for it. Most are read for nothing but a clean value: what a
/// recipe needs is sorted when there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reads(Vec<(String, Given)>);

impl Reads {
    fn add(&mut self, name: &str, given: Given) {
        self.0.push((name.to_owned(), given));
    }

    /// Takes what another part of the same expression or text read in.
    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The names that were read and are null.
    fn nothing(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, given) in &self.0 {
            if *given == Given::Value(Value::Null)
                && !name.starts_with(functions::secret::FACTS)
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// The recipe of a template that read these.
    pub(in crate::product) fn recipe(self, template: &str) -> Recipe {
        Recipe { template: template.to_owned(), with: self.0.into_iter().collect() }
    }
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
    reads: Reads,
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
        state.reads.add(name, given);
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
        state.reads.append(inner.reads);
        if inner.unknown && !matches!(apart.what, ApartKind::IsNull | ApartKind::IsNotNull) {
            drop(state);
            return Ok(self.whatever_it_is(apart));
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

    /// What a URL says, of which a part may not be read: a host and port that are the same whatever that part is, such as a
    /// password; else null, and nobody is told more.
    fn whatever_it_is(&self, apart: &Apart) -> Value {
        let with = |text: &'static str| {
            let names = Instead { names: self.names, text };
            let made = run(&apart.operand, apart.quick, self.parsed, &names).ok()?.value;
            match apart.what {
                ApartKind::UrlHost => functions::url::host(&made).ok(),
                ApartKind::UrlPort => functions::url::port(&made).ok(),
                _ => None,
            }
        };
        match (with("1a"), with("2b")) {
            (Some(one), Some(other)) if one == other => one,
            _ => Value::Null,
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
        self.state().reads.add(&name, Given::Value(clean.value.clone()));
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

/// The same names, with a text in the place of every secret that may not be read.
struct Instead<'a> {
    names: &'a dyn Names,
    text: &'static str,
}

impl Instead<'_> {
    fn of(&self, looked: Looked) -> Looked {
        if !looked.unknown {
            return looked;
        }
        let value = match &looked.taint {
            Some(Given::Recipe(recipe)) => {
                let made = recipe.resolve(&|_, _| Some(SecretText::new(self.text)));
                made.ok().flatten().map_or(Value::Null, |text| Value::from(text.expose()))
            }
            _ => Value::from(self.text),
        };
        Looked { value, unknown: false, ..looked }
    }
}

impl Names for Instead<'_> {
    fn lookup(&self, name: &str) -> Result<Looked, EvaluationFault> {
        self.names.lookup(name).map(|looked| self.of(looked))
    }

    fn lookup_fields(&self, name: &str, fields: &BTreeSet<String>) -> Result<Looked, EvaluationFault> {
        self.names.lookup_fields(name, fields).map(|looked| self.of(looked))
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

/// The same by CEL alone, to hold the other way against it.
#[cfg(test)]
pub(super) fn by_cel(expression: &Expression, names: &dyn Names) -> Result<Evaluated, EvaluationFault> {
    run(&expression.parsed.tree, false, &expression.parsed, names)
}

fn run(tree: &IdedExpr, is_quick: bool, parsed: &Parsed, names: &dyn Names) -> Result<Evaluated, EvaluationFault> {
    let reader = Reader { parsed, names, state: Mutex::new(State::default()) };
    if is_quick {
        match quick::value(tree, &reader) {
            Ok(value) => return reader.evaluated(value::as_cel_has_it(value)?),
            Err(Stopped::Fault(fault)) => return reader.failed(fault),
            Err(Stopped::NotHere) => *reader.state() = State::default(),
        }
    }
    let result = ROOT.with(|root| {
        let root = root.as_ref().map_err(|fault| EvaluationFault::new(fault.clone()))?;
        let mut context = root.new_inner_scope();
        context.set_variable_resolver(&reader);
        Ok(cel::Value::resolve(tree, &context))
    })?;
    match result {
        Ok(value) => reader.evaluated(value::to_json(&value)?),
        Err(fault) => {
            let told = reader.state().fault.take();
            let nothing = reader.state().reads.nothing();
            reader.failed(told.unwrap_or_else(|| EvaluationFault::new(without_operands(&fault, &nothing))))
        }
    }
}

/// A type of CEL as the rest of the messages says it.
fn kind_in_words(kind: &str) -> &str {
    match kind {
        "null_type" => "null",
        "string" => "text",
        "int" | "uint" | "double" => "a number",
        "bool" => "true or false",
        other => other,
    }
}

/// An operator as it is written.
fn spelled(function: &str) -> &str {
    if function == "@in" { "in" } else { function.trim_matches('_') }
}

/// An error of CEL in words that name no operand, since an operand may be a secret.
/// `nothing` are the names that were read and are null.
fn without_operands(fault: &ExecutionError, nothing: &[String]) -> String {
    match fault {
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function takes {expected} arguments, not {actual}")
        }
        ExecutionError::NotSupportedAsMethod { method, .. } => format!("`{method}` cannot be called on this type"),
        ExecutionError::UnexpectedType { got, want } => format!("expected {want}, got {got}"),
        ExecutionError::NoSuchKey(_) => "a map has no such key".into(),
        ExecutionError::NoSuchOverload(overload) => {
            let types: Vec<&str> = overload.argument_types().iter().map(|kind| kind_in_words(kind)).collect();
            let what = format!("`{}` does not take ({})", spelled(overload.function()), types.join(", "));
            match nothing {
                [] => what,
                [name] => format!(
                    "{what}: `{name}` is null with these answers; say what is meant then, such as {name} == null ? null : …"
                ),
                names => format!(
                    "{what}: null with these answers are `{}`; say what is meant then, by x == null ? null : …",
                    names.join("`, `")
                ),
            }
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
