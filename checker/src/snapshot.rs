//! Everything that was seen, frozen: a tree of files whose content is read on demand, and the day it was seen.

mod overlay;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

pub use overlay::Overlay;

use crate::order;
use crate::span::{LineIndex, Position, Span};

/// Largest file the checker reads as text: 1 MiB. Larger ones count in the build context by their size alone.
pub const TEXT_LIMIT: u64 = 1024 * 1024;

/// What an entry of the tree is. Directories have no entries; they are the prefixes of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link; its content is the target path.
    Symlink,
    /// A commit of another repository (git submodule): nothing below it is part of the tree.
    Submodule,
}

/// One path of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path from the root of the tree, `/`-separated, without a leading `./`.
    pub path: String,
    /// Size of the content in bytes.
    pub size: u64,
    /// True when the executable bit is set.
    pub executable: bool,
    /// What the entry is.
    pub kind: EntryKind,
    /// True when git tracks it, so that a deploy from GitHub has it. A tree without git tracks everything.
    pub tracked: bool,
}

impl Entry {
    /// A tracked, regular, not executable file.
    pub fn file(path: impl Into<String>, size: u64) -> Self {
        Self { path: path.into(), size, executable: false, kind: EntryKind::File, tracked: true }
    }
}

/// Why a file gave no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// The tree has no such path.
    Missing,
    /// The host could not read it; the text is the host's own.
    Failed(String),
}

/// A source of files. The native command line, the JavaScript host and the tests each have one.
pub trait Tree {
    /// Every entry, sorted by path bytes.
    fn entries(&self) -> &[Entry];
    /// The bytes of one entry, at most `limit` of them.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError>;
}

/// A calendar day; the checker has no clock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year, such as 2026.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let day = Self {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        let valid = parts.next().is_none() && (1..=12).contains(&day.month) && (1..=31).contains(&day.day);
        valid.then_some(day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// How the code travels to the builder; the three differ in which files arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A push to the connected GitHub repository: the tracked files of the commit.
    GitHub,
    /// `railway up`: the working directory without `.git`, `node_modules` and what `.gitignore` or `.railwayignore` drop.
    RailwayUp,
    /// A local `docker build`: the whole working directory.
    Local,
}

impl Trigger {
    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::RailwayUp => "railway-up",
            Self::Local => "local",
        }
    }

    /// The trigger called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::GitHub, Self::RailwayUp, Self::Local].into_iter().find(|trigger| trigger.name() == name)
    }
}

/// The decoded text of one file and the way back to its lines.
#[derive(Debug)]
pub struct Text {
    /// Path in the tree.
    pub path: String,
    /// Content without a byte order mark; invalid UTF-8 is replaced character by character.
    pub text: String,
    /// Lines of `text`.
    pub lines: LineIndex,
    /// True when the file began with a UTF-8 byte order mark.
    pub had_bom: bool,
    /// True when bytes were not UTF-8 and were replaced.
    pub lossy: bool,
}

impl Text {
    /// Decodes `bytes`: drops a byte order mark, replaces what is not UTF-8, keeps `\r\n` as it is.
    pub fn decode(path: &str, bytes: &[u8]) -> Self {
        let (had_bom, body) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) => (true, rest),
            None => (false, bytes),
        };
        let text = String::from_utf8_lossy(body);
        let lossy = matches!(text, std::borrow::Cow::Owned(_));
        let text = text.into_owned();
        Self { path: path.to_owned(), lines: LineIndex::new(&text), text, had_bom, lossy }
    }

    /// The position of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(&self.text, offset)
    }

    /// The whole one-based line a byte offset is on.
    pub fn line_at(&self, offset: usize) -> Span {
        let line = self.position(offset).line;
        self.lines.line_span(&self.text, line).unwrap_or(Span::START)
    }
}

/// Why a file has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoText {
    /// No such path, or it is not a regular file.
    Missing,
    /// Larger than [`TEXT_LIMIT`].
    TooLarge(u64),
    /// Holds a NUL byte in its first 8 KiB.
    Binary,
    /// The host could not read it; the text is the host's own.
    Failed(String),
}

/// The frozen view that facts are gathered from.
pub struct Snapshot<'t> {
    tree: &'t dyn Tree,
    /// The day of the check, given from outside.
    pub today: Day,
    /// How the code will travel to Railway.
    pub trigger: Trigger,
    texts: RefCell<HashMap<String, Result<Rc<Text>, NoText>>>,
    /// Number of each entry by its path; import chains ask for many paths that are not there.
    places: OnceCell<HashMap<Box<str>, usize>>,
    /// The entries below each directory, from the first to behind the last.
    directories: OnceCell<HashMap<Box<str>, (usize, usize)>>,
}

impl<'t> Snapshot<'t> {
    /// Freezes `tree` as seen on `today`.
    pub fn new(tree: &'t dyn Tree, today: Day, trigger: Trigger) -> Self {
        Self {
            tree,
            today,
            trigger,
            texts: RefCell::default(),
            places: OnceCell::new(),
            directories: OnceCell::new(),
        }
    }

