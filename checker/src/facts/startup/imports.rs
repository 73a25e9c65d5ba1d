//! Imports: which file of the repository a name means, and running it once.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::rc::Rc;

use super::EntryPoint;
use super::value::{ModuleValue, Scope, Value};
use super::walk::{Flow, Leave, Walk};
use crate::facts::Facts;
use crate::facts::program::{Import, Language, Module};
use crate::facts::service::Service;
use crate::finding::Site;
use crate::snapshot::Snapshot;

/// Files read for one start-up; beyond that the walk says it does not know.
const FILE_LIMIT: usize = 300;

/// Parses the file at a path, once for all services.
type Read<'f> = Box<dyn Fn(&str) -> Option<Rc<Module>> + 'f>;

/// The sources of one service, each parsed once.
pub(super) struct Sources<'f> {
    snapshot: &'f Snapshot<'f>,
    read: Read<'f>,
    /// Directories in which Python looks for modules.
    roots: Vec<String>,
    /// Variables that the image sets, and where.
    variables: BTreeMap<String, (String, Site)>,
    modules: RefCell<HashMap<String, Option<Rc<Module>>>>,
    /// What each dotted Python name is, of those asked for.
    names: RefCell<HashMap<String, Named>>,
    order: RefCell<Vec<String>>,
    trouble: RefCell<Option<String>>,
}

/// What a dotted Python name is.
#[derive(Clone)]
enum Named {
    /// A module, or the `__init__.py` of a package.
    File(String),
    /// A package without one.
    Directory,
    Nothing,
}

impl<'f> Sources<'f> {
    pub(super) fn new(facts: &'f Facts<'_>, service: &Service, entry: &EntryPoint) -> Self {
        let mut roots = entry.roots.clone();
        for root in &service.roots {
            roots.push(root.clone());
            roots.push(join(root, "src"));
        }
        roots.push(String::new());
        roots.dedup();
        Self {
            snapshot: facts.snapshot,
            read: Box::new(|path| facts.module(path)),
            roots,
            variables: entry.variables.clone(),
            modules: RefCell::default(),
            names: RefCell::default(),
            order: RefCell::default(),
            trouble: RefCell::default(),
        }
    }

    /// What the image sets the variable `name` to, and where. `PORT` is Railway's.
    pub(super) fn variable(&self, name: &str) -> Option<&(String, Site)> {
        self.variables.get(name).filter(|_| name != "PORT")
    }

