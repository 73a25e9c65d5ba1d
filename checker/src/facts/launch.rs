//! What is started in an image: every command the files state, followed through shells, scripts and process managers to
//! the program and the file or module it loads.

mod commands;
mod follow;
pub mod installs;
mod losses;
pub mod needs;
pub mod node_packages;
mod python;
pub mod python_installs;
#[cfg(test)]
mod tests;
mod traces;

use crate::facts::Facts;
use crate::facts::chain::{Chain, Loader};
use crate::facts::image::{Image, Presence, View};
use crate::facts::service::Service;
use crate::finding::Site;
use crate::order;

pub use python::attribute;

pub use losses::{How, Loss, caught_or_not, losses};

/// A service with the image that is likely its own.
pub struct Delivered<'s> {
    /// Number of the service in [`Facts::services`].
    pub service: usize,
    /// The image.
    pub image: Image<'s>,
    /// What is started in it.
    pub programs: Vec<Program>,
    /// The import chains of what is started and of what the build runs.
    pub traces: Vec<Trace>,
}

/// The import chain of one program or build command.
#[derive(Debug, Clone)]
pub struct Trace {
    /// How modules are looked for.
    pub loader: Loader,
    /// The moment of the build whose files count.
    pub view: View,
    /// Where the command is written.
    pub site: Site,
    /// The command.
    pub words: Vec<String>,
    /// True when it certainly runs and ends the deployment when it fails.
    pub firm: bool,
    /// True for a command of the build.
    pub build: bool,
    /// True when some file states the command; false for the programs of a directory of which any may be started.
    pub stated: bool,
    /// What was found.
    pub chain: Chain,
}

/// One program that is started.
#[derive(Debug, Clone)]
pub struct Program {
    /// Where the command is written.
    pub site: Site,
    /// Its words, wrappers taken off.
    pub words: Vec<String>,
    /// The wrappers: `npx`, `uv run`, assignments.
    pub via: Vec<String>,
    /// Working directory in the image.
    pub dir: String,
    /// What it loads.
    pub target: Target,
    /// True when it is certainly started: part of the command in effect, under no condition, its failure fatal.
    pub firm: bool,
    /// True when a condition decides whether it is started.
    pub conditional: bool,
    /// True when the command is the one in effect; false for other commands that the files give for the same image.
    pub effective: bool,
}

/// What a program loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file of the image.
    File {
        /// Its path in the image.
        place: String,
        /// As written.
        written: String,
        /// What reads it: `python`, `node`, `sh`, …; empty when it is executed itself.
        by: String,
    },
    /// A Python module.
    Module {
        /// Dotted name.
        name: String,
        /// Directories of the image in which it is looked for.
        roots: Vec<String>,
        /// What loads it: `python`, `uvicorn`, …
        by: String,
    },
    /// A script that `package.json` does not have.
    NoScript {
        /// Its name.
        name: String,
        /// The `package.json` in the tree.
        manifest: String,
    },
    /// Nothing that can be looked for.
    Other,
}

/// Every service whose image is read.
pub fn gather<'s>(facts: &Facts<'s>) -> Vec<Delivered<'s>> {
    let read = |(at, service): (usize, &Service)| {
        let images = Image::of(facts, service);
        let candidates = images.into_iter().map(|image| {
            let programs = commands::programs(facts, service, &image);
            Delivered { service: at, image, programs, traces: Vec::new() }
        });
        // The root directory is not always known: the one that leaves least open is taken.
        let lacking =
            |each: &Delivered<'s>| each.programs.iter().filter(|program| each.lacks(program)).count();
        let mut counted: Vec<(usize, Delivered<'s>)> =
            candidates.map(|each| (lacking(&each), each)).collect();
        let least = counted.iter().map(|(count, _)| *count).min()?;
        counted.retain(|(count, _)| *count == least);
        let open = counted.len() > 1 && least == 0;
        // A config file in the folder of a program is likely there because that folder is the root directory.
        let home =
            service.config.as_deref().and_then(|path| path.rsplit_once('/')).map_or("", |(home, _)| home);
        order::sort_by_key(&mut counted, |(_, each)| !is_home(facts, each, home));
        let (_, mut likely) = counted.into_iter().next()?;
        if open {
            // Several root directories would do, so that nothing is certain of this one.
            likely.programs.iter_mut().for_each(|program| program.firm = false);
        }
        likely.traces = traces::read(facts, &likely);
        likely.traces.iter_mut().for_each(|trace| trace.firm &= !open);
        Some(likely)
    };
    facts.services.iter().enumerate().filter_map(read).collect()
}

