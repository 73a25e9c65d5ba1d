//! Evaluating expressions: concrete where it can be, named where a library or a variable is behind it.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::EventKind;
use super::arguments::Arguments;
use super::value::{ClassValue, Closure, EnvValue, External, Scope, Value};
use super::walk::{Flow, Walk};
use crate::facts::program::{Call, Class, Expr, ExprKind, Language, Operator};
use crate::finding::Site;

impl Walk<'_> {
    /// The value of `expr`, with everything that evaluating it does.
    pub(super) fn eval(&mut self, expr: &Expr, scope: &Rc<Scope>) -> Flow<Value> {
        self.deeper(|walk| walk.eval_kind(expr, scope))
    }

    fn eval_kind(&mut self, expr: &Expr, scope: &Rc<Scope>) -> Flow<Value> {
        let site = Self::site(scope, expr.span);
        Ok(match &expr.kind {
            ExprKind::Text(text) => Value::text(text),
            ExprKind::Number(number) => Value::Number(*number),
            ExprKind::Bool(flag) => Value::Bool(*flag),
            ExprKind::Null => Value::Null,
            ExprKind::Name(name) => scope.get(name).unwrap_or_else(|| Value::external(name, &site)),
            ExprKind::Template(parts) => self.template(parts, scope)?,
            ExprKind::Member(object, name) => {
                let object = self.eval(object, scope)?;
                self.member(&object, name, &site)?
            }
            ExprKind::Index(object, index) => {
                let object = self.eval(object, scope)?;
                let index = self.eval(index, scope)?;
                self.index(&object, &index, &site)?
            }
            ExprKind::Call(call) => self.call(call, scope, &site)?,
            ExprKind::Await(inner) => {
                let value = self.eval(inner, scope)?;
                if let ExprKind::Call(call) = &inner.kind
                    && scope.language == Language::Python
                    && says_warm_up(call)
                {
                    self.record(EventKind::WarmUp, &Self::site(scope, inner.span));
                }
                self.force(&value)?
            }
            ExprKind::Function(function) => Value::Function(Rc::new(Closure {
                function: Rc::clone(function),
                scope: Rc::clone(scope),
                // An arrow keeps the `this` of the function it stands in.
                this: scope.get("this"),
                class: None,
                retry: None,
            })),
            ExprKind::Class(class) => self.class(class, scope)?,
            ExprKind::List(items) => Value::list(self.all(items, scope)?.positional),
            ExprKind::Map(entries, open) => self.object(entries, *open, scope)?,
            ExprKind::Choose(parts) => self.choose_value(&parts.0, &parts.1, &parts.2, scope)?,
            ExprKind::And(pair) => self.and(&pair.0, &pair.1, scope)?,
            ExprKind::Or(pair) => self.or(&pair.0, &pair.1, scope)?,
            ExprKind::Coalesce(pair) => {
                let left = self.eval(&pair.0, scope)?;
                match left.is_null() {
                    Some(false) => left,
                    Some(true) => self.eval(&pair.1, scope)?,
                    None => {
                        let right = self.eval(&pair.1, scope)?;
                        self.or_default(left, right, &Self::site(scope, pair.1.span))
                    }
                }
            }
            ExprKind::Binary(operator, pair) => {
                let left = self.eval(&pair.0, scope)?;
                let right = self.eval(&pair.1, scope)?;
                self.binary(*operator, &left, &right)
            }
            ExprKind::Not(inner) => {
                let value = self.eval(inner, scope)?;
                value.truth().map_or(Value::Unknown, |truth| Value::Bool(!truth))
            }
            ExprKind::Assign(pair) => {
                let value = self.eval(&pair.1, scope)?;
                self.assign(&pair.0, value.clone(), scope)?;
                value
            }
            ExprKind::Import(module) => {
                let module = self.javascript_module(module, &scope.path, &site)?;
                let exported = match &module {
                    Value::Module(inner) => inner.scope.names.borrow().get("module.exports").cloned(),
                    _ => None,
                };
                exported.unwrap_or(module)
            }
            ExprKind::Yield(_) => return Err(super::walk::Leave::Yield),
            ExprKind::Spread(inner) => self.eval(inner, scope)?,
            ExprKind::Opaque(parts) => {
                self.all(parts, scope)?;
                Value::Unknown
            }
        })
    }

    fn all(&mut self, exprs: &[Expr], scope: &Rc<Scope>) -> Flow<Arguments> {
        let mut out = Arguments::default();
        for expr in exprs {
            let value = self.eval(expr, scope)?;
            match (&expr.kind, &value) {
                (ExprKind::Spread(_), Value::List(items)) => {
                    out.positional.extend(items.borrow().iter().cloned());
                }
                (ExprKind::Spread(_), _) => out.open = true,
                _ => out.positional.push(value),
            }
        }
        Ok(out)
    }

    fn call(&mut self, call: &Call, scope: &Rc<Scope>, site: &Site) -> Flow<Value> {
        let callee = self.eval(&call.callee, scope)?;
        let mut arguments = self.all(&call.args, scope)?;
        for (name, value) in &call.named {
            let value = self.eval(value, scope)?;
            match (name.as_str(), &value) {
                ("", Value::Map(map)) => {
                    let entries = map.entries.borrow();
                    arguments.named.extend(entries.iter().map(|(key, value)| (key.clone(), value.clone())));
                    arguments.open |= map.open.get();
                }
                ("", _) => arguments.open = true,
                _ => arguments.named.push((name.clone(), value)),
            }
        }
        if super::walk::is_log(&call.callee) {
            self.log(&arguments, site);
            return Ok(Value::Null);
        }
        // What Python calls without awaiting it is not begun by it.
        let waits = |closure: &Rc<Closure>| closure.function.is_async && scope.language == Language::Python;
        if says_warm_up(call) && !matches!(&callee, Value::Function(closure) if waits(closure)) {
            self.record(EventKind::WarmUp, site);
        }
        self.invoke(&callee, arguments, site, scope)
    }

    fn log(&mut self, arguments: &Arguments, site: &Site) {
        let texts: Vec<_> = arguments
            .positional
            .iter()
            .filter_map(|value| {
                if let Value::Template(text) = value { Some(Rc::clone(text)) } else { value.as_text() }
            })
            .collect();
        self.record(super::EventKind::Log(texts.join(" ")), site);
    }

    fn template(&mut self, parts: &[Expr], scope: &Rc<Scope>) -> Flow<Value> {
        let (mut text, mut known, mut first) = (String::new(), true, None);
        for part in parts {
            let value = self.eval(part, scope)?;
            match &value {
                Value::Text(piece) => text.push_str(piece),
                Value::Number(number) => text.push_str(&number.to_string()),
                Value::Env(env) => {
                    match &env.default {
                        Some(default) => text.push_str(&default.as_text().unwrap_or_default()),
                        None => known = false,
                    }
                    first.get_or_insert_with(|| Rc::clone(env));
                }
                // Logs keep the words around a hole; nothing else looks at them.
                _ => known = false,
            }
        }
        Ok(match first {
            Some(env) => Value::Env(Rc::new(EnvValue {
                name: env.name.clone(),
                default: known.then(|| Value::text(&text)),
                site: env.site.clone(),
                around: text.into(),
            })),
            None if known => Value::text(&text),
            None => Value::Template(text.into()),
        })
    }

    fn object(&mut self, entries: &[(String, Expr)], open: bool, scope: &Rc<Scope>) -> Flow<Value> {
        let (mut map, mut open) = (BTreeMap::new(), open);
        for (key, value) in entries {
            let spread = matches!(value.kind, ExprKind::Spread(_));
            let value = self.eval(value, scope)?;
            match &value {
                Value::Map(inner) if spread => {
                    map.extend(inner.entries.borrow().clone());
                    open |= inner.open.get();
                }
                _ if spread => open = true,
                _ => {
                    map.insert(key.clone(), value);
                }
            }
        }
        Ok(Value::map(map, open))
    }

    fn choose_value(&mut self, test: &Expr, then: &Expr, otherwise: &Expr, scope: &Rc<Scope>) -> Flow<Value> {
        let value = self.eval(test, scope)?;
        match (value.truth(), &value) {
            (Some(true), _) => self.eval(then, scope),
            (Some(false), _) => self.eval(otherwise, scope),
            (None, Value::Env(env)) => {
                // `X ? use(X) : fallback` is `X` with a default.
                let name = env.name.clone();
                let left = self.eval(then, scope)?;
                let right = self.eval(otherwise, scope)?;
                match &left {
                    Value::Env(same) if same.name == name => {
                        Ok(self.or_default(left, right, &Self::site(scope, otherwise.span)))
                    }
                    _ if self.choices.choose(&Self::site(scope, test.span)) => Ok(left),
                    _ => Ok(right),
                }
            }
            (None, _) => {
                let yes = self.choices.choose(&Self::site(scope, test.span));
                self.eval(if yes { then } else { otherwise }, scope)
            }
        }
    }

    fn and(&mut self, left: &Expr, right: &Expr, scope: &Rc<Scope>) -> Flow<Value> {
        let value = self.eval(left, scope)?;
        match value.truth() {
            Some(false) => Ok(value),
            Some(true) => self.eval(right, scope),
            None => {
                let other = self.eval(right, scope)?;
                Ok(if other.truth() == Some(false) { other } else { Value::Unknown })
            }
        }
    }

    fn or(&mut self, left: &Expr, right: &Expr, scope: &Rc<Scope>) -> Flow<Value> {
        let value = self.eval(left, scope)?;
        match (value.truth(), &value) {
            (Some(true), Value::Env(env)) if env.default.is_none() => {
                let right_value = self.eval(right, scope)?;
                Ok(self.or_default(value, right_value, &Self::site(scope, right.span)))
            }
            (Some(true), _) => Ok(value),
            (Some(false), _) => self.eval(right, scope),
            (None, _) => {
                let other = self.eval(right, scope)?;
                Ok(self.or_default(value, other, &Self::site(scope, right.span)))
            }
        }
    }

    /// `value`, or `default` when a variable it comes from is not set.
    pub(super) fn or_default(&mut self, value: Value, default: Value, site: &Site) -> Value {
        match (&value, &default) {
            (Value::Env(env), _) if env.default.is_none() => {
                if let Some(text) = default.as_text() {
                    self.read_default(&env.name, &env.site, &text);
                }
                Value::Env(Rc::new(EnvValue {
                    name: env.name.clone(),
                    default: Some(default),
                    site: site.clone(),
                    around: Rc::clone(&env.around),
                }))
            }
            (Value::Env(_), _) => value,
            (Value::Null, _) => default,
            (_, Value::Bool(true)) => Value::Bool(true),
            _ => Value::Unknown,
        }
    }

    fn binary(&mut self, operator: Operator, left: &Value, right: &Value) -> Value {
        use Operator as Op;
        if let (Value::External(one), Value::External(other)) = (left, right)
            && (one.path.as_str(), other.path.as_str()) == ("require.main", "module")
        {
            let same = one.site.path == self.entry_path;
            return Value::Bool(same == (operator == Op::Equal));
        }
        let flag = |known: Option<bool>| known.map_or(Value::Unknown, Value::Bool);
        match operator {
            Op::Equal => return flag(equal(left, right)),
            Op::NotEqual => return flag(equal(left, right).map(|same| !same)),
            Op::Is | Op::IsNot => {
                let same = match (left, right) {
                    (Value::Null, other) | (other, Value::Null) => other.is_null(),
                    _ => equal(left, right),
                };
                return flag(same.map(|same| same == (operator == Op::Is)));
            }
            Op::In | Op::NotIn | Op::Other => return Value::Unknown,
            Op::Add => {
                if let (Value::Text(left), Value::Text(right)) = (left, right) {
                    return Value::text(&format!("{left}{right}"));
                }
            }
            _ => {}
        }
        let (Some(one), Some(other)) = (left.as_number(), right.as_number()) else { return Value::Unknown };
        match operator {
            Op::Add => Value::Number(one + other),
            Op::Subtract => Value::Number(one - other),
            Op::Multiply => Value::Number(one * other),
            Op::Divide => Value::Number(one / other),
            Op::FloorDivide => Value::Number((one / other).floor()),
            Op::Modulo => Value::Number(one.rem_euclid(other)),
            Op::Power => Value::Number(one.powf(other)),
            Op::Less => Value::Bool(one < other),
            Op::LessEqual => Value::Bool(one <= other),
            Op::Greater => Value::Bool(one > other),
            Op::GreaterEqual => Value::Bool(one >= other),
            _ => Value::Unknown,
        }
    }

    /// `object.name`.
    pub(super) fn member(&mut self, object: &Value, name: &str, site: &Site) -> Flow<Value> {
        Ok(match object {
            Value::Module(module) => {
                let known = module.scope.names.borrow().get(name).cloned();
                match known {
                    Some(value) => value,
                    None if module.scope.language == Language::Python => {
                        let dotted = format!("{}.{name}", module.dotted);
                        match self.python_module(&dotted, site)? {
                            Value::External(_) => Value::Unknown,
                            inner => inner,
                        }
                    }
                    None => match module.scope.names.borrow().get("default") {
                        // CommonJS: `module.exports` is kept as the default export.
                        Some(Value::Map(map)) => {
                            map.entries.borrow().get(name).cloned().unwrap_or(Value::Unknown)
                        }
                        Some(value) if name == "default" => value.clone(),
                        _ => Value::Unknown,
                    },
                }
            }
            Value::Instance(instance) => {
                let own = instance.fields.borrow().get(name).cloned();
                match own {
                    Some(value) => value,
                    None => self
                        .method(&instance.class, name, object)
                        .unwrap_or_else(|| Self::base_member(&instance.class, name, object, site)),
                }
            }
            Value::Class(class) => {
                let own = class.fields.borrow().get(name).cloned();
                own.or_else(|| self.method(class, name, object)).unwrap_or(Value::Unknown)
            }
            Value::Map(map) => {
                let known = map.entries.borrow().get(name).cloned();
                match known {
                    Some(value) => value,
                    None if map.open.get() => Value::Unknown,
                    None => Value::external(&format!("map.{name}"), site),
                }
            }
            Value::External(external) => self.external_member(external, name, site),
            Value::Promise(_) | Value::Function(_) | Value::List(_) | Value::Text(_) => {
                Self::bound(object, name, site)
            }
            _ => Value::Unknown,
        })
    }

    fn external_member(&mut self, external: &Rc<External>, name: &str, site: &Site) -> Value {
        if external.path == "process.env" {
            return self.read_variable(name, None, false, site);
        }
        if let Some(value) = external.notes.borrow().get(name) {
            return value.clone();
        }
        Value::External(Rc::new(External {
            path: format!("{}.{name}", external.path),
            arguments: Arguments::default(),
            owner: Some(Rc::clone(external)),
            site: external.site.clone(),
            notes: std::cell::RefCell::default(),
        }))
    }

    /// A method of a built-in kind of value, which keeps the value in its notes.
    fn bound(object: &Value, name: &str, site: &Site) -> Value {
        let kind = match object {
            Value::Promise(_) => "promise",
            Value::Function(_) => "function",
            Value::List(_) => "list",
            _ => "text",
        };
        let notes = BTreeMap::from([("this".to_owned(), object.clone())]);
        Value::External(Rc::new(External {
            path: format!("{kind}:{name}"),
            arguments: Arguments::default(),
            owner: None,
            site: site.clone(),
            notes: std::cell::RefCell::new(notes),
        }))
    }

    fn index(&mut self, object: &Value, index: &Value, site: &Site) -> Flow<Value> {
        match (object, index) {
            (Value::External(external), _)
                if external.path == "os.environ" || external.path == "process.env" =>
            {
                let Some(name) = index.as_text() else { return Ok(Value::Unknown) };
                let required = external.path == "os.environ";
                Ok(self.read_variable(&name, None, required, site))
            }
            (Value::List(items), Value::Number(at)) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small index")]
                let at = *at as usize;
                Ok(items.borrow().get(at).cloned().unwrap_or(Value::Unknown))
            }
            (Value::Map(_), Value::Text(key)) => self.member(object, key, site),
            _ => Ok(Value::Unknown),
        }
    }

    pub(super) fn set_member(&mut self, object: &Value, name: &str, value: Value) {
        match object {
            Value::Instance(instance) => {
                instance.fields.borrow_mut().insert(name.to_owned(), value);
            }
            Value::Map(map) => {
                map.entries.borrow_mut().insert(name.to_owned(), value);
            }
            Value::Class(class) => {
                class.fields.borrow_mut().insert(name.to_owned(), value);
            }
            Value::Module(module) => module.scope.declare(name, value),
            Value::External(external) if external.path == "module" && name == "exports" => {
                self.export_default(&external.site, value);
            }
            Value::External(external) if matches!(external.path.as_str(), "exports" | "module.exports") => {
                self.export_named(&external.site, name, value);
            }
            Value::External(external) => {
                external.notes.borrow_mut().insert(name.to_owned(), value);
            }
            _ => {}
        }
    }

    fn export_default(&mut self, site: &Site, value: Value) {
        if let Some(module) = self.modules.get(&site.path) {
            module.scope.declare("module.exports", value.clone());
            module.scope.declare("default", value);
        }
    }

    fn export_named(&mut self, site: &Site, name: &str, value: Value) {
        if let Some(module) = self.modules.get(&site.path) {
            module.scope.declare(name, value);
        }
    }

    /// A class, its fields evaluated.
    pub(super) fn class(&mut self, class: &Rc<Class>, scope: &Rc<Scope>) -> Flow<Value> {
        let bases = self.all(&class.bases, scope)?.positional;
        let mut fields = BTreeMap::new();
        for (name, value) in &class.fields {
            if let Some(value) = value {
                fields.insert(name.clone(), self.eval(value, scope)?);
            }
        }
        Ok(Value::Class(Rc::new(ClassValue {
            class: Rc::clone(class),
            scope: Rc::clone(scope),
            bases,
            fields: std::cell::RefCell::new(fields),
        })))
    }
}

