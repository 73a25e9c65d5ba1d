//! The program of a `railway.ts` followed as far as it is literal.

use std::collections::BTreeMap;

use super::{Database, Iac, IacService, Origin, Variable, VariableValue};
use crate::facts::dockerfile::Spanned;
use crate::facts::program::{Call, Expr, ExprKind, Module, Step, StepKind, Target};
use crate::facts::settings::{Key, Setting, Source, Value};
use crate::finding::Site;
use crate::known::Known;
use crate::order;

/// How many names, lists and calls are followed inside one another.
const DEPTH: usize = 32;
const DATABASES: [&str; 5] = ["postgres", "mysql", "redis", "mongo", "database"];

/// Reads the default export of `module` into `iac`.
pub(super) fn run(module: &Module, iac: &mut Iac) {
    let mut program = Program { path: &module.path, builders: BTreeMap::new(), names: BTreeMap::new() };
    program.learn(&module.body);
    let Some(root) = program.names.get("default").copied().flatten() else {
        iac.open = Some(Spanned { value: "it has no default export".into(), span: crate::span::Span::START });
        return;
    };
    program.root(root, iac, DEPTH);
}

/// What the names of the file stand for.
struct Program<'m> {
    path: &'m str,
    /// Local name of each builder; `name.*` for the whole library.
    builders: BTreeMap<&'m str, &'m str>,
    /// The value of each name; `None` when it is assigned more than once.
    names: BTreeMap<&'m str, Option<&'m Expr>>,
}

impl<'m> Program<'m> {
    fn learn(&mut self, steps: &'m [Step]) {
        for step in steps {
            match &step.kind {
                StepKind::Import(import) if import.module.starts_with("railway") => {
                    for (inner, local) in &import.names {
                        self.builders.insert(local, if inner.is_empty() { "*" } else { inner });
                    }
                }
                StepKind::Assign(Target::Name(name, _), value) => {
                    let known = self.names.contains_key(name.as_str());
                    self.names.insert(name, (!known).then_some(value));
                }
                StepKind::Export(names) => {
                    for (local, _) in names.iter().filter(|(_, exported)| exported == "default") {
                        let value = self.names.get(local.as_str()).copied().flatten();
                        self.names.insert("default", value);
                    }
                }
                StepKind::If(_, then, otherwise) => {
                    self.learn(then);
                    self.learn(otherwise);
                }
                _ => {}
            }
        }
    }

