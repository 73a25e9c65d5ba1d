//! Names that a module of Python uses while it is loaded and that nothing in it binds.

use std::collections::BTreeSet;

use ruff_python_ast as py;
// As an object, so that what walks a tree is compiled once.
use ruff_python_ast::visitor::{self, Visitor};

use super::span;
use crate::facts::program::Unbound;

/// Words with which a module can have names that it does not write down; to look at those it has is not among them.
const OPEN: [&str; 11] = [
    "globals()[",
    "globals().",
    "= globals()",
    "(globals()",
    "locals()[",
    "locals().",
    "vars()[",
    "exec(",
    "builtins",
    "sys.modules[__name__]",
    "lazy_loader",
];

/// What Python has without an import, but for names that end in `Error` or `Warning`, which all count as its own.
const BUILT_IN: &str = " False None True abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr \
    classmethod compile complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float format \
    frozenset getattr globals hasattr hash help hex id input int isinstance issubclass iter len license list locals map max \
    memoryview min next object oct open ord pow print property quit range repr reversed round set setattr slice sorted \
    staticmethod str sum super tuple type vars zip Ellipsis NotImplemented BaseException BaseExceptionGroup Exception \
    ExceptionGroup GeneratorExit KeyboardInterrupt StopAsyncIteration StopIteration SystemExit Warning ";

/// What Python 2 had beside.
const OLDER: [&str; 10] =
    ["unicode", "basestring", "xrange", "raw_input", "reload", "long", "unichr", "file", "cmp", "reduce"];

/// The names of `body` that are looked up whenever the module is loaded and that no statement anywhere in it binds. `text`
/// is its source.
pub(super) fn unbound(body: &[py::Stmt], text: &str) -> Vec<Unbound> {
    if OPEN.iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let mut bound = Bound { names: BTreeSet::new(), open: false };
    bound.visit_body(body);
    if bound.open {
        return Vec::new();
    }
    let late = text.contains("from __future__ import annotations");
    let mut used = Used { found: Vec::new(), late, annotation: false, sometimes: false };
    used.visit_body(body);
    let own = |name: &str| {
        name.starts_with('_')
            || name.ends_with("Error")
            || name.ends_with("Warning")
            || BUILT_IN.contains(&format!(" {name} "))
    };
    // A condition may ask for Python 2.
    let older = |each: &Unbound| each.sometimes && OLDER.contains(&each.name.as_str());
    used.found.retain(|each| !bound.names.contains(&each.name) && !own(&each.name) && !older(each));
    used.found
}

/// Every name that is bound anywhere in a module, in whatever scope.
struct Bound {
    names: BTreeSet<String>,
    open: bool,
}

impl Bound {
    fn bind(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }
}

impl<'a> Visitor<'a> for Bound {
    fn visit_stmt(&mut self, statement: &'a py::Stmt) {
        match statement {
            py::Stmt::FunctionDef(each) => self.bind(&each.name),
            py::Stmt::ClassDef(each) => self.bind(&each.name),
            py::Stmt::Global(each) => each.names.iter().for_each(|name| self.bind(name)),
            py::Stmt::Import(each) => {
                for alias in &each.names {
                    let top = alias.name.split('.').next().unwrap_or_default();
                    self.bind(alias.asname.as_ref().map_or(top, |name| name.as_str()));
                }
            }
            py::Stmt::ImportFrom(each) => {
                for alias in &each.names {
                    self.open |= alias.name.as_str() == "*";
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name));
                }
            }
            _ => {}
        }
        visitor::walk_stmt::<dyn Visitor<'a>>(self, statement);
    }

    fn visit_expr(&mut self, value: &'a py::Expr) {
        if let py::Expr::Name(name) = value
            && !name.ctx.is_load()
        {
            self.bind(&name.id);
        }
        visitor::walk_expr::<dyn Visitor<'a>>(self, value);
    }

    fn visit_parameter(&mut self, parameter: &'a py::Parameter) {
        self.bind(&parameter.name);
        visitor::walk_parameter::<dyn Visitor<'a>>(self, parameter);
    }

    fn visit_except_handler(&mut self, handler: &'a py::ExceptHandler) {
        let py::ExceptHandler::ExceptHandler(own) = handler;
        own.name.iter().for_each(|name| self.bind(name));
        visitor::walk_except_handler::<dyn Visitor<'a>>(self, handler);
    }

    fn visit_type_param(&mut self, parameter: &'a py::TypeParam) {
        self.bind(parameter.name());
        visitor::walk_type_param::<dyn Visitor<'a>>(self, parameter);
    }

    fn visit_pattern(&mut self, pattern: &'a py::Pattern) {
        let name = match pattern {
            py::Pattern::MatchAs(each) => each.name.as_ref(),
            py::Pattern::MatchStar(each) => each.name.as_ref(),
            py::Pattern::MatchMapping(each) => each.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name);
        }
        visitor::walk_pattern::<dyn Visitor<'a>>(self, pattern);
    }
}

/// The names that are looked up while the module is loaded: nothing in a function or in a `try`.
struct Used {
    found: Vec<Unbound>,
    /// True when annotations are not evaluated.
    late: bool,
    /// True inside an annotation.
    annotation: bool,
    /// True below a condition.
    sometimes: bool,
}

impl Used {
    fn under_condition(&mut self, body: &[py::Stmt]) {
        let before = std::mem::replace(&mut self.sometimes, true);
        self.visit_body(body);
        self.sometimes = before;
    }
}

