//! What the TypeScript compiler is told: which files it compiles and where it writes them.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::{self, To};
use crate::facts::document::Node;
use crate::facts::image::effects::{Effect, effects, value};
use crate::facts::image::{Image, LayerKind, Origin, Source, View};
use crate::facts::launch::installs::glob_matches;
use crate::facts::launch::{Delivered, Program, Target};
use crate::facts::startup::{join, unwrapped};
use crate::finding::Site;

/// Configurations that are read for one; they may extend each other in a circle.
const LAYERS: usize = 24;
/// Files of one compilation; beyond that nothing is said.
const FILES: usize = 2000;

/// One configuration of the compiler, with what it extends.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are options of the compiler")]
pub struct TsConfig {
    /// Its path in the tree.
    pub path: String,
    /// Patterns of the files, from the root of the tree; `None` takes every source below its directory.
    include: Option<Vec<String>>,
    files: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
    /// Directory of the tree that is written to.
    pub out_dir: Option<String>,
    /// Directory of the tree whose inside is kept below `out_dir`.
    pub root_dir: Option<String>,
    /// `compilerOptions.module`, in small letters.
    pub module: Option<String>,
    /// `compilerOptions.moduleResolution`, in small letters.
    pub resolution: Option<String>,
    /// `compilerOptions.types`.
    pub types: Option<Vec<String>>,
    /// True when only types are checked.
    pub no_emit: bool,
    /// True when a name that is bound and not used is an error.
    pub no_unused: bool,
    /// `compilerOptions.jsx`, in small letters.
    pub jsx: Option<String>,
    /// True when the sources of JavaScript are compiled too.
    allow_js: bool,
    composite: bool,
    /// Configurations that it refers to.
    pub references: Vec<String>,
    /// What it extends and cannot be read.
    pub unread: Option<String>,
}

/// One run of the compiler while an image is built.
#[derive(Debug, Clone)]
pub struct Compilation {
    /// What it is told.
    pub config: TsConfig,
    /// `tsc`, `vue-tsc` or `nest`.
    pub program: String,
    /// The instruction.
    pub site: Site,
    /// The moment before it.
    pub view: View,
    /// Directory of the image it runs in.
    pub dir: String,
    /// The directory of the tree that lies there.
    pub home: String,
    /// True when it certainly runs and its failure ends the build.
    pub firm: bool,
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Reads the configuration at `path`.
pub fn read(facts: &Facts<'_>, path: &str) -> Option<TsConfig> {
    let mut left = LAYERS;
    layer(facts, path, &mut left)
}

/// Reads it with what it extends, as long as `left` files may be read.
fn layer(facts: &Facts<'_>, path: &str, left: &mut usize) -> Option<TsConfig> {
    *left = left.checked_sub(1)?;
    let root = facts.config_document(path)?;
    let here = parent(path);
    let mut config = TsConfig::default();
    let extended: Vec<&str> = match root.get("extends") {
        Some(node) if node.text().is_some() => node.text().into_iter().collect(),
        Some(node) => node.items().iter().filter_map(Node::text).collect(),
        None => Vec::new(),
    };
    for base in extended {
        let at = join(here, base);
        let at = if has_end(&at, &["json"]) { at } else { format!("{at}.json") };
        let below = if base.starts_with('.') { layer(facts, &at, left) } else { None };
        match below {
            Some(below) => config = TsConfig { unread: config.unread.or(below.unread.clone()), ..below },
            None => config.unread = Some(base.to_owned()),
        }
    }
    path.clone_into(&mut config.path);
    let list = |name: &str| {
        let node = root.get(name)?;
        Some(node.items().iter().filter_map(Node::text).map(|each| join(here, each)).collect::<Vec<_>>())
    };
    if let Some(found) = list("include") {
        config.include = Some(found);
    }
    if let Some(found) = list("files") {
        config.files = Some(found);
    }
    if let Some(found) = list("exclude") {
        config.exclude = Some(found);
    }
    let option = |name: &str| root.at(&["compilerOptions", name]);
    let place = |name: &str| option(name).and_then(Node::text).map(|to| join(here, to));
    config.out_dir = place("outDir").or(config.out_dir);
    config.root_dir = place("rootDir").or(config.root_dir);
    let word = |name: &str| option(name).and_then(Node::text).map(str::to_ascii_lowercase);
    config.module = word("module").or(config.module);
    config.resolution = word("moduleResolution").or(config.resolution);
    let types = option("types").map(|node| node.items().iter().filter_map(Node::text).map(str::to_owned));
    config.types = types.map(Iterator::collect).or(config.types);
    let flag = |name: &str, before: bool| option(name).map_or(before, is_true);
    config.no_emit = flag("noEmit", config.no_emit) || flag("emitDeclarationOnly", false);
    config.no_unused = flag("noUnusedLocals", config.no_unused);
    config.jsx = word("jsx").or(config.jsx);
    config.allow_js = flag("allowJs", config.allow_js);
    config.composite = flag("composite", config.composite);
    config.references = root
        .get("references")
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|item| item.get("path")?.text())
        .map(|to| join(here, to))
        .collect();
    Some(config)
}