/// How many programs that are started would not be found, by root directory, were Railway's own builder to build it.
pub fn lacking_by_root(facts: &Facts<'_>, service: &Service) -> Vec<(String, usize)> {
    let built = Service {
        dockerfile: crate::known::Known::No,
        builder: crate::known::Known::Yes(crate::facts::service::Builder::Railpack),
        ..service.clone()
    };
    let mut found = Vec::new();
    for image in Image::of(facts, &built) {
        let programs = commands::programs(facts, &built, &image);
        let root = image.context.root.clone();
        let each = Delivered { service: 0, image, programs, traces: Vec::new() };
        let lacking = each.programs.iter().filter(|program| program.effective && each.lacks(program)).count();
        found.push((root, lacking));
    }
    found
}

/// True for an image of Railway's builders made of `home`, when that folder has a manifest of its own.
fn is_home(facts: &Facts<'_>, each: &Delivered<'_>, home: &str) -> bool {
    let manifest = facts.node_projects().contains_key(home) || facts.python_projects().contains_key(home);
    each.image.dockerfile.is_none() && !home.is_empty() && manifest && each.image.context.root == home
}

/// The modules of the tree that a stated command of some service loads.
pub fn loaded(facts: &Facts<'_>) -> std::collections::HashSet<String> {
    let traces =
        facts.delivered().iter().flat_map(|each| &each.traces).filter(|trace| trace.stated && !trace.build);
    traces.flat_map(|trace| trace.chain.modules.iter().map(|reached| reached.source.clone())).collect()
}

impl Delivered<'_> {
    /// The service itself.
    pub fn service<'f>(&self, facts: &'f Facts<'_>) -> Option<&'f Service> {
        facts.services.get(self.service)
    }

    /// True when what `program` loads is certainly not in the image.
    pub fn lacks(&self, program: &Program) -> bool {
        match &program.target {
            Target::File { place, .. } => {
                self.image.presence(self.image.finished(), place).is_absent()
                    && !self.image.is_copied_to(place)
            }
            Target::Module { name, roots, .. } => self.module(name, roots).is_absent(),
            Target::NoScript { .. } => true,
            Target::Other => false,
        }
    }

    /// The file that `program` loads: its path in the tree and its executable bit, when a copy of it is in the image.
    pub fn copied(&self, program: &Program) -> Option<(String, Option<bool>)> {
        let Target::File { place, .. } = &program.target else { return None };
        match self.image.presence(self.image.finished(), place) {
            Presence::File { source: Some(source), executable, .. } => Some((source, executable)),
            _ => None,
        }
    }

    /// True when what `program` loads is likely not in the image: only a command that may write anything could have made
    /// it, and it is a source, which commands rarely make.
    pub fn likely_lacks(&self, program: &Program) -> bool {
        match &program.target {
            Target::File { place, .. } => {
                let source = !self.image.is_copied_to(place)
                    && matches!(place.rsplit('.').next(), Some("py" | "sh" | "ts" | "tsx"));
                source && self.image.likely(self.image.finished(), place).is_absent()
            }
            _ => false,
        }
    }

    /// True when the Python module that `program` loads lies somewhere in the image, so that a variable of the service may
    /// lead to it.
    pub fn has_elsewhere(&self, program: &Program) -> bool {
        let Target::Module { name, .. } = &program.target else { return false };
        let inner = name.replace('.', "/");
        let endings = [".py", "/__init__.py", "/__main__.py"].map(|ending| format!("{inner}{ending}"));
        let entries = self.image.context.entries.iter();
        let mut sources = entries.map(|entry| self.image.context.relative(entry)).filter(|path| {
            endings.iter().any(|ending| {
                path.strip_suffix(ending.as_str()).is_some_and(|dir| dir.is_empty() || dir.ends_with('/'))
            })
        });
        sources.any(|source| {
            self.image
                .places(source)
                .iter()
                .any(|place| self.image.presence(self.image.finished(), place).is_file())
        })
    }

    /// Whether the module `name` is found in one of `roots`, and as which file.
    pub fn module(&self, name: &str, roots: &[String]) -> Presence {
        let inner = name.replace('.', "/");
        let mut doubt = None;
        for root in roots {
            for ending in [".py", "/__init__.py", "/__main__.py"] {
                let path = crate::facts::startup::join(root, &format!("{inner}{ending}"));
                match self.image.presence(self.image.finished(), &path) {
                    found @ Presence::File { .. } => return found,
                    Presence::Unknown(site) => doubt = Some(Presence::Unknown(site)),
                    _ => {}
                }
            }
        }
        doubt.unwrap_or(Presence::Absent)
    }
}
