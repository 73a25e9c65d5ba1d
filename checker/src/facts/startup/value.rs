//! The values of the walk: concrete where the source says them, named where a library makes them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::arguments::Arguments;
use super::retry::Retry;
use crate::facts::program::{Class, Function, Language};
use crate::finding::Site;

/// A value.
#[derive(Clone)]
pub(super) enum Value {
    /// Anything.
    Unknown,
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    /// A string with unknown parts: what is known of it.
    Template(Rc<str>),
    /// What a variable holds.
    Env(Rc<EnvValue>),
    List(Rc<RefCell<Vec<Value>>>),
    /// Known keys; `open` when others are possible.
    Map(Rc<MapValue>),
    Function(Rc<Closure>),
    Class(Rc<ClassValue>),
    Instance(Rc<Instance>),
    Module(Rc<ModuleValue>),
    External(Rc<External>),
    Promise(Rc<Promise>),
    /// An exception in hand.
    Exception(Rc<Raised>),
}

/// A variable's value.
pub(super) struct EnvValue {
    pub(super) name: String,
    /// Taken when the variable is not set.
    pub(super) default: Option<Value>,
    /// Where the default is written, or else the read.
    pub(super) site: Site,
    /// What stands around it when it is part of a longer text.
    pub(super) around: Rc<str>,
}

pub(super) struct MapValue {
    pub(super) entries: RefCell<BTreeMap<String, Value>>,
    pub(super) open: Cell<bool>,
}

/// A function and what it closes over.
pub(super) struct Closure {
    pub(super) function: Rc<Function>,
    pub(super) scope: Rc<Scope>,
    pub(super) this: Option<Value>,
    /// The class whose method it is, for `super()`.
    pub(super) class: Option<Rc<ClassValue>>,
    pub(super) retry: Option<Rc<Retry>>,
}

pub(super) struct ClassValue {
    pub(super) class: Rc<Class>,
    pub(super) scope: Rc<Scope>,
    pub(super) bases: Vec<Value>,
    pub(super) fields: RefCell<BTreeMap<String, Value>>,
}

pub(super) struct Instance {
    pub(super) class: Rc<ClassValue>,
    /// Shared with the view of it that `super()` gives.
    pub(super) fields: Rc<RefCell<BTreeMap<String, Value>>>,
    /// How it was made, for classes with a library's base.
    pub(super) arguments: Arguments,
}

/// A module of the repository.
pub(super) struct ModuleValue {
    /// Dotted name in Python, empty otherwise.
    pub(super) dotted: String,
    pub(super) scope: Rc<Scope>,
}

/// Something of a library: `path` spells how it was reached, calls as `()`.
pub(super) struct External {
    pub(super) path: String,
    /// The call that made it.
    pub(super) arguments: Arguments,
    /// The object it was reached through.
    pub(super) owner: Option<Rc<External>>,
    pub(super) site: Site,
    /// What was registered on it: event handlers, start-up hooks, routers.
    pub(super) notes: RefCell<BTreeMap<String, Value>>,
}

/// Something to await.
pub(super) struct Promise {
    pub(super) work: RefCell<Option<Work>>,
    pub(super) result: RefCell<Option<Result<Value, Rc<Raised>>>>,
}

/// What a promise does when it is awaited.
#[derive(Clone)]
pub(super) enum Work {
    /// Runs an asynchronous function.
    Call(Rc<Closure>, Arguments),
    /// Uses a client.
    Redis(Rc<External>, String, Site),
    /// Waits so many seconds.
    Sleep(f64, Site),
    /// Is already there.
    Ready(Value),
    /// Never comes while Redis is away.
    RedisReady(Site),
    /// A promise, what follows its success and what follows its failure.
    Then(Rc<Promise>, Option<Value>, Option<Value>),
    /// All of them.
    All(Vec<Value>),
    /// Never comes.
    Never(Site),
}

/// An exception.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raised {
    /// Dotted type, such as `redis.exceptions.ConnectionError`; empty when unknown.
    pub(super) kind: String,
    /// Its bases where it is a class of the repository.
    pub(super) bases: Vec<String>,
    /// Status for `SystemExit`.
    pub(super) status: Option<i64>,
    pub(super) site: Site,
}

/// Names of one function or module.
pub(super) struct Scope {
    pub(super) names: RefCell<BTreeMap<String, Value>>,
    pub(super) parent: Option<Rc<Scope>>,
    pub(super) path: Rc<str>,
    pub(super) language: Language,
}

impl Scope {
    pub(super) fn top(path: &str, language: Language) -> Rc<Self> {
        Rc::new(Self { names: RefCell::default(), parent: None, path: path.into(), language })
    }

