//! From a Dockerfile, or from what Railway's own builder does, to layers.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::effects::{Effect, effects};
use super::lookup::{below, glue};
use super::shell::{Simple, commands};
use super::{CopyMode, Image, Item, Layer, LayerKind, Origin, Source, Stage, View};
use crate::facts::build_context::BuildContext;
use crate::facts::dockerfile::{self, Command, Copy, Dockerfile, InstructionKind};
use crate::facts::service::{Builder, Service};
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::Site;
use crate::known::Known;
use crate::snapshot::EntryKind;

type Env = BTreeMap<String, Option<String>>;

/// Package scripts inside package scripts.
const SCRIPT_DEPTH: usize = 5;

/// The image under each root directory that is possible; under the likely one alone when a Dockerfile tells it.
pub(super) fn images<'s>(facts: &Facts<'s>, service: &Service) -> Vec<Image<'s>> {
    if let Some(choice) = service.dockerfile.yes() {
        let known = facts.dockerfiles.get(&choice.path).cloned();
        let Some(file) = known.or_else(|| dockerfile::read(facts.snapshot, &choice.path).map(Rc::new)) else {
            return Vec::new();
        };
        let likely = copies::likely(facts, service, &file).map(|(context, _)| context);
        return likely.into_iter().map(|context| from_dockerfile(facts, &file, context)).collect();
    }
    match service.builder {
        Known::Yes(Builder::Railpack | Builder::Nixpacks) => {
            service.roots.iter().map(|root| from_directory(facts, service, root)).collect()
        }
        _ => Vec::new(),
    }
}

fn opaque<'s>(facts: &Facts<'s>) -> Vec<&'s str> {
    let entries = facts.snapshot.entries().iter();
    entries
        .filter(|entry| matches!(entry.kind, EntryKind::Symlink | EntryKind::Submodule))
        .map(|entry| entry.path.as_str())
        .collect()
}

fn from_dockerfile<'s>(facts: &Facts<'s>, file: &Rc<Dockerfile>, context: Rc<BuildContext<'s>>) -> Image<'s> {
    let mut image =
        Image { context, dockerfile: Some(Rc::clone(file)), stages: Vec::new(), opaque: opaque(facts) };
    let mut globals: Env = BTreeMap::new();
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
                push(stage, site, LayerKind::Copy(items, mode), env);
            }
            InstructionKind::Run(run) => {
                let env = known(stage, args);
                let kind = self.run(stage, at, run, &env);
                push(stage, site, kind, env);
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
        let list = recipe.flat(commands(&script, &stage.workdir, true), View { stage: at, layers: stage.layers.len() }, 0);
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
        let is_dir = count > 1 || written.ends_with('/') || matches!(written.as_str(), "." | "..") || self.is_directory(stage, at, &to);
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
                None => self.from_context(copy, &source, &to, is_dir, &mut items),
                Some(name) => {
                    let stage = name.as_deref().and_then(|name| self.number(name));
                    self.from_stage(stage, &source, &to, is_dir, &mut items);
                }
            }
        }
        items
    }

    fn from_context(&self, copy: &Copy, source: &str, to: &str, is_dir: bool, items: &mut Vec<Item>) {
        let elsewhere = source.contains("://") || source.starts_with("git@") || copy.flag("exclude").is_some();
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
            if is_file && [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"].iter().any(|end| path.ends_with(end)) {
                items.push(Item { from: Source::Elsewhere, to: to.clone() });
            }
            items.push(Item { from: Source::Context(path), to });
        }
    }

    fn from_stage(&self, stage: Option<usize>, source: &str, to: &str, is_dir: bool, items: &mut Vec<Item>) {
        let path = join("", source);
        let (Some(stage), false) = (stage, path.contains(['*', '?', '['])) else {
            return items.push(Item { from: Source::Elsewhere, to: to.to_owned() });
        };
        let layers = self.image.stages.get(stage).map_or(0, |stage| stage.layers.len());
        let found = self.image.presence(View { stage, layers }, &path);
        let name = path.rsplit('/').next().unwrap_or_default();
        let looks_like_file = found.is_file() || (matches!(found, super::Presence::Unknown(_)) && name.contains('.') && !name.starts_with('.'));
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

fn push(stage: &mut Stage, site: Site, kind: LayerKind, env: Env) {
    stage.layers.push(Layer { site, kind, workdir: stage.workdir.clone(), env: Rc::new(env) });
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

/// `text` with its variables replaced; `None` when one is not known.
pub(super) fn expand(text: &str, env: &Env) -> Option<String> {
    let out = expand_known(text, env);
    (!out.contains('$')).then_some(out)
}

/// `text` with those variables replaced that are known.
fn expand_known(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (name, default, len) = variable(&rest[at..]);
        let value = env.get(name).cloned().flatten().or_else(|| default.map(str::to_owned));
        match value.filter(|_| len > 1) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..at + len]),
        }
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

