//! What one module refers to: other modules and files, and when it does.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Paths, Place};
use crate::facts::program::{
    Call, Class, Expr, ExprKind, Function, Import, Language, Module, Step, StepKind, Target, Try,
};
use crate::span::Span;

/// When a reference is followed. The order is from certain to doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Whenever the module is loaded.
    Always,
    /// When the module is run as the program: under `if __name__ == "__main__"`.
    Main,
    /// Only when a condition holds.
    Sometimes,
    /// When a function is called.
    Lazy,
    /// When a text that names it is used, by a program that starts others or reads files.
    Named,
    /// Its failure is caught.
    Guarded,
    /// For types alone: a compiler that checks types needs it, a running program does not.
    Types,
}

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// To what.
    pub to: To,
    /// Where it is written.
    pub span: Span,
    /// When.
    pub when: When,
}

/// What is referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A module; for Python with the leading dots and the names taken from it.
    Module {
        /// As written.
        name: String,
        /// Leading dots.
        level: u32,
        /// Names behind `from … import`; `*` beside others says that they need not be there.
        names: Vec<String>,
    },
    /// A file whose path is computed from the module's own place or from the working directory.
    Path(Place),
    /// A text that may be the name of a file.
    Text(String),
}

/// Everything `module` refers to, in order.
pub fn links(module: &Module) -> Vec<Link> {
    let mut scan = Scan {
        out: Vec::new(),
        when: When::Always,
        paths: Paths::new(module),
        used: BTreeSet::new(),
        typed: module.language == Language::JavaScript && is_typescript(&module.path),
        python: module.language == Language::Python,
        file: module.path.rsplit('/').next().unwrap_or_default().to_owned(),
        imported: BTreeMap::new(),
    };
    scan.steps(&module.body);
    scan.settle()
}

fn is_typescript(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("ts" | "tsx" | "mts" | "cts"))
}

struct Scan {
    out: Vec<Link>,
    when: When,
    paths: Paths,
    /// Names that are used as values.
    used: BTreeSet<String>,
    /// TypeScript: an import whose names are used as types only is dropped by the compiler.
    typed: bool,
    python: bool,
    /// Name of the file.
    file: String,
    /// Names that each import binds, by its place in `out`.
    imported: BTreeMap<usize, Vec<String>>,
}

impl Scan {
    fn settle(mut self) -> Vec<Link> {
        if self.typed {
            for (at, names) in &self.imported {
                if !names.is_empty() && !names.iter().any(|name| self.used.contains(name)) {
                    self.out[*at].when = When::Types;
                }
            }
        }
        self.out
    }

