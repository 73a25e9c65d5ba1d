//! `railway.toml` and `railway.json` as written, before anybody asks which value wins.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::snapshot::Snapshot;

/// One config file.
#[derive(Debug, Clone)]
pub struct RailwayConfig {
    /// Path in the tree.
    pub path: String,
}

/// Reads every Railway config file of the tree.
pub fn gather(_snapshot: &Snapshot<'_>) -> BTreeMap<String, Rc<RailwayConfig>> {
    BTreeMap::new()
}
