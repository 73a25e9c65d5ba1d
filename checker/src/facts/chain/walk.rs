//! Walks from a start along every reference, those that are certainly followed first.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::{
    Broken, Cause, Chain, FILE_LIMIT, Link, Loader, Nameless, Package, Place, Reached, Start, To, When,
    language,
};
use crate::facts::Facts;
use crate::facts::image::{Image, Presence};
use crate::facts::program::Language;
use crate::facts::startup::join;
use crate::finding::Site;
use crate::snapshot::EntryKind;

/// What a reference turns out to be.
pub(super) enum Found {
    /// A module: path in the image, path in the tree.
    Module(String, String),
    /// A module of others.
    Package(String),
    /// It leads nowhere; the site is the instruction that may have made it all the same.
    Broken(Cause, Option<Site>),
    /// A module without that name: its path in the tree, and the name.
    Nameless(String, String),
    /// Nothing to say.
    Nothing,
}

/// Reads the chain that begins at `start`.
pub fn walk<'s>(facts: &Facts<'s>, image: &Image<'s>, start: &Start) -> Chain {
    let mut walk =
        Walk { facts, image, start, chain: Chain::default(), queue: VecDeque::new(), seen: BTreeMap::new() };
    for (place, source) in &start.modules {
        walk.reach(place.clone(), source.clone(), start.when, None);
    }
    while let Some(at) = walk.queue.pop_front() {
        walk.module(at);
    }
    walk.doubt_moved_path();
    walk.chain
}

pub(super) struct Walk<'w, 's> {
    pub(super) facts: &'w Facts<'s>,
    pub(super) image: &'w Image<'s>,
    pub(super) start: &'w Start,
    chain: Chain,
    queue: VecDeque<usize>,
    seen: BTreeMap<String, usize>,
}

impl Walk<'_, '_> {
    fn reach(&mut self, place: String, source: String, when: When, by: Option<usize>) {
        if self.seen.contains_key(&place)
            || self.chain.modules.len() >= FILE_LIMIT
            || language(&source).is_none()
        {
            return;
        }
        let at = self.chain.modules.len();
        self.seen.insert(place.clone(), at);
        self.chain.modules.push(Reached { source, place, when, by });
        if when == When::Always { self.queue.push_front(at) } else { self.queue.push_back(at) }
    }

    /// Where a module of the chain changes where Python looks, nothing is known of absolute names that were not found.
    fn doubt_moved_path(&mut self) {
        let moves = |reached: &Reached| {
            language(&reached.source) == Some(Language::Python)
                && self.facts.snapshot.text(&reached.source).is_ok_and(|text| moves_path(&text.text))
        };
        let loaded = |reached: &&Reached| reached.when < When::Named;
        if self.start.loader == Loader::Python && self.chain.modules.iter().filter(loaded).any(moves) {
            for nameless in &mut self.chain.nameless {
                nameless.doubt = true;
            }
        }
        if self.start.loader == Loader::Python && self.chain.modules.iter().any(moves) {
            let (image, site) = (self.image, Rc::new(Site::file(self.start.dir.clone())));
            // What no instruction copies lies nowhere, wherever Python looks.
            let nowhere =
                |cause: &Cause| matches!(cause, Cause::NotInImage { source, .. } if !image.copies(source));
            for broken in self.chain.broken.iter_mut().filter(|broken| nowhere(&broken.cause)) {
                broken.doubt.get_or_insert_with(|| Rc::clone(&site));
            }
            let kept = |broken: &Broken| {
                broken.written.starts_with('.')
                    || matches!(broken.cause, Cause::FileNotInImage { .. })
                    || nowhere(&broken.cause)
            };
            self.chain.broken.retain(kept);
        }
    }

    fn module(&mut self, at: usize) {
        let Some(reached) = self.chain.modules.get(at).cloned() else { return };
        let Some(links) = self.facts.links(&reached.source) else { return };
        for link in links.iter() {
            let Some(when) = self.when(link, &reached, at) else { continue };
            self.follow(at, &reached, link, when);
        }
    }

    /// When the reference is followed, counted from the start; `None` when it does not matter.
    fn when(&self, link: &Link, reached: &Reached, at: usize) -> Option<When> {
        let own = match (link.when, self.start.loader) {
            (When::Types, Loader::Run | Loader::Python) => return None,
            (When::Types | When::Lazy | When::Sometimes, Loader::Build) => When::Always,
            (When::Main, _) => {
                return (at < self.start.modules.len()).then(|| When::Always.max(reached.when));
            }
            (when, _) => when,
        };
        Some(own.max(reached.when))
    }

    fn follow(&mut self, at: usize, reached: &Reached, link: &Link, when: When) {
        let python = language(&reached.source) == Some(Language::Python);
        match &link.to {
            To::Module { name, level, names } if python => {
                for found in self.python(reached, name, *level, names) {
                    self.settle(at, reached, link, when, &dotted(name, *level), found);
                }
            }
            To::Module { name, names, .. } => {
                let found = self.javascript(reached, name);
                if let Found::Module(_, source) = &found {
                    for found in self.not_exported(reached, source, names) {
                        self.settle(at, reached, link, when, name, found);
                    }
                }
                self.settle(at, reached, link, when, name, found);
            }
            // A compiler does not open files.
            To::Path(_) | To::Text(_)
                if self.start.loader == Loader::Build && at >= self.start.modules.len() => {}
            To::Path(place) => {
                let (spelled, found) = self.file(reached, place);
                self.settle(at, reached, link, when.max(When::Sometimes), &spelled, found);
            }
            To::Text(text) => {
                let found = self.text(reached, text);
                self.settle(at, reached, link, When::Named.max(when), text, found);
            }
        }
    }