/// The variable at the start of `text`: its name, its default, and how many bytes it takes.
fn variable(text: &str) -> (&str, Option<&str>, usize) {
    if let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner) {
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        return (name, default, inner.len() + 3);
    }
    let name = text[1..].split(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).next().unwrap_or_default();
    (name, None, 1 + name.len())
}

/// Replaces package scripts by the commands they run.
pub struct Recipe<'r, 's> {
    /// All facts.
    pub facts: &'r Facts<'s>,
    /// The image as far as it is known.
    pub image: &'r Image<'s>,
    /// The stage that is being read, when it is not in the image yet.
    pub stage: Option<&'r Stage>,
}

impl Recipe<'_, '_> {
    /// The commands that are run in the end.
    pub fn flat(&self, list: Vec<Simple>, view: View, depth: usize) -> Vec<Simple> {
        let mut out = Vec::new();
        for command in list {
            match self.script(&command, view).filter(|_| depth < SCRIPT_DEPTH) {
                Some((dir, text)) => {
                    let mut inner = self.flat(commands(&text, &dir, true), view, depth + 1);
                    for each in &mut inner {
                        each.conditional |= command.conditional;
                        each.tolerated |= command.tolerated;
                    }
                    out.extend(inner);
                }
                None => {
                    let hooks = if depth < SCRIPT_DEPTH { self.hooks(&command, view) } else { Vec::new() };
                    out.push(command);
                    for (dir, text) in hooks {
                        out.extend(self.flat(commands(&text, &dir, true), view, SCRIPT_DEPTH - 1));
                    }
                }
            }
        }
        out
    }

    /// The package's own scripts that its installation runs.
    fn hooks(&self, command: &Simple, view: View) -> Vec<(String, String)> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let manager = matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun");
        let installs = words.iter().skip(1).find(|word| !word.starts_with('-'));
        let installs = matches!(installs, Some(&("install" | "ci" | "i"))) || (installs.is_none() && command.program() == "yarn");
        if !manager || !installs || words.contains(&"--ignore-scripts") {
            return Vec::new();
        }
        let to = super::effects::value(&words, &["--prefix", "-C", "--cwd", "--dir"]);
        let dir = to.and_then(|to| super::shell::place(&command.dir, to)).unwrap_or_else(|| command.dir.clone());
        let Some(project) = self.manifest(view, &dir).and_then(|source| self.facts.node_projects().get(&source)) else {
            return Vec::new();
        };
        let hooks = ["preinstall", "install", "postinstall", "prepare"].into_iter();
        hooks.filter_map(|name| Some((dir.clone(), project.script(name)?.value.clone()))).collect()
    }

    /// The text of the package script that `command` runs, and the directory of its manifest.
    fn script(&self, command: &Simple, view: View) -> Option<(String, String)> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        if let (Some(shell), true) = (words.first(), words.len() > 2) {
            let flag = words[1].starts_with('-') && words[1].ends_with('c');
            if flag && matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash")) {
                return Some((command.dir.clone(), words[2].to_owned()));
            }
        }
        let (dir, name) = package_script(&words, &command.dir)?;
        let source = self.manifest(view, &dir)?;
        let project = self.facts.node_projects().get(&source)?;
        Some((dir, project.script(&name)?.value.clone()))
    }

    /// The directory of the tree whose `package.json` lies in the directory `dir` of the image.
    fn manifest(&self, view: View, dir: &str) -> Option<String> {
        let path = glue(dir, "package.json");
        let source = match self.stage {
            Some(stage) => self.image.with(stage.clone()).presence(view, &path).source()?.to_owned(),
            None => self.image.presence(view, &path).source()?.to_owned(),
        };
        Some(source.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned()))
    }
}

