//! JavaScript targets, functions and classes.

use std::rc::Rc;

use oxc_ast::ast as js;

use super::{Lower, span_of};
use crate::facts::program::{Class, Expr, ExprKind, Function, Parameter, Step, StepKind, Target};

impl Lower {
    /// The target a declaration or parameter binds.
    pub(super) fn pattern(&mut self, pattern: &js::BindingPattern<'_>) -> Target {
        match pattern {
            js::BindingPattern::BindingIdentifier(name) => Target::Name(name.name.to_string(), true),
            js::BindingPattern::ObjectPattern(each) => {
                let entries = each.properties.iter().map(|property| {
                    let key = property.key.static_name().map(|key| key.to_string()).unwrap_or_default();
                    match &property.value {
                        js::BindingPattern::AssignmentPattern(inner) => {
                            (key, self.pattern(&inner.left), Some(self.expr(&inner.right)))
                        }
                        plain => (key, self.pattern(plain), None),
                    }
                });
                Target::Map(entries.collect())
            }
            js::BindingPattern::ArrayPattern(each) => {
                let elements = each.elements.iter().map(|element| match element {
                    Some(pattern) => self.pattern(pattern),
                    None => Target::Nothing,
                });
                Target::List(elements.collect())
            }
            js::BindingPattern::AssignmentPattern(each) => self.pattern(&each.left),
        }
    }

    /// The target of an assignment.
    pub(super) fn target(&mut self, target: &js::AssignmentTarget<'_>) -> Target {
        match target {
            js::AssignmentTarget::AssignmentTargetIdentifier(name) => {
                Target::Name(name.name.to_string(), false)
            }
            js::AssignmentTarget::StaticMemberExpression(each) => {
                Target::Member(self.expr(&each.object), each.property.name.to_string())
            }
            js::AssignmentTarget::PrivateFieldExpression(each) => {
                Target::Member(self.expr(&each.object), each.field.name.to_string())
            }
            js::AssignmentTarget::ComputedMemberExpression(each) => {
                Target::Index(self.expr(&each.object), self.expr(&each.expression))
            }
            _ => Target::Nothing,
        }
    }

    pub(super) fn parameters(&mut self, all: &js::FormalParameters<'_>) -> Vec<Parameter> {
        let mut out: Vec<Parameter> = all
            .items
            .iter()
            .map(|item| {
                let target = self.pattern(&item.pattern);
                let name = if let Target::Name(name, _) = &target { name.clone() } else { String::new() };
                let default = item.initializer.as_ref().map(|value| self.expr(value));
                Parameter { target, name, default, rest: false }
            })
            .collect();
        if let Some(rest) = &all.rest {
            let target = self.pattern(&rest.rest.argument);
            out.push(Parameter { target, name: String::new(), default: None, rest: true });
        }
        out
    }

    pub(super) fn function(&mut self, each: &js::Function<'_>) -> Function {
        let mut inner = Lower { yields: false, twice: self.twice.take() };
        let body = each.body.as_ref().map(|body| inner.steps(&body.statements)).unwrap_or_default();
        self.twice = inner.twice;
        Function {
            name: each.id.as_ref().map(|id| id.name.to_string()).unwrap_or_default(),
            parameters: self.parameters(&each.params),
            body,
            is_async: each.r#async,
            is_generator: each.generator,
            decorators: Vec::new(),
            is_static: false,
            span: span_of(each),
        }
    }

    pub(super) fn arrow(&mut self, each: &js::ArrowFunctionExpression<'_>) -> Function {
        let body = match &each.body {
            js::ArrowFunctionBody::FunctionBody(body) => self.steps(&body.statements),
            other => {
                let value = other.as_expression().map(|value| self.expr(value));
                vec![Step { kind: StepKind::Return(value), span: span_of(&each.body) }]
            }
        };
        Function {
            name: String::new(),
            parameters: self.parameters(&each.params),
            body,
            is_async: each.r#async,
            is_generator: false,
            decorators: Vec::new(),
            is_static: true,
            span: span_of(each),
        }
    }

    pub(super) fn class(&mut self, each: &js::Class<'_>) -> Class {
        let (mut methods, mut fields) = (Vec::new(), Vec::new());
        for element in &each.body.body {
            match element {
                js::ClassElement::MethodDefinition(method) => {
                    let mut function = self.function(&method.value);
                    function.name = match method.key.static_name() {
                        Some(name) if name == "constructor" => "__init__".to_owned(),
                        Some(name) => name.to_string(),
                        None => continue,
                    };
                    function.is_static = method.r#static;
                    methods.push(Rc::new(function));
                }
                js::ClassElement::PropertyDefinition(field) => {
                    if let Some(name) = field.key.name() {
                        fields.push((name.to_string(), field.value.as_ref().map(|value| self.expr(value))));
                    }
                }
                _ => {}
            }
        }
        Class {
            name: each.id.as_ref().map(|id| id.name.to_string()).unwrap_or_default(),
            bases: each.heritage.iter().map(|heritage| self.expr(&heritage.expression)).collect(),
            methods,
            fields,
            span: span_of(each),
        }
    }

    /// The keys of an object literal.
    pub(super) fn object(&mut self, each: &js::ObjectExpression<'_>) -> ExprKind {
        let (mut entries, mut open) = (Vec::new(), false);
        for property in &each.properties {
            match property {
                js::ObjectPropertyKind::ObjectProperty(property) => match property.key.static_name() {
                    Some(key) => entries.push((key.to_string(), self.expr(&property.value))),
                    None => open = true,
                },
                js::ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.expr(&spread.argument);
                    let span = value.span;
                    entries.push((String::new(), Expr { kind: ExprKind::Spread(Box::new(value)), span }));
                }
            }
        }
        ExprKind::Map(entries, open)
    }
}
