//! The image as a file system, read without building it: what each stage copies, makes and removes, and for every path
//! whether it is there.

pub mod base;
pub mod effects;
mod file_tools;
mod layers;
mod lookup;
mod railway;
pub(in crate::facts) mod scripts;
pub mod shell;
#[cfg(test)]
mod tests;
mod tools;
mod variables;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::facts::Facts;
use crate::facts::build_context::BuildContext;
use crate::facts::dockerfile::{Command, Dockerfile, Instruction, InstructionKind, Run};
use crate::facts::service::Service;
use crate::finding::Site;

/// The image of one service, for one possible root directory.
pub struct Image<'s> {
    /// The files the builder receives.
    pub context: Rc<BuildContext<'s>>,
    /// The Dockerfile; `None` when Railway's own builder makes the image of the root directory.
    pub dockerfile: Option<Rc<Dockerfile>>,
    /// Stages in order; the last one becomes the image.
    pub stages: Vec<Stage>,
    /// Symbolic links and submodules of the tree, behind which nothing is known.
    opaque: Vec<&'s str>,
}

/// One stage.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What it starts from.
    pub base: Origin,
    /// What is done, in order.
    pub layers: Vec<Layer>,
    /// Working directory at the end, without the first slash.
    pub workdir: String,
    /// Variables that ENV sets, with their value where it is known.
    pub env: BTreeMap<String, Option<String>>,
    /// The entry point and its place.
    pub entrypoint: Option<(Command, Site)>,
    /// The command and its place.
    pub command: Option<(Command, Site)>,
    /// Words of the SHELL instruction, when there is one.
    pub shell: Option<Vec<String>>,
    /// The user it runs as at the end, as written.
    pub user: Option<String>,
    /// Variables that ARG declares here or in the stage below.
    args: variables::Env,
}

/// What a stage starts from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// An earlier stage.
    Stage(usize),
    /// An image from elsewhere: its reference, expanded; `None` when a variable hides it.
    External(Option<String>),
}

/// One instruction that changes files.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The instruction.
    pub site: Site,
    /// What it does.
    pub kind: LayerKind,
    /// Working directory it runs in.
    pub workdir: String,
    /// Variables as they are set here.
    pub env: Rc<BTreeMap<String, Option<String>>>,
    /// The user it runs as, as written; `None` is the base image's.
    pub user: Option<String>,
}

/// What an instruction does to files.
#[derive(Debug, Clone)]
pub enum LayerKind {
    /// COPY and ADD.
    Copy(Vec<Item>, CopyMode),
    /// WORKDIR: the directory comes to be.
    Directory(String),
    /// RUN: its commands, package scripts replaced by what they run, and what those do.
    Run(Vec<shell::Simple>, Vec<effects::Effect>),
}

/// What `--chmod` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyMode {
    /// Nothing: modes are kept.
    Kept,
    /// It sets the executable bit.
    Executable,
    /// It does not.
    Plain,
}

/// One thing that is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// From where.
    pub from: Source,
    /// The path it gets, without the first slash.
    pub to: String,
}

/// Where a copy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A path of the context, from its root.
    Context(String),
    /// A path of an earlier stage.
    Stage(usize, String),
    /// Whatever a pattern matches in a directory of an earlier stage: the directory and the pattern of the names.
    Pattern(usize, String, String),
    /// The body of a heredoc.
    Text(String),
    /// Another image, an address, or what a variable hides.
    Elsewhere,
}

/// A moment of the build: a stage and how many of its layers are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Number of the stage.
    pub stage: usize,
    /// Number of layers.
    pub layers: usize,
}

/// Whether a path is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// A file is there.
    File {
        /// The instruction that brought it.
        site: Site,
        /// Its path in the tree; `None` when the build wrote it.
        source: Option<String>,
        /// Its executable bit, where it is known.
        executable: Option<bool>,
    },
    /// A directory is there.
    Directory {
        /// Where it lies in the tree, when a copy brought it.
        source: Option<String>,
    },
    /// Nothing is there.
    Absent,
    /// It cannot be told, because of this instruction; `None` is the base image.
    Unknown(Option<Site>),
}

impl Presence {
    /// True when certainly nothing is there.
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// True when certainly a file is there.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The path in the tree, when a copy of it is there.
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::File { source, .. } | Self::Directory { source } => source.as_deref(),
            _ => None,
        }
    }
}

impl Stage {
    /// Every variable that is set; ENV goes before ARG.
    fn variables(&self) -> variables::Env {
        let mut all = self.args.clone();
        all.extend(self.env.clone());
        all
    }

    fn push(&mut self, site: Site, kind: LayerKind, env: variables::Env) {
        let (workdir, user) = (self.workdir.clone(), self.user.clone());
        self.layers.push(Layer { site, kind, workdir, env: Rc::new(env), user });
    }
}

impl<'s> Image<'s> {
    /// The same image with one more stage.
    fn with(&self, stage: &Stage) -> Self {
        let mut stages = self.stages.clone();
        stages.push(stage.clone());
        let (context, dockerfile) = (Rc::clone(&self.context), self.dockerfile.clone());
        Self { context, dockerfile, stages, opaque: self.opaque.clone() }
    }

    /// The image of `service` under each root directory that is possible; none when what builds it is not known.
    pub fn of(facts: &Facts<'s>, service: &Service) -> Vec<Self> {
        layers::images(facts, service)
    }

    /// The finished image.
    pub fn finished(&self) -> View {
        let stage = self.stages.len().saturating_sub(1);
        View { stage, layers: self.stages.get(stage).map_or(0, |stage| stage.layers.len()) }
    }