    /// Every entry, sorted by path.
    pub fn entries(&self) -> &'t [Entry] {
        self.tree.entries()
    }

    /// The entry at `path`.
    pub fn entry(&self, path: &str) -> Option<&'t Entry> {
        let entries = self.tree.entries();
        let places = self.places.get_or_init(|| {
            entries.iter().enumerate().map(|(at, entry)| (entry.path.as_str().into(), at)).collect()
        });
        places.get(path).map(|at| &entries[*at])
    }

    /// True when `path` is an entry of the tree that travels to Railway with this trigger's rule on tracking.
    pub fn deploys(&self, path: &str) -> bool {
        self.entry(path).is_some_and(|entry| self.travels(entry))
    }

    /// True when `entry` travels to Railway as far as git's tracking decides.
    pub fn travels(&self, entry: &Entry) -> bool {
        entry.tracked || self.trigger != Trigger::GitHub
    }

    /// Entries below directory `dir` (`""` is the root).
    pub fn under(&self, dir: &str) -> &'t [Entry] {
        let entries = self.tree.entries();
        if dir.is_empty() {
            return entries;
        }
        let directories = self.directories.get_or_init(|| directories(entries));
        directories.get(dir).map_or(&[], |(from, to)| &entries[*from..*to])
    }

    /// True when some entry lies below `dir`.
    pub fn is_directory(&self, dir: &str) -> bool {
        !self.under(dir).is_empty()
    }

    /// The text of `path`, decoded once and kept.
    pub fn text(&self, path: &str) -> Result<Rc<Text>, NoText> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let read = self.read_text(path);
        self.texts.borrow_mut().insert(path.to_owned(), read.clone());
        read
    }

    /// What the symbolic link at `path` points at, as written; `None` when it is none.
    pub fn link_target(&self, path: &str) -> Option<String> {
        self.entry(path).filter(|entry| entry.kind == EntryKind::Symlink)?;
        let bytes = self.tree.read(path, 4096).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// Every text read so far, sorted by path.
    pub fn loaded(&self) -> Vec<Rc<Text>> {
        let mut texts: Vec<_> = self.texts.borrow().values().filter_map(|text| text.clone().ok()).collect();
        order::sort_by(&mut texts, |one, other| one.path.cmp(&other.path));
        texts
    }

    fn read_text(&self, path: &str) -> Result<Rc<Text>, NoText> {
        let entry = self.entry(path).filter(|entry| entry.kind == EntryKind::File).ok_or(NoText::Missing)?;
        if entry.size > TEXT_LIMIT {
            return Err(NoText::TooLarge(entry.size));
        }
        let bytes = self.tree.read(path, TEXT_LIMIT).map_err(|error| match error {
            ReadError::Missing => NoText::Missing,
            ReadError::Failed(why) => NoText::Failed(why),
        })?;
        if bytes.iter().take(8192).any(|byte| *byte == 0) {
            return Err(NoText::Binary);
        }
        Ok(Rc::new(Text::decode(path, &bytes)))
    }
}

/// True when the last part of `path` is `name`.
pub fn is_called(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The entries below each directory. They are sorted, so those of one directory follow each other.
fn directories(entries: &[Entry]) -> HashMap<Box<str>, (usize, usize)> {
    let mut found = HashMap::new();
    // The directories around the last path: how long their names are, and their first entry.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut last = "";
    for (at, path) in entries.iter().map(|entry| entry.path.as_str()).chain([""]).enumerate() {
        while let Some((len, from)) =
            open.pop_if(|(len, _)| path.get(..=*len).is_none_or(|start| last.get(..=*len) != Some(start)))
        {
            found.insert(last[..len].into(), (from, at));
        }
        let inner = open.last().map_or(0, |(len, _)| len + 1);
        open.extend(path[inner..].match_indices('/').map(|(slash, _)| (inner + slash, at)));
        last = path;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;

    #[test]
    fn a_directory_has_what_lies_below_it() {
        let paths = ["a", "a-b/c", "a.d/e", "a/b/c", "a/b/d/e", "a/f", "a0/g", "b/a/b/h", "é/i"];
        let tree = paths.into_iter().fold(MemoryTree::default(), |tree, path| tree.with(path, ""));
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 1, day: 1 }, Trigger::GitHub);
        for dir in ["", "a", "a-b", "a.d", "a/b", "a/b/d", "a0", "b", "b/a", "b/a/b", "é", "c", "a/b/c", "a/"]
        {
            let below = |path: &&str| dir.is_empty() || path.starts_with(&format!("{dir}/"));
            let found = snapshot.under(dir).iter().map(|entry| entry.path.as_str());
            assert!(found.eq(paths.into_iter().filter(below)), "{dir}");
        }
    }
}
