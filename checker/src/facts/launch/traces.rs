//! Where import chains begin: at what is started, and at what the build runs.

use super::{Delivered, Program, Target, Trace};
use crate::facts::Facts;
use crate::facts::chain::{self, Loader, Start, When, language, walk};
use crate::facts::image::shell::Simple;
use crate::facts::image::{Layer, Presence, View};
use crate::facts::program::Language;
use crate::facts::startup::join;
use crate::finding::Site;

/// Modules that one build command begins with, at most.
const ENTRY_LIMIT: usize = 200;
/// Files that TypeScript programs usually begin with, tried where nothing tells it.
const ENTRIES: [&str; 8] = [
    "src/main.ts",
    "src/index.ts",
    "src/server.ts",
    "src/app.ts",
    "src/worker.ts",
    "src/main.tsx",
    "src/index.tsx",
    "index.ts",
];

/// Every chain of `each`.
pub(super) fn read<'s>(facts: &Facts<'s>, each: &Delivered<'s>) -> Vec<Trace> {
    let mut found = Vec::new();
    for program in &each.programs {
        found.extend(of_program(facts, each, program));
    }
    if each.image.dockerfile.is_none() && !is_stated(facts, each) {
        found.extend(of_directory(facts, each));
    }
    for stage in each.image.built_stages() {
        let own = each.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
        for (view, layer, commands) in own {
            for (at, command) in commands.iter().enumerate() {
                found.extend(of_command(facts, each, view, layer, command, at));
            }
        }
    }
    found
}

/// True when some file says what is started, rather than a builder finding a script by itself.
fn is_stated(facts: &Facts<'_>, each: &Delivered<'_>) -> bool {
    let manifest = |program: &Program| program.site.path.ends_with("package.json");
    let stated = each
        .service(facts)
        .is_some_and(|service| service.settings.text(crate::facts::settings::Key::StartCommand).is_some());
    stated || each.programs.iter().any(|program| !manifest(program))
}

fn trace<'s>(
    facts: &Facts<'s>,
    each: &Delivered<'s>,
    start: &Start,
    site: &Site,
    words: &[String],
    firm: bool,
    build: bool,
) -> Trace {
    Trace {
        loader: start.loader,
        view: start.view,
        site: site.clone(),
        words: words.to_vec(),
        firm,
        build,
        stated: true,
        chain: walk(facts, &each.image, start),
    }
}

fn of_program<'s>(facts: &Facts<'s>, each: &Delivered<'s>, program: &Program) -> Option<Trace> {
    let view = each.image.finished();
    let (module, roots, loader) = match &program.target {
        Target::File { place, by, .. } => {
            let presence = each.image.presence(view, place);
            let source = presence.source().filter(|_| presence.is_file())?.to_owned();
            let python = language(&source)? == Language::Python;
            if python
                != (by.starts_with("python")
                    || matches!(by.as_str(), "" | "streamlit" | "fastapi" | "gunicorn"))
            {
                return None;
            }
            let beside = place.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
            let mut roots = vec![beside];
            roots.extend(python_path(each));
            ((place.clone(), source), roots, if python { Loader::Python } else { Loader::Run })
        }
        Target::Module { name, roots, .. } => {
            let found = each.module(name, roots);
            let source = found.source().filter(|_| found.is_file())?.to_owned();
            let place = place_of(each, name, roots)?;
            ((place, source), roots.clone(), Loader::Python)
        }
        Target::Other => (next_config(each, program)?, Vec::new(), Loader::Run),
        Target::NoScript { .. } => return None,
    };
    let plain = is_plain(each, program);
    let start = Start {
        modules: vec![module],
        when: When::Always,
        dir: program.dir.clone(),
        roots,
        view,
        loader,
        plain,
    };
    Some(trace(facts, each, &start, &program.site, &program.words, program.firm, false))
}

/// The configuration that `next start` loads: its path in the image and in the tree.
fn next_config(each: &Delivered<'_>, program: &Program) -> Option<(String, String)> {
    let starts = program.words.first().is_some_and(|word| word == "next")
        && program.words.get(1).is_some_and(|word| word == "start");
    ["js", "mjs", "ts"].iter().filter(|_| starts).find_map(|end| {
        let place = join(&program.dir, &format!("next.config.{end}"));
        let presence = each.image.presence(each.image.finished(), &place);
        let source = presence.source().filter(|_| presence.is_file())?.to_owned();
        Some((place, source))
    })
}

