//! JavaScript expressions.

use std::rc::Rc;

use oxc_ast::ast as js;

use super::{Lower, span_of};
use crate::facts::program::{Call, Expr, ExprKind, Operator, Target};

impl Lower {
    /// One expression.
    pub(super) fn expr(&mut self, expr: &js::Expression<'_>) -> Expr {
        let kind = match expr {
            js::Expression::BooleanLiteral(each) => ExprKind::Bool(each.value),
            js::Expression::NullLiteral(_) => ExprKind::Null,
            js::Expression::NumericLiteral(each) => ExprKind::Number(each.value),
            js::Expression::StringLiteral(each) => ExprKind::Text(each.value.to_string()),
            js::Expression::TemplateLiteral(each) => self.template(each),
            js::Expression::Identifier(each) if each.name == "undefined" => ExprKind::Null,
            js::Expression::Identifier(each) => ExprKind::Name(each.name.to_string()),
            js::Expression::ImportMeta(_) => ExprKind::Name("import.meta".into()),
            js::Expression::ThisExpression(_) => ExprKind::Name("this".into()),
            js::Expression::Super(_) => ExprKind::Name("super".into()),
            js::Expression::ArrayExpression(each) => self.array(each),
            js::Expression::ObjectExpression(each) => self.object(each),
            js::Expression::ArrowFunctionExpression(each) => ExprKind::Function(Rc::new(self.arrow(each))),
            js::Expression::FunctionExpression(each) => ExprKind::Function(Rc::new(self.function(each))),
            js::Expression::ClassExpression(each) => ExprKind::Class(Rc::new(self.class(each))),
            js::Expression::AssignmentExpression(each) => self.assignment(each),
            js::Expression::AwaitExpression(each) => ExprKind::Await(Box::new(self.expr(&each.argument))),
            js::Expression::BinaryExpression(each) => {
                let pair = Box::new((self.expr(&each.left), self.expr(&each.right)));
                ExprKind::Binary(operator(each.operator), pair)
            }
            js::Expression::LogicalExpression(each) => {
                let pair = Box::new((self.expr(&each.left), self.expr(&each.right)));
                match each.operator {
                    js::LogicalOperator::And => ExprKind::And(pair),
                    js::LogicalOperator::Or => ExprKind::Or(pair),
                    js::LogicalOperator::Coalesce => ExprKind::Coalesce(pair),
                }
            }
            js::Expression::ConditionalExpression(each) => ExprKind::Choose(Box::new((
                self.expr(&each.test),
                self.expr(&each.consequent),
                self.expr(&each.alternate),
            ))),
            js::Expression::UnaryExpression(each) => self.unary(each),
            js::Expression::UpdateExpression(each) => self.update(each),
            js::Expression::CallExpression(each) => self.call(each),
            js::Expression::NewExpression(each) => ExprKind::Call(Box::new(Call {
                callee: self.expr(&each.callee),
                args: self.arguments(&each.arguments),
                named: Vec::new(),
                new: true,
            })),
            js::Expression::ImportExpression(each) => match &each.source {
                js::Expression::StringLiteral(source) => ExprKind::Import(source.value.to_string()),
                _ => ExprKind::Opaque(Vec::new()),
            },
            js::Expression::ChainExpression(each) => return self.chain(each),
            js::Expression::ParenthesizedExpression(each) => return self.expr(&each.expression),
            js::Expression::SequenceExpression(each) => {
                ExprKind::Opaque(each.expressions.iter().map(|one| self.expr(one)).collect())
            }
            js::Expression::StaticMemberExpression(each) => self.member(each),
            js::Expression::ComputedMemberExpression(each) => {
                ExprKind::Index(Box::new(self.expr(&each.object)), Box::new(self.expr(&each.expression)))
            }
            js::Expression::PrivateFieldExpression(each) => {
                ExprKind::Member(Box::new(self.expr(&each.object)), each.field.name.to_string())
            }
            js::Expression::TSAsExpression(each) => return self.expr(&each.expression),
            js::Expression::TSSatisfiesExpression(each) => return self.expr(&each.expression),
            js::Expression::TSNonNullExpression(each) => return self.expr(&each.expression),
            js::Expression::TSTypeAssertion(each) => return self.expr(&each.expression),
            js::Expression::YieldExpression(each) => {
                self.yields = true;
                ExprKind::Yield(each.argument.as_ref().map(|value| Box::new(self.expr(value))))
            }
            _ => ExprKind::Opaque(Vec::new()),
        };
        Expr { kind, span: span_of(expr) }
    }

