//! Names that a function of Python uses before it binds them, and the functions that a module calls while it is loaded.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast as py;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_text_size::{Ranged, TextSize};

use super::span;
use crate::facts::program::Unbound;

/// Names that a function at the top of `body` looks up before any statement of it that binds them: since one does, Python
/// takes them for its own in the whole function (<https://docs.python.org/3/faq/programming.html#why-am-i-getting-an-unboundlocalerror-when-the-variable-has-a-value>).
pub(super) fn too_early(body: &[py::Stmt]) -> Vec<Unbound> {
    let mut found = Vec::new();
    for statement in body {
        let py::Stmt::FunctionDef(function) = statement else { continue };
        let mut scope = Scope::default();
        scope.outer.extend(function.parameters.iter().map(|each| each.name().to_string()));
        scope.visit_body(&function.body);
        let early = scope.used.into_iter().find(|(name, at)| {
            !scope.outer.contains(name) && scope.bound.get(name).is_some_and(|first| *first > at.start())
        });
        found.extend(early.map(|(name, at)| Unbound {
            name,
            span: span(at),
            annotation: false,
            sometimes: true,
            function: Some(function.name.to_string()),
        }));
    }
    found
}

/// What one function does with names, the functions in it left out.
#[derive(Default)]
struct Scope {
    /// Parameters, and names that it declares to be another scope's.
    outer: BTreeSet<String>,
    /// Where each name is bound first.
    bound: BTreeMap<String, TextSize>,
    /// Names that are looked up, in order, but for loops, where a later statement may have run before, and for `try`.
    used: Vec<(String, ruff_text_size::TextRange)>,
    /// How many loops and `try` are around.
    depth: usize,
}

impl Scope {
    fn bind(&mut self, name: &str, at: TextSize) {
        let first = self.bound.entry(name.to_owned()).or_insert(at);
        *first = at.min(*first);
    }
}

impl<'a> Visitor<'a> for Scope {
    fn visit_stmt(&mut self, statement: &'a py::Stmt) {
        let at = statement.start();
        match statement {
            py::Stmt::FunctionDef(each) => return self.bind(&each.name, at),
            py::Stmt::ClassDef(each) => return self.bind(&each.name, at),
            py::Stmt::Global(each) => self.outer.extend(each.names.iter().map(ToString::to_string)),
            py::Stmt::Nonlocal(each) => self.outer.extend(each.names.iter().map(ToString::to_string)),
            py::Stmt::Import(each) => {
                for alias in &each.names {
                    let top = alias.name.split('.').next().unwrap_or_default();
                    self.bind(alias.asname.as_ref().map_or(top, |name| name.as_str()), at);
                }
            }
            py::Stmt::ImportFrom(each) => {
                for alias in &each.names {
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name), at);
                }
            }
            // What binds in patterns and comes before is not followed.
            py::Stmt::Match(_) => self.depth += 1000,
            _ => {}
        }
        let deeper = matches!(statement, py::Stmt::For(_) | py::Stmt::While(_) | py::Stmt::Try(_));
        self.depth += usize::from(deeper);
        visitor::walk_stmt::<dyn Visitor<'a>>(self, statement);
        self.depth -= usize::from(deeper);
    }

    fn visit_expr(&mut self, value: &'a py::Expr) {
        match value {
            py::Expr::Name(name) if name.ctx.is_load() => {
                if self.depth == 0 {
                    self.used.push((name.id.to_string(), name.range));
                }
            }
            py::Expr::Name(name) => self.bind(&name.id, name.range.start()),
            py::Expr::Lambda(_)
            | py::Expr::ListComp(_)
            | py::Expr::SetComp(_)
            | py::Expr::DictComp(_)
            | py::Expr::Generator(_) => {}
            _ => visitor::walk_expr::<dyn Visitor<'a>>(self, value),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a py::ExceptHandler) {
        let py::ExceptHandler::ExceptHandler(own) = handler;
        if let Some(name) = &own.name {
            self.bind(name, own.range.start());
        }
        visitor::walk_except_handler::<dyn Visitor<'a>>(self, handler);
    }
}