    fn under(&mut self, when: When, run: impl FnOnce(&mut Self)) {
        let before = self.when;
        self.when = before.max(when);
        run(self);
        self.when = before;
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Import(import) => self.import(import, step.span),
            StepKind::Run(value) | StepKind::Return(Some(value)) | StepKind::Raise(Some(value)) => {
                self.expr(value);
            }
            StepKind::Assign(target, value) => {
                if let (Target::Name(name, _), When::Always) = (target, self.when) {
                    self.paths.bind(name, value);
                }
                if self.python && self.when == When::Always {
                    self.setting(target, value);
                }
                self.expr(value);
            }
            StepKind::If(test, then, otherwise) => self.choice(test, then, otherwise),
            StepKind::While(each) => {
                self.exprs(each.test.iter().chain(&each.update));
                self.steps(&each.body);
                self.steps(&each.otherwise);
            }
            StepKind::Each(_, items, body, otherwise) => {
                self.expr(items);
                self.steps(body);
                self.steps(otherwise);
            }
            StepKind::Try(each) => self.attempt(each),
            StepKind::With(items, body) => {
                self.exprs(items.iter().map(|(value, _)| value));
                let suppresses = items.iter().any(|(value, _)| names_suppress(value));
                self.under(if suppresses { When::Guarded } else { When::Always }, |scan| scan.steps(body));
            }
            StepKind::Function(function) => self.function(function),
            StepKind::Class(class) => self.class(class),
            StepKind::Switch(subject, cases) => {
                self.expr(subject);
                for (test, body) in cases {
                    self.exprs(test);
                    self.under(When::Sometimes, |scan| scan.steps(body));
                }
            }
            StepKind::Block(body) => self.steps(body),
            StepKind::Export(names) => self.used.extend(names.iter().map(|(local, _)| local.clone())),
            StepKind::Return(None) | StepKind::Raise(None) | StepKind::Break | StepKind::Continue => {}
        }
    }

    fn choice(&mut self, test: &Expr, then: &[Step], otherwise: &[Step]) {
        self.expr(test);
        let when = match condition(test) {
            Some("TYPE_CHECKING") => When::Types,
            Some("__name__") => When::Main,
            _ => When::Sometimes,
        };
        self.under(when, |scan| scan.steps(then));
        self.under(When::Sometimes, |scan| scan.steps(otherwise));
    }

    fn attempt(&mut self, each: &Try) {
        let catches = !each.handlers.is_empty()
            && (!self.python
                || each.handlers.iter().any(|handler| handler.catches.as_ref().is_none_or(catches_import)));
        self.under(if catches { When::Guarded } else { When::Always }, |scan| scan.steps(&each.body));
        for handler in &each.handlers {
            self.under(When::Sometimes, |scan| scan.steps(&handler.body));
        }
        self.steps(&each.otherwise);
        self.steps(&each.finally);
    }

    fn function(&mut self, function: &Function) {
        self.exprs(&function.decorators);
        self.exprs(function.parameters.iter().filter_map(|each| each.default.as_ref()));
        self.under(When::Lazy, |scan| scan.steps(&function.body));
    }

    fn class(&mut self, class: &Class) {
        self.exprs(&class.bases);
        for method in &class.methods {
            self.function(method);
        }
        self.exprs(class.fields.iter().filter_map(|(_, value)| value.as_ref()));
    }

    fn import(&mut self, import: &Import, span: Span) {
        let names: Vec<String> = import.names.iter().map(|(inner, _)| inner.clone()).collect();
        let locals = import.names.iter().map(|(_, local)| local.clone()).filter(|local| local != "*");
        if import.names.iter().any(|(inner, _)| inner == "*") || self.python {
            self.used.extend(import.names.iter().map(|(_, local)| local.clone()));
        }
        // `export { a } from` hands on: its names are used by being named.
        self.imported.insert(self.out.len(), locals.collect());
        let names = if import.from { names } else { Vec::new() };
        self.push(To::Module { name: import.module.clone(), level: import.level, names }, span);
    }

    fn push(&mut self, to: To, span: Span) {
        self.out.push(Link { to, span, when: self.when });
    }

    fn exprs<'e>(&mut self, values: impl IntoIterator<Item = &'e Expr>) {
        for value in values {
            self.expr(value);
        }
    }

    fn expr(&mut self, value: &Expr) {
        if let Some(place) = self.paths.eval(value).and_then(super::paths::PathValue::written) {
            self.push(To::Path(place), value.span);
            self.names(value);
            return;
        }
        match &value.kind {
            ExprKind::Import(name) => {
                let to = To::Module { name: name.clone(), level: 0, names: Vec::new() };
                self.push(to, value.span);
            }
            ExprKind::Call(call) if self.python && application(call).is_some() => {
                if let Some((name, attribute)) = application(call) {
                    let (name, names) = (name.to_owned(), vec![attribute.to_owned()]);
                    self.push(To::Module { name, level: 0, names }, value.span);
                }
                self.exprs(parts(value));
            }
            ExprKind::Text(text) if names_file(text) => self.push(To::Text(text.clone()), value.span),
            ExprKind::Name(name) => {
                self.used.insert(name.clone());
            }
            ExprKind::Function(function) => self.function(function),
            ExprKind::Class(class) => self.class(class),
            ExprKind::Call(call) if self.python => {
                self.named_modules(call);
                self.exprs(parts(value));
            }
            ExprKind::Choose(three) => {
                self.expr(&three.0);
                self.under(When::Sometimes, |scan| scan.exprs([&three.1, &three.2]));
            }
            ExprKind::Call(call) if matches!(call.callee.kind, ExprKind::Function(_)) => {
                // Called on the spot.
                if let ExprKind::Function(function) = &call.callee.kind {
                    self.steps(&function.body);
                }
                self.exprs(&call.args);
            }
            _ => self.exprs(parts(value)),
        }
    }

    /// Modules that a setting names and a framework loads: Django's applications and middleware when it is set up, its
    /// addresses with the first request (<https://docs.djangoproject.com/en/stable/ref/settings/>).
    fn setting(&mut self, target: &Target, value: &Expr) {
        match target {
            Target::Name(name, _) if name == "INSTALLED_APPS" => {
                self.dotted_texts(value, When::Always);
                self.applications(value);
            }
            Target::Name(name, _) if name == "MIDDLEWARE" => self.dotted_texts(value, When::Always),
            Target::Name(name, _) if name == "ROOT_URLCONF" => self.dotted_texts(value, When::Sometimes),
            Target::Index(_, key) if matches!(&key.kind, ExprKind::Text(text) if text == "DJANGO_SETTINGS_MODULE") =>
            {
                self.dotted_texts(value, When::Always);
            }
            _ => {}
        }
    }

    /// The modules of applications that are loaded with them, when they are there.
    fn applications(&mut self, value: &Expr) {
        let ExprKind::List(items) = &value.kind else { return };
        let texts: Vec<(&str, Span)> = items
            .iter()
            .filter_map(|item| match &item.kind {
                ExprKind::Text(text) if is_dotted(text) => Some((text.as_str(), item.span)),
                _ => None,
            })
            .collect();
        let admin = texts.iter().any(|(text, _)| *text == "django.contrib.admin");
        for (text, span) in texts {
            let name = text.split_once(".apps.").map_or(text, |(name, _)| name);
            let parts = ["models", "apps", "admin"].iter().take(if admin { 3 } else { 2 });
            self.optional(name, parts.map(|part| (*part).to_owned()).collect(), span, When::Always);
        }
    }

    /// Modules `names` of the package `name`, as far as they are there.
    fn optional(&mut self, name: &str, mut names: Vec<String>, span: Span, when: When) {
        names.push("*".to_owned());
        self.out.push(Link {
            to: To::Module { name: name.to_owned(), level: 0, names },
            span,
            when: self.when.max(when),
        });
    }

    /// Modules that a call names: the settings of Django, what its addresses include, and the tasks of Celery.
    fn named_modules(&mut self, call: &Call) {
        let (ExprKind::Member(_, method) | ExprKind::Name(method)) = &call.callee.kind else { return };
        let text = |at: usize| match call.args.get(at).map(|value| &value.kind) {
            Some(ExprKind::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        match method.as_str() {
            "setdefault" if text(0) == Some("DJANGO_SETTINGS_MODULE") => {
                // A variable of the service may name another module than the one of every other project.
                let usual = text(1).is_some_and(|name| name.ends_with(".settings"));
                let before = self.when;
                if before == When::Lazy && self.file == "manage.py" {
                    self.when = When::Main;
                }
                if let Some(name) = call.args.get(1) {
                    self.dotted_texts(name, if usual { When::Always } else { When::Sometimes });
                }
                self.when = before;
            }
            "include" if self.file == "urls.py" && text(0).is_some() => {
                if let Some(name) = call.args.first() {
                    self.dotted_texts(name, When::Sometimes);
                }
            }
            "autodiscover_tasks" => {
                let Some(ExprKind::List(items)) = call.args.first().map(|value| &value.kind) else { return };
                for item in items {
                    if let ExprKind::Text(text) = &item.kind
                        && is_dotted(text)
                    {
                        self.optional(text, vec!["tasks".to_owned()], item.span, When::Sometimes);
                    }
                }
            }
            "Celery" => {
                for (_, value) in call.named.iter().filter(|(name, _)| name == "include") {
                    self.dotted_texts(value, When::Sometimes);
                }
            }
            _ => {}
        }
    }

    /// The texts of `value` as modules; `a.b.Class` is a name of `a.b`.
    fn dotted_texts(&mut self, value: &Expr, when: When) {
        match &value.kind {
            ExprKind::List(items) => {
                for item in items {
                    self.dotted_texts(item, when);
                }
            }
            ExprKind::Text(text) if is_dotted(text) => {
                let class = text
                    .rsplit_once('.')
                    .filter(|(_, last)| last.starts_with(|char: char| char.is_ascii_uppercase()));
                let (module, names) =
                    class.map_or((text.as_str(), Vec::new()), |(name, last)| (name, vec![last.to_owned()]));
                let to = To::Module { name: module.to_owned(), level: 0, names };
                self.out.push(Link { to, span: value.span, when: self.when.max(when) });
            }
            _ => {}
        }
    }

    /// Notes the names of an expression that is a path as a whole.
    fn names(&mut self, value: &Expr) {
        if let ExprKind::Name(name) = &value.kind {
            self.used.insert(name.clone());
        }
        for part in parts(value) {
            self.names(part);
        }
    }
}

/// True when `text` looks like the name of a source or data file.
fn names_file(text: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./@".contains(char);
    (4..120).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with(['/', '@'])
        && text.rsplit('/').next().and_then(|name| name.rsplit_once('.')).is_some_and(|(stem, end)| {
            !stem.is_empty()
                && (1..=5).contains(&end.len())
                && end.starts_with(|char: char| char.is_ascii_alphabetic())
        })
}

/// The module of an application that a server is given by its name, and the name in it: `uvicorn.run("api.main:app")`.
fn application(call: &Call) -> Option<(&str, &str)> {
    let (ExprKind::Member(_, method) | ExprKind::Name(method)) = &call.callee.kind else { return None };
    if !matches!(method.as_str(), "run" | "serve" | "Config" | "Granian") {
        return None;
    }
    let ExprKind::Text(text) = &call.args.first()?.kind else { return None };
    let (module, attribute) = text.split_once(':')?;
    let first = attribute.split(['.', '(']).next().unwrap_or(attribute);
    (is_dotted(module) && attribute.split('.').all(|part| is_word(part.trim_end_matches("()"))))
        .then_some((module, first))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(is_word)
}

/// The name a condition turns on.
fn condition(test: &Expr) -> Option<&str> {
    match &test.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => Some(name),
        ExprKind::Binary(_, sides) => match &sides.0.kind {
            ExprKind::Name(name) => Some(name),
            _ => condition(&sides.1),
        },
        _ => None,
    }
}

