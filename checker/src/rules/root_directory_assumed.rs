//! A service that builds with one root directory only, which no file states.

use std::rc::Rc;

use crate::facts::build_context::BuildContext;
use crate::facts::builder_commands::{is_built_by_railway, stated};
use crate::facts::image::effects::value;
use crate::facts::image::shell::{Simple, commands, place};
use crate::facts::launch::lacking_by_root;
use crate::facts::railway_config::RailwayConfig;
use crate::facts::service::Service;
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A service builds or starts only when its root directory is set, and no file states it.
    ///
    /// ## Why it matters
    /// The folder of a config file is not the root directory: unless the dashboard sets one, Railway builds from the root of
    /// the repository. `COPY requirements.txt .` then stops with `not found`, `dockerfilePath = "Dockerfile"` takes the
    /// repository's own Dockerfile, and `npm start` ends with `ENOENT: package.json`.
    ///
    /// ## What to do
    /// Set the service's root directory in the dashboard and state it in `.github/preflight.toml`, or write paths from the
    /// root of the repository: `dockerfilePath = "web/Dockerfile"`, `COPY web/requirements.txt .`, `cd web && npm start`.
    ///
    /// ## What it cannot know
    /// Whether the dashboard sets it already, which is why it is a note.
    ///
    /// ```repo,fires
    /// //- api/railway.toml
    /// [build]
    /// dockerfilePath = "Dockerfile"
    /// //- api/Dockerfile
    /// FROM python:3.13
    /// COPY requirements.txt .
    /// CMD ["python", "a.py"]
    /// //- api/requirements.txt
    /// flask
    /// ```
    ///
    /// The same name in both places:
    ///
    /// ```repo,fires
    /// //- web/railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}}
    /// //- web/Dockerfile
    /// FROM nginx
    /// CMD ["nginx"]
    /// //- Dockerfile
    /// FROM golang
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "npm start"}}
    /// //- backend/package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- agents/router/railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "uvicorn main:app --port $PORT"}}
    /// //- agents/router/requirements.txt
    /// fastapi
    /// uvicorn
    /// //- agents/router/main.py
    /// app = None
    /// ```
    ///
    /// From the root of the repository everything is found, or the root directory is stated:
    ///
    /// ```repo,passes
    /// //- api/railway.toml
    /// [build]
    /// dockerfilePath = "api/Dockerfile"
    /// //- api/Dockerfile
    /// FROM python:3.13
    /// COPY api/requirements.txt .
    /// CMD ["python", "a.py"]
    /// //- api/requirements.txt
    /// flask
    /// ```
    ///
    /// ```repo,passes
    /// //- .github/preflight.toml
    /// [services.api]
    /// config = "api/railway.toml"
    /// root = "api"
    /// //- api/railway.toml
    /// [build]
    /// dockerfilePath = "Dockerfile"
    /// //- api/Dockerfile
    /// FROM python:3.13
    /// COPY requirements.txt .
    /// CMD ["python", "a.py"]
    /// //- api/requirements.txt
    /// flask
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "cd backend && npm ci"}, "deploy": {"startCommand": "npm --prefix backend start"}}
    /// //- backend/package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    "root-directory-assumed", Note, Config, since "0.3.0",
    sources: ["https://docs.railway.com/deployments/monorepo", "https://docs.railway.com/builds/dockerfiles"]
}

/// What is found from one root directory only.
struct Proof {
    site: Site,
    what: String,
    root: String,
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        if service.origin.path != config.path {
            continue;
        }
        let copied = || copied(facts, service);
        let named = || named(facts, service, &config);
        let started = || started(facts, service, &config);
        // Where the settings ask for another builder, the Dockerfile beside them is in doubt.
        let proof = named()
            .or_else(|| (!service.selected).then(started).flatten())
            .or_else(copied)
            .or_else(started)
            .or_else(|| ran(facts, service));
        let Some(proof) = proof else { continue };
        let message =
            format!("{} only with the root directory `{}`, which no file states", proof.what, proof.root);
        out.at(proof.site, message)
            .service(&service.name)
            .help("Set the root directory and state it in `.github/preflight.toml`, or write paths from the root of the repository");
    }
}