/// The functions that the module calls while it is loaded, itself or by way of its other functions; true for those that it
/// calls only where it is run itself.
pub(super) fn called(body: &[py::Stmt]) -> Vec<(String, bool)> {
    let mut inside: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut loaded, mut run) = (Calls::default(), Calls::default());
    for statement in body {
        match statement {
            py::Stmt::FunctionDef(each) => {
                let mut calls = Calls::default();
                calls.visit_body(&each.body);
                inside.insert(&each.name, calls.0);
            }
            py::Stmt::If(each) if is_main(&each.test) => run.visit_body(&each.body),
            _ => loaded.visit_stmt(statement),
        }
    }
    let mut found: Vec<(String, bool)> = Vec::new();
    for (calls, main) in [(loaded, false), (run, true)] {
        let mut queue: Vec<String> = calls.0.into_iter().collect();
        while let Some(name) = queue.pop() {
            if !found.iter().any(|(own, _)| *own == name) {
                queue.extend(inside.get(name.as_str()).into_iter().flatten().cloned());
                found.push((name, main));
            }
        }
    }
    found
}

fn is_main(test: &py::Expr) -> bool {
    matches!(test, py::Expr::Compare(each) if matches!(&*each.left, py::Expr::Name(name) if name.id == "__name__"))
}

/// Names of what is called.
#[derive(Default)]
struct Calls(BTreeSet<String>);

impl<'a> Visitor<'a> for Calls {
    fn visit_stmt(&mut self, statement: &'a py::Stmt) {
        if !matches!(statement, py::Stmt::FunctionDef(_) | py::Stmt::ClassDef(_)) {
            visitor::walk_stmt::<dyn Visitor<'a>>(self, statement);
        }
    }

    fn visit_expr(&mut self, value: &'a py::Expr) {
        if let py::Expr::Call(call) = value
            && let py::Expr::Name(name) = &*call.func
        {
            self.0.insert(name.id.to_string());
        }
        if !matches!(value, py::Expr::Lambda(_)) {
            visitor::walk_expr::<dyn Visitor<'a>>(self, value);
        }
    }
}

#[cfg(test)]
mod tests {
    fn of(text: &str) -> Vec<String> {
        let module = crate::facts::python_source::parse("a.py", text);
        module.unbound.into_iter().filter(|each| each.function.is_some()).map(|each| each.name).collect()
    }

    #[test]
    fn what_a_function_binds_after_it_was_used_is_found() {
        assert_eq!(
            of("import os\ndef f(a):\n    b = a or os.x\n    if b:\n        import os\n    return os.y\n"),
            ["os"]
        );
        assert_eq!(of("n = 1\ndef f():\n    print(n)\n    n = 2\n"), ["n"]);
    }

    #[test]
    fn what_may_be_bound_before_is_left_alone() {
        for body in [
            "if a:\n        import os\n    os.x",
            "global n\n    print(n)\n    n = 2",
            "a = a + 1",
            "for i in a:\n        if i:\n            print(n)\n        n = i",
            "try:\n        n\n    except NameError:\n        n = 1",
            "def g():\n        return n\n    n = 1\n    g()",
            "x = [n for n in a]\n    n = 1",
            "n: int = 1\n    n += 1\n    del n",
            "with a as n:\n        n()",
        ] {
            assert_eq!(of(&format!("import os\nn = 0\ndef f(a):\n    {body}\n")), [""; 0], "{body}");
        }
    }

    #[test]
    fn calls_are_followed_within_a_module() {
        let text = "def a():\n    b()\ndef b(): ...\ndef c(): ...\nx = a()\nif __name__ == '__main__':\n    run(c())\n";
        let mut called = crate::facts::python_source::parse("a.py", text).called;
        called.sort();
        let named = |name: &str, main| (name.to_owned(), main);
        assert_eq!(called, [named("a", false), named("b", false), named("c", true), named("run", true)]);
    }
}
