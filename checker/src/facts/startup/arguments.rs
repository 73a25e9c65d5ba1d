//! The arguments of one call.

use std::rc::Rc;

use super::value::{MapValue, Value};

/// Arguments in order and by name.
#[derive(Clone, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
    /// True when `*` or `**` may bring more.
    pub(super) open: bool,
}

impl Arguments {
    pub(super) fn of(positional: Vec<Value>) -> Self {
        Self { positional, ..Self::default() }
    }

    pub(super) fn at(&self, at: usize) -> Option<&Value> {
        self.positional.get(at)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The argument called `name`, or else the one at `at`.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<&Value> {
        self.named(name).or_else(|| self.at(at))
    }

    /// The entry `name` of any object among the arguments, the way JavaScript takes options.
    pub(super) fn option(&self, name: &str) -> Option<Value> {
        self.maps()
            .find_map(|map| map.entries.borrow().get(name).cloned())
            .or_else(|| self.named(name).cloned())
    }

    /// True when an option may be there that is not seen.
    pub(super) fn is_open(&self) -> bool {
        self.open
            || self.maps().any(|map| map.open.get())
            || self.positional.iter().any(|value| matches!(value, Value::Unknown))
    }

    pub(super) fn maps(&self) -> impl Iterator<Item = &Rc<MapValue>> {
        self.positional.iter().filter_map(|value| if let Value::Map(map) = value { Some(map) } else { None })
    }
}
