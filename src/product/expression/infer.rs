//! What an expression comes to, without evaluating it: unknown names in every branch, operands of the wrong type, and
//! whether the result is computed from a secret. CEL's own checker needs declarations that products do not write, so this
//! one is small: what it does not know it lets pass.

use cel::common::ast::operators as op;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use super::rewrite::APART;
use super::{Apart, ApartKind, EvaluationFault, Expression};
use crate::product::functions;
use crate::suggest;

/// A type, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Not known.
    Any,
    /// Null.
    Null,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

impl Shape {
    /// It in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    /// Whether it may be `other` when it is evaluated: what is not known may, and what is null is judged then.
    fn may_be(self, other: Self) -> bool {
        self == other || matches!(self, Self::Any | Self::Null)
    }
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inferred {
    /// Its type.
    pub shape: Shape,
    /// It is a secret, or computed from one.
    pub tainted: bool,
}

impl Inferred {
    /// A clean value of a type.
    pub fn clean(shape: Shape) -> Self {
        Self { shape, tainted: false }
    }
}

/// Gives names their types.
pub trait Types {
    /// The type of a dotted name.
    ///
    /// # Errors
    /// When nothing is called so; the message has the nearest name.
    fn of(&self, name: &str) -> Result<Inferred, EvaluationFault>;
}

/// What an expression comes to.
///
/// # Errors
/// Every unknown name and every operand of a wrong type.
pub fn infer(expression: &Expression, types: &dyn Types) -> Result<Inferred, Vec<EvaluationFault>> {
    let mut walk = Walk { apart: &expression.parsed.apart, types, bound: Vec::new(), faults: Vec::new() };
    let inferred = walk.expr(&expression.parsed.tree);
    if walk.faults.is_empty() { Ok(inferred) } else { Err(walk.faults) }
}

struct Walk<'a> {
    apart: &'a [Apart],
    types: &'a dyn Types,
    bound: Vec<(String, Inferred)>,
    faults: Vec<EvaluationFault>,
}

/// Functions of CEL and its extensions that are not in [`functions::NAMES`], with what they come to.
fn comes_to(function: &str) -> Option<Shape> {
    Some(match function {
        "size" | "indexOf" | "lastIndexOf" | "compareTo" | "int" | "uint" | "double" => Shape::Number,
        "contains" | "startsWith" | "endsWith" | "matches" | "bool" | "versionAtLeast" | "isGreaterThan"
        | "isLessThan" => Shape::Bool,
        "string" | "join" | "replace" | "lowerAscii" | "upperAscii" | "trim" | "substring" | "charAt" | "format"
        | "quote" | "base64" | "image" | "json" | "mongoUrl" | "postgresUrl" | "redisUrl" | "find" | "type" => {
            Shape::Text
        }
        "split" | "distinct" | "sort" | "flatten" | "slice" | "range" => Shape::List,
        "dyn" | "min" | "max" | "sum" | "reverse" | "sortBy" | "bytes" => Shape::Any,
        other if functions::NAMES.contains(&other) => Shape::Any,
        _ => return None,
    })
}

/// What the `x` of `x.function()` must be.
fn receiver(function: &str) -> Option<Shape> {
    Some(match function {
        "startsWith" | "endsWith" | "matches" | "split" | "replace" | "lowerAscii" | "upperAscii" | "trim"
        | "substring" | "charAt" | "format" | "find" => Shape::Text,
        "join" | "distinct" | "sort" | "flatten" | "slice" | "sum" => Shape::List,
        _ => return None,
    })
}

