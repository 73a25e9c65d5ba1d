//! A tree with some files changed, so that a fix can be checked before it is written.

use std::collections::BTreeMap;

use crate::snapshot::{Entry, ReadError, Tree};

/// `base` with changed contents on top.
pub(super) struct Overlay<'t> {
    base: &'t dyn Tree,
    entries: Vec<Entry>,
    pub(super) changed: BTreeMap<String, Vec<u8>>,
}

impl<'t> Overlay<'t> {
    pub(super) fn new(base: &'t dyn Tree) -> Self {
        Self { base, entries: base.entries().to_vec(), changed: BTreeMap::new() }
    }

    /// Puts `content` at `path`. A new file counts as tracked: it is part of the change.
    pub(super) fn put(&mut self, path: &str, content: Vec<u8>) {
        let size = content.len() as u64;
        match self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)) {
            Ok(at) => self.entries[at].size = size,
            Err(at) => self.entries.insert(at, Entry::file(path, size)),
        }
        self.changed.insert(path.to_owned(), content);
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
