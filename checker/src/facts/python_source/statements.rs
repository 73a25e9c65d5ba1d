//! Python statements.

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast as py;

use super::{Lower, span_of};
use crate::facts::program::{
    Class, Expr, ExprKind, Function, Handler, Import, Operator, Parameter, Step, StepKind, Target, Try, While,
};

impl Lower {
    /// A block.
    pub(super) fn steps(&mut self, body: &[py::Stmt]) -> Vec<Step> {
        body.iter().filter_map(|each| self.step(each)).collect()
    }

    fn step(&mut self, statement: &py::Stmt) -> Option<Step> {
        let kind = match statement {
            py::Stmt::Expr(each) => StepKind::Run(self.expr(&each.value)),
            py::Stmt::Assign(each) => self.assign(each),
            py::Stmt::AnnAssign(each) => {
                let value = each.value.as_ref()?;
                let value = self.expr(value);
                StepKind::Assign(self.target(&each.target), value)
            }
            py::Stmt::AugAssign(each) => self.augment(each),
            py::Stmt::If(each) => self.choice(each),
            py::Stmt::While(each) => StepKind::While(Box::new(While {
                test: Some(self.expr(&each.test)),
                update: None,
                body: self.steps(&each.body),
                otherwise: self.steps(&each.orelse),
                body_first: false,
            })),
            py::Stmt::For(each) => {
                let iter = self.expr(&each.iter);
                let target = self.target(&each.target);
                StepKind::Each(target, iter, self.steps(&each.body), self.steps(&each.orelse))
            }
            py::Stmt::Try(each) => self.attempt(each),
            py::Stmt::With(each) => {
                let mut items = Vec::new();
                for item in &each.items {
                    let value = self.expr(&item.context_expr);
                    items.push((value, item.optional_vars.as_ref().map(|target| self.target(target))));
                }
                StepKind::With(items, self.steps(&each.body))
            }
            py::Stmt::Match(each) => self.switch(each),
            py::Stmt::Return(each) => StepKind::Return(each.value.as_ref().map(|value| self.expr(value))),
            py::Stmt::Raise(each) => StepKind::Raise(each.exc.as_ref().map(|value| self.expr(value))),
            py::Stmt::Break(_) => StepKind::Break,
            py::Stmt::Continue(_) => StepKind::Continue,
            py::Stmt::Import(each) => return Some(imports(each, span_of(statement))),
            py::Stmt::ImportFrom(each) => from_import(each),
            py::Stmt::FunctionDef(each) => StepKind::Function(Rc::new(self.function(each))),
            py::Stmt::ClassDef(each) => StepKind::Class(Rc::new(self.class(each))),
            py::Stmt::Global(each) => {
                self.outer.extend(each.names.iter().map(|name| name.id.to_string()));
                return None;
            }
            py::Stmt::Nonlocal(each) => {
                self.outer.extend(each.names.iter().map(|name| name.id.to_string()));
                return None;
            }
            py::Stmt::Assert(each) => StepKind::Run(self.expr(&each.test)),
            py::Stmt::TypeAlias(each) => {
                let value = Expr { kind: ExprKind::Opaque(Vec::new()), span: span_of(statement) };
                StepKind::Assign(self.target(&each.name), value)
            }
            py::Stmt::Pass(_) | py::Stmt::Delete(_) | py::Stmt::IpyEscapeCommand(_) => return None,
        };
        Some(Step { kind, span: span_of(statement) })
    }

    fn assign(&mut self, each: &py::StmtAssign) -> StepKind {
        let value = self.expr(&each.value);
        let mut targets: Vec<Target> = each.targets.iter().map(|target| self.target(target)).collect();
        match targets.pop() {
            Some(last) if targets.is_empty() => StepKind::Assign(last, value),
            Some(last) => {
                // `a = b = value`: every target gets the same value.
                let span = value.span;
                let chained =
                    targets.into_iter().rev().fold(
                        Expr { kind: ExprKind::Assign(Box::new((last, value))), span },
                        |value, target| Expr { kind: ExprKind::Assign(Box::new((target, value))), span },
                    );
                StepKind::Run(chained)
            }
            None => StepKind::Run(value),
        }
    }