fn is_true(node: &Node) -> bool {
    matches!(node.value(), crate::facts::settings::Value::Bool(true))
}

fn has_end(path: &str, ends: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end))
}

impl TsConfig {
    /// The directory it lies in.
    pub fn directory(&self) -> &str {
        parent(&self.path)
    }

    /// True when it takes the source at `path` of the tree in.
    pub fn covers(&self, path: &str) -> bool {
        let typed = has_end(path, &["ts", "tsx", "mts", "cts"]);
        let scripted = self.allow_js && has_end(path, &["js", "jsx", "mjs", "cjs"]);
        if !(typed || scripted) {
            return false;
        }
        if self.files.as_ref().is_some_and(|files| files.iter().any(|file| file == path)) {
            return true;
        }
        let every = [format!("{}/**/*", self.directory()).trim_start_matches('/').to_owned()];
        let include: &[String] = match (&self.include, &self.files) {
            (Some(include), _) => include,
            (None, Some(_)) => return false,
            (None, None) => &every,
        };
        let default = ["node_modules", "bower_components", "jspm_packages"].map(str::to_owned);
        let out = self.exclude.is_none().then_some(self.out_dir.as_ref()).flatten();
        let skipped = path.split('/').any(|part| default.contains(&part.to_owned()))
            || out.is_some_and(|out| within(out, path))
            || self.exclude.iter().flatten().any(|pattern| takes(pattern, path));
        !skipped && include.iter().any(|pattern| takes(pattern, path))
    }
}

/// True when the pattern of a configuration takes `path` in; one without wildcard names a directory with all below it.
fn takes(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    if !pattern.contains(['*', '?']) {
        return within(pattern, path);
    }
    if let Some(head) = pattern.strip_suffix("/**").or_else(|| pattern.strip_suffix("/**/*")) {
        let depth = head.split('/').count();
        let parts: Vec<&str> = path.split('/').collect();
        return if head.contains("**") {
            (1..parts.len()).any(|at| glob_matches(head, &parts[..at].join("/")))
        } else {
            parts.len() > depth && glob_matches(head, &parts[..depth].join("/"))
        };
    }
    glob_matches(pattern, path) || pattern == "**" || pattern == "**/*"
}