    /// The stage that becomes the image.
    pub fn last(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The reference of the image that a stage comes from in the end.
    pub fn reference(&self, stage: usize) -> Option<&str> {
        match &self.stages.get(stage)?.base {
            Origin::Stage(below) => self.reference(*below),
            Origin::External(reference) => reference.as_deref(),
        }
    }

    /// Every RUN of the stages `stage` is based on and its own, oldest first, each with the moment before it.
    pub fn runs(&self, stage: usize) -> Vec<(View, &Layer, &[shell::Simple])> {
        let Some(own) = self.stages.get(stage) else { return Vec::new() };
        let mut found = match own.base {
            Origin::Stage(below) => self.runs(below),
            Origin::External(_) => Vec::new(),
        };
        found.extend(own.layers.iter().enumerate().filter_map(|(layers, layer)| match &layer.kind {
            LayerKind::Run(commands, _) => Some((View { stage, layers }, layer, commands.as_slice())),
            LayerKind::Copy(..) | LayerKind::Directory(_) => None,
        }));
        found
    }

    /// The directory of the tree that lies in the directory `dir` of the image, also where commands may have added to it.
    pub fn source_dir(&self, view: View, dir: &str) -> Option<String> {
        match self.presence(view, dir) {
            Presence::Directory { source: Some(source) } => Some(source),
            Presence::Unknown(_) => {
                let manifest = self.presence(view, &lookup::glue(dir, "package.json"));
                let path = manifest.source().filter(|_| manifest.is_file())?;
                Some(path.rsplit_once('/').map_or(String::new(), |(home, _)| home.to_owned()))
            }
            _ => None,
        }
    }

    /// True when the instruction at `site` does nothing that fills directories but installing packages, so that manifests
    /// tell what it brings.
    pub fn installs_at(&self, _view: View, site: Option<&Site>) -> bool {
        let Some(site) = site else { return false };
        let layers = self.stages.iter().flat_map(|stage| &stage.layers).filter(|layer| layer.site == *site);
        let mut runs = layers.filter_map(|layer| match &layer.kind {
            LayerKind::Run(commands, _) => Some(commands),
            LayerKind::Copy(..) | LayerKind::Directory(_) => None,
        });
        runs.any(|commands| {
            let known = ["npm", "pnpm", "yarn", "bun", "npx", "bunx"];
            commands.iter().any(|command| known.contains(&command.program()))
        })
    }

    /// True when some COPY of the last stage names `path` as the place of a file: whether its source is there is another
    /// question.
    pub fn is_copied_to(&self, path: &str) -> bool {
        let layers = self.last().map_or(&[][..], |stage| &stage.layers);
        layers.iter().any(|layer| matches!(&layer.kind, LayerKind::Copy(items, _) if items.iter().any(|item| item.to == path)))
    }

    /// Where copies may have brought the file at `source` of the context, in whatever stage.
    pub fn places(&self, source: &str) -> Vec<String> {
        let mut found: Vec<(usize, String)> = Vec::new();
        for (at, stage) in self.stages.iter().enumerate() {
            let items = stage.layers.iter().filter_map(|layer| match &layer.kind {
                LayerKind::Copy(items, _) => Some(items),
                LayerKind::Run(..) | LayerKind::Directory(_) => None,
            });
            for item in items.flatten() {
                let moved = |path: &str, from: &str| {
                    lookup::below(path, from).map(|rest| (at, lookup::glue(&item.to, rest)))
                };
                let more: Vec<(usize, String)> = match &item.from {
                    Source::Context(from) => moved(source, from).into_iter().collect(),
                    Source::Stage(below, from) => {
                        let theirs = found.iter().filter(|(stage, _)| stage == below);
                        theirs.filter_map(|(_, path)| moved(path, from)).collect()
                    }
                    _ => Vec::new(),
                };
                found.extend(more);
            }
        }
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// True when an instruction of a stage that is built copies the file at `source` of the tree, to whatever place.
    pub fn copies(&self, source: &str) -> bool {
        let root = &self.context.root;
        let inner = if root.is_empty() { Some(source) } else { source.strip_prefix(&format!("{root}/")) };
        let Some(inner) = inner else { return false };
        let covers = |item: &Item| matches!(&item.from, Source::Context(from) if from.is_empty() || inner == from || inner.starts_with(&format!("{from}/")));
        let stages = self.built_stages().into_iter().filter_map(|at| self.stages.get(at));
        stages
            .flat_map(|stage| &stage.layers)
            .any(|layer| matches!(&layer.kind, LayerKind::Copy(items, _) if items.iter().any(covers)))
    }

    /// The instruction of the Dockerfile at `site`.
    pub fn instruction(&self, site: &Site) -> Option<&Instruction> {
        let file = self.dockerfile.as_ref().filter(|file| file.path == site.path)?;
        file.instructions().map(|(_, each)| each).find(|each| each.span == site.span)
    }

    /// The RUN that made `layer`, as it is written.
    pub fn run(&self, layer: &Layer) -> Option<&Run> {
        match &self.instruction(&layer.site)?.kind {
            InstructionKind::Run(run) => Some(run),
            _ => None,
        }
    }

    /// Numbers of the stages that are built: the last one and what it takes from.
    pub fn built_stages(&self) -> Vec<usize> {
        match &self.dockerfile {
            Some(file) => file.needed_stages().into_iter().collect(),
            None => (0..self.stages.len()).collect(),
        }
    }
}
