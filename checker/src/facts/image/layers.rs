//! From a Dockerfile to layers.

use std::rc::Rc;

use super::base::Base;
use super::effects::{Effect, effects};
use super::file_tools::executable;
use super::lookup::glue;
use super::scripts::Recipe;
use super::shell::{Simple, UNKNOWN, commands};
use super::variables::{Env, expand, expand_known};
use super::{CopyMode, Image, Item, LayerKind, Origin, Presence, Source, Stage, View, railway};
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
            args: start.map(|start| start.args.clone()).unwrap_or_default(),
        };
        // What the stage below left to be done on top of it comes first.
        let left =
            below.and_then(|below| self.file.stages.get(below)).map_or(&[][..], |below| &below.instructions);
        let left = left.iter().filter(|each| each.onbuild);
        for instruction in left.chain(written.instructions.iter().filter(|each| !each.onbuild)) {
            let site = Site::new(self.file.path.clone(), instruction.span);
            self.step(&mut stage, at, &instruction.kind, site);
        }
        stage
    }

    fn step(&self, stage: &mut Stage, at: usize, kind: &InstructionKind, site: Site) {
        match kind {
            InstructionKind::Arg(list) => {
                for arg in list {
                    let own = arg.default.as_ref().and_then(|text| expand(&text.value, &stage.variables()));
                    let value = own.or_else(|| self.globals.get(&arg.name.value).cloned().flatten());
                    stage.args.insert(arg.name.value.clone(), value);
                }
            }
            InstructionKind::Env(pairs) => {
                let before = stage.variables();
                for (name, value) in pairs {
                    stage.env.insert(name.value.clone(), expand(&value.value, &before));
                }
            }
            InstructionKind::Workdir(dir) => {
                let env = stage.variables();
                stage.workdir = inside(&stage.workdir, &partly(&dir.value, &env));
                let made = match certain(&stage.workdir) {
                    Ok(whole) => LayerKind::Directory(whole.to_owned()),
                    Err(above) => LayerKind::Run(Vec::new(), vec![Effect::Fills(above.to_owned())]),
                };
                stage.push(site, made, env);
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
                let env = stage.variables();
                let unpacks = matches!(kind, InstructionKind::Add(_));
                let (items, mode) = (self.items(stage, copy, unpacks, &env), mode(copy, &env));
                stage.push(site, LayerKind::Copy(items, mode), env);
            }
            InstructionKind::Run(run) => {
                let env = stage.variables();
                let kind = self.run(stage, at, run, &env);
                stage.push(site, kind, env);
            }
            _ => {}
        }
    }

    fn run(&self, stage: &Stage, at: usize, run: &dockerfile::Run, env: &Env) -> LayerKind {
        let script = match &run.command {
            Command::Shell(text) => with_documents(&text.value, &run.heredocs),
            Command::Exec(words, _) => {
                words.iter().map(|word| quoted(&word.value)).collect::<Vec<_>>().join(" ")
            }
        };
        let script = expand_known(&script, env);
        let recipe = Recipe { facts: self.facts, image: self.image, stage: Some(stage) };
        let list = recipe.flat(
            commands(&script, &stage.workdir, true),
            View { stage: at, layers: stage.layers.len() },
            0,
        );
        let mut found: Vec<Effect> = list.iter().flat_map(effects).collect();
        // The places of mounts stay behind, empty.
        let targets = run.mounts().filter_map(|mount| mount.target);
        let targets = targets.map(|target| inside(&stage.workdir, &partly(&target, env)));
        found.extend(
            targets.map(|target| Effect::Fills(certain(&target).unwrap_or_else(|above| above).to_owned())),
        );
        if run.mounts().any(|mount| mount.kind == "bind") {
            // What is bound is there for this command only; its outputs are judged all the same.
            found.push(Effect::Fills(stage.workdir.clone()));
        }
        LayerKind::Run(list, found)
    }

    fn items(&self, stage: &Stage, copy: &Copy, unpacks: bool, env: &Env) -> Vec<Item> {
        let written = partly(&copy.destination.value, env);
        let to = inside(&stage.workdir, &written);
        if let Err(above) = certain(&to) {
            return vec![Item { from: Source::Elsewhere, to: above.to_owned() }];
        }
        let count = copy.sources.len() + copy.heredocs.len();
        let is_dir = count > 1 || ends_in_directory(&written);
        let place = Place { stage, to: &to, is_dir, unpacks };
        let mut items = Vec::new();
        for heredoc in &copy.heredocs {
            let from = Source::Text(heredoc.body.clone());
            items.extend(self.place(&place, &heredoc.name).map(|to| Item { from, to }));
        }
        let from = copy.flag("from").map(|name| expand(name, env));
        for source in &copy.sources {
            let Some(source) = expand(&source.value, env) else {
                items.push(Item { from: Source::Elsewhere, to: to.clone() });
                continue;
            };
            match &from {
                None => self.take_context(copy, &source, &place, &mut items),
                Some(name) => {
                    let from = name.as_deref().and_then(|name| self.number(name));
                    self.take_stage(copy, from, &source, &place, &mut items);
                }
            }
        }
        items
    }

    fn take_context(&self, copy: &Copy, source: &str, place: &Place<'_>, items: &mut Vec<Item>) {
        let elsewhere = |to: &str| Item { from: Source::Elsewhere, to: to.to_owned() };
        if source.contains("://") || source.starts_with("git@") || copy.flag("exclude").is_some() {
            return items.push(elsewhere(place.to));
        }
        let parents = copy.flag("parents").is_some();
        if parents && source.contains("/./") {
            return items.push(elsewhere(place.to));
        }
        let context = &self.image.context;
        for path in context.expanded(&join("", source)) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let entry = context.file(&path);
            // A link is followed, and an archive may be unpacked.
            let changes = entry.is_some_and(|entry| {
                entry.kind == EntryKind::Symlink || (place.unpacks && is_archive(&entry.path))
            });
            let to = match entry {
                _ if changes => None,
                _ if parents => Some(glue(place.to, &path)),
                Some(_) => self.place(place, name),
                None => Some(place.to.to_owned()),
            };
            items.push(match to {
                Some(to) => Item { from: Source::Context(path), to },
                None => elsewhere(place.to),
            });
        }
    }

    fn take_stage(
        &self,
        copy: &Copy,
        stage: Option<usize>,
        source: &str,
        place: &Place<'_>,
        items: &mut Vec<Item>,
    ) {
        let mut path = join("", source);
        if let Some(pruned) = stage.and_then(|stage| self.pruned(stage, &path)) {
            path = pruned;
        }
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let (wild, changes) = (['*', '?', '['], copy.flag("parents").or(copy.flag("exclude")).is_some());
        let stage = stage.filter(|_| !dir.contains(wild) && !changes);
        let item = |from: Source, to: &str| Item { from, to: to.to_owned() };
        let Some(stage) = stage else { return items.push(item(Source::Elsewhere, place.to)) };
        if name.contains(wild) {
            let from = Source::Pattern(stage, dir.to_owned(), name.to_owned());
            let is_dir = place.is_dir || self.is_directory(place.stage, place.to) == Some(true);
            return items.push(item(if is_dir { from } else { Source::Elsewhere }, place.to));
        }
        let layers = self.image.stages.get(stage).map_or(0, |stage| stage.layers.len());
        let found = self.image.presence(View { stage, layers }, &path);
        let unknown = matches!(found, Presence::Unknown(_));
        let from = Source::Stage(stage, path.clone());
        if found.is_file() || (unknown && name.contains('.') && !name.starts_with('.')) {
            let to = self.place(place, name);
            let from = if to.is_some() { from } else { Source::Elsewhere };
            return items.push(item(from, to.as_deref().unwrap_or(place.to)));
        }
        // Whether it is a file or a directory of programs cannot be told: both places then.
        if unknown && place.is_dir {
            items.push(item(from.clone(), &glue(place.to, name)));
        }
        items.push(item(from, place.to));
    }

    /// Where the files at `path` come from that `turbo prune --docker` has picked out in a stage
    /// (<https://turborepo.com/docs/reference/prune>); it leaves some behind, which is not told here.
    fn pruned(&self, stage: usize, path: &str) -> Option<String> {
        let (home, rest) = path.split_once("/out/")?;
        let prunes = |each: &Simple| each.has("turbo") && each.has("prune") && each.has("--docker");
        self.image
            .runs(stage)
            .iter()
            .flat_map(|(.., list)| *list)
            .find(|each| each.dir == home && prunes(each))?;
        let inner = rest.strip_prefix("json").or_else(|| rest.strip_prefix("full"));
        let inner = inner.filter(|inner| inner.is_empty() || inner.starts_with('/')).unwrap_or(rest);
        Some(join(home, inner.trim_start_matches('/')))
    }

    /// The path that a file called `name` gets; `None` when it cannot be told.
    fn place(&self, place: &Place<'_>, name: &str) -> Option<String> {
        let is_dir = place.is_dir || self.is_directory(place.stage, place.to)?;
        Some(if is_dir { glue(place.to, name) } else { place.to.to_owned() })
    }

    /// Whether a directory is at `path` already, so that a file goes into it. What a base image or a command may have
    /// made is taken for a file's place when it has an ending, and in a base image always.
    fn is_directory(&self, stage: &Stage, path: &str) -> Option<bool> {
        let view = View { stage: self.image.stages.len(), layers: stage.layers.len() };
        let image = self.image.with(stage);
        match image.presence(view, path) {
            Presence::Directory { .. } => Some(true),
            Presence::File { .. } | Presence::Absent => Some(false),
            Presence::Unknown(None) => {
                let base = image.reference(view.stage).and_then(Base::of);
                Some(base.is_some_and(|base| base.likely_has_directory(path)))
            }
            Presence::Unknown(Some(_)) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                name.trim_start_matches('.').contains('.').then_some(false)
            }
        }
    }
}

