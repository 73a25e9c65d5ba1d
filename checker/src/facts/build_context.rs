//! The build context: which files the builder receives, how many bytes, and who contributes most.

use std::collections::{BTreeMap, HashMap};

use crate::facts::dockerignore::{Dockerignore, clean};
use crate::facts::gitignore::Patterns;
use crate::finding::Site;
use crate::order;
use crate::snapshot::{Entry, EntryKind, Snapshot, Trigger};

/// The files of one build.
pub struct BuildContext<'s> {
    /// Root directory in the tree; `""` is the repository.
    pub root: String,
    /// The ignore file that counts, when there is one.
    pub ignore: Option<Dockerignore>,
    /// What is received, sorted by path.
    pub entries: Vec<&'s Entry>,
    /// Sizes of all that is received.
    pub bytes: u64,
    snapshot: &'s Snapshot<'s>,
}

/// Why a path is not in the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// The repository has no such path.
    NotInTree,
    /// It lies in the working directory, but git does not track it.
    NotTracked,
    /// It lies in the repository, but not below the root directory.
    OutsideRoot,
    /// A pattern of the ignore file drops it.
    Ignored {
        /// The pattern's line.
        site: Site,
        /// The pattern as written.
        pattern: String,
    },
    /// `railway up` does not send it: `.gitignore`, `.railwayignore` or its own list drop it.
    NotUploaded,
}

/// What one top-level directory or file adds to the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    /// Its name from the context's root.
    pub path: String,
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
}

impl<'s> BuildContext<'s> {
    /// The context for `dockerfile` (path in the tree) when the service's root directory is `root`.
    pub fn of(snapshot: &'s Snapshot<'s>, root: &str, dockerfile: &str) -> Self {
        let ignore = Dockerignore::for_dockerfile(snapshot, root, dockerfile);
        let sent = sent(snapshot, root);
        let mut context =
            Self { root: root.to_owned(), ignore: None, entries: Vec::new(), bytes: 0, snapshot };
        match &ignore {
            None => context.entries = sent,
            Some(ignore) => {
                let skip = if root.is_empty() { 0 } else { root.len() + 1 };
                let mut at = 0;
                let kept = &mut context.entries;
                ignore.walk(sent.iter().map(|entry| &entry.path[skip..]), |_, ignored| {
                    if !ignored {
                        kept.push(sent[at]);
                    }
                    at += 1;
                });
            }
        }
        context.bytes = context.entries.iter().map(|entry| entry.size).sum();
        context.ignore = ignore;
        context
    }

