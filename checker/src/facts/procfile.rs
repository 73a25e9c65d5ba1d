//! `Procfile`: process types and their commands.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::snapshot::Snapshot;
use crate::span::Span;

/// One line `name: command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process type, such as `web`.
    pub name: String,
    /// The command behind the colon.
    pub command: String,
    /// The whole line.
    pub span: Span,
}

/// One `Procfile`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procfile {
    /// Path in the tree.
    pub path: String,
    /// Its processes in file order.
    pub processes: Vec<Process>,
}

/// Reads every `Procfile` of the tree.
pub fn gather(_snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<Procfile>> {
    BTreeMap::new()
}
