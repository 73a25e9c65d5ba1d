//! JavaScript statements.

use std::collections::HashSet;
use std::rc::Rc;

use oxc_ast::ast as js;

use super::{Lower, span_of};
use crate::facts::program::{Expr, ExprKind, Handler, Import, Step, StepKind, Target, Try, While};
use crate::order;
use crate::span::Span;

impl Lower {
    /// A block. Function declarations come first, as they are hoisted.
    pub(super) fn steps(&mut self, body: &[js::Statement<'_>]) -> Vec<Step> {
        let mut out: Vec<Step> = Vec::new();
        self.declared_twice(body);
        for each in body {
            self.step(each, &mut out);
        }
        // Imports run before the module, and functions can be called before they are declared.
        order::sort_by_key(&mut out, |step| match step.kind {
            StepKind::Import(_) => 0,
            StepKind::Function(_) => 1,
            _ => 2,
        });
        out
    }

    /// Notes a name that `let`, `const` or `class` declares although the same list of statements declares it already
    /// (<https://tc39.es/ecma262/#sec-block-static-semantics-early-errors>).
    fn declared_twice(&mut self, body: &[js::Statement<'_>]) {
        if self.twice.is_some() {
            return;
        }
        let mut known: HashSet<&str> = HashSet::new();
        let mut others: HashSet<&str> = HashSet::new();
        for statement in body {
            let mut lexical: Vec<&js::BindingIdentifier<'_>> = Vec::new();
            let exported = match statement {
                js::Statement::ExportDeclaration(each) => Some(&each.declaration),
                _ => None,
            };
            let (variables, function, class) = match (statement, exported) {
                (js::Statement::VariableDeclaration(each), _)
                | (_, Some(js::Declaration::VariableDeclaration(each))) => (Some(each), None, None),
                (js::Statement::FunctionDeclaration(each), _)
                | (_, Some(js::Declaration::FunctionDeclaration(each))) => (None, Some(each), None),
                (js::Statement::ClassDeclaration(each), _)
                | (_, Some(js::Declaration::ClassDeclaration(each))) => (None, None, Some(each)),
                _ => (None, None, None),
            };
            if let Some(variables) = variables.filter(|each| !each.declare && !each.kind.is_var()) {
                for each in &variables.declarations {
                    bound(&each.id, &mut lexical);
                }
            }
            if let Some(function) = function.filter(|each| each.body.is_some()) {
                others.extend(function.id.as_ref().map(|id| id.name.as_str()));
            }
            lexical.extend(class.filter(|each| !each.declare).and_then(|each| each.id.as_ref()));
            if let js::Statement::ImportDeclaration(each) = statement
                && each.import_kind.is_value()
            {
                for each in each.specifiers.iter().flatten() {
                    let typed = matches!(each, js::ImportDeclarationSpecifier::ImportSpecifier(own) if own.import_kind.is_type());
                    others.extend((!typed).then(|| each.local().name.as_str()));
                }
            }
            for id in lexical {
                if !known.insert(id.name.as_str()) {
                    self.twice.get_or_insert((id.name.to_string(), span_of(id)));
                }
            }
        }
        if let Some(name) = known.intersection(&others).min() {
            let at = body.first().map_or(Span::START, span_of);
            self.twice.get_or_insert(((*name).to_owned(), at));
        }
    }

    fn block(&mut self, statement: &js::Statement<'_>) -> Vec<Step> {
        match statement {
            js::Statement::BlockStatement(block) => self.steps(&block.body),
            single => {
                let mut out = Vec::new();
                self.step(single, &mut out);
                out
            }
        }
    }

    fn step(&mut self, statement: &js::Statement<'_>, out: &mut Vec<Step>) {
        let span = span_of(statement);
        let kind = match statement {
            js::Statement::BlockStatement(each) => StepKind::Block(self.steps(&each.body)),
            js::Statement::BreakStatement(_) => StepKind::Break,
            js::Statement::ContinueStatement(_) => StepKind::Continue,
            js::Statement::ExpressionStatement(each) => StepKind::Run(self.expr(&each.expression)),
            js::Statement::IfStatement(each) => {
                let otherwise = each.alternate.as_ref().map(|block| self.block(block)).unwrap_or_default();
                StepKind::If(self.expr(&each.test), self.block(&each.consequent), otherwise)
            }
            js::Statement::WhileStatement(each) => {
                let test = Some(self.expr(&each.test));
                self.turn(test, None, &each.body, false)
            }
            js::Statement::DoWhileStatement(each) => {
                let test = Some(self.expr(&each.test));
                self.turn(test, None, &each.body, true)
            }
            js::Statement::ForStatement(each) => {
                match &each.init {
                    Some(js::ForStatementInit::VariableDeclaration(init)) => self.declare(init, out),
                    Some(init) => {
                        if let Some(init) = init.as_expression() {
                            out.push(Step { kind: StepKind::Run(self.expr(init)), span });
                        }
                    }
                    None => {}
                }
                let test = each.test.as_ref().map(|test| self.expr(test));
                let update = each.update.as_ref().map(|update| self.expr(update));
                self.turn(test, update, &each.body, false)
            }
            js::Statement::ForInStatement(each) => {
                StepKind::Each(Target::Nothing, self.expr(&each.right), self.block(&each.body), Vec::new())
            }
            js::Statement::ForOfStatement(each) => {
                let target = match &each.left {
                    js::ForStatementLeft::VariableDeclaration(left) => {
                        left.declarations.first().map_or(Target::Nothing, |first| self.pattern(&first.id))
                    }
                    _ => Target::Nothing,
                };
                StepKind::Each(target, self.expr(&each.right), self.block(&each.body), Vec::new())
            }
            js::Statement::LabeledStatement(each) => StepKind::Block(self.block(&each.body)),
            js::Statement::ReturnStatement(each) => {
                StepKind::Return(each.argument.as_ref().map(|value| self.expr(value)))
            }
            js::Statement::ThrowStatement(each) => StepKind::Raise(Some(self.expr(&each.argument))),
            js::Statement::TryStatement(each) => self.attempt(each),
            js::Statement::SwitchStatement(each) => {
                let subject = self.expr(&each.discriminant);
                let cases = each.cases.iter().map(|case| {
                    let test = case.test.as_ref().map(|test| self.expr(test));
                    (test, self.steps(&case.consequent))
                });
                StepKind::Switch(subject, cases.collect())
            }
            _ => return self.declaration(statement, out),
        };
        out.push(Step { kind, span });
    }

    fn turn(
        &mut self,
        test: Option<Expr>,
        update: Option<Expr>,
        body: &js::Statement<'_>,
        body_first: bool,
    ) -> StepKind {
        let test = test.filter(|test| !matches!(test.kind, ExprKind::Bool(true)));
        let body = self.block(body);
        StepKind::While(Box::new(While { test, update, body, otherwise: Vec::new(), body_first }))
    }

    fn attempt(&mut self, each: &js::TryStatement<'_>) -> StepKind {
        let handlers = each.handler.as_ref().map(|handler| {
            let name = handler.param.as_ref().and_then(|param| match &param.pattern {
                js::BindingPattern::BindingIdentifier(name) => Some(name.name.to_string()),
                _ => None,
            });
            Handler { catches: None, name, body: self.steps(&handler.body.body) }
        });
        let handlers = handlers.into_iter().collect();
        StepKind::Try(Box::new(Try {
            body: self.steps(&each.block.body),
            handlers,
            otherwise: Vec::new(),
            finally: each.finalizer.as_ref().map(|block| self.steps(&block.body)).unwrap_or_default(),
        }))
    }

    fn declare(&mut self, each: &js::VariableDeclaration<'_>, out: &mut Vec<Step>) {
        for one in &each.declarations {
            let Some(init) = &one.init else { continue };
            let value = self.expr(init);
            out.push(Step { kind: StepKind::Assign(self.pattern(&one.id), value), span: span_of(one) });
        }
    }

    fn declaration(&mut self, statement: &js::Statement<'_>, out: &mut Vec<Step>) {
        let span = span_of(statement);
        match statement {
            js::Statement::VariableDeclaration(each) => self.declare(each, out),
            js::Statement::FunctionDeclaration(each) => {
                out.push(Step { kind: StepKind::Function(Rc::new(self.function(each))), span });
            }
            js::Statement::ClassDeclaration(each) => {
                out.push(Step { kind: StepKind::Class(Rc::new(self.class(each))), span });
            }
            js::Statement::ImportDeclaration(each) if each.import_kind.is_value() => {
                out.push(Step { kind: StepKind::Import(import(each)), span });
            }
            js::Statement::ExportAllDeclaration(each) => out.push(Step {
                kind: StepKind::Import(Import {
                    module: each.source.value.to_string(),
                    level: 0,
                    names: vec![("*".into(), "*".into())],
                    from: true,
                }),
                span,
            }),
            js::Statement::ExportFromDeclaration(each) => {
                let names = each
                    .specifiers
                    .iter()
                    .map(|one| (one.local.name().to_string(), one.exported.name().to_string()));
                let module = each.source.value.to_string();
                let names: Vec<(String, String)> = names.collect();
                // What is handed on is used.
                let handed = names.iter().map(|(_, own)| (own.clone(), own.clone())).collect();
                out.push(Step {
                    kind: StepKind::Import(Import { module, level: 0, names, from: true }),
                    span,
                });
                if each.export_kind.is_value() {
                    out.push(Step { kind: StepKind::Export(handed), span });
                }
            }
            js::Statement::ExportNamedDeclaration(each) => {
                let names = each
                    .specifiers
                    .iter()
                    .map(|one| (one.local.name().to_string(), one.exported.name().to_string()));
                out.push(Step { kind: StepKind::Export(names.collect()), span });
            }
            js::Statement::ExportDeclaration(each) => match &each.declaration {
                js::Declaration::VariableDeclaration(inner) => self.declare(inner, out),
                js::Declaration::FunctionDeclaration(inner) => {
                    out.push(Step { kind: StepKind::Function(Rc::new(self.function(inner))), span });
                }
                js::Declaration::ClassDeclaration(inner) => {
                    out.push(Step { kind: StepKind::Class(Rc::new(self.class(inner))), span });
                }
                _ => {}
            },
            js::Statement::ExportDefaultDeclaration(each) => self.default_export(each, out),
            js::Statement::TSExportAssignment(each) => {
                let value = self.expr(&each.expression);
                out.push(Step { kind: StepKind::Assign(Target::Name("default".into(), true), value), span });
            }
            _ => {}
        }
    }

    fn default_export(&mut self, each: &js::ExportDefaultDeclaration<'_>, out: &mut Vec<Step>) {
        let span = span_of(each);
        let named = |local: &str| vec![(local.to_owned(), "default".to_owned())];
        match &each.declaration {
            js::ExportDefaultDeclarationKind::FunctionDeclaration(inner) => {
                let function = self.function(inner);
                let name = function.name.clone();
                if name.is_empty() {
                    let value = Expr { kind: ExprKind::Function(Rc::new(function)), span };
                    let target = Target::Name("default".into(), true);
                    return out.push(Step { kind: StepKind::Assign(target, value), span });
                }
                out.push(Step { kind: StepKind::Function(Rc::new(function)), span });
                out.push(Step { kind: StepKind::Export(named(&name)), span });
            }
            js::ExportDefaultDeclarationKind::ClassDeclaration(inner) => {
                let class = self.class(inner);
                let value = Expr { kind: ExprKind::Class(Rc::new(class)), span };
                out.push(Step { kind: StepKind::Assign(Target::Name("default".into(), true), value), span });
            }
            other => {
                if let Some(value) = other.as_expression() {
                    let value = self.expr(value);
                    out.push(Step {
                        kind: StepKind::Assign(Target::Name("default".into(), true), value),
                        span,
                    });
                }
            }
        }
    }
}

fn import(each: &js::ImportDeclaration<'_>) -> Import {
    let mut names = Vec::new();
    for one in each.specifiers.iter().flatten() {
        match one {
            js::ImportDeclarationSpecifier::ImportSpecifier(one) => {
                if one.import_kind.is_value() {
                    names.push((one.imported.name().to_string(), one.local.name.to_string()));
                }
            }
            js::ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                names.push(("default".into(), one.local.name.to_string()));
            }
            js::ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                names.push((String::new(), one.local.name.to_string()));
            }
        }
    }
    Import { module: each.source.value.to_string(), level: 0, names, from: true }
}

/// The names that a pattern binds.
fn bound<'a, 'b>(pattern: &'b js::BindingPattern<'a>, out: &mut Vec<&'b js::BindingIdentifier<'a>>) {
    match pattern {
        js::BindingPattern::BindingIdentifier(name) => out.push(name),
        js::BindingPattern::ObjectPattern(each) => {
            each.properties.iter().for_each(|property| bound(&property.value, out));
            each.rest.iter().for_each(|rest| bound(&rest.argument, out));
        }
        js::BindingPattern::ArrayPattern(each) => {
            each.elements.iter().flatten().for_each(|element| bound(element, out));
            each.rest.iter().for_each(|rest| bound(&rest.argument, out));
        }
        js::BindingPattern::AssignmentPattern(each) => bound(&each.left, out),
    }
}