    /// The path of `entry` from the context's root.
    pub fn relative<'e>(&self, entry: &'e Entry) -> &'e str {
        let skip = if self.root.is_empty() { 0 } else { self.root.len() + 1 };
        entry.path.get(skip..).unwrap_or_default()
    }

    /// The entries that a COPY source stands for: a file, everything below a directory, or what a pattern matches.
    pub fn matches<'c>(&'c self, source: &str) -> impl Iterator<Item = &'s Entry> + use<'c, 's> {
        let source = Source::new(source);
        self.entries.iter().copied().filter(move |entry| source.takes(self.relative(entry)))
    }

    /// True when the COPY source stands for `path` (from the context's root) or a directory above it.
    pub fn takes(source: &str, path: &str) -> bool {
        Source::new(source).takes(path)
    }

    /// True when the COPY source stands for something.
    pub fn has(&self, source: &str) -> bool {
        let source = Source::new(source);
        if let Source::Path(path) = &source {
            // Sorted, so that a directory's files stand where the directory would.
            let from = self.entries.partition_point(|entry| self.relative(entry) < path.as_str());
            let below = format!("{path}/");
            let next = self.entries[from..].iter().map(|entry| self.relative(entry));
            return next
                .take_while(|near| near.starts_with(path.as_str()))
                .any(|near| near == path || near.starts_with(&below));
        }
        self.entries.iter().any(|entry| source.takes(self.relative(entry)))
    }

    /// True when everything in the directory at `path` is ignored, but the directory itself is not: it travels empty.
    pub fn is_emptied(&self, path: &str) -> bool {
        let Some(ignore) = &self.ignore else { return false };
        let whole = if self.root.is_empty() { path.to_owned() } else { format!("{}/{path}", self.root) };
        let mut below = self.snapshot.under(&whole).iter();
        !path.is_empty()
            && below.any(|entry| self.snapshot.travels(entry))
            && !self.has(path)
            && !ignore.decide(path).ignored
    }

    /// The file at `path` (from the context's root).
    pub fn file(&self, path: &str) -> Option<&'s Entry> {
        let found = self.entries.binary_search_by(|entry| self.relative(entry).cmp(path));
        found.ok().map(|at| self.entries[at])
    }

    /// The paths that a COPY source stands for: itself, or what its pattern matches.
    pub fn expanded(&self, source: &str) -> Vec<String> {
        let parts = match Source::new(source) {
            Source::All => return vec![String::new()],
            Source::Path(path) => return vec![path],
            Source::Glob(parts) => parts.len(),
        };
        let cut = |path: &str| path.split('/').take(parts).collect::<Vec<_>>().join("/");
        let mut found: Vec<String> = self.matches(source).map(|entry| cut(self.relative(entry))).collect();
        found.dedup();
        found
    }

    /// Why a COPY source stands for nothing.
    pub fn why_absent(&self, source: &str) -> Absence {
        let wanted = Source::new(source);
        let skip = if self.root.is_empty() { 0 } else { self.root.len() + 1 };
        let Some(entry) = self.candidates(&self.root, &wanted).next() else {
            let elsewhere = !self.root.is_empty() && self.candidates("", &wanted).any(|entry| entry.tracked);
            return if elsewhere { Absence::OutsideRoot } else { Absence::NotInTree };
        };
        let tracked = self.candidates(&self.root, &wanted).find(|entry| entry.tracked);
        if self.snapshot.trigger == Trigger::GitHub && tracked.is_none() {
            return Absence::NotTracked;
        }
        let path = &tracked.unwrap_or(entry).path[skip..];
        let by = self.ignore.as_ref().and_then(|ignore| Some((ignore, ignore.decide(path).decided_by?)));
        match by {
            Some((ignore, at)) if !ignore.patterns[at].exclusion => {
                let span = ignore.patterns[at].span;
                let text = self.snapshot.text(&ignore.path);
                let pattern = text.as_ref().map_or("", |text| span.of(&text.text)).trim().to_owned();
                Absence::Ignored { site: Site::new(ignore.path.clone(), span), pattern }
            }
            _ => Absence::NotUploaded,
        }
    }

    /// The entries of the tree that a source stands for when the root directory is `root`.
    fn candidates<'c>(&'c self, root: &str, wanted: &'c Source) -> Box<dyn Iterator<Item = &'s Entry> + 'c> {
        let skip = if root.is_empty() { 0 } else { root.len() + 1 };
        if let Source::Path(path) = wanted {
            let whole = if root.is_empty() { path.clone() } else { format!("{root}/{path}") };
            return Box::new(self.snapshot.entry(&whole).into_iter().chain(self.snapshot.under(&whole)));
        }
        let all = self.snapshot.under(root).iter();
        Box::new(all.filter(move |entry| wanted.takes(&entry.path[skip..])))
    }

    /// What adds most, largest first, at most `most` of them.
    pub fn contributors(&self, most: usize) -> Vec<Contributor> {
        let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for entry in &self.entries {
            let path = self.relative(entry);
            let sum = sums.entry(path.split_once('/').map_or(path, |(top, _)| top)).or_default();
            *sum = (sum.0 + 1, sum.1 + entry.size);
        }
        let mut found: Vec<Contributor> = sums
            .into_iter()
            .map(|(path, (files, bytes))| Contributor { path: path.to_owned(), files, bytes })
            .collect();
        order::sort_by(&mut found, |one, other| {
            other.bytes.cmp(&one.bytes).then_with(|| one.path.cmp(&other.path))
        });
        found.truncate(most);
        found
    }
}