    /// Why something of the sources could not be read.
    pub(super) fn broken(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// Every file that was read, in order.
    pub(super) fn files(&self) -> Vec<String> {
        self.order.borrow().clone()
    }

    /// The parsed file at `path`.
    pub(super) fn module(&self, path: &str) -> Option<Rc<Module>> {
        if let Some(known) = self.modules.borrow().get(path) {
            return known.clone();
        }
        let module = self.parse(path);
        self.modules.borrow_mut().insert(path.to_owned(), module.clone());
        module
    }

    fn parse(&self, path: &str) -> Option<Rc<Module>> {
        if self.order.borrow().len() >= FILE_LIMIT {
            self.trouble.borrow_mut().get_or_insert("the program has too many files".to_owned());
            return None;
        }
        let module = (self.read)(path)?;
        self.order.borrow_mut().push(path.to_owned());
        if let Some((why, _)) = &module.error {
            self.trouble.borrow_mut().get_or_insert_with(|| format!("`{path}` does not parse: {why}"));
        }
        Some(module)
    }

    fn has(&self, path: &str) -> bool {
        self.snapshot.entry(path).is_some_and(|entry| entry.kind == crate::snapshot::EntryKind::File)
    }

    /// The file of a dotted Python name; a package is its `__init__.py`, or the directory itself without one.
    pub(super) fn python(&self, dotted: &str) -> Option<String> {
        match self.named(dotted) {
            Named::File(path) => Some(path),
            Named::Directory | Named::Nothing => None,
        }
    }

    /// What a dotted Python name is in the tree.
    fn named(&self, dotted: &str) -> Named {
        if let Some(known) = self.names.borrow().get(dotted) {
            return known.clone();
        }
        let inner = dotted.replace('.', "/");
        let bases: Vec<String> = self.roots.iter().map(|root| join(root, &inner)).collect();
        let file = bases.iter().find_map(|base| {
            [".py", "/__init__.py"].iter().map(|end| [base, *end].concat()).find(|path| self.has(path))
        });
        let has_modules =
            |dir: &String| self.snapshot.under(dir).iter().any(|entry| entry.path.ends_with(".py"));
        let found = match file {
            Some(path) => Named::File(path),
            None if !inner.is_empty() && bases.iter().any(has_modules) => Named::Directory,
            None => Named::Nothing,
        };
        self.names.borrow_mut().insert(dotted.to_owned(), found.clone());
        found
    }

    /// The file that `specifier`, written in the file `from`, means; `None` for a package.
    pub(super) fn javascript(&self, from: &str, specifier: &str) -> Option<String> {
        let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
        let bases: Vec<String> = if specifier.starts_with('.') {
            vec![join(dir, specifier)]
        } else if let Some(rest) = specifier.strip_prefix("@/").or_else(|| specifier.strip_prefix("~/")) {
            // The alias that most templates give to the source directory.
            self.roots
                .iter()
                .flat_map(|root| [join(root, "src"), root.clone()])
                .map(|root| join(&root, rest))
                .collect()
        } else {
            return None;
        };
        bases.iter().find_map(|base| self.javascript_file(base))
    }

    /// The source at `base` with or without an extension; `x.js` may be written as `x.ts`.
    pub(super) fn javascript_file(&self, base: &str) -> Option<String> {
        let stem = base.rsplit_once('.').filter(|(_, end)| matches!(*end, "js" | "mjs" | "cjs" | "jsx"));
        let stem = stem.map_or(base, |(stem, _)| stem);
        let extended = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx"].iter();
        let index = ["/index.ts", "/index.js", "/index.mjs", "/index.cjs", "/index.tsx"].iter();
        let mut tried = iter::once(base.to_owned())
            .chain(extended.map(|end| [stem, *end].concat()))
            .chain(index.map(|end| [base, *end].concat()));
        tried.find(|path| self.has(path) && language(path).is_some())
    }
}

/// The language a path's extension names.
pub(super) fn language(path: &str) -> Option<Language> {
    match path.rsplit_once('.')?.1 {
        "py" => Some(Language::Python),
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => Some(Language::JavaScript),
        _ => None,
    }
}

/// `path` inside `base`, with `.` and `..` resolved.
pub(crate) fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl Walk<'_> {
    /// Runs an import and binds its names.
    pub(super) fn import(&mut self, import: &Import, scope: &Rc<Scope>, site: &Site) -> Flow {
        match scope.language {
            Language::Python => self.import_python(import, scope, site),
            Language::JavaScript => self.import_javascript(import, scope, site),
        }
    }

    fn import_python(&mut self, import: &Import, scope: &Rc<Scope>, site: &Site) -> Flow {
        let dotted = self.absolute(import, scope);
        let module = self.python_module(&dotted, site)?;
        for (inner, local) in &import.names {
            let value = match (inner.as_str(), &module) {
                ("", value) => value.clone(),
                (".", _) => {
                    let first = dotted.split('.').next().unwrap_or_default();
                    self.python_module(first, site)?
                }
                ("*", Value::Module(module)) => {
                    let names = module.scope.names.borrow().clone();
                    for (name, value) in names {
                        scope.declare(&name, value);
                    }
                    continue;
                }
                ("*", _) => continue,
                (name, value) => self.member(value, name, site)?,
            };
            scope.declare(local, value);
        }
        Ok(())
    }