    /// What stands behind names, brackets and `await`.
    fn resolve<'e>(&self, expr: &'e Expr) -> &'e Expr
    where
        'm: 'e,
    {
        let mut at = expr;
        for _ in 0..DEPTH {
            match &at.kind {
                ExprKind::Name(name) => match self.names.get(name.as_str()).copied().flatten() {
                    Some(value) => at = value,
                    None => return at,
                },
                ExprKind::Await(inner) => at = inner,
                _ => return at,
            }
        }
        at
    }

    /// The builder that is called, by its name in the library.
    fn builder(&self, call: &'m Call) -> Option<&'m str> {
        match &call.callee.kind {
            ExprKind::Name(name) => self.builders.get(name.as_str()).copied().filter(|inner| *inner != "*"),
            ExprKind::Member(object, name) => match &object.kind {
                ExprKind::Name(library) if self.builders.get(library.as_str()) == Some(&"*") => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    fn root(&mut self, expr: &'m Expr, iac: &mut Iac, depth: usize) {
        let expr = self.resolve(expr);
        match &expr.kind {
            _ if depth == 0 => open(iac, expr, "it calls itself"),
            ExprKind::Function(function) => {
                self.learn(&function.body);
                let returned = function.body.iter().rev().find_map(|step| match &step.kind {
                    StepKind::Return(value) => value.as_ref(),
                    _ => None,
                });
                match returned {
                    Some(value) => self.root(value, iac, depth - 1),
                    None => open(iac, expr, "what it returns is computed"),
                }
            }
            ExprKind::Call(call) => match (self.builder(call), call.args.as_slice()) {
                (Some("defineRailway" | "define"), [inner, ..]) => self.root(inner, iac, depth - 1),
                (Some("project"), [_, options, ..]) => {
                    let members = self.members(options, DEPTH);
                    let resources = members.list.iter().rev().find(|(key, _)| *key == "resources");
                    let resources = resources.or(members.list.iter().find(|(key, _)| *key == "services"));
                    match resources {
                        Some((_, resources)) => self.resource(resources, false, iac, DEPTH),
                        None => open(iac, options, "its resources are computed"),
                    }
                }
                _ => open(iac, expr, "its default export is computed"),
            },
            _ => open(iac, expr, "its default export is computed"),
        }
    }

    fn resource(&self, expr: &'m Expr, conditional: bool, iac: &mut Iac, depth: usize) {
        let expr = self.resolve(expr);
        match &expr.kind {
            _ if depth == 0 => open(iac, expr, "its resources nest too deeply"),
            ExprKind::List(items) => {
                for item in items {
                    self.resource(item, conditional, iac, depth - 1);
                }
            }
            ExprKind::Spread(inner) => self.resource(inner, conditional, iac, depth - 1),
            ExprKind::Choose(parts) => {
                self.resource(&parts.1, true, iac, depth - 1);
                self.resource(&parts.2, true, iac, depth - 1);
            }
            ExprKind::And(parts) => self.resource(&parts.1, true, iac, depth - 1),
            ExprKind::Null | ExprKind::Bool(_) => {}
            ExprKind::Call(call) => match (self.builder(call), call.args.as_slice()) {
                (Some("service" | "fn"), [name, rest @ ..]) => {
                    iac.services.push(self.service(expr, name, rest.first(), conditional));
                }
                (Some("group"), [_, inner, ..]) => self.resource(inner, conditional, iac, depth - 1),
                (Some("bucket"), [name, rest @ ..]) => {
                    let options = rest.first().map(|options| self.members(options, DEPTH).list);
                    let region = options.into_iter().flatten().find(|(key, _)| *key == "region");
                    let region = region
                        .and_then(|(_, value)| Some(Spanned { value: self.text(value)?, span: value.span }));
                    iac.buckets.push((self.name(name), region));
                }
                (Some(engine), [name, rest @ ..]) if DATABASES.contains(&engine) => {
                    let stated = rest.first().filter(|_| engine == "database");
                    let stated = stated.and_then(|each| self.text(each));
                    let engine = stated.unwrap_or_else(|| engine.to_owned());
                    iac.databases.push(Database { name: self.name(name), engine, span: expr.span });
                }
                (Some(_), _) => {}
                (None, _) => open(iac, expr, "some of its resources are made by a call"),
            },
            _ => open(iac, expr, "some of its resources are computed"),
        }
    }

    fn service(
        &self,
        call: &'m Expr,
        name: &'m Expr,
        options: Option<&'m Expr>,
        conditional: bool,
    ) -> IacService {
        let mut service = IacService {
            name: self.name(name),
            span: call.span,
            settings: BTreeMap::new(),
            source: Known::No,
            variables: Vec::new(),
            mounts: Vec::new(),
            domains: Vec::new(),
            check_suites: None,
            dropped_replicas: Vec::new(),
            config_file: None,
            conditional,
            open: None,
        };
        let Some(options) = options else { return service };
        let mut members = self.members(options, DEPTH);
        // `env` wins over `variables`, wherever it stands.
        order::sort_by_key(&mut members.list, |(key, _)| *key == "env");
        service.open = members.open;
        for (key, value) in members.list {
            self.option(key, value, &mut service);
        }
        service
    }

    fn option(&self, key: &str, value: &'m Expr, service: &mut IacService) {
        let stated = match key {
            "start" | "startCommand" => Key::StartCommand,
            "preDeploy" | "preDeployCommand" => Key::PreDeployCommand,
            "healthcheck" | "healthcheckPath" => Key::HealthcheckPath,
            "healthcheckTimeout" => Key::HealthcheckTimeout,
            "root" | "rootDirectory" => Key::RootDirectory,
            "replicas" | "regions" => match self.resolve(value).kind {
                ExprKind::Map(..) => {
                    self.dropped_replicas(value, service);
                    Key::MultiRegionConfig
                }
                _ => Key::NumReplicas,
            },
            "build" if matches!(self.resolve(value).kind, ExprKind::Map(..)) => {
                return self.section("build", value, service);
            }
            "build" => Key::BuildCommand,
            "deploy" => return self.section("deploy", value, service),
            "run" => {
                for (key, value) in self.members(value, DEPTH).list {
                    let key = if key == "command" { "start" } else { key };
                    if matches!(key, "start" | "preDeploy" | "healthcheck") {
                        self.option(key, value, service);
                    }
                }
                return;
            }
            "source" => return self.source(value, service),
            "env" | "variables" => return self.variables(value, service),
            "volumeMounts" => {
                let mounts = self.members(value, DEPTH).list.into_iter();
                let mounts = mounts.map(|(path, value)| Spanned { value: path.to_owned(), span: value.span });
                return service.mounts.extend(mounts);
            }
            "domains" => {
                let ExprKind::List(items) = &self.resolve(value).kind else { return };
                let plain = items
                    .iter()
                    .filter_map(|item| Some(Spanned { value: self.text(item)?, span: item.span }));
                return service.domains.extend(plain);
            }
            "configFile" => {
                service.config_file = self.text(value).map(|path| Spanned { value: path, span: value.span });
                return;
            }
            _ => return,
        };
        self.set(stated, value, service);
    }

    /// Regions whose number stands under `numReplicas`, which the SDK does not read.
    fn dropped_replicas(&self, value: &'m Expr, service: &mut IacService) {
        for (_, region) in self.members(value, DEPTH).list {
            let inner = self.members(region, DEPTH).list;
            let count = inner.iter().find(|(key, _)| *key == "numReplicas");
            if let Some(ExprKind::Number(number)) = count.map(|(_, count)| &count.kind) {
                let value = number.to_string();
                service.dropped_replicas.push(Spanned { value, span: region.span });
            }
        }
    }

    fn section(&self, section: &str, value: &'m Expr, service: &mut IacService) {
        let members = self.members(value, DEPTH);
        service.open = service.open.take().or(members.open);
        for (name, value) in members.list {
            if let Some(key) = Key::find(section, name) {
                self.set(key, value, service);
            }
        }
    }

    fn set(&self, key: Key, value: &'m Expr, service: &mut IacService) {
        let value_of = self.value(value, DEPTH);
        // `undefined` leaves a setting out.
        if value_of == Known::Yes(Value::Null) {
            return;
        }
        let site = Site::new(self.path, value.span);
        service.settings.insert(key, Setting { value: value_of, site, source: Source::Iac });
    }

    fn source(&self, value: &'m Expr, service: &mut IacService) {
        let computed = || Known::unknown("its source is computed");
        let ExprKind::Call(call) = &self.resolve(value).kind else {
            service.source = computed();
            return;
        };
        let first = call.args.first().and_then(|name| self.text(name));
        service.source = match (self.builder(call), first) {
            (Some("github"), Some(name)) => Known::Yes(Origin::Repository(name)),
            (Some("image"), Some(name)) => Known::Yes(Origin::Image(name)),
            (Some("empty"), _) => Known::No,
            _ => computed(),
        };
        let Some(options) = call.args.get(1) else { return };
        for (key, value) in self.members(options, DEPTH).list {
            match key {
                "rootDirectory" => self.set(Key::RootDirectory, value, service),
                "checkSuites" if self.value(value, DEPTH) == Known::Yes(Value::Bool(true)) => {
                    service.check_suites = Some(value.span);
                }
                _ => {}
            }
        }
    }

    fn variables(&self, value: &'m Expr, service: &mut IacService) {
        let members = self.members(value, DEPTH);
        service.open = service.open.take().or(members.open);
        for (name, value) in members.list {
            let known = self.variable(value);
            let name = Spanned { value: name.to_owned(), span: value.span };
            match service.variables.iter_mut().find(|each| each.name.value == name.value) {
                Some(each) => *each = Variable { name, value: known },
                None => service.variables.push(Variable { name, value: known }),
            }
        }
    }

    fn variable(&self, value: &'m Expr) -> VariableValue {
        let value = self.resolve(value);
        match &value.kind {
            ExprKind::Text(_) => VariableValue::Literal,
            ExprKind::Number(_) | ExprKind::Bool(_) => VariableValue::NotText,
            ExprKind::Map(..) => {
                let members = self.members(value, DEPTH);
                let inner = members.list.iter().find(|(key, _)| *key == "value");
                match inner.map(|(_, inner)| &self.resolve(inner).kind) {
                    Some(ExprKind::Text(_)) => VariableValue::Literal,
                    _ => VariableValue::Computed,
                }
            }
            ExprKind::Member(owner, name) => match &owner.kind {
                ExprKind::Member(_, kind) if kind == "shared" => VariableValue::Shared(name.clone()),
                ExprKind::Member(resource, kind) if kind == "env" => {
                    VariableValue::Reference(self.resource_name(resource), name.clone())
                }
                _ => VariableValue::Computed,
            },
            ExprKind::Call(call) => match (self.builder(call), call.args.as_slice()) {
                (Some("preserve"), _) => VariableValue::Preserved,
                (Some("ref"), [resource, name, ..]) => match self.text(name) {
                    Some(name) => VariableValue::Reference(self.resource_name(resource), name),
                    None => VariableValue::Computed,
                },
                _ => VariableValue::Computed,
            },
            _ => VariableValue::Computed,
        }
    }

    /// The name of a resource, or of the constant that holds it.
    fn resource_name(&self, resource: &'m Expr) -> String {
        let named = match &self.resolve(resource).kind {
            ExprKind::Call(call) => call.args.first().and_then(|name| self.text(name)),
            ExprKind::Text(name) => Some(name.clone()),
            _ => None,
        };
        named.unwrap_or_else(|| match &resource.kind {
            ExprKind::Name(name) => name.clone(),
            _ => String::new(),
        })
    }

    fn name(&self, expr: &'m Expr) -> Known<String> {
        self.text(expr).map_or_else(|| Known::unknown("its name is computed"), Known::Yes)
    }

    fn text(&self, expr: &'m Expr) -> Option<String> {
        match &self.resolve(expr).kind {
            ExprKind::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn value(&self, expr: &'m Expr, depth: usize) -> Known<Value> {
        let expr = self.resolve(expr);
        let unknown = |reason: &str| Known::unknown(reason);
        match &expr.kind {
            _ if depth == 0 => unknown("it nests too deeply"),
            ExprKind::Text(text) => Known::Yes(Value::Text(text.clone())),
            ExprKind::Number(number) => Known::Yes(number_value(*number)),
            ExprKind::Bool(value) => Known::Yes(Value::Bool(*value)),
            ExprKind::Null => Known::Yes(Value::Null),
            ExprKind::List(items) => {
                let items: Option<Vec<Value>> =
                    items.iter().map(|item| self.value(item, depth - 1).yes().cloned()).collect();
                items.map_or_else(
                    || unknown("a part of it is computed"),
                    |items| Known::Yes(Value::List(items)),
                )
            }
            ExprKind::Map(..) => {
                let members = self.members(expr, depth);
                let values = members
                    .list
                    .into_iter()
                    .map(|(key, value)| Some((key.to_owned(), self.value(value, depth - 1).yes()?.clone())));
                match values.collect::<Option<BTreeMap<_, _>>>() {
                    Some(values) if members.open.is_none() => Known::Yes(Value::Map(values)),
                    _ => unknown("a part of it is computed"),
                }
            }
            ExprKind::Choose(_) | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Coalesce(_) => {
                unknown("it depends on a condition")
            }
            ExprKind::Template(_) => unknown("it is put together when the program runs"),
            _ => unknown("it is computed when the program runs"),
        }
    }

    /// The members of an object with its spreads laid out; later ones win where a key is repeated.
    fn members(&self, expr: &'m Expr, depth: usize) -> Members<'m> {
        let expr = self.resolve(expr);
        let mut members = Members { list: Vec::new(), open: None };
        let computed = || Some(Spanned { value: "a part of it is computed".to_owned(), span: expr.span });
        let ExprKind::Map(entries, more) = &expr.kind else {
            members.open = computed();
            return members;
        };
        if *more || depth == 0 {
            members.open = computed();
        }
        for (key, value) in entries.iter().take(if depth == 0 { 0 } else { usize::MAX }) {
            match &value.kind {
                ExprKind::Spread(inner) if key.is_empty() => {
                    let inner = self.members(inner, depth - 1);
                    members.list.extend(inner.list);
                    members.open = members.open.or(inner.open);
                }
                _ => members.list.push((key, value)),
            }
        }
        members
    }
}

/// The members of an object, and why there may be others.
struct Members<'m> {
    list: Vec<(&'m str, &'m Expr)>,
    open: Option<Spanned<String>>,
}

fn open(iac: &mut Iac, expr: &Expr, why: &str) {
    iac.open.get_or_insert_with(|| Spanned { value: why.to_owned(), span: expr.span });
}

fn number_value(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Value::Integer(number as i64)
    } else {
        Value::Float(number)
    }
}