fn within(directory: &str, path: &str) -> bool {
    directory.is_empty()
        || path == directory
        || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Every run of the compiler in the stages that are built.
pub fn compilations(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<Compilation> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages() {
        for (view, layer, commands) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
        {
            for command in commands {
                let words = unwrapped(&command.words);
                let Some(program) = words.first().and_then(|word| word.rsplit('/').next()) else { continue };
                if !matches!(program, "tsc" | "vue-tsc" | "nest") {
                    continue;
                }
                let Some(home) = image.source_dir(view, &command.dir) else { continue };
                let firm = !command.conditional && !command.tolerated;
                let run = |config| Compilation {
                    config,
                    program: program.to_owned(),
                    site: layer.site.clone(),
                    view,
                    dir: command.dir.clone(),
                    home: home.clone(),
                    firm,
                };
                found.extend(configs(facts, program, words, &home).into_iter().map(run));
            }
        }
    }
    found
}

/// The configurations that a command line compiles.
fn configs(facts: &Facts<'_>, program: &str, words: &[String], home: &str) -> Vec<TsConfig> {
    let list: Vec<&str> = words.iter().map(String::as_str).collect();
    if program == "nest" {
        return nest(facts, &list, home).into_iter().collect();
    }
    let builds = list.iter().any(|word| matches!(*word, "-b" | "--build"));
    let named = value(&list, &["-p", "--project", "--outDir", "--rootDir", "--module", "--target"]);
    let plain = list.iter().skip(1).filter(|word| !word.starts_with('-') && Some(**word) != named);
    let operands: Vec<&str> = plain.copied().collect();
    let sources = operands.iter().any(|word| chain::language(word).is_some());
    if sources || list.iter().any(|word| matches!(*word, "--init" | "--watch" | "-w" | "--version" | "-v")) {
        return Vec::new();
    }
    let written = match (builds, operands.first()) {
        (true, Some(first)) => first,
        _ => value(&list, &["-p", "--project"]).unwrap_or("tsconfig.json"),
    };
    let at = join(home, written);
    let at = if has_end(&at, &["json"]) { at } else { join(&at, "tsconfig.json") };
    let Some(mut config) = read(facts, &at) else { return Vec::new() };
    config.out_dir = value(&list, &["--outDir"]).map(|to| join(home, to)).or(config.out_dir);
    config.root_dir = value(&list, &["--rootDir"]).map(|to| join(home, to)).or(config.root_dir);
    config.no_emit |= list.contains(&"--noEmit") || list.contains(&"--emitDeclarationOnly");
    config.no_emit &= value(&list, &["--noEmit"]) != Some("false");
    let mut found = Vec::new();
    if builds {
        for reference in &config.references {
            let path = if has_end(reference, &["json"]) {
                reference.clone()
            } else {
                join(reference, "tsconfig.json")
            };
            found.extend(read(facts, &path));
        }
    }
    found.push(config);
    found
}

/// What `nest build` compiles, when it does so with the compiler itself (<https://docs.nestjs.com/cli/usages>).
fn nest(facts: &Facts<'_>, words: &[&str], home: &str) -> Option<TsConfig> {
    let other = ["-b", "--builder", "--webpack", "--watch", "-w"];
    let plain = words.iter().filter(|word| !word.starts_with('-')).count();
    if !words.contains(&"build") || plain > 2 || words.iter().any(|word| other.contains(word)) {
        return None;
    }
    let cli = facts.config_document(&join(home, "nest-cli.json"));
    let option = |name: &str| cli.as_ref().and_then(|root| root.at(&["compilerOptions", name]).cloned());
    let builder = option("builder").map_or(Some("tsc".to_owned()), |node| node.text().map(str::to_owned));
    let monorepo = cli.as_ref().is_some_and(|root| root.get("projects").is_some());
    if builder.as_deref() != Some("tsc") || option("webpack").is_some_and(|node| is_true(&node)) || monorepo {
        return None;
    }
    let named = value(words, &["-p", "--path", "-c"]).map(str::to_owned);
    let named = named.or_else(|| option("tsConfigPath").and_then(|node| node.text().map(str::to_owned)));
    let own = named.unwrap_or_else(|| {
        let build = facts.snapshot.entry(&join(home, "tsconfig.build.json")).is_some();
        if build { "tsconfig.build.json".to_owned() } else { "tsconfig.json".to_owned() }
    });
    read(facts, &join(home, &own))
}

impl Compilation {
    /// The place in the image of the file at `source` of the tree.
    fn place(&self, source: &str) -> Option<String> {
        within(&self.home, source).then(|| join(&self.dir, source[self.home.len()..].trim_start_matches('/')))
    }

    /// The sources that it certainly reads, declarations left out; `None` when there are too many.
    pub fn inputs(&self, facts: &Facts<'_>, delivered: &Delivered<'_>) -> Option<Vec<String>> {
        let below = facts.snapshot.under(self.config.directory());
        let found: Vec<String> = below
            .iter()
            .filter(|entry| self.config.covers(&entry.path) && !entry.path.contains(".d."))
            .filter(|entry| facts.snapshot.travels(entry))
            .filter(|entry| {
                self.place(&entry.path)
                    .is_none_or(|place| delivered.image.presence(self.view, &place).is_file())
            })
            .map(|entry| entry.path.clone())
            .take(FILES + 1)
            .collect();
        (found.len() <= FILES).then_some(found)
    }

    /// Where it writes what becomes of each source: the source and its path below `out_dir`. `None` when it cannot be told.
    pub fn outputs(&self, facts: &Facts<'_>, delivered: &Delivered<'_>) -> Option<Vec<(String, String)>> {
        let config = &self.config;
        let inputs = self.inputs(facts, delivered)?;
        let root = match &config.root_dir {
            Some(root) => root.clone(),
            None if config.composite => config.directory().to_owned(),
            None => common(&self.read_too(facts, delivered, &inputs))?,
        };
        let inside = inputs.iter().filter(|source| within(&root, source));
        let written = inside.filter_map(|source| {
            let rest = source[root.len()..].trim_start_matches('/');
            let (stem, end) = rest.rsplit_once('.')?;
            let end = match end {
                "mts" | "mjs" => "mjs",
                "cts" | "cjs" => "cjs",
                _ => "js",
            };
            Some((source.clone(), format!("{stem}.{end}")))
        });
        Some(written.collect())
    }

    /// `inputs` with the sources and JSON files that they import.
    fn read_too(&self, facts: &Facts<'_>, delivered: &Delivered<'_>, inputs: &[String]) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = inputs.iter().cloned().collect();
        let traces = delivered.traces.iter().filter(|trace| trace.build && trace.site == self.site);
        let reached = traces.flat_map(|trace| &trace.chain.modules).map(|reached| &reached.source);
        all.extend(
            reached.filter(|source| has_end(source, &["ts", "tsx"]) && !source.contains(".d.")).cloned(),
        );
        for source in inputs {
            let named = facts.snapshot.text(source).is_ok_and(|text| text.text.contains(".json"));
            for link in named.then(|| facts.links(source)).flatten().iter().flat_map(|links| links.iter()) {
                if let To::Module { name, .. } = &link.to
                    && name.starts_with('.')
                    && name.ends_with(".json")
                {
                    let path = join(parent(source), name);
                    all.extend(facts.snapshot.entry(&path).map(|_| path));
                }
            }
        }
        all
    }
}

