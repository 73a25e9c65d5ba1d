//! The addresses of a Django project, from the module that its settings name.

use crate::facts::Facts;
use crate::facts::program::{Call, Expr, ExprKind, Operator, Step, StepKind, Target};
use crate::facts::service::Service;
use crate::facts::startup::join;
use crate::finding::Site;
use crate::snapshot::Text;

/// Modules that include each other, one inside the other.
const DEPTH: usize = 5;

/// Where the addresses are written, when certainly none of them is `path`. `settings` are the texts that may hold the
/// project's settings.
pub fn unserved(
    facts: &Facts<'_>,
    service: &Service,
    settings: &[std::rc::Rc<Text>],
    path: &str,
) -> Option<Site> {
    let mut named = settings.iter().filter_map(|text| {
        let line = text.text.lines().find(|line| line.starts_with("ROOT_URLCONF"))?;
        line.split(['"', '\'']).nth(1)
    });
    let root = named.next().filter(|root| named.all(|other| other == *root))?;
    let reader = Reader { facts, roots: &service.roots };
    let file = reader.file(root)?;
    (!reader.may_serve(&file, path.trim_start_matches('/'), 0)).then(|| Site::file(file))
}

struct Reader<'r, 's> {
    facts: &'r Facts<'s>,
    roots: &'r [String],
}

impl Reader<'_, '_> {
    /// The file of the module `name`, when only one is possible.
    fn file(&self, name: &str) -> Option<String> {
        let inner = name.replace('.', "/");
        let mut tried = self
            .roots
            .iter()
            .flat_map(|root| [".py", "/__init__.py"].map(|end| join(root, &format!("{inner}{end}"))));
        let mut found = tried.by_ref().filter(|path| self.facts.snapshot.entry(path).is_some());
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// True unless no address of the module at `file` is `rest`.
    fn may_serve(&self, file: &str, rest: &str, depth: usize) -> bool {
        let module = self.facts.module(file).filter(|module| module.error.is_none() && depth < DEPTH);
        let Some(module) = module else { return true };
        let mut lists = Vec::new();
        patterns(&module.body, &mut lists);
        lists.is_empty() || lists.into_iter().any(|list| self.any(list, rest, depth))
    }

    fn any(&self, value: &Expr, rest: &str, depth: usize) -> bool {
        match &value.kind {
            ExprKind::List(items) => items.iter().any(|item| self.any(item, rest, depth)),
            ExprKind::Binary(Operator::Add, sides) => {
                self.any(&sides.0, rest, depth) || self.any(&sides.1, rest, depth)
            }
            ExprKind::Name(name) => name != "urlpatterns",
            ExprKind::Call(call) => self.call(call, rest, depth),
            _ => true,
        }
    }

    fn call(&self, call: &Call, rest: &str, depth: usize) -> bool {
        match (named(&call.callee), call.args.as_slice()) {
            // Files that are uploaded, or of the program itself.
            ("static" | "staticfiles_urlpatterns", _) => false,
            ("path", [first, view, ..]) => {
                let ExprKind::Text(route) = &first.kind else { return true };
                let fixed = route.split('<').next().unwrap_or(route);
                let open = fixed.len() < route.len();
                let whole = !matches!(&view.kind, ExprKind::Call(inner) if named(&inner.callee) == "include")
                    && named(view) != "urls";
                let after = rest.strip_prefix(fixed);
                // With or without the slash at its end, which is told elsewhere.
                if whole && !open {
                    return rest.trim_end_matches('/') == route.trim_end_matches('/');
                }
                let Some(after) = after else {
                    return rest.trim_end_matches('/') == fixed.trim_end_matches('/');
                };
                if open {
                    // Something stands in the place of a parameter.
                    return !after.is_empty();
                }
                self.included(view, after, depth)
            }
            _ => true,
        }
    }

    /// True unless what `view` includes serves no `rest`.
    fn included(&self, view: &Expr, rest: &str, depth: usize) -> bool {
        let ExprKind::Call(call) = &view.kind else { return true };
        match call.args.first().map(|first| &first.kind) {
            Some(ExprKind::Text(name)) => {
                self.file(name).is_none_or(|file| self.may_serve(&file, rest, depth + 1))
            }
            _ => true,
        }
    }
}

/// Every value that `urlpatterns` gets in `steps`.
fn patterns<'s>(steps: &'s [Step], found: &mut Vec<&'s Expr>) {
    for step in steps {
        match &step.kind {
            StepKind::Assign(Target::Name(name, _), value) if name == "urlpatterns" => found.push(value),
            StepKind::If(_, then, otherwise) => {
                patterns(then, found);
                patterns(otherwise, found);
            }
            StepKind::Try(each) => patterns(&each.body, found),
            // `urlpatterns.append(…)`.
            StepKind::Run(value) => {
                if let ExprKind::Call(call) = &value.kind
                    && let ExprKind::Member(owner, _) = &call.callee.kind
                    && named(owner) == "urlpatterns"
                {
                    found.push(value);
                }
            }
            _ => {}
        }
    }
}

/// The last name of an expression.
fn named(value: &Expr) -> &str {
    match &value.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name,
        _ => "",
    }
}
