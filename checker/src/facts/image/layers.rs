//! From a Dockerfile to layers.

use std::rc::Rc;

use super::effects::{Effect, effects};
use super::lookup::{below, glue};
use super::scripts::Recipe;
use super::shell::commands;
use super::variables::{Env, expand, expand_known};
use super::{CopyMode, Image, Item, LayerKind, Origin, Source, Stage, View, railway};
use crate::facts::build_context::BuildContext;
use crate::facts::dockerfile::{self, Command, Copy, Dockerfile, InstructionKind};
use crate::facts::service::{Builder, Service};
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::Site;
use crate::known::Known;
use crate::snapshot::EntryKind;

/// The image under each root directory that is possible; under the likely one alone when a Dockerfile tells it.
pub(super) fn images<'s>(facts: &Facts<'s>, service: &Service) -> Vec<Image<'s>> {
    if let Some(choice) = service.dockerfile.yes() {
        let known = facts.dockerfiles.get(&choice.path).cloned();
        let Some(file) = known.or_else(|| dockerfile::read(facts.snapshot, &choice.path).map(Rc::new)) else {
            return Vec::new();
        };
        let likely = copies::equally_likely(facts, service, &file);
        return likely.into_iter().map(|context| from_dockerfile(facts, &file, context)).collect();
    }
    match service.builder {
        Known::Yes(Builder::Railpack | Builder::Nixpacks) => {
            service.roots.iter().map(|root| railway::image(facts, service, root)).collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn opaque<'s>(facts: &Facts<'s>) -> Vec<&'s str> {
    let entries = facts.snapshot.entries().iter();
    entries
        .filter(|entry| matches!(entry.kind, EntryKind::Symlink | EntryKind::Submodule))
        .map(|entry| entry.path.as_str())
        .collect()
}

fn from_dockerfile<'s>(facts: &Facts<'s>, file: &Rc<Dockerfile>, context: Rc<BuildContext<'s>>) -> Image<'s> {
    let mut image =
        Image { context, dockerfile: Some(Rc::clone(file)), stages: Vec::new(), opaque: opaque(facts) };
    let mut globals: Env = Env::new();
    for arg in &file.global_args {
        let value = arg.default.as_ref().and_then(|default| expand(&default.value, &globals));
        globals.insert(arg.name.value.clone(), value);
    }
    for at in 0..file.stages.len() {
        let stage = Reader { facts, file, image: &image, globals: &globals }.stage(at);
        image.stages.push(stage);
    }
    image
}

/// Reads one stage while the earlier ones are known.
struct Reader<'r, 's> {
    facts: &'r Facts<'s>,
    file: &'r Rc<Dockerfile>,
    image: &'r Image<'s>,
    globals: &'r Env,
}

impl Reader<'_, '_> {
    fn number(&self, name: &str) -> Option<usize> {
        let name = name.to_lowercase();
        let stages = &self.file.stages[..self.image.stages.len()];
        let named = stages.iter().rposition(|stage| stage.name.as_ref().is_some_and(|own| own.value == name));
        named.or_else(|| name.parse().ok().filter(|at| *at < stages.len()))
    }

    fn stage(&self, at: usize) -> Stage {
        let written = &self.file.stages[at];
        let reference = expand(&written.base.value, self.globals);
        let below = reference.as_deref().and_then(|name| self.number(name));
        let base = below.map_or(Origin::External(reference), Origin::Stage);
        let start = below.and_then(|below| self.image.stages.get(below));
        let mut stage = Stage {
            base,
            layers: Vec::new(),
            workdir: start.map_or(String::new(), |start| start.workdir.clone()),
            env: start.map(|start| start.env.clone()).unwrap_or_default(),
            entrypoint: start.and_then(|start| start.entrypoint.clone()),
            command: start.and_then(|start| start.command.clone()),
            shell: start.and_then(|start| start.shell.clone()),
            user: start.and_then(|start| start.user.clone()),
        };
        let mut args = Env::new();
        for instruction in written.instructions.iter().filter(|each| !each.onbuild) {
            let site = Site::new(self.file.path.clone(), instruction.span);
            self.step(&mut stage, &mut args, at, &instruction.kind, site);
        }
        stage
    }