/// The innermost directory that holds every one of `paths`.
fn common(paths: &BTreeSet<String>) -> Option<String> {
    // In order, so that the first and the last are furthest apart.
    let (first, last) = (parent(paths.first()?), parent(paths.last()?));
    let same = first.split('/').zip(last.split('/')).take_while(|(one, other)| one == other);
    Some(same.map(|(part, _)| part).collect::<Vec<_>>().join("/"))
}

/// Where the file that ends up at `path` of the finished image may come from: stage and path, the finished stage first.
fn origins(image: &Image<'_>, stage: usize, path: &str, found: &mut Vec<(usize, String)>) {
    found.push((stage, path.to_owned()));
    let Some(own) = image.stages.get(stage).filter(|_| found.len() < 20) else { return };
    for layer in own.layers.iter().rev() {
        let LayerKind::Copy(items, _) = &layer.kind else { continue };
        for item in items {
            if let (Source::Stage(from, source), true) = (&item.from, within(&item.to, path)) {
                let rest = path[item.to.len()..].trim_start_matches('/');
                return origins(image, *from, &join(source, rest), found);
            }
        }
    }
    if let Origin::Stage(below) = own.base {
        origins(image, below, path, found);
    }
}

/// What a start command runs of the compiler's outputs, and does not find there.
#[derive(Debug, Clone)]
pub struct Misplaced {
    /// The file that is written instead, relative to the directory that is written to.
    pub written: String,
    /// The name of that directory.
    pub out: String,
    /// The source it is made of.
    pub source: String,
    /// The configuration.
    pub config: String,
    /// True when the files leave no doubt.
    pub certain: bool,
}

/// The places of the stages that would have to hold what `program` runs, when it is missing and run by what `runs` takes.
fn sought(image: &Image<'_>, program: &Program, runs: fn(&str) -> bool) -> Option<Vec<(usize, String)>> {
    let Target::File { place, by, .. } = &program.target else { return None };
    if !runs(by) || image.presence(image.finished(), place).is_file() {
        return None;
    }
    let mut from = Vec::new();
    origins(image, image.finished().stage, place, &mut from);
    Some(from)
}