/// Where an instruction copies to.
struct Place<'p> {
    stage: &'p Stage,
    to: &'p str,
    /// True when it is written as a directory.
    is_dir: bool,
    /// True for ADD.
    unpacks: bool,
}

fn ends_in_directory(written: &str) -> bool {
    matches!(written.rsplit('/').next(), Some("" | "." | ".."))
}

/// True for the name of an archive that ADD unpacks.
fn is_archive(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    let ends = [".tar", ".tgz", ".txz", ".tbz2", ".tzst"];
    ends.iter().any(|end| name.ends_with(end)) || name.contains(".tar.")
}

/// A script in which the bodies of here-documents are commands, where a shell reads them.
fn with_documents(line: &str, documents: &[dockerfile::Heredoc]) -> String {
    let Some((before, _)) = line.split_once("<<").filter(|_| !documents.is_empty()) else {
        return line.to_owned();
    };
    let reader = before.split_whitespace().next().unwrap_or("sh");
    if !matches!(reader.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash")) {
        return line.to_owned();
    }
    let foreign =
        |body: &str| body.starts_with("#!") && !body.lines().next().is_some_and(|first| first.contains("sh"));
    let bodies = documents.iter().map(|document| document.body.as_str());
    let bodies = bodies.map(|body| if foreign(body) { "here-document" } else { body });
    bodies.collect::<Vec<_>>().join("\n")
}

fn mode(copy: &Copy, env: &Env) -> CopyMode {
    let Some(written) = copy.flag("chmod").and_then(|text| expand(text, env)) else { return CopyMode::Kept };
    match executable(&written) {
        Some(true) => CopyMode::Executable,
        Some(false) => CopyMode::Plain,
        None => CopyMode::Kept,
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

/// `text` with its variables replaced; a name that one of them hides is a `?`.
fn partly(text: &str, env: &Env) -> String {
    let known = expand_known(text, env);
    if known.starts_with('$') {
        return format!("/{UNKNOWN}");
    }
    let parts = known.split('/').map(|part| if part.contains('$') { UNKNOWN } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// `path` when all of it is known, else the directory above what is not.
fn certain(path: &str) -> Result<&str, &str> {
    let mut at = 0;
    for part in path.split('/') {
        if part == UNKNOWN {
            return Err(path[..at].trim_end_matches('/'));
        }
        at += part.len() + 1;
    }
    Ok(path)
}
