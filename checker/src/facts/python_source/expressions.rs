//! Python expressions.

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast as py;

use super::statements::comparison;
use super::{Lower, span_of};
use crate::facts::program::{Call, Expr, ExprKind, Function, Operator, Step, StepKind};

impl Lower {
    /// One expression.
    pub(super) fn expr(&mut self, expr: &py::Expr) -> Expr {
        let kind = match expr {
            py::Expr::StringLiteral(each) => ExprKind::Text(each.value.to_str().to_owned()),
            py::Expr::NumberLiteral(each) => number(&each.value),
            py::Expr::BooleanLiteral(each) => ExprKind::Bool(each.value),
            py::Expr::NoneLiteral(_) => ExprKind::Null,
            py::Expr::Name(each) => ExprKind::Name(each.id.to_string()),
            py::Expr::Attribute(each) => {
                ExprKind::Member(Box::new(self.expr(&each.value)), each.attr.id.to_string())
            }
            py::Expr::Subscript(each) => {
                ExprKind::Index(Box::new(self.expr(&each.value)), Box::new(self.expr(&each.slice)))
            }
            py::Expr::Call(each) => self.call(each),
            py::Expr::Await(each) => ExprKind::Await(Box::new(self.expr(&each.value))),
            py::Expr::Lambda(each) => ExprKind::Function(Rc::new(self.lambda(each))),
            py::Expr::List(each) => ExprKind::List(self.all(&each.elts)),
            py::Expr::Tuple(each) => ExprKind::List(self.all(&each.elts)),
            py::Expr::Set(each) => ExprKind::List(self.all(&each.elts)),
            py::Expr::Dict(each) => self.map(each),
            py::Expr::If(each) => {
                let test = self.expr(&each.test);
                ExprKind::Choose(Box::new((test, self.expr(&each.body), self.expr(&each.orelse))))
            }
            py::Expr::BoolOp(each) => self.logical(each),
            py::Expr::BinOp(each) => {
                let pair = Box::new((self.expr(&each.left), self.expr(&each.right)));
                ExprKind::Binary(operator(each.op), pair)
            }
            py::Expr::UnaryOp(each) => self.unary(each),
            py::Expr::Compare(each) => self.compare(each),
            py::Expr::Named(each) => {
                let value = self.expr(&each.value);
                ExprKind::Assign(Box::new((self.target(&each.target), value)))
            }
            py::Expr::FString(each) => self.template(each),
            py::Expr::Yield(each) => {
                self.yields = true;
                ExprKind::Yield(each.value.as_ref().map(|value| Box::new(self.expr(value))))
            }
            py::Expr::YieldFrom(each) => {
                self.yields = true;
                ExprKind::Opaque(vec![self.expr(&each.value)])
            }
            py::Expr::Starred(each) => ExprKind::Spread(Box::new(self.expr(&each.value))),
            py::Expr::ListComp(each) => ExprKind::Opaque(self.sources(&each.generators)),
            py::Expr::SetComp(each) => ExprKind::Opaque(self.sources(&each.generators)),
            py::Expr::DictComp(each) => ExprKind::Opaque(self.sources(&each.generators)),
            py::Expr::Generator(each) => ExprKind::Opaque(self.sources(&each.generators)),
            py::Expr::BytesLiteral(_)
            | py::Expr::TString(_)
            | py::Expr::EllipsisLiteral(_)
            | py::Expr::Slice(_)
            | py::Expr::IpyEscapeCommand(_) => ExprKind::Opaque(Vec::new()),
        };
        Expr { kind, span: span_of(expr) }
    }

    fn all(&mut self, exprs: &[py::Expr]) -> Vec<Expr> {
        exprs.iter().map(|each| self.expr(each)).collect()
    }

    fn sources(&mut self, generators: &[py::Comprehension]) -> Vec<Expr> {
        generators.iter().map(|each| self.expr(&each.iter)).collect()
    }

    fn call(&mut self, each: &py::ExprCall) -> ExprKind {
        let callee = self.expr(&each.func);
        let args = self.all(&each.arguments.args);
        let named = each.arguments.keywords.iter().map(|keyword| {
            let name = keyword.arg.as_ref().map(|name| name.id.to_string()).unwrap_or_default();
            (name, self.expr(&keyword.value))
        });
        let named = named.collect();
        ExprKind::Call(Box::new(Call { callee, args, named, new: false }))
    }