/// Where the compiler writes what `program` runs, when that is another place than the one it looks in.
pub fn misplaced(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<Misplaced> {
    let image = &delivered.image;
    let from = sought(image, program, |by| by.starts_with("node"))?;
    for compilation in compilations(facts, delivered).iter().filter(|each| !each.config.no_emit) {
        let Some(out) = compilation.config.out_dir.as_deref().and_then(|out| compilation.place(out)) else {
            continue;
        };
        let stage = compilation.view.stage;
        let Some((_, path)) =
            from.iter().find(|(at, path)| *at == stage && within(&out, path) && *path != out)
        else {
            continue;
        };
        let wanted = path[out.len()..].trim_start_matches('/');
        let outputs = compilation.outputs(facts, delivered)?;
        let hit = |written: &str| {
            let stem = wanted.trim_end_matches(".js");
            written == wanted || written == format!("{stem}.js") || written == format!("{stem}/index.js")
        };
        if outputs.iter().any(|(_, written)| hit(written)) || is_written_by_others(image, compilation, &out) {
            return None;
        }
        let tail = format!("/{wanted}");
        let (source, written) = outputs
            .into_iter()
            .find(|(_, written)| written.ends_with(&tail) || wanted.ends_with(&format!("/{written}")))?;
        return Some(Misplaced {
            written,
            out: out.rsplit('/').next().unwrap_or_default().to_owned(),
            source,
            config: compilation.config.path.clone(),
            certain: compilation.config.unread.is_none() && compilation.firm,
        });
    }
    None
}

/// The configuration whose `noEmit` keeps the compiler from writing what `program` runs, and whether that is certain.
pub fn unwritten(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<(String, bool)> {
    let image = &delivered.image;
    let from = sought(image, program, |by| by.starts_with("node"))?;
    let all = compilations(facts, delivered);
    let checks = all.iter().filter(|each| each.config.no_emit && each.program == "tsc");
    let mut found = checks.filter_map(|each| {
        let out = each
            .config
            .out_dir
            .as_deref()
            .map_or_else(|| Some(join(&each.dir, "dist")), |out| each.place(out))?;
        from.iter().find(|(stage, path)| *stage == each.view.stage && within(&out, path))?;
        let written =
            all.iter().any(|other| !other.config.no_emit) || is_written_by_others(image, each, &out);
        (!written).then(|| (each.config.path.clone(), each.firm && each.config.unread.is_none()))
    });
    found.next_back()
}

/// The instruction of the compilation that writes what `program` runs; `None` when none certainly does.
pub fn made_by(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<Site> {
    let image = &delivered.image;
    let from = sought(image, program, |by| by == "node")?;
    compilations(facts, delivered).into_iter().filter(|each| !each.config.no_emit).find_map(|each| {
        let out = each.config.out_dir.as_deref().and_then(|out| each.place(out))?;
        let inside = from.iter().any(|(stage, path)| *stage == each.view.stage && within(&out, path));
        inside.then_some(each.site)
    })
}

/// True when another command of the build may write into `out`, or moves what lies there.
fn is_written_by_others(image: &Image<'_>, compilation: &Compilation, out: &str) -> bool {
    let touches = |effect: &Effect| match effect {
        Effect::Anything => true,
        Effect::Fills(path) | Effect::Builds(path) | Effect::Makes(path) => {
            within(out, path) || within(path, out)
        }
        _ => false,
    };
    image.built_stages().iter().any(|stage| {
        image.runs(*stage).into_iter().any(|(_, _, commands)| {
            commands.iter().any(|command| {
                let own = unwrapped(&command.words).first().is_some_and(|word| *word == compilation.program);
                let harmless = ["tsc-alias", "prisma", "vite", "next", "copyfiles", "turbo", "vue-tsc"];
                let other = harmless.contains(&command.program()) && command.dir != compilation.dir
                    || matches!(command.program(), "tsc-alias" | "prisma");
                !own && !other && effects(command).iter().any(touches)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::fixture::MemoryTree;
    use crate::snapshot::{Day, Snapshot, Trigger};

    #[test]
    fn configurations_that_extend_each_other_in_a_circle_come_to_an_end() {
        let own = "\"./tsconfig.json\", \"./tsconfig.json\"";
        let tree = MemoryTree::default().with("tsconfig.json", format!("{{\"extends\": [{own}]}}"));
        let snapshot = Snapshot::new(&tree, Day { year: 2026, month: 11, day: 29 }, Trigger::GitHub);
        let config = Config::of(&snapshot).unwrap();
        let facts = Facts::gather(&snapshot, &config);
        assert!(read(&facts, "tsconfig.json").is_some_and(|config| config.unread.is_some()));
    }

    #[test]
    fn patterns_take_what_the_compiler_takes() {
        for (pattern, path, taken) in [
            ("src", "src/a/b.ts", true),
            ("src/**/*", "src/a.ts", true),
            ("src/**/*", "test/a.ts", false),
            ("a/src/**/*.ts", "a/src/x/y.ts", true),
            ("**/*.spec.ts", "a/b.spec.ts", true),
            ("*.ts", "a.ts", true),
            ("*.ts", "src/a.ts", false),
            ("**/*", "x/y.ts", true),
            ("**/__tests__/**", "a/__tests__/b.ts", true),
        ] {
            assert_eq!(takes(pattern, path), taken, "{pattern} {path}");
        }
    }

    #[test]
    fn the_common_directory_holds_all() {
        let of = |paths: &[&str]| common(&paths.iter().map(|path| (*path).to_owned()).collect());
        assert_eq!(of(&["a/src/x.ts", "a/src/y/z.ts"]).as_deref(), Some("a/src"));
        assert_eq!(of(&["a/prisma/x.ts", "a/src/y/z.ts"]).as_deref(), Some("a"));
        assert_eq!(of(&["package.json", "src/z.ts"]).as_deref(), Some(""));
    }
}