    fn augment(&mut self, each: &py::StmtAugAssign) -> StepKind {
        let pair = Box::new((self.expr(&each.target), self.expr(&each.value)));
        let kind = ExprKind::Binary(super::expressions::operator(each.op), pair);
        StepKind::Assign(self.target(&each.target), Expr { kind, span: span_of(each) })
    }

    fn choice(&mut self, each: &py::StmtIf) -> StepKind {
        let mut otherwise = Vec::new();
        for clause in each.elif_else_clauses.iter().rev() {
            let body = self.steps(&clause.body);
            otherwise = match &clause.test {
                None => body,
                Some(test) => {
                    let test = self.expr(test);
                    vec![Step { kind: StepKind::If(test, body, otherwise), span: span_of(clause) }]
                }
            };
        }
        let test = self.expr(&each.test);
        StepKind::If(test, self.steps(&each.body), otherwise)
    }

    fn attempt(&mut self, each: &py::StmtTry) -> StepKind {
        let handlers = each.handlers.iter().map(|handler| {
            let py::ExceptHandler::ExceptHandler(handler) = handler;
            Handler {
                catches: handler.type_.as_ref().map(|types| self.expr(types)),
                name: handler.name.as_ref().map(|name| name.id.to_string()),
                body: self.steps(&handler.body),
            }
        });
        let handlers = handlers.collect();
        StepKind::Try(Box::new(Try {
            body: self.steps(&each.body),
            handlers,
            otherwise: self.steps(&each.orelse),
            finally: self.steps(&each.finalbody),
        }))
    }

    fn switch(&mut self, each: &py::StmtMatch) -> StepKind {
        let subject = self.expr(&each.subject);
        let cases = each.cases.iter().map(|case| {
            let opaque = Expr { kind: ExprKind::Opaque(Vec::new()), span: span_of(case) };
            let test = match &case.pattern {
                py::Pattern::MatchValue(value) if case.guard.is_none() => Some(self.expr(&value.value)),
                py::Pattern::MatchAs(each) if each.pattern.is_none() && case.guard.is_none() => None,
                _ => Some(opaque),
            };
            (test, self.steps(&case.body))
        });
        StepKind::Switch(subject, cases.collect())
    }

    pub(super) fn parameters(&mut self, all: &py::Parameters) -> Vec<Parameter> {
        let mut out = Vec::new();
        let plain = |name: &py::Identifier, default, rest| Parameter {
            target: Target::Name(name.id.to_string(), true),
            name: name.id.to_string(),
            default,
            rest,
        };
        for each in all.posonlyargs.iter().chain(&all.args) {
            let default = each.default.as_ref().map(|value| self.expr(value));
            out.push(plain(&each.parameter.name, default, false));
        }
        if let Some(rest) = &all.vararg {
            out.push(plain(&rest.name, None, true));
        }
        for each in &all.kwonlyargs {
            let default = each.default.as_ref().map(|value| self.expr(value));
            out.push(plain(&each.parameter.name, default, false));
        }
        out
    }

    fn function(&mut self, each: &py::StmtFunctionDef) -> Function {
        let parameters = self.parameters(&each.parameters);
        let decorators: Vec<Expr> =
            each.decorator_list.iter().map(|decorator| self.expr(&decorator.expression)).collect();
        let mut inner = Lower { outer: BTreeSet::new(), yields: false };
        inner.outer.extend(declared_outside(&each.body));
        let body = inner.steps(&each.body);
        Function {
            name: each.name.id.to_string(),
            parameters,
            body,
            is_async: each.is_async,
            is_generator: inner.yields,
            is_static: decorators
                .iter()
                .any(|each| matches!(&each.kind, ExprKind::Name(name) if name == "staticmethod")),
            decorators,
            span: span_of(each),
        }
    }

