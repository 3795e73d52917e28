//! Turns dotted names into single variables and sets apart what declassifies.

use std::collections::BTreeSet;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::product::functions::image::REGISTRY;

use super::{Apart, ApartKind, ExpressionFault, dotted, quick};

/// Prefix of the variables that stand for parts set apart; no dotted name begins with it.
pub(super) const APART: &str = "@apart:";

pub(super) struct Rewritten {
    pub(super) tree: IdedExpr,
    pub(super) apart: Vec<Apart>,
    pub(super) names: BTreeSet<String>,
    pub(super) functions: BTreeSet<String>,
    pub(super) fields: BTreeSet<String>,
}

pub(super) fn rewrite(mut tree: IdedExpr) -> Result<Rewritten, ExpressionFault> {
    let mut walk = Walk {
        apart: Vec::new(),
        names: BTreeSet::new(),
        functions: BTreeSet::new(),
        fields: BTreeSet::new(),
        bound: Vec::new(),
    };
    walk.expr(&mut tree)?;
    Ok(Rewritten { tree, apart: walk.apart, names: walk.names, functions: walk.functions, fields: walk.fields })
}

struct Walk {
    apart: Vec<Apart>,
    names: BTreeSet<String>,
    functions: BTreeSet<String>,
    fields: BTreeSet<String>,
    bound: Vec<String>,
}

impl Walk {
    fn expr(&mut self, expr: &mut IdedExpr) -> Result<(), ExpressionFault> {
        if let Some(name) = dotted(&expr.expr) {
            if self.is_bound(&name) {
                self.fields.extend(name.split('.').nth(1).map(str::to_owned));
            } else {
                self.names.insert(name.clone());
                expr.expr = Expr::Ident(name);
            }
            return Ok(());
        }
        if let Some((kind, operand)) = self.declassifies(&expr.expr)? {
            return self.set_apart(expr, kind, operand);
        }
        match &mut expr.expr {
            Expr::Call(call) => {
                self.functions.insert(call.func_name.clone());
                if call.func_name == "image" {
                    call.args.push(IdedExpr { id: 0, expr: Expr::Ident(REGISTRY.into()) });
                }
                if let Some(target) = &mut call.target {
                    self.expr(target)?;
                }
                call.args.iter_mut().try_for_each(|arg| self.expr(arg))
            }
            Expr::Comprehension(comprehension) => {
                self.expr(&mut comprehension.iter_range)?;
                self.expr(&mut comprehension.accu_init)?;
                let before = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                self.bound.push(comprehension.accu_var.clone());
                self.expr(&mut comprehension.loop_cond)?;
                self.expr(&mut comprehension.loop_step)?;
                self.expr(&mut comprehension.result)?;
                self.bound.truncate(before);
                Ok(())
            }
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| self.expr(element)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| self.entry(&mut entry.expr)),
            Expr::Struct(structure) => structure.entries.iter_mut().try_for_each(|entry| self.entry(&mut entry.expr)),
            Expr::Select(select) => self.expr(&mut select.operand),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Ok(()),
        }
    }

    fn entry(&mut self, entry: &mut EntryExpr) -> Result<(), ExpressionFault> {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.expr(&mut entry.key)?;
                self.expr(&mut entry.value)
            }
            EntryExpr::StructField(field) => self.expr(&mut field.value),
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or(name);
        self.bound.iter().any(|bound| bound == root)
    }

    /// Whether an expression declassifies, and its operand. One that reads a variable of a macro stays where it is.
    fn declassifies(&self, expr: &Expr) -> Result<Option<(ApartKind, IdedExpr)>, ExpressionFault> {
        let (kind, operand) = match expr {
            Expr::Select(select) if select.test => {
                let mut whole = select.clone();
                whole.test = false;
                (ApartKind::IsNotNull, IdedExpr { id: 0, expr: Expr::Select(whole) })
            }
            Expr::Call(call) => match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
                (name @ (operators::EQUALS | operators::NOT_EQUALS), None, [left, right]) => {
                    let operand = match (is_null(left), is_null(right)) {
                        (false, true) => left,
                        (true, false) => right,
                        _ => return Ok(None),
                    };
                    let kind = if name == operators::EQUALS { ApartKind::IsNull } else { ApartKind::IsNotNull };
                    (kind, operand.clone())
                }
                ("urlHost", None, [operand]) => (ApartKind::UrlHost, operand.clone()),
                ("urlPort", None, [operand]) => (ApartKind::UrlPort, operand.clone()),
                (name @ ("given" | "source" | "secretName" | "secretKey"), None, [path]) => {
                    if dotted(&path.expr).is_none() {
                        let message = format!("`{name}` takes the path of a secret, such as {name}(database.url)");
                        return Err(ExpressionFault { message, offset: 0 });
                    }
                    let kind = match name {
                        "given" => ApartKind::Given,
                        "source" => ApartKind::Source,
                        "secretName" => ApartKind::SecretName,
                        _ => ApartKind::SecretKey,
                    };
                    (kind, path.clone())
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let mut used = BTreeSet::new();
        idents(&operand, &mut used);
        let free = !used.iter().any(|name| self.is_bound(name));
        Ok(free.then_some((kind, operand)))
    }

    fn set_apart(
        &mut self,
        expr: &mut IdedExpr,
        what: ApartKind,
        mut operand: IdedExpr,
    ) -> Result<(), ExpressionFault> {
        if let Expr::Call(call) = &expr.expr {
            self.functions.insert(call.func_name.clone());
        }
        self.expr(&mut operand)?;
        let number = self.apart.len();
        let quick = quick::fits(&operand);
        self.apart.push(Apart { what, operand, quick });
        expr.expr = Expr::Ident(format!("{APART}{number}"));
        Ok(())
    }
}

fn is_null(expr: &IdedExpr) -> bool {
    matches!(expr.expr, Expr::Literal(LiteralValue::Null))
}

/// Every identifier in an expression; good enough to see whether a macro's variable is used.
fn idents(expr: &IdedExpr, found: &mut BTreeSet<String>) {
    match &expr.expr {
        Expr::Ident(name) => {
            found.insert(name.clone());
        }
        Expr::Select(select) => idents(&select.operand, found),
        Expr::Call(call) => {
            call.target.iter().for_each(|target| idents(target, found));
            call.args.iter().for_each(|arg| idents(arg, found));
        }
        Expr::List(list) => list.elements.iter().for_each(|element| idents(element, found)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    idents(&entry.key, found);
                    idents(&entry.value, found);
                }
            }
        }
        Expr::Comprehension(comprehension) => {
            for part in
                [&comprehension.iter_range, &comprehension.accu_init, &comprehension.loop_step, &comprehension.result]
            {
                idents(part, found);
            }
        }
        Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}