/// True when a handler of these types takes a failed import.
fn catches_import(types: &Expr) -> bool {
    match &types.kind {
        ExprKind::Name(name) => {
            matches!(name.as_str(), "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException")
        }
        ExprKind::List(items) => items.iter().any(catches_import),
        _ => false,
    }
}

fn names_suppress(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Call(call) => names_suppress(&call.callee),
        ExprKind::Name(name) | ExprKind::Member(_, name) => name == "suppress",
        _ => false,
    }
}

/// The direct parts of an expression.
pub(in crate::facts) fn parts(value: &Expr) -> Vec<&Expr> {
    match &value.kind {
        ExprKind::Template(list) | ExprKind::List(list) | ExprKind::Opaque(list) => list.iter().collect(),
        ExprKind::Member(inner, _)
        | ExprKind::Await(inner)
        | ExprKind::Not(inner)
        | ExprKind::Spread(inner) => {
            vec![inner]
        }
        ExprKind::Index(one, other) => vec![one, other],
        ExprKind::Call(call) => {
            let named = call.named.iter().map(|(_, value)| value);
            std::iter::once(&call.callee).chain(&call.args).chain(named).collect()
        }
        ExprKind::Map(entries, _) => entries.iter().map(|(_, value)| value).collect(),
        ExprKind::Choose(three) => vec![&three.0, &three.1, &three.2],
        ExprKind::And(two) | ExprKind::Or(two) | ExprKind::Coalesce(two) | ExprKind::Binary(_, two) => {
            vec![&two.0, &two.1]
        }
        ExprKind::Assign(two) => vec![&two.1],
        ExprKind::Yield(Some(inner)) => vec![inner],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::python_source;

    #[test]
    fn a_call_with_fewer_arguments_than_it_takes_names_nothing() {
        for (path, text) in [
            ("main.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE')\n"),
            ("urls.py", "include()\n"),
            ("tasks.py", "Celery('a', include)\napp.autodiscover_tasks()\n"),
        ] {
            let found = links(&python_source::parse(path, text));
            assert!(
                found.iter().all(|link| matches!(&link.to, To::Module { name, .. } if name == "os")),
                "{found:?}"
            );
        }
    }
}
