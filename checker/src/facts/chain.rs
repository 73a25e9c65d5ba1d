//! The import chain, read instead of run: from a program to every module and file it needs, inside the image.

mod distributions;
mod javascript;
pub mod links;
pub mod logs;
pub mod names;
mod paths;
mod python;
mod walk;

use std::rc::Rc;

use crate::facts::image::View;
use crate::facts::program::Language;
use crate::finding::Site;

pub(crate) use javascript::package;
pub(super) use links::parts;
pub use links::{Link, To, When};
pub use paths::Place;
pub use walk::walk;

/// Files read for one chain; beyond that it is cut short.
const FILE_LIMIT: usize = 500;

/// How modules are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loader {
    /// Python itself.
    Python,
    /// Node, Bun, tsx: what is not followed at run time is not needed.
    Run,
    /// A compiler or bundler: every import has to be there, followed or not.
    Build,
}

/// Where a chain starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The modules it begins with: path in the image, path in the tree.
    pub modules: Vec<(String, String)>,
    /// How certain it is that they are loaded.
    pub when: When,
    /// Working directory in the image.
    pub dir: String,
    /// Directories of the image in which Python looks for modules, first first.
    pub roots: Vec<String>,
    /// The moment of the build whose files count.
    pub view: View,
    /// How modules are looked for.
    pub loader: Loader,
    /// True when the program itself is the file that is run, by nothing but Python or Node.
    pub plain: bool,
}

/// What was found from one start.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Every module read: path in the tree, and when it is reached.
    pub modules: Vec<Reached>,
    /// References that lead nowhere.
    pub broken: Vec<Broken>,
    /// Modules of others: the top name or the package's name.
    pub packages: Vec<Package>,
    /// Names that modules of Python do not have.
    pub nameless: Vec<Nameless>,
}

/// A name that is taken from a module of Python which does not have it.
#[derive(Debug, Clone)]
pub struct Nameless {
    /// The name.
    pub name: String,
    /// The module that does not have it: its path in the tree.
    pub source: String,
    /// Number of the module that takes it.
    pub module: usize,
    /// Where.
    pub site: Site,
    /// When, counted from the start.
    pub when: When,
    /// True when some module changes where Python looks, so that another module may be meant.
    pub doubt: bool,
}

/// One module of the chain.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Path in the tree.
    pub source: String,
    /// Path in the image.
    pub place: String,
    /// When it is loaded.
    pub when: When,
    /// The module that led here, by its number in the chain.
    pub by: Option<usize>,
}

/// A reference that leads nowhere.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Number of the module it is written in.
    pub module: usize,
    /// Where.
    pub site: Site,
    /// When it is followed, counted from the start.
    pub when: When,
    /// As written.
    pub written: String,
    /// Why.
    pub cause: Cause,
    /// The instruction that may have made it after all; `None` is certainly none.
    pub doubt: Option<Rc<Site>>,
}

/// Why Python or Node does not take the way that a reference shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// An ES module has to write the whole name of a file.
    NoEnding,
    /// A program that is run by its path belongs to no package.
    NoPackage,
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The tree has the file, the image has not: its path in the tree, and where it would have to lie.
    NotInImage {
        /// Path in the tree.
        source: String,
        /// Path in the image.
        place: String,
    },
    /// The tree has no such file, or git does not track it.
    NotInTree {
        /// Path in the tree where it should be.
        source: String,
    },
    /// Python finds it from another directory than those it looks in.
    NotOnPath {
        /// Path in the tree.
        source: String,
        /// Directory of the image that would have to be on the path.
        root: String,
    },
    /// The file is there, but the reference does not lead to it.
    Barred {
        /// Path in the tree.
        source: String,
        /// Why.
        why: Barred,
    },
    /// An alias of `tsconfig.json`, which is not in the image.
    NoConfig {
        /// Path of the config in the tree.
        source: String,
    },
    /// A file, no module: the same as `NotInImage`, but what it is needed for is not known.
    FileNotInImage {
        /// Path in the tree.
        source: String,
        /// Path in the image.
        place: String,
    },
}

/// A module of others.
#[derive(Debug, Clone)]
pub struct Package {
    /// The package, or the top name of the Python module.
    pub name: String,
    /// Number of the module it is imported in.
    pub module: usize,
    /// Where.
    pub site: Site,
    /// When, counted from the start.
    pub when: When,
}

impl Chain {
    /// The sources from the start to module `at`.
    pub fn trail(&self, at: usize) -> Vec<&str> {
        let mut trail = Vec::new();
        let mut next = Some(at);
        while let Some(reached) = next.and_then(|at| self.modules.get(at)) {
            trail.push(reached.source.as_str());
            next = reached.by;
            if trail.len() > self.modules.len() {
                break;
            }
        }
        trail.reverse();
        trail
    }
}

/// What the aliases of the `tsconfig.json` at `config` make of `specifier`: paths of the tree without ending.
pub fn tsconfig_targets(
    read: &dyn Fn(&str) -> Option<Rc<crate::facts::document::Node>>,
    config: &str,
    specifier: &str,
) -> Vec<String> {
    javascript::targets(read, config, specifier, 0)
}

/// The language of the file at `path`.
pub fn language(path: &str) -> Option<Language> {
    match path.rsplit_once('.')?.1 {
        "py" => Some(Language::Python),
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => Some(Language::JavaScript),
        _ => None,
    }
}