/// What travels to the builder before any `.dockerignore` is read.
pub(crate) fn sent<'s>(snapshot: &'s Snapshot<'s>, root: &str) -> Vec<&'s Entry> {
    let entries = snapshot.under(root).iter().filter(|entry| entry.kind != EntryKind::Submodule);
    match snapshot.trigger {
        Trigger::GitHub => entries.filter(|entry| entry.tracked).collect(),
        Trigger::Local => entries.collect(),
        Trigger::RailwayUp => {
            let mut upload = Upload::read(snapshot);
            entries.filter(|entry| upload.takes(&entry.path)).collect()
        }
    }
}

/// What `railway up` packs (<https://docs.railway.com/cli/up>; the command line's `upload.rs`): a pattern of any
/// `.railwayignore` goes before every `.gitignore`, a deeper file before those above it, and nothing below a directory
/// that stays behind comes back.
struct Upload<'s> {
    /// `.railwayignore` and `.gitignore` files, by directory.
    files: [HashMap<&'s str, Patterns>; 2],
    /// The directories down to the last path, each with whether it stays behind.
    open: Vec<(&'s str, bool)>,
}

impl<'s> Upload<'s> {
    fn read(snapshot: &'s Snapshot<'s>) -> Self {
        let files = [".railwayignore", ".gitignore"].map(|wanted| {
            let named = snapshot.entries().iter().filter_map(|entry| {
                let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
                (name == wanted && !is_module(directory)).then_some((directory, &entry.path))
            });
            let read = named.filter_map(|(directory, path)| {
                Some((directory, Patterns::parse(&snapshot.text(path).ok()?.text)))
            });
            read.collect()
        });
        Self { files, open: Vec::new() }
    }

    /// True when `path` is packed. Paths come in tree order, so that a directory is judged once.
    fn takes(&mut self, path: &'s str) -> bool {
        while self.open.last().is_some_and(|(directory, _)| below(path, directory).is_none()) {
            self.open.pop();
        }
        let mut from = self.open.last().map_or(0, |(directory, _)| directory.len() + 1);
        while let Some(at) = path.get(from..).and_then(|rest| rest.find('/')) {
            let directory = &path[..from + at];
            let left = self.open.last().is_some_and(|(_, left)| *left);
            self.open.push((directory, left || is_module(directory) || self.ignores(directory, true)));
            from += at + 1;
        }
        !self.open.last().is_some_and(|(_, left)| *left) && !self.ignores(path, false)
    }

    fn ignores(&self, path: &str, is_directory: bool) -> bool {
        let verdict = self.files.iter().filter(|files| !files.is_empty()).find_map(|files| {
            let mut above = path.rmatch_indices('/').map(|(at, _)| &path[..at]).chain([""]);
            above.find_map(|directory| files.get(directory)?.judge(below(path, directory)?, is_directory))
        });
        verdict.unwrap_or(false)
    }
}

fn is_module(directory: &str) -> bool {
    directory.split('/').any(|part| part == "node_modules")
}

/// The part of `path` below `directory`.
fn below<'p>(path: &'p str, directory: &str) -> Option<&'p str> {
    if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') }
}

/// A COPY source as the builder takes it.
enum Source {
    /// `.`: everything.
    All,
    /// A file or directory.
    Path(String),
    /// A pattern, part by part.
    Glob(Vec<String>),
}

impl Source {
    fn new(source: &str) -> Self {
        let cleaned = clean(&format!("/{source}"));
        let path = cleaned.trim_start_matches('/');
        if path.is_empty() {
            Self::All
        } else if path.contains(['*', '?', '[']) {
            Self::Glob(path.split('/').map(str::to_owned).collect())
        } else {
            Self::Path(path.to_owned())
        }
    }