/// A COPY source that only one possible context has.
fn copied(facts: &Facts<'_>, service: &Service) -> Option<Proof> {
    let (_, file) = facts.images().find(|(own, _)| own.name == service.name)?;
    let fitting: Vec<Rc<BuildContext<'_>>> = copies::fitting(facts, service, &file);
    let [only] = fitting.as_slice() else { return None };
    if only.root.is_empty() || !service.roots.iter().any(String::is_empty) {
        return None;
    }
    let whole = facts.build_context("", &file.path);
    let (_, source) =
        copies::context_sources(&file).into_iter().find(|(_, source)| !whole.has(&source.value))?;
    let site = Site::new(file.path.clone(), source.span);
    Some(Proof { site, what: format!("`{}` is found", source.value), root: only.root.clone() })
}

/// A stated Dockerfile that is found from one directory only, or is another file from there.
fn named(facts: &Facts<'_>, service: &Service, config: &RailwayConfig) -> Option<Proof> {
    let (stated, setting) = service.settings.text(Key::DockerfilePath)?;
    let stated = stated.trim_start_matches("./").trim_matches('/');
    let directory = config.directory();
    let near = join(directory, stated);
    let there = facts.snapshot.entry(&near).is_some() && !directory.is_empty() && !stated.is_empty();
    let what = if facts.snapshot.entry(stated).is_some() {
        format!("`{stated}` is `{near}`")
    } else {
        format!("`{near}` is found as `{stated}`")
    };
    there.then(|| Proof { site: setting.site.clone(), what, root: directory.to_owned() })
}

/// A start command that finds its program in the folder of the config file only.
fn started(facts: &Facts<'_>, service: &Service, config: &RailwayConfig) -> Option<Proof> {
    let (_, setting) = service.settings.text(Key::StartCommand)?;
    let asks = service.settings.text(Key::Builder).map(|(name, _)| name.to_ascii_uppercase());
    let railway = is_built_by_railway(service) || matches!(asks.as_deref(), Some("NIXPACKS" | "RAILPACK"));
    let home = config.directory();
    if !railway || home.is_empty() {
        return None;
    }
    let counted = lacking_by_root(facts, service);
    let lacking = |root: &str| counted.iter().find(|(own, _)| own == root).map(|(_, count)| *count);
    let only = lacking("").is_some_and(|count| count > 0) && lacking(home) == Some(0);
    let what = "this command finds what it starts".to_owned();
    only.then(|| Proof { site: setting.site.clone(), what, root: home.to_owned() })
}

/// A command of a package manager that finds its manifest in one folder only.
fn ran(facts: &Facts<'_>, service: &Service) -> Option<Proof> {
    if !is_built_by_railway(service) || !service.roots.iter().any(String::is_empty) {
        return None;
    }
    let all = stated(facts, service);
    for stated in &all {
        let Some(dir) = commands(&stated.text, "", true).iter().find_map(needs_manifest) else { continue };
        if facts.node_projects().contains_key(&dir) {
            continue;
        }
        let below = facts
            .node_projects()
            .keys()
            .filter(|root| !root.is_empty() && dir.is_empty() && root.matches('/').count() < 2);
        let possible: Vec<&String> = below.collect();
        let own = service.config.as_deref().and_then(|path| path.rsplit_once('/')).map(|(dir, _)| dir);
        let root = match (own, possible.as_slice()) {
            (Some(own), _) if facts.node_projects().contains_key(own) => own.to_owned(),
            (None, [_, ..]) => {
                possible.iter().take(3).map(|root| root.as_str()).collect::<Vec<_>>().join("` or `")
            }
            _ => continue,
        };
        let what = "this command finds a `package.json`".to_owned();
        return Some(Proof { site: stated.site.clone(), what, root });
    }
    None
}

/// The directory whose `package.json` a command of a package manager cannot do without.
fn needs_manifest(command: &Simple) -> Option<String> {
    if !matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun") || command.conditional {
        return None;
    }
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let needing = ["run", "run-script", "start", "ci", "test", "install", "build", "i"];
    let global = command.has("-g") || command.has("--global");
    if global || !command.plain().next().is_some_and(|word| needing.contains(&word)) {
        return None;
    }
    match value(&words, &["--prefix", "-C", "--cwd", "--dir"]) {
        Some(to) => place(&command.dir, to),
        None => Some(command.dir.clone()),
    }
}