/// Whether two values are the same, when it can be told.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Text(one), Value::Text(other)) => Some(one == other),
        (Value::Number(one), Value::Number(other)) => Some((one - other).abs() < f64::EPSILON),
        (Value::Bool(one), Value::Bool(other)) => Some(one == other),
        (Value::Null, other) | (other, Value::Null) => other.is_null(),
        _ => None,
    }
}

/// True for a call that says it does something for the first time so that it is fast afterwards: `warmUp(…)`,
/// `prewarm_cache()`, `preloadModels()`, `model.encode("warmup")`.
fn says_warm_up(call: &Call) -> bool {
    let named = match &call.callee.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => {
            let warms = ["warmup", "warm_up", "warmUp", "WarmUp", "prewarm", "preWarm"];
            warms.iter().any(|word| name.contains(word))
                || (name.starts_with("preload") && (name.contains("model") || name.contains("Model")))
        }
        _ => false,
    };
    let says = |value: &Expr| matches!(&value.kind, ExprKind::Text(text) if is_warm_up(text));
    let given = |value: &Expr| match &value.kind {
        ExprKind::Map(entries, _) => entries.iter().any(|(_, value)| says(value)),
        ExprKind::List(items) => items.iter().any(says),
        _ => says(value),
    };
    named || call.args.iter().chain(call.named.iter().map(|(_, value)| value)).any(given)
}

fn is_warm_up(text: &str) -> bool {
    ["warmup", "warm-up", "warm up", "warm_up"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