    fn step(&self, stage: &mut Stage, args: &mut Env, at: usize, kind: &InstructionKind, site: Site) {
        let known = |stage: &Stage, args: &Env| {
            let mut all = args.clone();
            all.extend(stage.env.clone());
            all
        };
        match kind {
            InstructionKind::Arg(list) => {
                for arg in list {
                    let own = arg.default.as_ref().and_then(|text| expand(&text.value, &known(stage, args)));
                    let value = own.or_else(|| self.globals.get(&arg.name.value).cloned().flatten());
                    args.insert(arg.name.value.clone(), value);
                }
            }
            InstructionKind::Env(pairs) => {
                let before = known(stage, args);
                for (name, value) in pairs {
                    stage.env.insert(name.value.clone(), expand(&value.value, &before));
                }
            }
            InstructionKind::Workdir(dir) => {
                let to = expand(&dir.value, &known(stage, args)).unwrap_or_else(|| "?".to_owned());
                stage.workdir = inside(&stage.workdir, &to);
            }
            InstructionKind::User(user) => stage.user = Some(user.value.clone()),
            InstructionKind::Shell(words) => stage.shell = Some(words.clone()),
            InstructionKind::Entrypoint(command) => {
                stage.entrypoint = Some((command.clone(), site)).filter(|(command, _)| !is_empty(command));
                stage.command = None;
            }
            InstructionKind::Cmd(command) => {
                stage.command = Some((command.clone(), site)).filter(|(command, _)| !is_empty(command));
            }
            InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
                let env = known(stage, args);
                let (items, mode) = (self.items(stage, at, copy, &env), mode(copy, &env));
                stage.push(site, LayerKind::Copy(items, mode), env);
            }
            InstructionKind::Run(run) => {
                let env = known(stage, args);
                let kind = self.run(stage, at, run, &env);
                stage.push(site, kind, env);
            }
            _ => {}
        }
    }

    fn run(&self, stage: &Stage, at: usize, run: &dockerfile::Run, env: &Env) -> LayerKind {
        let mut script = match &run.command {
            Command::Shell(text) => text.value.clone(),
            Command::Exec(words, _) => {
                words.iter().map(|word| quoted(&word.value)).collect::<Vec<_>>().join(" ")
            }
        };
        for heredoc in &run.heredocs {
            script.push('\n');
            script.push_str(&heredoc.body);
        }
        let script = expand_known(&script, env);
        let recipe = Recipe { facts: self.facts, image: self.image, stage: Some(stage) };
        let list = recipe.flat(
            commands(&script, &stage.workdir, true),
            View { stage: at, layers: stage.layers.len() },
            0,
        );
        let mut found: Vec<Effect> = list.iter().flat_map(effects).collect();
        if run.mounts().any(|mount| mount.kind == "bind") {
            // What is bound is there for this command only; its outputs are judged all the same.
            found.push(Effect::Fills(stage.workdir.clone()));
        }
        LayerKind::Run(list, found)
    }

    fn items(&self, stage: &Stage, at: usize, copy: &Copy, env: &Env) -> Vec<Item> {
        let Some(written) = expand(&copy.destination.value, env) else {
            return vec![Item { from: Source::Elsewhere, to: String::new() }];
        };
        let to = inside(&stage.workdir, &written);
        let count = copy.sources.len() + copy.heredocs.len();
        let is_dir = count > 1
            || written.ends_with('/')
            || matches!(written.as_str(), "." | "..")
            || self.is_directory(stage, at, &to);
        let mut items = Vec::new();
        for heredoc in &copy.heredocs {
            let to = if is_dir { glue(&to, &heredoc.name) } else { to.clone() };
            items.push(Item { from: Source::Text(heredoc.body.clone()), to });
        }
        let from = copy.flag("from").map(|name| expand(name, env));
        for source in &copy.sources {
            let Some(source) = expand(&source.value, env) else {
                items.push(Item { from: Source::Elsewhere, to: to.clone() });
                continue;
            };
            match &from {
                None => self.take_context(copy, &source, &to, is_dir, &mut items),
                Some(name) => {
                    let stage = name.as_deref().and_then(|name| self.number(name));
                    self.take_stage(stage, &source, &to, is_dir, &mut items);
                }
            }
        }
        items
    }

    fn take_context(&self, copy: &Copy, source: &str, to: &str, is_dir: bool, items: &mut Vec<Item>) {
        let elsewhere =
            source.contains("://") || source.starts_with("git@") || copy.flag("exclude").is_some();
        if elsewhere {
            return items.push(Item { from: Source::Elsewhere, to: to.to_owned() });
        }
        let path = join("", source);
        let context = &self.image.context;
        for path in context.expanded(&path) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_file = context.file(&path).is_some();
            let parents = copy.flag("parents").is_some();
            let to = match (is_file && is_dir, parents) {
                (_, true) => glue(to, &path),
                (true, _) => glue(to, name),
                _ => to.to_owned(),
            };
            // ADD unpacks archives.
            if is_file
                && [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"].iter().any(|end| path.ends_with(end))
            {
                items.push(Item { from: Source::Elsewhere, to: to.clone() });
            }
            items.push(Item { from: Source::Context(path), to });
        }
    }

    fn take_stage(&self, stage: Option<usize>, source: &str, to: &str, is_dir: bool, items: &mut Vec<Item>) {
        let path = join("", source);
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if let (Some(stage), true, false) =
            (stage, name.contains(['*', '?', '[']), dir.contains(['*', '?', '[']))
        {
            let from = Source::Pattern(stage, dir.to_owned(), name.to_owned());
            return items.push(Item { from, to: to.to_owned() });
        }
        let (Some(stage), false) = (stage, path.contains(['*', '?', '['])) else {
            return items.push(Item { from: Source::Elsewhere, to: to.to_owned() });
        };
        let layers = self.image.stages.get(stage).map_or(0, |stage| stage.layers.len());
        let found = self.image.presence(View { stage, layers }, &path);
        let name = path.rsplit('/').next().unwrap_or_default();
        let looks_like_file = found.is_file()
            || (matches!(found, super::Presence::Unknown(_)) && name.contains('.') && !name.starts_with('.'));
        let to = if looks_like_file && is_dir { glue(to, name) } else { to.to_owned() };
        // Whether it is a file or a directory of programs cannot be told: both places then.
        if matches!(found, super::Presence::Unknown(_)) && is_dir && !looks_like_file {
            items.push(Item { from: Source::Stage(stage, path.clone()), to: glue(&to, name) });
        }
        items.push(Item { from: Source::Stage(stage, path), to });
    }

    /// True when a directory is certainly there already, so that a file goes into it.
    fn is_directory(&self, stage: &Stage, _at: usize, path: &str) -> bool {
        below(&stage.workdir, path).is_some()
            || stage.layers.iter().any(|layer| {
                below(&layer.workdir, path).is_some()
                    || match &layer.kind {
                        LayerKind::Copy(items, _) => items.iter().any(|item| {
                            below(&item.to, path).is_some_and(|rest| !rest.is_empty())
                                || (item.to == path && matches!(&item.from, Source::Context(from) if self.image.context.file(from).is_none()))
                        }),
                        LayerKind::Run(_, effects) => {
                            effects.iter().any(|effect| matches!(effect, Effect::Makes(made) if made == path))
                        }
                    }
            })
    }
}

fn mode(copy: &Copy, env: &Env) -> CopyMode {
    let Some(written) = copy.flag("chmod").and_then(|text| expand(text, env)) else { return CopyMode::Kept };
    match u32::from_str_radix(&written, 8) {
        Ok(bits) if bits & 0o111 == 0 => CopyMode::Plain,
        Ok(_) => CopyMode::Executable,
        Err(_) if written.contains('x') => CopyMode::Executable,
        Err(_) => CopyMode::Kept,
    }
}

fn is_empty(command: &Command) -> bool {
    match command {
        Command::Shell(text) => text.value.trim().is_empty(),
        Command::Exec(words, _) => words.is_empty(),
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn inside(workdir: &str, path: &str) -> String {
    if path.starts_with('/') { join("", path) } else { join(workdir, path) }
}