    fn member(&mut self, each: &js::StaticMemberExpression<'_>) -> ExprKind {
        ExprKind::Member(Box::new(self.expr(&each.object)), each.property.name.to_string())
    }

    fn array(&mut self, each: &js::ArrayExpression<'_>) -> ExprKind {
        let elements = each.elements.iter().filter_map(|element| match element {
            js::ArrayExpressionElement::SpreadElement(spread) => {
                let value = self.expr(&spread.argument);
                let span = value.span;
                Some(Expr { kind: ExprKind::Spread(Box::new(value)), span })
            }
            other => other.as_expression().map(|value| self.expr(value)),
        });
        ExprKind::List(elements.collect())
    }

    fn template(&mut self, each: &js::TemplateLiteral<'_>) -> ExprKind {
        let mut parts = Vec::new();
        let mut holes = each.expressions.iter();
        for quasi in &each.quasis {
            let text = quasi.value.cooked.as_ref().map(ToString::to_string).unwrap_or_default();
            parts.push(Expr { kind: ExprKind::Text(text), span: span_of(quasi) });
            if let Some(hole) = holes.next() {
                parts.push(self.expr(hole));
            }
        }
        match parts.as_slice() {
            [Expr { kind: ExprKind::Text(text), .. }] => ExprKind::Text(text.clone()),
            _ => ExprKind::Template(parts),
        }
    }

    fn assignment(&mut self, each: &js::AssignmentExpression<'_>) -> ExprKind {
        let right = self.expr(&each.right);
        let target = self.target(&each.left);
        let span = span_of(each);
        let old = |target: &Target| match target {
            Target::Name(name, _) => Some(ExprKind::Name(name.clone())),
            Target::Member(object, name) => Some(ExprKind::Member(Box::new(object.clone()), name.clone())),
            _ => None,
        };
        let value = match (each.operator, old(&target)) {
            (js::AssignmentOperator::Assign, _) => right,
            (operator, Some(old)) => {
                let pair = Box::new((Expr { kind: old, span }, right));
                let kind = match operator {
                    js::AssignmentOperator::LogicalOr => ExprKind::Or(pair),
                    js::AssignmentOperator::LogicalAnd => ExprKind::And(pair),
                    js::AssignmentOperator::LogicalNullish => ExprKind::Coalesce(pair),
                    other => ExprKind::Binary(
                        other.to_binary_operator().map_or(Operator::Other, self::operator),
                        pair,
                    ),
                };
                Expr { kind, span }
            }
            _ => Expr { kind: ExprKind::Opaque(vec![right]), span },
        };
        ExprKind::Assign(Box::new((target, value)))
    }

    fn update(&mut self, each: &js::UpdateExpression<'_>) -> ExprKind {
        let span = span_of(each);
        let (target, old) = match &each.argument {
            js::SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => {
                (Target::Name(name.name.to_string(), false), ExprKind::Name(name.name.to_string()))
            }
            js::SimpleAssignmentTarget::StaticMemberExpression(member) => (
                Target::Member(self.expr(&member.object), member.property.name.to_string()),
                self.member(member),
            ),
            _ => return ExprKind::Opaque(Vec::new()),
        };
        let operator =
            if each.operator == js::UpdateOperator::Increment { Operator::Add } else { Operator::Subtract };
        let one = Expr { kind: ExprKind::Number(1.0), span };
        let value = ExprKind::Binary(operator, Box::new((Expr { kind: old, span }, one.clone())));
        let assigned = Expr { kind: ExprKind::Assign(Box::new((target, Expr { kind: value, span }))), span };
        if each.prefix {
            return assigned.kind;
        }
        // The value of `i++` is the old one: undo the step on the assigned value.
        let undo = if operator == Operator::Add { Operator::Subtract } else { Operator::Add };
        ExprKind::Binary(undo, Box::new((assigned, one)))
    }