    pub(super) fn inside(parent: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self {
            names: RefCell::default(),
            parent: Some(Rc::clone(parent)),
            path: Rc::clone(&parent.path),
            language: parent.language,
        })
    }

    pub(super) fn get(self: &Rc<Self>, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some(value) = here.names.borrow().get(name) {
                return Some(value.clone());
            }
            scope = here.parent.as_ref();
        }
        None
    }

    /// Sets a name of this scope.
    pub(super) fn declare(&self, name: &str, value: Value) {
        self.names.borrow_mut().insert(name.to_owned(), value);
    }

    /// Sets the nearest name, or one of the outermost scope.
    pub(super) fn assign(self: &Rc<Self>, name: &str, value: Value) {
        let mut here = self;
        loop {
            if here.names.borrow().contains_key(name) {
                break;
            }
            match &here.parent {
                Some(parent) => here = parent,
                None => break,
            }
        }
        here.declare(name, value);
    }
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn list(items: Vec<Value>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub(super) fn map(entries: BTreeMap<String, Value>, open: bool) -> Self {
        Self::Map(Rc::new(MapValue { entries: RefCell::new(entries), open: Cell::new(open) }))
    }

    /// A library's thing called `path`.
    pub(super) fn external(path: &str, site: &Site) -> Self {
        Self::External(Rc::new(External {
            path: path.to_owned(),
            arguments: Arguments::default(),
            owner: None,
            site: site.clone(),
            notes: RefCell::default(),
        }))
    }

    pub(super) fn promise(work: Work) -> Self {
        Self::Promise(Rc::new(Promise { work: RefCell::new(Some(work)), result: RefCell::default() }))
    }

    /// The string, a variable's default included.
    pub(super) fn as_text(&self) -> Option<Rc<str>> {
        match self {
            Self::Text(text) => Some(Rc::clone(text)),
            Self::Env(env) => env.default.as_ref()?.as_text(),
            _ => None,
        }
    }

    /// The number, a variable's default included.
    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Env(env) => env.default.as_ref()?.as_number(),
            _ => None,
        }
    }

    /// True or false when it can be told; names of variables that Railway always sets are true.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Null => Some(false),
            Self::Bool(flag) => Some(*flag),
            Self::Number(number) => Some(*number != 0.0),
            Self::Text(text) => Some(!text.is_empty()),
            Self::Env(env) => set_by_railway(&env.name).then_some(true),
            Self::List(items) => (!items.borrow().is_empty()).then_some(true),
            Self::Function(_)
            | Self::Class(_)
            | Self::Instance(_)
            | Self::Module(_)
            | Self::Promise(_)
            | Self::Exception(_) => Some(true),
            Self::External(external) => external.is_made().then_some(true),
            Self::Map(map) => (!map.entries.borrow().is_empty()).then_some(true),
            Self::Unknown | Self::Template(_) => None,
        }
    }

    /// True or false when it can be told whether it is `None` or `undefined`.
    pub(super) fn is_null(&self) -> Option<bool> {
        match self {
            Self::Null => Some(true),
            Self::Env(env) => match &env.default {
                Some(default) => default.is_null(),
                None => set_by_railway(&env.name).then_some(false),
            },
            Self::External(external) => external.is_made().then_some(false),
            Self::Unknown => None,
            _ => Some(false),
        }
    }
}

/// Variables that every deployment has (<https://docs.railway.com/variables/reference>).
fn set_by_railway(name: &str) -> bool {
    matches!(
        name,
        "PORT"
            | "RAILWAY_ENVIRONMENT"
            | "RAILWAY_ENVIRONMENT_ID"
            | "RAILWAY_ENVIRONMENT_NAME"
            | "RAILWAY_PROJECT_ID"
            | "RAILWAY_PROJECT_NAME"
            | "RAILWAY_SERVICE_ID"
            | "RAILWAY_SERVICE_NAME"
            | "RAILWAY_DEPLOYMENT_ID"
            | "RAILWAY_REPLICA_ID"
    )
}

impl External {
    /// True when it is a name or an object that a constructor made, not the result of some call.
    fn is_made(&self) -> bool {
        !self.path.ends_with("()") || self.path.contains(':')
    }

    /// The object of a known kind that this was reached through, and the names behind it.
    pub(super) fn made_by(&self) -> Option<(Rc<External>, String)> {
        let mut owner = self.owner.as_ref();
        while let Some(here) = owner {
            if here.path.split_once(':').is_some_and(|(_, kind)| !kind.contains('.')) {
                let method = self.path.strip_prefix(here.path.as_str())?.strip_prefix('.')?;
                return Some((Rc::clone(here), method.to_owned()));
            }
            owner = here.owner.as_ref();
        }
        None
    }
}

impl Raised {
    pub(super) fn new(kind: &str, site: &Site) -> Self {
        Self { kind: kind.to_owned(), bases: Vec::new(), status: None, site: site.clone() }
    }
}
