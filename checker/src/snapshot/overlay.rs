//! A tree with some files changed, so that a change can be judged before it is written.

use std::collections::BTreeMap;

use super::{Entry, ReadError, Tree};

/// Another tree with changed contents on top.
pub struct Overlay<'t> {
    base: &'t dyn Tree,
    entries: Vec<Entry>,
    changed: BTreeMap<String, Vec<u8>>,
}

impl<'t> Overlay<'t> {
    /// `base` without a change.
    pub fn new(base: &'t dyn Tree) -> Self {
        Self { base, entries: base.entries().to_vec(), changed: BTreeMap::new() }
    }

    /// `base` as if `path` were not there.
    pub fn without(base: &'t dyn Tree, path: &str) -> Self {
        let mut tree = Self::new(base);
        tree.entries.retain(|entry| entry.path != path);
        tree
    }

    /// Puts `content` at `path`. A new file counts as tracked: it is part of the change.
    pub fn put(&mut self, path: &str, content: Vec<u8>) {
        let size = content.len() as u64;
        match self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)) {
            Ok(at) => self.entries[at].size = size,
            Err(at) => self.entries.insert(at, Entry::file(path, size)),
        }
        self.changed.insert(path.to_owned(), content);
    }

    /// The changed contents, by path.
    pub fn changed(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.changed
    }
}

impl Tree for Overlay<'_> {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let Some(content) = self.changed.get(path) else { return self.base.read(path, limit) };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(content.len());
        Ok(content[..limit].to_vec())
    }
}