    fn lambda(&mut self, each: &py::ExprLambda) -> Function {
        let parameters = each.parameters.as_ref().map(|all| self.parameters(all)).unwrap_or_default();
        let mut inner = Lower { outer: BTreeSet::new(), yields: false };
        let value = inner.expr(&each.body);
        let span = value.span;
        Function {
            name: String::new(),
            parameters,
            body: vec![Step { kind: StepKind::Return(Some(value)), span }],
            is_async: false,
            is_generator: inner.yields,
            decorators: Vec::new(),
            is_static: false,
            span: span_of(each),
        }
    }

    fn map(&mut self, each: &py::ExprDict) -> ExprKind {
        let (mut entries, mut open) = (Vec::new(), false);
        for item in &each.items {
            let value = self.expr(&item.value);
            match &item.key {
                Some(py::Expr::StringLiteral(key)) => entries.push((key.value.to_str().to_owned(), value)),
                _ => open = true,
            }
        }
        ExprKind::Map(entries, open)
    }

    fn logical(&mut self, each: &py::ExprBoolOp) -> ExprKind {
        let mut values = self.all(&each.values).into_iter().rev();
        let Some(last) = values.next() else { return ExprKind::Null };
        let joined = values.fold(last, |right, left| {
            let span = crate::span::Span::new(left.span.start, right.span.end);
            let pair = Box::new((left, right));
            let kind = if each.op == py::BoolOp::And { ExprKind::And(pair) } else { ExprKind::Or(pair) };
            Expr { kind, span }
        });
        joined.kind
    }

    fn unary(&mut self, each: &py::ExprUnaryOp) -> ExprKind {
        let operand = self.expr(&each.operand);
        match (each.op, &operand.kind) {
            (py::UnaryOp::Not, _) => ExprKind::Not(Box::new(operand)),
            (py::UnaryOp::USub, ExprKind::Number(value)) => ExprKind::Number(-value),
            _ => ExprKind::Opaque(vec![operand]),
        }
    }

    fn compare(&mut self, each: &py::ExprCompare) -> ExprKind {
        let left = self.expr(&each.left);
        match (&*each.ops, &*each.comparators) {
            ([operator], [right]) => {
                ExprKind::Binary(comparison(*operator), Box::new((left, self.expr(right))))
            }
            (_, rights) => {
                let mut parts = vec![left];
                parts.extend(rights.iter().map(|right| self.expr(right)));
                ExprKind::Opaque(parts)
            }
        }
    }

    fn template(&mut self, each: &py::ExprFString) -> ExprKind {
        let mut parts = Vec::new();
        let text = |value: &str, span| Expr { kind: ExprKind::Text(value.to_owned()), span };
        for part in &each.value {
            match part {
                py::FStringPart::Literal(literal) => parts.push(text(literal.as_str(), span_of(literal))),
                py::FStringPart::FString(inner) => {
                    for element in &inner.elements {
                        parts.push(match element {
                            py::InterpolatedStringElement::Literal(literal) => {
                                text(&literal.value, span_of(literal))
                            }
                            py::InterpolatedStringElement::Interpolation(hole) => self.expr(&hole.expression),
                        });
                    }
                }
            }
        }
        ExprKind::Template(parts)
    }
}

fn number(value: &py::Number) -> ExprKind {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "ports, counts and seconds are far below 2^52")]
        py::Number::Int(value) => {
            value.as_i64().map_or(ExprKind::Opaque(Vec::new()), |value| ExprKind::Number(value as f64))
        }
        py::Number::Float(value) => ExprKind::Number(*value),
        py::Number::Complex { .. } => ExprKind::Opaque(Vec::new()),
    }
}

/// The arithmetic operator.
pub(super) fn operator(operator: py::Operator) -> Operator {
    match operator {
        py::Operator::Add => Operator::Add,
        py::Operator::Sub => Operator::Subtract,
        py::Operator::Mult => Operator::Multiply,
        py::Operator::Div => Operator::Divide,
        py::Operator::FloorDiv => Operator::FloorDivide,
        py::Operator::Mod => Operator::Modulo,
        py::Operator::Pow => Operator::Power,
        _ => Operator::Other,
    }
}