/// The directory and the name of the package script that a command runs.
fn package_script(words: &[&str], dir: &str) -> Option<(String, String)> {
    let manager = words.first()?.rsplit('/').next()?;
    if !matches!(manager, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let to = super::effects::value(words, &["--prefix", "-C", "--cwd", "--dir"]);
    let dir = to.map_or_else(|| Some(dir.to_owned()), |to| super::shell::place(dir, to))?;
    if words.iter().any(|word| matches!(*word, "--filter" | "-F" | "-r" | "--recursive" | "-w" | "--workspace" | "workspace" | "workspaces" | "--workspaces") || word.starts_with("--filter=") || word.starts_with("--workspace=")) {
        return None;
    }
    let mut plain = words[1..].iter().filter(|word| !word.starts_with('-') && Some(**word) != to);
    let first = *plain.next()?;
    match first {
        "run" | "run-script" => Some((dir, (*plain.next()?).to_owned())),
        "install" | "ci" | "i" | "add" | "exec" | "dlx" | "x" | "remove" | "prune" | "cache" | "config" | "set" | "rebuild"
        | "deploy" | "fetch" | "store" | "dedupe" | "audit" | "init" | "pkg" | "version" | "create" => None,
        "start" | "test" | "stop" => Some((dir, first.to_owned())),
        _ if manager == "npm" => None,
        name => Some((dir, name.to_owned())),
    }
}

impl<'s> Image<'s> {
    /// The same image with one more stage.
    fn with(&self, stage: Stage) -> Self {
        let mut stages = self.stages.clone();
        stages.push(stage);
        Self { context: Rc::clone(&self.context), dockerfile: self.dockerfile.clone(), stages, opaque: self.opaque.clone() }
    }
}

/// What Railpack and Nixpacks make: the root directory in `/app`, dependencies installed, the build command run.
fn from_directory<'s>(facts: &Facts<'s>, service: &Service, root: &str) -> Image<'s> {
    let context = facts.build_context(root, &glue(root, "Dockerfile"));
    let mut image = Image { context, dockerfile: None, stages: Vec::new(), opaque: opaque(facts) };
    let site = service.origin.clone();
    let mut stage = Stage {
        base: Origin::External(Some("debian".to_owned())),
        layers: Vec::new(),
        workdir: "app".to_owned(),
        env: Env::new(),
        entrypoint: None,
        command: None,
        shell: None,
        user: None,
    };
    let item = Item { from: Source::Context(String::new()), to: "app".to_owned() };
    push(&mut stage, site.clone(), LayerKind::Copy(vec![item], CopyMode::Kept), Env::new());
    for (script, site) in recipes(facts, service, root) {
        let recipe = Recipe { facts, image: &image, stage: Some(&stage) };
        let view = View { stage: 0, layers: stage.layers.len() };
        let list = recipe.flat(commands(&script, "app", true), view, 0);
        let found = list.iter().flat_map(effects).collect();
        push(&mut stage, site.unwrap_or_else(|| service.origin.clone()), LayerKind::Run(list, found), Env::new());
    }
    image.stages.push(stage);
    image
}

/// The installation and build commands of Railway's builders
/// (<https://railpack.com/languages/node>, <https://railpack.com/languages/python>).
fn recipes(facts: &Facts<'_>, service: &Service, root: &str) -> Vec<(String, Option<Site>)> {
    let mut found = Vec::new();
    let compiled = ["go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "mix.exs", "composer.json", "Gemfile",
        "deno.json", "pubspec.yaml", "CMakeLists.txt"];
    let nixpacks = ["nixpacks.toml", "nixpacks.json", "railpack.json"];
    if compiled.iter().chain(&nixpacks).any(|name| facts.snapshot.entry(&glue(root, name)).is_some()) {
        // What these builders write, nobody says in the tree.
        found.push(("railway-builder".to_owned(), None));
    }
    if facts.node_projects().contains_key(root) {
        found.push(("npm ci".to_owned(), None));
    }
    if let Some((text, setting)) = service.settings.text(Key::BuildCommand) {
        found.push((text.to_owned(), Some(setting.site.clone())));
    } else if let Some(script) = facts.node_projects().get(root).and_then(|project| project.script("build")) {
        let site = Site::new(glue(root, "package.json"), script.span);
        found.push(("npm run build".to_owned(), Some(site)));
    }
    found
}