/// True when Python or Node alone runs a file, with nothing that changes how modules are looked for.
fn is_plain(each: &Delivered<'_>, program: &Program) -> bool {
    let Target::File { by, .. } = &program.target else { return false };
    let hooks = ["--import", "--loader", "--require", "--experimental", "-r", "--conditions"];
    let hooked = program.words.iter().any(|word| hooks.iter().any(|hook| word.starts_with(hook)));
    let set = each.image.last().is_some_and(|stage| stage.env.contains_key("NODE_OPTIONS"));
    (by == "node" || by.starts_with("python")) && !hooked && !set
}

/// Where in the image the module `name` lies.
fn place_of(each: &Delivered<'_>, name: &str, roots: &[String]) -> Option<String> {
    let inner = name.replace('.', "/");
    let tried = roots.iter().flat_map(|root| {
        [".py", "/__init__.py", "/__main__.py"].map(|ending| join(root, &format!("{inner}{ending}")))
    });
    tried.into_iter().find(|path| each.image.presence(each.image.finished(), path).is_file())
}

fn python_path(each: &Delivered<'_>) -> Vec<String> {
    let Some(stage) = each.image.last() else { return Vec::new() };
    let value = stage.env.get("PYTHONPATH").cloned().flatten().unwrap_or_default();
    let dirs = value.split(':').filter(|dir| !dir.is_empty() && !dir.contains('$'));
    dirs.map(|dir| if dir.starts_with('/') { join("", dir) } else { join(&stage.workdir, dir) }).collect()
}

/// A directory that is deployed while no file says what is started in it: any program of it may be.
fn of_directory<'s>(facts: &Facts<'s>, each: &Delivered<'s>) -> Option<Trace> {
    let root = each.image.context.root.clone();
    let service = each.service(facts)?;
    if root.is_empty() || service.roots.len() > 1 {
        return None;
    }
    let files = each.image.context.entries.iter().filter(|entry| {
        let path = each.image.context.relative(entry);
        !path.contains('/')
            && language(path).is_some()
            && !path.contains("test")
            && !path.contains(".config.")
    });
    let modules: Vec<_> = files
        .take(ENTRY_LIMIT)
        .map(|entry| (join("app", each.image.context.relative(entry)), entry.path.clone()))
        .collect();
    let python = modules.first().and_then(|(_, source)| language(source))? == Language::Python;
    let start = Start {
        modules,
        when: When::Sometimes,
        dir: "app".to_owned(),
        roots: vec!["app".to_owned()],
        view: each.image.finished(),
        loader: if python { Loader::Python } else { Loader::Run },
        plain: false,
    };
    let found = trace(facts, each, &start, &service.origin, &[], false, false);
    Some(Trace { stated: false, ..found })
}

fn of_command<'s>(
    facts: &Facts<'s>,
    each: &Delivered<'s>,
    view: View,
    layer: &Layer,
    command: &Simple,
    at: usize,
) -> Option<Trace> {
    let words = crate::facts::startup::unwrapped(&command.words);
    let program = words.first()?.rsplit('/').next()?;
    let (written, loader) = beginnings(each, view, &command.dir, program, &words[1..])?;
    let modules: Vec<(String, String)> = written
        .iter()
        .filter_map(|path| command.place(path))
        .filter_map(|place| match each.image.presence(view, &place) {
            Presence::File { source: Some(source), .. } => Some((place, source)),
            _ => None,
        })
        .take(ENTRY_LIMIT)
        .collect();
    if modules.is_empty() {
        return None;
    }
    let beside = modules[0].0.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
    let start = Start {
        modules,
        when: When::Always,
        dir: command.dir.clone(),
        roots: vec![beside],
        view,
        loader,
        plain: false,
    };
    let firm = !command.conditional && !command.tolerated;
    let mut found = trace(facts, each, &start, &layer.site, words, firm, true);
    // An earlier command of the same instruction may have written anything.
    if at > 0 && opaque_before(layer, at) {
        for broken in &mut found.chain.broken {
            broken.doubt.get_or_insert_with(|| std::rc::Rc::new(layer.site.clone()));
        }
    }
    Some(found)
}

