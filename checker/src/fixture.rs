//! A small tree written as text, for rule examples and tests.
//!
//! ```text
//! //- Dockerfile
//! FROM alpine
//! //- start.sh executable
//! //- .env untracked
//! //- big.bin size=5000000
//! ```

use crate::snapshot::{Entry, EntryKind, ReadError, Tree};

/// A tree held in memory.
#[derive(Debug, Default, Clone)]
pub struct MemoryTree {
    entries: Vec<Entry>,
    contents: Vec<Vec<u8>>,
}

impl MemoryTree {
    /// Reads the `//- path [executable] [untracked] [submodule] [symlink] [size=N]` form.
    pub fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        let mut current: Option<(Entry, String, bool)> = None;
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("//- ") {
                tree.finish(current.take());
                current = Some(Self::header(header));
            } else if let Some((_, body, _)) = &mut current {
                body.push_str(line);
                body.push('\n');
            }
        }
        tree.finish(current);
        tree
    }

    /// Adds or replaces one tracked file.
    #[must_use]
    pub fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        self.insert(Entry::file(path, content.len() as u64), content);
        self
    }

    /// Adds or replaces `entry` with its content; its size is kept as given.
    pub fn insert(&mut self, entry: Entry, content: Vec<u8>) {
        match self.entries.binary_search_by(|known| known.path.cmp(&entry.path)) {
            Ok(at) => {
                self.entries[at] = entry;
                self.contents[at] = content;
            }
            Err(at) => {
                self.entries.insert(at, entry);
                self.contents.insert(at, content);
            }
        }
    }

    fn header(header: &str) -> (Entry, String, bool) {
        let mut words = header.split_whitespace();
        let mut entry = Entry::file(words.next().unwrap_or_default(), 0);
        let mut sized = false;
        for word in words {
            match word {
                "executable" => entry.executable = true,
                "untracked" => entry.tracked = false,
                "submodule" => entry.kind = EntryKind::Submodule,
                "symlink" => entry.kind = EntryKind::Symlink,
                _ => {
                    if let Some(size) = word.strip_prefix("size=").and_then(|size| size.parse().ok()) {
                        entry.size = size;
                        sized = true;
                    }
                }
            }
        }
        (entry, String::new(), sized)
    }

    fn finish(&mut self, file: Option<(Entry, String, bool)>) {
        if let Some((mut entry, body, sized)) = file {
            if !sized {
                entry.size = body.len() as u64;
            }
            self.insert(entry, body.into_bytes());
        }
    }
}

impl Tree for MemoryTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path));
        let content = at.map(|at| &self.contents[at]).map_err(|_| ReadError::Missing)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(content.len());
        Ok(content[..limit].to_vec())
    }
}