impl Walk<'_> {
    fn fault(&mut self, message: String) {
        self.faults.push(EvaluationFault::new(message));
    }

    fn want(&mut self, found: Inferred, wanted: Shape, by: &str) {
        if !found.shape.may_be(wanted) {
            self.fault(format!("`{by}` needs {}, not {}", wanted.word(), found.shape.word()));
        }
    }

    fn expr(&mut self, tree: &IdedExpr) -> Inferred {
        match &tree.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Literal(literal) => Inferred::clean(match literal {
                LiteralValue::Boolean(_) => Shape::Bool,
                LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Shape::Number,
                LiteralValue::String(_) => Shape::Text,
                LiteralValue::Null => Shape::Null,
                LiteralValue::Bytes(_) => Shape::Any,
            }),
            Expr::Select(select) => {
                let operand = self.expr(&select.operand);
                self.want(operand, Shape::Map, &format!(".{}", select.field));
                Inferred { shape: if select.test { Shape::Bool } else { Shape::Any }, tainted: operand.tainted }
            }
            Expr::List(list) => self.all(Shape::List, list.elements.iter()),
            Expr::Map(map) => {
                let parts = map.entries.iter().flat_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                    EntryExpr::StructField(field) => vec![&field.value],
                });
                self.all(Shape::Map, parts)
            }
            Expr::Comprehension(loops) => {
                let range = self.expr(&loops.iter_range);
                if !matches!(range.shape, Shape::Any | Shape::Null | Shape::List | Shape::Map) {
                    self.fault(format!("a macro goes through a list or a map, not {}", range.shape.word()));
                }
                let start = self.expr(&loops.accu_init);
                let before = self.bound.len();
                self.bound.push((loops.accu_var.clone(), start));
                for name in [Some(&loops.iter_var), loops.iter_var2.as_ref()].into_iter().flatten() {
                    self.bound.push((name.clone(), Inferred { shape: Shape::Any, tainted: range.tainted }));
                }
                self.expr(&loops.loop_cond);
                let step = self.expr(&loops.loop_step);
                let result = self.expr(&loops.result);
                self.bound.truncate(before);
                Inferred { shape: result.shape, tainted: range.tainted || step.tainted || result.tainted }
            }
            Expr::Call(call) => {
                let target = call.target.as_ref().map(|target| self.expr(target));
                let args: Vec<Inferred> = call.args.iter().map(|argument| self.expr(argument)).collect();
                let tainted = target.iter().chain(&args).any(|part| part.tainted);
                Inferred { shape: self.call(&call.func_name, target, &args), tainted }
            }
            Expr::Struct(_) | Expr::Unspecified => Inferred::clean(Shape::Any),
        }
    }

    fn all<'e>(&mut self, shape: Shape, parts: impl Iterator<Item = &'e IdedExpr>) -> Inferred {
        // Each of them, so that every fault is told.
        let tainted = parts.map(|part| self.expr(part).tainted).fold(false, |all, one| all | one);
        Inferred { shape, tainted }
    }

    fn name(&mut self, name: &str) -> Inferred {
        if let Some(apart) = name.strip_prefix(APART).and_then(|number| self.apart.get(number.parse::<usize>().ok()?)) {
            let apart = apart.clone();
            self.expr(&apart.operand);
            return Inferred::clean(match apart.what {
                ApartKind::IsNull | ApartKind::IsNotNull | ApartKind::Given => Shape::Bool,
                ApartKind::UrlPort => Shape::Number,
                ApartKind::UrlHost | ApartKind::Source | ApartKind::SecretName | ApartKind::SecretKey => Shape::Text,
            });
        }
        let first = name.split('.').next().unwrap_or(name);
        if let Some((_, inferred)) = self.bound.iter().rev().find(|(bound, _)| bound == first) {
            let shape = if name == first { inferred.shape } else { Shape::Any };
            return Inferred { shape, tainted: inferred.tainted };
        }
        self.types.of(name).unwrap_or_else(|fault| {
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
            Inferred::clean(Shape::Any)
        })
    }

    fn call(&mut self, name: &str, target: Option<Inferred>, args: &[Inferred]) -> Shape {
        match (name, args) {
            (op::CONDITIONAL, [condition, yes, no]) => {
                self.want(*condition, Shape::Bool, "?:");
                match (yes.shape, no.shape) {
                    (Shape::Null, other) | (other, Shape::Null) => other,
                    (yes, no) if yes == no => yes,
                    _ => Shape::Any,
                }
            }
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _) => {
                args.iter().for_each(|argument| self.want(*argument, Shape::Bool, name.trim_matches('_')));
                Shape::Bool
            }
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => {
                if !left.shape.may_be(right.shape) && !right.shape.may_be(left.shape) {
                    let (left, right) = (left.shape.word(), right.shape.word());
                    self.fault(format!(
                        "`{}` compares {left} with {right}: they are never equal",
                        name.trim_matches('_')
                    ));
                }
                Shape::Bool
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                self.alike(name, *left, *right, &[Shape::Number, Shape::Text, Shape::Bool]);
                Shape::Bool
            }
            (op::ADD, [left, right]) => self.alike(name, *left, *right, &[Shape::Number, Shape::Text, Shape::List]),
            (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE, _) => {
                args.iter().for_each(|argument| self.want(*argument, Shape::Number, name.trim_matches('_')));
                Shape::Number
            }
            (op::IN, [_, within]) => {
                if !matches!(within.shape, Shape::Any | Shape::Null | Shape::List | Shape::Map) {
                    self.fault(format!("`in` needs a list or a map, not {}", within.shape.word()));
                }
                Shape::Bool
            }
            _ if name.starts_with(['_', '@', '!', '-']) => Shape::Any,
            _ => {
                let Some(shape) = comes_to(name) else {
                    let near = suggest::nearest(
                        name,
                        functions::NAMES.iter().copied().chain(["size", "string", "join", "split"]),
                    );
                    let near = near.map(|near| format!(", did you mean {near}()?")).unwrap_or_default();
                    self.fault(format!("there is no function {name}(){near}"));
                    return Shape::Any;
                };
                if let (Some(target), Some(wanted)) = (target, receiver(name)) {
                    self.want(target, wanted, &format!(".{name}()"));
                }
                shape
            }
        }
    }

    /// Two operands of one type out of several.
    fn alike(&mut self, name: &str, left: Inferred, right: Inferred, known: &[Shape]) -> Shape {
        let fits = |shape: Shape| matches!(shape, Shape::Any | Shape::Null) || known.contains(&shape);
        let same = left.shape.may_be(right.shape) || right.shape.may_be(left.shape);
        if !(fits(left.shape) && fits(right.shape) && same) {
            let (left, right) = (left.shape.word(), right.shape.word());
            self.fault(format!("`{}` does not take {left} and {right}", name.trim_matches('_')));
        }
        if matches!(left.shape, Shape::Any | Shape::Null) { right.shape } else { left.shape }
    }
}
