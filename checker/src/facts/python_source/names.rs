//! The names that a module may have once it is loaded.

use std::collections::BTreeSet;

use crate::facts::chain::parts;
use crate::facts::program::{Expr, ExprKind, Language, Module, Step, StepKind, Target};

/// Words with which a module can have names that it does not write down.
const OPEN: [&str; 9] = [
    "import *",
    "__getattr__",
    "globals(",
    "locals(",
    "vars(",
    "exec(",
    "sys.modules",
    "lazy_loader",
    "setattr(",
];

/// The same of JavaScript: all exports of another module, and modules that are none of ECMAScript.
const OPEN_SCRIPT: [&str; 4] = ["export *", "module.exports", "exports.", "require("];

/// Every name that some statement of `module` binds at its top level, whatever the conditions; `None` when others are
/// possible.
pub fn names(module: &Module, text: &str) -> Option<BTreeSet<String>> {
    let open: &[&str] = if module.language == Language::Python { &OPEN } else { &OPEN_SCRIPT };
    if module.error.is_some() || open.iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut scan = Scan { found: BTreeSet::new(), open: false };
    // What a function gives to the module.
    let given = text.lines().filter_map(|line| line.trim_start().strip_prefix("global "));
    scan.found.extend(given.flat_map(|line| line.split([',', ';', '#'])).map(|name| name.trim().to_owned()));
    // What is declared without a value.
    let declared = text.lines().map(str::trim_start).filter_map(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.strip_prefix("let ").or_else(|| line.strip_prefix("var "))
    });
    let declared = declared.filter(|_| module.language == Language::JavaScript);
    scan.found.extend(declared.flat_map(|line| line.split([',', ';', '=', ' '])).map(str::to_owned));
    scan.steps(&module.body);
    (!scan.open).then_some(scan.found)
}

struct Scan {
    found: BTreeSet<String>,
    /// True once a pattern was met, which may bind names.
    open: bool,
}

impl Scan {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Run(value) | StepKind::Return(Some(value)) | StepKind::Raise(Some(value)) => {
                self.expr(value);
            }
            StepKind::Assign(target, value) => {
                self.target(target);
                self.expr(value);
            }
            StepKind::If(test, then, otherwise) => {
                self.expr(test);
                self.steps(then);
                self.steps(otherwise);
            }
            StepKind::While(each) => {
                if let Some(test) = &each.test {
                    self.expr(test);
                }
                self.steps(&each.body);
                self.steps(&each.otherwise);
            }
            StepKind::Each(target, items, body, otherwise) => {
                self.target(target);
                self.expr(items);
                self.steps(body);
                self.steps(otherwise);
            }
            StepKind::Try(each) => {
                self.steps(&each.body);
                for handler in &each.handlers {
                    self.found.extend(handler.name.clone());
                    self.steps(&handler.body);
                }
                self.steps(&each.otherwise);
                self.steps(&each.finally);
            }
            StepKind::Import(import) => {
                self.found.extend(import.names.iter().map(|(_, local)| local.clone()));
            }
            StepKind::With(items, body) => {
                for (value, target) in items {
                    self.expr(value);
                    if let Some(target) = target {
                        self.target(target);
                    }
                }
                self.steps(body);
            }
            StepKind::Function(function) => {
                self.found.insert(function.name.clone());
            }
            StepKind::Class(class) => {
                self.found.insert(class.name.clone());
            }
            StepKind::Switch(..) => self.open = true,
            StepKind::Block(body) => self.steps(body),
            StepKind::Export(names) => {
                self.found.extend(names.iter().map(|(_, exported)| exported.clone()));
            }
            StepKind::Return(None) | StepKind::Raise(None) | StepKind::Break | StepKind::Continue => {}
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(name, _) => {
                self.found.insert(name.clone());
            }
            Target::List(list) => {
                for each in list {
                    self.target(each);
                }
            }
            Target::Map(list) => {
                for (_, each, _) in list {
                    self.target(each);
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, value: &Expr) {
        if let ExprKind::Assign(pair) = &value.kind {
            self.target(&pair.0);
        }
        for part in parts(value) {
            self.expr(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Vec<String>> {
        let module = crate::facts::python_source::parse("a.py", text);
        names(&module, text).map(|found| found.into_iter().collect())
    }

    #[test]
    fn every_way_to_bind_a_name_counts() {
        let found = of(
            "import a.b, c as d\nfrom e import f as g\nif x:\n    h, (i, *j) = 1\nelse:\n    class K: z = 1\n\
                        try:\n    l = m = 1\nexcept E as n:\n    pass\nwith o as p: q: int = 1\nfor r in s: pass\n\
                        def t():\n    global u\n    u = v = 1\nif (w := 1): pass\nx: int\ntype Y = int\n",
        );
        let expected = ["K", "Y", "a", "d", "g", "h", "i", "j", "l", "m", "n", "p", "q", "r", "t", "u", "w"];
        assert_eq!(found.unwrap_or_default(), expected);
    }

    #[test]
    fn a_module_that_may_have_more_is_unknown() {
        assert_eq!(of("from a import *\n"), None);
        assert_eq!(of("def __getattr__(name): return 1\n"), None);
        assert_eq!(of("match x:\n    case [a]: pass\n"), None);
        assert_eq!(of("def (:\n"), None);
    }
}
