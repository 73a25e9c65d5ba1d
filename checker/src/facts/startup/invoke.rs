//! Calls into the repository's own functions and classes, and promises.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::arguments::Arguments;
use super::courses::Seen;
use super::value::{ClassValue, Closure, EnvValue, External, Instance, Promise, Raised, Scope, Value, Work};
use super::walk::{Flow, Leave, Walk};
use super::{VariableRead, retry};
use crate::facts::program::{Function, Language};
use crate::finding::Site;

impl Walk<'_> {
    /// Calls `callee`.
    pub(super) fn invoke(
        &mut self,
        callee: &Value,
        arguments: Arguments,
        site: &Site,
        scope: &Rc<Scope>,
    ) -> Flow<Value> {
        match callee {
            Value::Function(closure) => self.call_closure(closure, arguments),
            Value::Class(class) => self.instantiate(class, arguments, site),
            Value::External(external) if external.path == "super" => self.call_super(arguments, scope, site),
            Value::External(external) => match scope.language {
                Language::Python => self.call_python(external, arguments, site),
                Language::JavaScript => self.call_javascript(external, arguments, site),
            },
            _ => Ok(Value::Unknown),
        }
    }

    /// Calls a function of the repository; an asynchronous one waits until somebody awaits it.
    pub(super) fn call_closure(&mut self, closure: &Rc<Closure>, arguments: Arguments) -> Flow<Value> {
        if closure.function.is_async && !closure.function.is_generator {
            return Ok(Value::promise(Work::Call(Rc::clone(closure), arguments)));
        }
        if closure.function.is_generator {
            return Ok(Value::Unknown);
        }
        self.run_closure(closure, &arguments)
    }

    /// Runs a function's body to its `return`, again and again where a decorator says so.
    pub(super) fn run_closure(&mut self, closure: &Rc<Closure>, arguments: &Arguments) -> Flow<Value> {
        match &closure.retry {
            None => self.run_once(closure, arguments),
            Some(policy) => retry::run(self, policy, |walk| walk.run_once(closure, arguments)),
        }
    }

    fn run_once(&mut self, closure: &Rc<Closure>, arguments: &Arguments) -> Flow<Value> {
        let scope = Scope::inside(&closure.scope);
        if let Some(this) = &closure.this {
            scope.declare("this", this.clone());
        }
        if let Some(class) = &closure.class {
            scope.declare("__class__", Value::Class(Rc::clone(class)));
        }
        self.bind(closure, arguments, &scope)?;
        match self.block(&closure.function.body, &scope) {
            Ok(()) => Ok(Value::Null),
            Err(Leave::Return(value)) => Ok(value),
            Err(leave) => Err(leave),
        }
    }

    fn bind(&mut self, closure: &Closure, arguments: &Arguments, scope: &Rc<Scope>) -> Flow {
        let python = scope.language == Language::Python;
        let takes_self = python && closure.this.is_some() && !closure.function.is_static;
        let mut given = arguments.positional.iter().cloned();
        for (number, parameter) in closure.function.parameters.iter().enumerate() {
            let value = if number == 0 && takes_self {
                closure.this.clone()
            } else if parameter.rest {
                Some(Value::list(given.by_ref().collect()))
            } else {
                given.next().or_else(|| arguments.named(&parameter.name).cloned())
            };
            let value = match (value, &parameter.default) {
                (Some(value), _) => value,
                (None, _) if arguments.open => Value::Unknown,
                (None, Some(default)) => self.eval(default, &closure.scope)?,
                (None, None) if python => Value::Unknown,
                (None, None) => Value::Null,
            };
            self.assign(&parameter.target, value, scope)?;
        }
        Ok(())
    }

    /// `super()` of Python gives the object as its base sees it; that of JavaScript runs the base's constructor.
    fn call_super(&mut self, arguments: Arguments, scope: &Rc<Scope>, site: &Site) -> Flow<Value> {
        let python = scope.language == Language::Python;
        let this = scope.get(if python { "self" } else { "this" });
        let (Some(Value::Class(class)), Some(Value::Instance(instance))) = (scope.get("__class__"), this)
        else {
            return Ok(Value::Unknown);
        };
        let Some(base) =
            class.bases.iter().find_map(|base| if let Value::Class(base) = base { Some(base) } else { None })
        else {
            if !python && let Some(Value::External(base)) = Self::library_base(&class) {
                self.made_by_base(&base, &instance, arguments, site)?;
            }
            return Ok(Value::Unknown);
        };
        let view = Value::Instance(Rc::new(Instance {
            class: Rc::clone(base),
            fields: Rc::clone(&instance.fields),
            arguments: instance.arguments.clone(),
        }));
        if !python && let Some(Value::Function(start)) = self.method(base, "__init__", &view) {
            self.run_closure(&start, &arguments)?;
        }
        Ok(view)
    }

    fn instantiate(&mut self, class: &Rc<ClassValue>, arguments: Arguments, site: &Site) -> Flow<Value> {
        let settings = is_settings(class);
        let instance = Rc::new(Instance {
            class: Rc::clone(class),
            fields: Rc::default(),
            arguments: arguments.clone(),
        });
        self.first_fields(&instance, class, settings, 0)?;
        let value = Value::Instance(Rc::clone(&instance));
        if let Some(Value::Function(start)) = self.method(class, "__init__", &value) {
            self.run_closure(&start, &arguments)?;
        } else if let Some(Value::External(base)) = Self::library_base(class) {
            self.made_by_base(&base, &instance, arguments, site)?;
        }
        Ok(value)
    }

    /// Fields of a class and its bases become fields of the object; those of settings are variables.
    fn first_fields(
        &mut self,
        instance: &Rc<Instance>,
        class: &Rc<ClassValue>,
        settings: bool,
        depth: usize,
    ) -> Flow {
        if depth > 8 {
            return Ok(());
        }
        for base in &class.bases {
            if let Value::Class(base) = base {
                self.first_fields(instance, base, settings, depth + 1)?;
            }
        }
        for (name, first) in &class.class.fields {
            let known = class.fields.borrow().get(name).cloned();
            let site = Self::site(&class.scope, first.as_ref().map_or(class.class.span, |value| value.span));
            let value = match (settings, known) {
                (true, default) if name != "model_config" => {
                    let required = default.is_none();
                    self.read_variable(&name.to_uppercase(), default, required, &site)
                }
                (_, Some(value)) => value,
                (_, None) => continue,
            };
            instance.fields.borrow_mut().insert(name.clone(), value);
        }
        Ok(())
    }

    /// The method `name` of `class` or its bases, bound to `this`.
    pub(super) fn method(&mut self, class: &Rc<ClassValue>, name: &str, this: &Value) -> Option<Value> {
        self.method_at(class, name, this, 0)
    }

    fn method_at(&mut self, class: &Rc<ClassValue>, name: &str, this: &Value, depth: usize) -> Option<Value> {
        if depth > 8 {
            return None;
        }
        let Some(function) = class.class.methods.iter().find(|method| method.name == name) else {
            return class.bases.iter().find_map(|base| match base {
                Value::Class(base) => self.method_at(base, name, this, depth + 1),
                _ => None,
            });
        };
        let closure = Closure {
            function: Rc::clone(function),
            scope: Rc::clone(&class.scope),
            this: Some(this.clone()),
            class: Some(Rc::clone(class)),
            retry: None,
        };
        let is_property = function.decorators.iter().any(
            |each| matches!(&each.kind, crate::facts::program::ExprKind::Name(name) if name == "property"),
        );
        if is_property {
            return self.call_closure(&Rc::new(closure), Arguments::default()).ok();
        }
        let scope = Rc::clone(&class.scope);
        self.decorated(Value::Function(Rc::new(closure)), function, &scope).ok()
    }

    /// The library's class that a class comes from, directly or through its bases.
    pub(super) fn library_base(class: &Rc<ClassValue>) -> Option<Value> {
        let mut waiting: Vec<Value> = class.bases.clone();
        for _ in 0..16 {
            match waiting.pop()? {
                Value::External(external) => return Some(Value::External(external)),
                Value::Class(inner) => waiting.extend(inner.bases.iter().cloned()),
                _ => {}
            }
        }
        None
    }

    /// What an object gets from its library's base.
    pub(super) fn base_member(class: &Rc<ClassValue>, name: &str, this: &Value, site: &Site) -> Value {
        let Some(Value::External(base)) = Self::library_base(class) else { return Value::Unknown };
        let arguments = if let Value::Instance(instance) = this {
            instance.arguments.clone()
        } else {
            Arguments::default()
        };
        let owner = Rc::new(External {
            path: super::calls::made(&base.path),
            arguments,
            owner: None,
            site: site.clone(),
            notes: RefCell::new(BTreeMap::from([("this".to_owned(), this.clone())])),
        });
        Value::External(Rc::new(External {
            path: format!("{}.{name}", owner.path),
            arguments: Arguments::default(),
            owner: Some(owner),
            site: site.clone(),
            notes: RefCell::default(),
        }))
    }

    /// Applies the decorators of a function, the innermost first.
    pub(super) fn decorated(
        &mut self,
        value: Value,
        function: &Rc<Function>,
        scope: &Rc<Scope>,
    ) -> Flow<Value> {
        let mut value = value;
        for decorator in function.decorators.iter().rev() {
            let site = Self::site(scope, decorator.span);
            let wrapper = self.eval(decorator, scope)?;
            value = match (&wrapper, &value) {
                (Value::External(external), Value::Function(closure)) => {
                    self.decorate(external, closure, &site)
                }
                (Value::Function(own), _) => {
                    let result = self.call_closure(own, Arguments::of(vec![value.clone()]))?;
                    if matches!(result, Value::Function(_)) { result } else { value }
                }
                _ => value,
            };
        }
        Ok(value)
    }

    /// The value of a promise, waiting for it.
    pub(super) fn force(&mut self, value: &Value) -> Flow<Value> {
        let Value::Promise(promise) = value else { return Ok(value.clone()) };
        if let Some(result) = promise.result.borrow().clone() {
            return result.map_err(Leave::Raise);
        }
        let Some(work) = promise.work.borrow_mut().take() else { return Ok(Value::Unknown) };
        let result = self.deeper(|walk| walk.work(work));
        match &result {
            Ok(value) => *promise.result.borrow_mut() = Some(Ok(value.clone())),
            Err(Leave::Raise(raised)) => *promise.result.borrow_mut() = Some(Err(Rc::clone(raised))),
            Err(_) => {}
        }
        result
    }

    fn work(&mut self, work: Work) -> Flow<Value> {
        match work {
            Work::Call(closure, arguments) => {
                let value = self.run_closure(&closure, &arguments)?;
                self.force(&value)
            }
            Work::Redis(client, method, site) => self.use_redis(&client, &method, &site),
            Work::Sleep(seconds, site) => {
                self.wait(seconds, &site);
                Ok(Value::Null)
            }
            Work::Ready(value) => self.force(&value),
            Work::RedisReady(site) if self.answered => {
                self.record(super::EventKind::Connect { system: "redis", answered: true }, &site);
                Ok(Value::Unknown)
            }
            Work::RedisReady(site) => {
                self.record(super::EventKind::Connect { system: "redis", answered: false }, &site);
                Err(Leave::Forever(site))
            }
            Work::Never(site) => Err(Leave::Forever(site)),
            Work::All(values) => {
                let mut forever = None;
                for value in values {
                    match self.aside(|walk| walk.force(&value))? {
                        Some(Leave::Raise(raised)) => return Err(Leave::Raise(raised)),
                        Some(Leave::Forever(site)) => forever = Some(site),
                        _ => {}
                    }
                }
                forever.map_or(Ok(Value::Unknown), |site| Err(Leave::Forever(site)))
            }
            Work::Then(promise, good, bad) => match self.force(&Value::Promise(promise)) {
                Ok(value) => match good {
                    Some(good) => self.call_back(&good, vec![value]),
                    None => Ok(value),
                },
                Err(Leave::Raise(raised)) => match bad {
                    Some(bad) => self.call_back(&bad, vec![Value::Exception(raised)]),
                    None => Err(Leave::Raise(raised)),
                },
                Err(leave) => Err(leave),
            },
        }
    }

    /// Calls a function that was handed to a library, and waits for it.
    pub(super) fn call_back(&mut self, function: &Value, values: Vec<Value>) -> Flow<Value> {
        let result = match function {
            Value::Function(closure) => self.call_closure(closure, Arguments::of(values))?,
            Value::External(external) => {
                let (external, site) = (Rc::clone(external), external.site.clone());
                self.call_javascript(&external, Arguments::of(values), &site)?
            }
            _ => return Ok(Value::Unknown),
        };
        self.force(&result)
    }

    /// The same in a flow of its own.
    pub(super) fn call_aside(&mut self, function: &Value) -> Flow<Option<Leave>> {
        let function = function.clone();
        self.aside(|walk| walk.call_back(&function, vec![Value::Unknown]))
    }

    /// What becomes of a value nobody takes: a promise goes on in a flow of its own, and its failure ends Node.
    pub(super) fn leave_running(&mut self, value: &Value, language: Language) -> Flow {
        let Value::Promise(promise) = value else { return Ok(()) };
        if language == Language::Python || promise.result.borrow().is_some() {
            return Ok(());
        }
        let value = value.clone();
        match self.aside(|walk| walk.force(&value))? {
            Some(Leave::Raise(raised)) if !self.takes_rejections => {
                Err(Leave::Exit(Some(1), raised.site.clone()))
            }
            _ => Ok(()),
        }
    }

    /// The exception that a value raises.
    pub(super) fn exception(value: &Value, site: &Site) -> Rc<Raised> {
        match value {
            Value::Exception(raised) => Rc::clone(raised),
            Value::External(external) => {
                let mut raised = Raised::new(super::calls::type_name(&external.path), site);
                if raised.kind == "SystemExit" {
                    raised.status = super::calls::status(external.arguments.at(0));
                }
                Rc::new(raised)
            }
            Value::Instance(instance) => Rc::new(Self::own_exception(&instance.class, site)),
            Value::Class(class) => Rc::new(Self::own_exception(class, site)),
            _ => Rc::new(Raised::new("", site)),
        }
    }

    fn own_exception(class: &Rc<ClassValue>, site: &Site) -> Raised {
        let mut raised = Raised::new(&class.class.name, site);
        for base in &class.bases {
            if let Value::Class(base) = base {
                raised.bases.push(base.class.name.clone());
            }
        }
        if let Some(Value::External(base)) = Self::library_base(class) {
            raised.bases.push(super::calls::type_name(&base.path).to_owned());
        }
        raised
    }

    /// The value of the variable `name`, read at `site`.
    pub(super) fn read_variable(
        &mut self,
        name: &str,
        default: Option<Value>,
        required: bool,
        site: &Site,
    ) -> Value {
        let text = default.as_ref().and_then(Value::as_text).map(|text| text.to_string());
        let read = VariableRead { name: name.to_owned(), default: text, required, site: site.clone() };
        Seen::note(&mut self.seen.borrow_mut().variables, read);
        // The image's value stands until the dashboard sets another.
        let (default, site) = match self.sources.variable(name) {
            Some((text, place)) => (Some(Value::Text(text.as_str().into())), place),
            None => (default, site),
        };
        Value::Env(Rc::new(EnvValue {
            name: name.to_owned(),
            default,
            site: site.clone(),
            around: "".into(),
        }))
    }

    /// A read without default turns out to have one.
    pub(super) fn read_default(&mut self, name: &str, site: &Site, default: &str) {
        let mut seen = self.seen.borrow_mut();
        let read = seen.variables.iter_mut().find(|read| read.name == name && read.site == *site);
        if let Some(read) = read {
            read.default = Some(default.to_owned());
            read.required = false;
        }
    }

    /// The promise `promise` with what follows it.
    pub(super) fn then(promise: &Rc<Promise>, good: Option<Value>, bad: Option<Value>) -> Value {
        Value::promise(Work::Then(Rc::clone(promise), good, bad))
    }
}

/// True for classes of settings, whose fields are read from variables.
fn is_settings(class: &ClassValue) -> bool {
    class.bases.iter().any(|base| match base {
        Value::External(external) => external.path.ends_with("BaseSettings"),
        Value::Class(inner) => inner
            .bases
            .iter()
            .any(|base| matches!(base, Value::External(external) if external.path.ends_with("BaseSettings"))),
        _ => false,
    })
}