/// The files that a build command begins with, as written from its directory, and how it looks for modules.
fn beginnings(
    each: &Delivered<'_>,
    view: View,
    dir: &str,
    program: &str,
    rest: &[String],
) -> Option<(Vec<String>, Loader)> {
    Some(match program {
        "vite" if rest.first().is_none_or(|word| word == "build" || word.starts_with('-')) => {
            (vite(), Loader::Build)
        }
        "next" if rest.first().is_some_and(|word| word == "build") => (next(each, view, dir), Loader::Build),
        "tsc" if !rest.iter().any(|word| word == "--noEmit") => (entries(each, dir), Loader::Build),
        "nest" | "tsup" | "ncc" | "swc" => (entries(each, dir), Loader::Build),
        "esbuild" => (named(rest), Loader::Build),
        "node" | "tsx" | "ts-node" => (named(rest).into_iter().take(1).collect(), Loader::Run),
        _ if program.starts_with("python") && rest.first().is_some_and(|word| !word.starts_with('-')) => {
            (named(rest).into_iter().take(1).collect(), Loader::Python)
        }
        _ => return None,
    })
}

fn opaque_before(layer: &Layer, at: usize) -> bool {
    use crate::facts::image::effects::{Effect, effects};
    let crate::facts::image::LayerKind::Run(commands, _) = &layer.kind else { return false };
    commands.iter().take(at).any(|command| effects(command).contains(&Effect::Anything))
}

fn named(rest: &[String]) -> Vec<String> {
    rest.iter().filter(|word| !word.starts_with('-') && chain::language(word).is_some()).cloned().collect()
}

fn entries(each: &Delivered<'_>, dir: &str) -> Vec<String> {
    let mut found: Vec<String> = ENTRIES.iter().map(|path| (*path).to_owned()).collect();
    // What is started tells which source is compiled: `dist/worker.js` comes from `src/worker.ts`.
    for program in &each.programs {
        if let Target::File { place, .. } = &program.target
            && let Some(inner) = place.strip_prefix(dir).map(|inner| inner.trim_start_matches('/'))
            && let Some((_, below)) = inner.split_once('/')
        {
            let stem = below.rsplit_once('.').map_or(below, |(stem, _)| stem);
            found.push(format!("{stem}.ts"));
            found.push(format!("src/{stem}.ts"));
        }
    }
    found
}

/// The configuration of Vite, and the modules of its page.
fn vite() -> Vec<String> {
    let mut found: Vec<String> =
        ["ts", "js", "mjs", "mts"].iter().map(|end| format!("vite.config.{end}")).collect();
    found.extend(
        ["src/main.tsx", "src/main.ts", "src/main.jsx", "src/main.js", "src/index.tsx", "src/index.ts"]
            .map(str::to_owned),
    );
    found
}

/// Pages and routes of Next.
fn next(each: &Delivered<'_>, view: View, dir: &str) -> Vec<String> {
    let Some(source) = each.image.source_dir(view, dir) else { return Vec::new() };
    let skip = if source.is_empty() { 0 } else { source.len() + 1 };
    let inside = format!("{source}/");
    let below = each.image.context.entries.iter().filter_map(|entry| {
        Some(entry.path.get(skip..)?).filter(|_| source.is_empty() || entry.path.starts_with(&inside))
    });
    let is_page = |path: &str| {
        let routed = ["app/", "src/app/", "pages/", "src/pages/"].iter().any(|root| path.starts_with(root));
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let in_app = path.starts_with("app/") || path.starts_with("src/app/");
        routed
            && language(path).is_some()
            && !path.contains(".test.")
            && (!in_app || matches!(stem, "page" | "layout" | "route"))
    };
    let mut found: Vec<String> = below.filter(|path| is_page(path)).map(str::to_owned).collect();
    found.extend(
        ["next.config.js", "next.config.mjs", "next.config.ts", "middleware.ts", "src/middleware.ts"]
            .map(str::to_owned),
    );
    found
}