impl<'a> Visitor<'a> for Used {
    fn visit_stmt(&mut self, statement: &'a py::Stmt) {
        match statement {
            py::Stmt::FunctionDef(each) => {
                each.decorator_list.iter().for_each(|each| self.visit_decorator(each));
                self.visit_parameters(&each.parameters);
                each.returns.iter().for_each(|value| self.visit_annotation(value));
            }
            py::Stmt::If(each) => {
                self.visit_expr(&each.test);
                if names_apart(&each.test) {
                    return;
                }
                self.under_condition(&each.body);
                for clause in &each.elif_else_clauses {
                    if clause.test.as_ref().is_some_and(names_apart) {
                        return;
                    }
                    self.under_condition(&clause.body);
                }
            }
            py::Stmt::For(each) => {
                self.visit_expr(&each.iter);
                self.under_condition(&each.body);
            }
            py::Stmt::Match(each) => self.visit_expr(&each.subject),
            py::Stmt::With(each) => each.items.iter().for_each(|item| self.visit_with_item(item)),
            py::Stmt::While(_) | py::Stmt::Try(_) | py::Stmt::TypeAlias(_) | py::Stmt::Assert(_) => {}
            _ => visitor::walk_stmt::<dyn Visitor<'a>>(self, statement),
        }
    }

    fn visit_annotation(&mut self, value: &'a py::Expr) {
        if !self.late {
            let before = std::mem::replace(&mut self.annotation, true);
            self.visit_expr(value);
            self.annotation = before;
        }
    }

    fn visit_expr(&mut self, value: &'a py::Expr) {
        match value {
            py::Expr::Name(name) if name.ctx.is_load() => self.found.push(Unbound {
                name: name.id.to_string(),
                span: span(name.range),
                annotation: self.annotation,
                sometimes: self.sometimes,
                function: None,
            }),
            py::Expr::If(each) => self.visit_expr(&each.test),
            py::Expr::BoolOp(each) => each.values.iter().take(1).for_each(|value| self.visit_expr(value)),
            py::Expr::Lambda(_)
            | py::Expr::ListComp(_)
            | py::Expr::SetComp(_)
            | py::Expr::DictComp(_)
            | py::Expr::Generator(_) => {}
            _ => visitor::walk_expr::<dyn Visitor<'a>>(self, value),
        }
    }
}

/// True for a condition that does not hold in a deployment, or that asks whether a name is there.
fn names_apart(test: &py::Expr) -> bool {
    let mut found = Apart(false);
    found.visit_expr(test);
    found.0
}

struct Apart(bool);

impl<'a> Visitor<'a> for Apart {
    fn visit_expr(&mut self, value: &'a py::Expr) {
        let name = match value {
            py::Expr::Name(name) => name.id.as_str(),
            py::Expr::Attribute(each) => each.attr.as_str(),
            _ => "",
        };
        self.0 |= matches!(
            name,
            "TYPE_CHECKING"
                | "__name__"
                | "version_info"
                | "PY2"
                | "PY3"
                | "platform"
                | "dir"
                | "locals"
                | "vars"
                | "globals"
                | "False"
        ) || matches!(value, py::Expr::BooleanLiteral(each) if !each.value);
        visitor::walk_expr::<dyn Visitor<'a>>(self, value);
    }
}

#[cfg(test)]
mod tests {
    fn of(text: &str) -> Vec<String> {
        let module = crate::facts::python_source::parse("a.py", text);
        module.unbound.into_iter().map(|each| each.name).collect()
    }

    #[test]
    fn what_is_looked_up_at_once_and_bound_nowhere_is_found() {
        let text = "from typing import Any\nown = 'a' in globals()\nclass A(Base):\n    x: Optional[int] = None\n    def f(self, y: List[Any] = z) -> Dict:\n        return late\n@route\ndef g(): pass\nprint(w)\n";
        assert_eq!(of(text), ["Base", "Optional", "z", "List", "Dict", "route", "w"]);
        assert_eq!(
            of("import os\nif os.environ.get('A'):\n    x = url.config()\nelse:\n    x = lite\n"),
            ["url", "lite"]
        );
    }

    #[test]
    fn what_may_be_bound_or_is_not_looked_up_is_left_alone() {
        for text in [
            "from a import *\nx: List[int]\n",
            "from __future__ import annotations\ndef f(a: List) -> B: ...\n",
            "def f():\n    global late\n    late = 1\nf()\nprint(late)\n",
            "x: 'List[int]'\ny = lambda: later\nz = [a for b in ()]\n",
            "try:\n    unicode\nexcept NameError:\n    pass\nif __name__ == '__main__':\n    run()\n",
            "import sys\nif sys.version_info[0] < 3:\n    text = bytes2\nif False:\n    x = y\nif a():\n    t = unicode\ndef a(): pass\n",
            "match 1:\n    case [a, *b] as c: pass\nprint(a, b, c, __file__, ValueError, reversed)\n",
            "class A[T]:\n    x: T\ndef f[U](a: U, *b, **c) -> U: ...\n",
            "globals()['a'] = 1\nprint(a)\n",
            "import a.b\nimport c as d\nwith a as e: pass\nprint(e, d, (f := 1), f)\ndel f\n",
        ] {
            assert_eq!(of(text), [""; 0], "{text}");
        }
    }
}