    fn settle(&mut self, at: usize, reached: &Reached, link: &Link, when: When, written: &str, found: Found) {
        let site = Site::new(reached.source.clone(), link.span);
        match found {
            Found::Module(place, source) => self.reach(place, source, when, Some(at)),
            Found::Package(name) => self.chain.packages.push(Package { name, module: at, site, when }),
            Found::Broken(cause, doubt) => {
                // A variable of the service may lead there, and what would fail next is told at once.
                if let Cause::NotOnPath { source, root } = &cause {
                    let inner = written.replace('.', "/");
                    let places = [".py", "/__init__.py"].map(|end| join(root, &format!("{inner}{end}")));
                    let there =
                        |place: &String| self.image.presence(self.start.view, place).source() == Some(source);
                    if let Some(place) = places.into_iter().find(there) {
                        self.reach(place, source.clone(), when.max(When::Sometimes), Some(at));
                    }
                }
                let doubt = doubt.map(Rc::new);
                let written = written.to_owned();
                self.chain.broken.push(Broken { module: at, site, when, written, cause, doubt });
            }
            Found::Nameless(source, name) => {
                self.chain.nameless.push(Nameless { name, source, module: at, site, when, doubt: false });
            }
            Found::Nothing => {}
        }
    }

    /// A file whose path the module computes.
    fn file(&self, reached: &Reached, place: &Place) -> (String, Found) {
        let (written, source, place) = match place {
            Place::Beside(path) => {
                let Some(source) = climb(dir(&reached.source), path) else {
                    return (path.clone(), Found::Nothing);
                };
                (path, source, join(dir(&reached.place), path))
            }
            Place::Working(path) => {
                let Some(root) = self.source_dir(&self.start.dir) else {
                    return (path.clone(), Found::Nothing);
                };
                let Some(source) = climb(&root, path) else { return (path.clone(), Found::Nothing) };
                (path, source, join(&self.start.dir, path))
            }
        };
        (written.clone(), self.wanted(&place, &source, true))
    }

    /// A text that may name a file beside the module or below the working directory.
    fn text(&self, reached: &Reached, text: &str) -> Found {
        let beside = join(dir(&reached.source), text);
        if language(text).is_some() && !text.starts_with("..") && self.is_file(&beside) {
            return self.wanted(&join(dir(&reached.place), text), &beside, false);
        }
        let Some(root) = self.source_dir(&self.start.dir) else { return Found::Nothing };
        let below = join(&root, text);
        if self.is_file(&below) {
            self.wanted(&join(&self.start.dir, text), &below, true)
        } else {
            Found::Nothing
        }
    }

    /// A file that the tree has: whether the image has it too.
    fn wanted(&self, place: &str, source: &str, any: bool) -> Found {
        if !self.is_file(source) || (!any && language(source).is_none()) {
            return Found::Nothing;
        }
        match self.image.presence(self.start.view, place) {
            Presence::File { source: Some(source), .. } => Found::Module(place.to_owned(), source),
            Presence::Absent => Found::Broken(
                Cause::FileNotInImage { source: source.to_owned(), place: place.to_owned() },
                None,
            ),
            Presence::Unknown(Some(site)) => Found::Broken(
                Cause::FileNotInImage { source: source.to_owned(), place: place.to_owned() },
                Some(site),
            ),
            _ => Found::Nothing,
        }
    }

    /// True when the tree that travels has a file at `path`.
    pub(super) fn is_file(&self, path: &str) -> bool {
        let entry = self.facts.snapshot.entry(path);
        entry.is_some_and(|entry| entry.kind == EntryKind::File && self.facts.snapshot.travels(entry))
    }

    /// The directory of the tree that lies in the directory `place` of the image.
    pub(super) fn source_dir(&self, place: &str) -> Option<String> {
        match self.image.presence(self.start.view, place) {
            Presence::Directory { source: Some(source) } => Some(source),
            _ => None,
        }
    }
}

/// Code that changes `sys.path`.
const MOVES: [&str; 8] = [
    "sys.path.insert",
    "sys.path.append",
    "sys.path.extend",
    "sys.path =",
    "sys.path=",
    "sys.path +=",
    "sys.path[",
    "addsitedir(",
];

/// True for code that changes `sys.path`.
fn moves_path(text: &str) -> bool {
    // Most sources hold neither word, and every source is asked.
    if !text.contains("sys.path") && !text.contains("addsitedir(") {
        return false;
    }
    let mut code = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    code.any(|line| MOVES.iter().any(|change| line.contains(change)))
}

fn dotted(name: &str, level: u32) -> String {
    format!("{}{name}", ".".repeat(level as usize))
}

/// The directory of `path`.
pub(super) fn dir(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// `path` from `dir`; `None` when it climbs out of the tree.
pub(super) fn climb(dir: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