    fn unary(&mut self, each: &js::UnaryExpression<'_>) -> ExprKind {
        let value = self.expr(&each.argument);
        match (each.operator, &value.kind) {
            (js::UnaryOperator::LogicalNot, _) => ExprKind::Not(Box::new(value)),
            (js::UnaryOperator::UnaryNegation, ExprKind::Number(number)) => ExprKind::Number(-number),
            // `+process.env.PORT` is a number made of it, as `Number(…)` is.
            (js::UnaryOperator::UnaryPlus, _) => {
                let callee = Expr { kind: ExprKind::Name("Number".into()), span: value.span };
                ExprKind::Call(Box::new(Call { callee, args: vec![value], named: Vec::new(), new: false }))
            }
            (js::UnaryOperator::Void, _) => value.kind,
            _ => ExprKind::Opaque(vec![value]),
        }
    }

    fn call(&mut self, each: &js::CallExpression<'_>) -> ExprKind {
        if let (js::Expression::Identifier(name), [js::Argument::StringLiteral(module)]) =
            (&each.callee, each.arguments.as_slice())
            && name.name == "require"
        {
            return ExprKind::Import(module.value.to_string());
        }
        ExprKind::Call(Box::new(Call {
            callee: self.expr(&each.callee),
            args: self.arguments(&each.arguments),
            named: Vec::new(),
            new: false,
        }))
    }

    fn arguments(&mut self, all: &[js::Argument<'_>]) -> Vec<Expr> {
        let each = all.iter().map(|argument| match argument {
            js::Argument::SpreadElement(spread) => {
                let value = self.expr(&spread.argument);
                let span = value.span;
                Expr { kind: ExprKind::Spread(Box::new(value)), span }
            }
            other => match other.as_expression() {
                Some(value) => self.expr(value),
                None => Expr { kind: ExprKind::Opaque(Vec::new()), span: span_of(other) },
            },
        });
        each.collect()
    }

    fn chain(&mut self, each: &js::ChainExpression<'_>) -> Expr {
        let kind = match &each.expression {
            js::ChainElement::CallExpression(call) => self.call(call),
            js::ChainElement::StaticMemberExpression(member) => self.member(member),
            js::ChainElement::ComputedMemberExpression(member) => {
                ExprKind::Index(Box::new(self.expr(&member.object)), Box::new(self.expr(&member.expression)))
            }
            js::ChainElement::TSNonNullExpression(inner) => return self.expr(&inner.expression),
            js::ChainElement::PrivateFieldExpression(member) => {
                ExprKind::Member(Box::new(self.expr(&member.object)), member.field.name.to_string())
            }
        };
        Expr { kind, span: span_of(each) }
    }
}

/// The operator of two operands.
fn operator(operator: js::BinaryOperator) -> Operator {
    match operator {
        js::BinaryOperator::Addition => Operator::Add,
        js::BinaryOperator::Subtraction => Operator::Subtract,
        js::BinaryOperator::Multiplication => Operator::Multiply,
        js::BinaryOperator::Division => Operator::Divide,
        js::BinaryOperator::Remainder => Operator::Modulo,
        js::BinaryOperator::Exponential => Operator::Power,
        js::BinaryOperator::Equality | js::BinaryOperator::StrictEquality => Operator::Equal,
        js::BinaryOperator::Inequality | js::BinaryOperator::StrictInequality => Operator::NotEqual,
        js::BinaryOperator::LessThan => Operator::Less,
        js::BinaryOperator::LessEqualThan => Operator::LessEqual,
        js::BinaryOperator::GreaterThan => Operator::Greater,
        js::BinaryOperator::GreaterEqualThan => Operator::GreaterEqual,
        _ => Operator::Other,
    }
}