    fn absolute(&self, import: &Import, scope: &Scope) -> String {
        if import.level == 0 {
            return import.module.clone();
        }
        let here = self.modules.get(&*scope.path).map(|module| module.dotted.clone()).unwrap_or_default();
        let mut parts: Vec<&str> = here.split('.').filter(|part| !part.is_empty()).collect();
        let is_package = scope.path.ends_with("/__init__.py");
        for _ in usize::from(is_package)..import.level as usize {
            parts.pop();
        }
        parts.extend(import.module.split('.').filter(|part| !part.is_empty()));
        parts.join(".")
    }

    /// The module called `dotted`, its packages run first.
    pub(super) fn python_module(&mut self, dotted: &str, site: &Site) -> Flow<Value> {
        let mut prefix = String::new();
        for part in dotted.split('.') {
            if !prefix.is_empty() {
                prefix.push('.');
            }
            prefix.push_str(part);
            if prefix != dotted
                && let Some(path) = self.sources.python(&prefix).filter(|path| path.ends_with("__init__.py"))
            {
                self.run_module(&path, &prefix)?;
            }
        }
        match self.sources.named(dotted) {
            Named::File(path) => self.run_module(&path, dotted).map(Value::Module),
            Named::Directory => {
                let scope = Scope::top(dotted, Language::Python);
                let module = ModuleValue { dotted: dotted.to_owned(), scope };
                Ok(Value::Module(Rc::new(module)))
            }
            Named::Nothing => Ok(Value::external(dotted, site)),
        }
    }

    fn import_javascript(&mut self, import: &Import, scope: &Rc<Scope>, site: &Site) -> Flow {
        let module = self.javascript_module(&import.module, &scope.path, site)?;
        for (inner, local) in &import.names {
            let value = match (inner.as_str(), &module) {
                ("*", Value::Module(module)) => {
                    let names = module.scope.names.borrow().clone();
                    for (name, value) in names {
                        scope.declare(&name, value);
                    }
                    continue;
                }
                ("*", _) => continue,
                ("" | "default", Value::External(_)) | ("", _) => module.clone(),
                (name, value) => self.member(value, name, site)?,
            };
            scope.declare(local, value);
        }
        Ok(())
    }

    /// The module that `specifier` means in the file `from`.
    pub(super) fn javascript_module(&mut self, specifier: &str, from: &str, site: &Site) -> Flow<Value> {
        match self.sources.javascript(from, specifier) {
            Some(path) => self.run_module(&path, "").map(Value::Module),
            None => Ok(Value::external(specifier.strip_prefix("node:").unwrap_or(specifier), site)),
        }
    }

    /// Runs the file at `path` unless it was run before.
    pub(super) fn run_module(&mut self, path: &str, dotted: &str) -> Flow<Rc<ModuleValue>> {
        self.run_module_as(path, dotted, dotted)
    }

    /// The same, with another `__name__`.
    pub(super) fn run_module_as(&mut self, path: &str, dotted: &str, name: &str) -> Flow<Rc<ModuleValue>> {
        if let Some(known) = self.modules.get(path) {
            return Ok(Rc::clone(known));
        }
        let Some(source) = self.sources.module(path) else {
            let scope = Scope::top(path, language(path).unwrap_or(Language::Python));
            let module = ModuleValue { dotted: dotted.to_owned(), scope };
            return Ok(Rc::new(module));
        };
        let scope = Scope::top(path, source.language);
        scope.declare("__name__", Value::text(name));
        let module = ModuleValue { dotted: dotted.to_owned(), scope: Rc::clone(&scope) };
        let module = Rc::new(module);
        self.modules.insert(path.to_owned(), Rc::clone(&module));
        match self.block(&source.body, &scope) {
            Ok(()) | Err(Leave::Return(_)) => Ok(module),
            Err(leave) => Err(leave),
        }
    }
}