    fn takes(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Path(own) => {
                path.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Glob(parts) => {
                let mut names = path.split('/');
                parts.iter().all(|part| {
                    names.next().is_some_and(|name| crate::facts::gitignore::part_matches(part, name))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::snapshot::Day;

    const TREE: &str = "//- .dockerignore\nnode_modules\n*.log\n!keep.log\n//- Dockerfile\n//- a.log\n//- keep.log\n//- app/main.py\n\
                        //- app/.gitignore\n*.tmp\n//- app/x.tmp untracked\n//- node_modules/x/i.js untracked\n//- vendor/lib submodule\n";

    fn paths(trigger: Trigger, root: &str) -> Vec<String> {
        let tree = MemoryTree::parse(TREE);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, trigger);
        let context = BuildContext::of(&snapshot, root, "Dockerfile");
        context.entries.iter().map(|entry| context.relative(entry).to_owned()).collect()
    }

    #[test]
    fn the_three_triggers_send_different_files() {
        let github = [".dockerignore", "Dockerfile", "app/.gitignore", "app/main.py", "keep.log"];
        assert_eq!(paths(Trigger::GitHub, ""), github);
        assert_eq!(paths(Trigger::RailwayUp, ""), github);
        let local = [".dockerignore", "Dockerfile", "app/.gitignore", "app/main.py", "app/x.tmp", "keep.log"];
        assert_eq!(paths(Trigger::Local, ""), local);
    }

    #[test]
    fn an_upload_follows_the_deepest_ignore_file_and_railways_own_first() {
        let tree = MemoryTree::parse(
            "//- .gitignore\n*.log\n/gone\nbuilt\n//- .railwayignore\n!built\n//- a.log\n//- built/x\n\
             //- d/.gitignore\n!keep.log\n//- d/keep.log\n//- d/other.log\n//- gone/.gitignore\n!back\n//- gone/back\n\
             //- w/node_modules/i.js\n//- w/z\n",
        );
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::RailwayUp);
        let context = BuildContext::of(&snapshot, "", "Dockerfile");
        let paths: Vec<&str> = context.entries.iter().map(|entry| context.relative(entry)).collect();
        assert_eq!(paths, [".gitignore", ".railwayignore", "built/x", "d/.gitignore", "d/keep.log", "w/z"]);
    }

    #[test]
    fn a_root_directory_cuts_the_tree() {
        assert_eq!(paths(Trigger::GitHub, "app"), [".gitignore", "main.py"]);
    }

    #[test]
    fn absence_has_a_reason() {
        let tree = MemoryTree::parse(TREE);
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::GitHub);
        let context = BuildContext::of(&snapshot, "", "Dockerfile");
        assert!(
            context.has("app")
                && context.has("./app/")
                && context.has("../app/main.py")
                && context.has("*.log")
                && context.has(".")
        );
        assert!(!context.has("ap") && !context.has("app/main"));
        assert_eq!(context.why_absent("missing"), Absence::NotInTree);
        assert_eq!(context.why_absent("app/x.tmp"), Absence::NotTracked);
        assert!(
            matches!(context.why_absent("a.log"), Absence::Ignored { pattern, .. } if pattern == "*.log")
        );
        let below = BuildContext::of(&snapshot, "app", "Dockerfile");
        assert_eq!(below.why_absent("keep.log"), Absence::OutsideRoot);
    }

    #[test]
    fn the_largest_contributor_comes_first() {
        let tree = MemoryTree::parse("//- a/x size=10\n//- a/y size=20\n//- b size=25\n");
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 24 }, Trigger::Local);
        let context = BuildContext::of(&snapshot, "", "Dockerfile");
        assert_eq!(context.bytes, 55);
        assert_eq!(context.contributors(1), [Contributor { path: "a".into(), files: 2, bytes: 30 }]);
    }
}