    fn class(&mut self, each: &py::StmtClassDef) -> Class {
        let bases = each.arguments.iter().flat_map(|arguments| arguments.args.iter());
        let bases = bases.map(|base| self.expr(base)).collect();
        let (mut methods, mut fields) = (Vec::new(), Vec::new());
        for statement in &each.body {
            match statement {
                py::Stmt::FunctionDef(method) => methods.push(Rc::new(self.function(method))),
                py::Stmt::Assign(field) => {
                    if let [py::Expr::Name(name)] = field.targets.as_slice() {
                        fields.push((name.id.to_string(), Some(self.expr(&field.value))));
                    }
                }
                py::Stmt::AnnAssign(field) => {
                    if let py::Expr::Name(name) = &*field.target {
                        let value = field.value.as_ref().map(|value| self.expr(value));
                        fields.push((name.id.to_string(), value));
                    }
                }
                _ => {}
            }
        }
        Class { name: each.name.id.to_string(), bases, methods, fields, span: span_of(each) }
    }

    pub(super) fn target(&mut self, target: &py::Expr) -> Target {
        match target {
            py::Expr::Name(name) => Target::Name(name.id.to_string(), !self.outer.contains(name.id.as_str())),
            py::Expr::Attribute(each) => Target::Member(self.expr(&each.value), each.attr.id.to_string()),
            py::Expr::Subscript(each) => Target::Index(self.expr(&each.value), self.expr(&each.slice)),
            py::Expr::Tuple(each) => Target::List(each.elts.iter().map(|elt| self.target(elt)).collect()),
            py::Expr::List(each) => Target::List(each.elts.iter().map(|elt| self.target(elt)).collect()),
            py::Expr::Starred(each) => self.target(&each.value),
            _ => Target::Nothing,
        }
    }
}

/// Names that a function's body declares `global` or `nonlocal`, at its top or inside its blocks' first level.
fn declared_outside(body: &[py::Stmt]) -> Vec<String> {
    let names = body.iter().flat_map(|statement| match statement {
        py::Stmt::Global(each) => each.names.as_slice(),
        py::Stmt::Nonlocal(each) => each.names.as_slice(),
        _ => &[],
    });
    names.map(|name| name.id.to_string()).collect()
}

fn imports(each: &py::StmtImport, span: crate::span::Span) -> Step {
    let one = |alias: &py::Alias| {
        let module = alias.name.id.to_string();
        let local = match &alias.asname {
            Some(name) => name.id.to_string(),
            None => module.split('.').next().unwrap_or_default().to_owned(),
        };
        // `import a.b` binds `a`; `import a.b as c` binds the inner module.
        let inner = if alias.asname.is_some() { "" } else { "." };
        let names = vec![(inner.to_owned(), local)];
        Step { kind: StepKind::Import(Import { module, level: 0, names, from: false }), span }
    };
    match each.names.as_slice() {
        [alias] => one(alias),
        many => Step { kind: StepKind::Block(many.iter().map(one).collect()), span },
    }
}

fn from_import(each: &py::StmtImportFrom) -> StepKind {
    let names = each.names.iter().map(|alias| {
        let name = alias.name.id.to_string();
        let local = alias.asname.as_ref().map_or_else(|| name.clone(), |local| local.id.to_string());
        (name, local)
    });
    StepKind::Import(Import {
        module: each.module.as_ref().map(|module| module.id.to_string()).unwrap_or_default(),
        level: each.level,
        names: names.collect(),
        from: true,
    })
}

/// The comparison as an operator.
pub(super) fn comparison(operator: py::CmpOp) -> Operator {
    match operator {
        py::CmpOp::Eq => Operator::Equal,
        py::CmpOp::NotEq => Operator::NotEqual,
        py::CmpOp::Lt => Operator::Less,
        py::CmpOp::LtE => Operator::LessEqual,
        py::CmpOp::Gt => Operator::Greater,
        py::CmpOp::GtE => Operator::GreaterEqual,
        py::CmpOp::Is => Operator::Is,
        py::CmpOp::IsNot => Operator::IsNot,
        py::CmpOp::In => Operator::In,
        py::CmpOp::NotIn => Operator::NotIn,
    }
}
