//! Finding the services: the user's word first, then infrastructure as code, config files, Dockerfiles, Procfiles.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::doubt::{asks_for_another_builder, enters, has_default_beside, named_root};
use super::{Builder, DockerfileChoice, Service, from_iac, kind};
use crate::config::ServiceConfig;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::node_project::NodeProject;
use crate::facts::procfile::Procfile;
use crate::facts::railway_config::{self, RailwayConfig};
use crate::facts::settings::{Key, Setting, Settings, Source, Value};
use crate::finding::Site;
use crate::known::Known;
use crate::span::Span;

/// Directories whose Dockerfiles are for development, tests or show.
const NOT_DEPLOYED_DIRECTORIES: [&str; 14] = [
    ".devcontainer",
    "test",
    "tests",
    "e2e",
    "example",
    "examples",
    "docs",
    "doc",
    ".github",
    "ci",
    "benchmarks",
    "fixtures",
    "third_party",
    ".docker",
];
/// Suffixes of Dockerfiles that are for the same.
const NOT_DEPLOYED_SUFFIXES: [&str; 9] =
    ["dev", "development", "test", "tests", "ci", "local", "debug", "e2e", "lint"];

/// Finds the services of a repository. `.github/preflight.toml` overrides what is found.
pub fn discover(facts: &Facts<'_>) -> Vec<Service> {
    let mut services = if facts.config.services.is_empty() { found(facts) } else { configured(facts) };
    let mut names = BTreeSet::new();
    for service in &mut services {
        let base = service.name.clone();
        let mut number = 2;
        while !names.insert(service.name.clone()) {
            service.name = format!("{base}-{number}");
            number += 1;
        }
    }
    services
}

fn configured(facts: &Facts<'_>) -> Vec<Service> {
    facts.config.services.iter().map(|(name, stated)| from_preflight(facts, name, stated)).collect()
}

fn from_preflight(facts: &Facts<'_>, name: &str, stated: &ServiceConfig) -> Service {
    let site = |span: Span| Site::new(facts.config.path.clone(), span);
    let config = stated.config.as_ref().and_then(|path| config_at(facts, &path.value));
    let mut settings = config.as_ref().map(|config| of_config(config)).unwrap_or_default();
    for (key, value) in &stated.settings {
        let setting = Setting {
            value: Known::Yes(value.value.clone()),
            site: site(value.span),
            source: Source::Preflight,
        };
        settings.base.entry(*key).or_insert(setting);
    }
    let roots = vec![stated.root.clone().unwrap_or_default()];
    let dockerfile = match &stated.dockerfile {
        Some(path) => Known::Yes(DockerfileChoice { path: path.value.clone(), site: Some(site(path.span)) }),
        None if matches!(stated.builder, None | Some(Builder::Dockerfile)) => {
            choice(facts, &settings, &roots)
        }
        None => Known::No,
    };
    let mut service = Service {
        name: name.to_owned(),
        origin: site(stated.span),
        selected: true,
        roots,
        config: config.map(|config| config.path.clone()),
        settings,
        builder: stated.builder.map_or(Known::No, Known::Yes),
        dockerfile,
        kind: stated.kind.map_or(Known::No, Known::Yes),
        variables: (!stated.variables.is_empty()).then(|| stated.variables.clone()),
    };
    complete(facts, &mut service);
    service
}

fn found(facts: &Facts<'_>) -> Vec<Service> {
    let mut services = from_iac::services(facts);
    let mut configs = effective_configs(facts);
    let declared: BTreeSet<&str> = services
        .iter()
        .flat_map(|service| service.config.iter().chain(&service.roots).map(String::as_str))
        .collect();
    configs.retain(|config| {
        let directory = config.directory();
        !declared.contains(config.path.as_str()) && (directory.is_empty() || !declared.contains(directory))
    });
    let from_configs: Vec<Service> = configs.iter().map(|config| from_config(facts, config)).collect();
    services.extend(from_configs);
    if from_iac::is_whole(facts) {
        return services;
    }
    let taken: BTreeSet<String> = services
        .iter()
        .filter_map(|service| service.dockerfile.yes().map(|choice| choice.path.clone()))
        .collect();
    for path in facts.dockerfiles.keys().filter(|path| !taken.contains(*path) && may_be_deployed(path)) {
        services.push(from_dockerfile(facts, path, &configs));
    }
    services.extend(from_builder_configs(facts, &configs));
    if services.is_empty() {
        services.extend(facts.procfiles.get("Procfile").map(|_| by_builder(facts, "Procfile", true)));
    }
    if services.is_empty() {
        services.extend(detected(facts));
    }
    services
}

/// The config files that speak for a service: of two in one directory the TOML one, as Railway takes it.
fn effective_configs(facts: &Facts<'_>) -> Vec<Rc<RailwayConfig>> {
    let shadowed = |config: &RailwayConfig| {
        config.path.strip_suffix("railway.json").is_some_and(|directory| {
            config.has_default_name()
                && facts.railway_configs.contains_key(&format!("{directory}railway.toml"))
        })
    };
    let deployed = |config: &RailwayConfig| {
        config.directory().split('/').all(|directory| !NOT_DEPLOYED_DIRECTORIES.contains(&directory))
    };
    facts.railway_configs.values().filter(|config| !shadowed(config) && deployed(config)).cloned().collect()
}

fn from_config(facts: &Facts<'_>, config: &Rc<RailwayConfig>) -> Service {
    let directory = config.directory();
    let settings = of_config(config);
    let mut roots = upward(directory);
    let dockerfile = choice(facts, &settings, &roots);
    // A config file does not move with the root directory, so a Dockerfile it names may be built from its own.
    let built = dockerfile.yes().map_or("", |choice| directory_of(&choice.path));
    let more: Vec<String> = upward(built).into_iter().filter(|root| !roots.contains(root)).collect();
    roots.extend(more);
    let named = named_root(facts, config).filter(|root| root != directory);
    let led_elsewhere = named.is_some();
    roots.extend(named.filter(|root| !roots.contains(root)));
    let doubtful =
        asks_for_another_builder(&settings) && dockerfile.yes().is_some_and(|choice| choice.site.is_none());
    let dockerfile = if doubtful && enters(&settings, directory) { Known::No } else { dockerfile };
    let mut service = Service {
        name: config_name(config, dockerfile.yes()),
        origin: Site::file(config.path.clone()),
        selected: (config.has_default_name() || !has_default_beside(facts, config))
            && (directory.is_empty() || !doubtful)
            && !led_elsewhere
            && !is_one_of_many(facts, dockerfile.yes()),
        roots,
        config: Some(config.path.clone()),
        settings,
        builder: Known::No,
        dockerfile,
        kind: Known::No,
        variables: None,
    };
    complete(facts, &mut service);
    service
}

/// True when the Dockerfile is taken only because nothing names another, and several other directories have one: then the
/// services of those are told theirs in the dashboard, and this one may be left over.
fn is_one_of_many(facts: &Facts<'_>, choice: Option<&DockerfileChoice>) -> bool {
    let unnamed = choice.is_some_and(|choice| choice.site.is_none() && choice.path == "Dockerfile");
    let others =
        || facts.dockerfiles.keys().filter(|path| path.ends_with("/Dockerfile") && may_be_deployed(path));
    unnamed && others().count() > 1
}

fn from_dockerfile(facts: &Facts<'_>, path: &str, configs: &[Rc<RailwayConfig>]) -> Service {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let default_name = name == "Dockerfile";
    let beside =
        |file: &str| if directory.is_empty() { file.to_owned() } else { format!("{directory}/{file}") };
    let processes = facts.procfiles.get(&beside("Procfile"));
    // A web process in a directory may be what the root's config file describes already.
    let speaks_for_itself =
        |file: &Procfile| configs.is_empty() || file.processes.iter().all(|process| process.name != "web");
    let found_by_itself = default_name && directory.is_empty() && configs.is_empty();
    let composed = composed(facts, path);
    let mut service = Service {
        name: composed.map_or_else(|| dockerfile_name(path), |service| service.name.value.clone()),
        origin: Site::file(path),
        selected: found_by_itself
            || (default_name
                && processes.is_some_and(|file| directory.is_empty() || speaks_for_itself(file))),
        roots: upward(directory),
        config: None,
        settings: Settings::default(),
        builder: Known::Yes(Builder::Dockerfile),
        dockerfile: Known::Yes(DockerfileChoice { path: path.to_owned(), site: None }),
        kind: Known::No,
        variables: None,
    };
    complete(facts, &mut service);
    service
}

/// A configuration of Nixpacks or Railpack is read from the root directory only, so that one in a directory says that
/// this directory is a service's root (<https://nixpacks.com/docs/configuration/file>).
fn from_builder_configs(facts: &Facts<'_>, configs: &[Rc<RailwayConfig>]) -> Vec<Service> {
    let mut found = Vec::new();
    for (name, builder) in [("nixpacks.toml", Builder::Nixpacks), ("railpack.json", Builder::Railpack)] {
        let tail = format!("/{name}");
        let named =
            facts.snapshot.entries().iter().filter(|entry| entry.tracked && entry.path.ends_with(&tail));
        for entry in named.filter(|entry| may_be_deployed(&entry.path)) {
            let directory = directory_of(&entry.path).to_owned();
            let configured = configs.iter().any(|config| config.directory() == directory);
            let composed = facts.snapshot.entry(&format!("{directory}/Dockerfile")).is_some();
            if configured || composed {
                continue;
            }
            let mut service = Service {
                name: directory.rsplit('/').next().unwrap_or(&directory).to_owned(),
                origin: Site::file(entry.path.clone()),
                selected: false,
                roots: vec![directory],
                config: None,
                settings: Settings::default(),
                builder: Known::Yes(builder),
                dockerfile: Known::No,
                kind: Known::No,
                variables: None,
            };
            complete(facts, &mut service);
            found.push(service);
        }
    }
    found
}

/// What Railpack starts in the root where no file speaks of a deployment (<https://railpack.com/languages/python>,
/// <https://railpack.com/languages/node>): such a repository may still be a service whose settings are all in the dashboard.
fn detected(facts: &Facts<'_>) -> Option<Service> {
    let there = |path: &str| facts.snapshot.entry(path).is_some_and(|entry| entry.tracked);
    let python = ["requirements.txt", "pyproject.toml", "Pipfile"].iter().any(|path| there(path));
    let serves = |path: &str| {
        let made = ["Flask(", "FastAPI(", "uvicorn.run(", "Quart(", "Sanic("];
        facts.snapshot.text(path).is_ok_and(|text| made.iter().any(|word| text.text.contains(word)))
    };
    let mut mains = ["main.py", "app.py"].into_iter().filter(|path| python && there(path));
    let (first, second) = (mains.next(), mains.next());
    // Of two programs the one that serves is deployed, if need be by a start command in the dashboard.
    if let Some(server) = second.filter(|path| serves(path) && !first.is_some_and(serves)) {
        let site = Site::file(server);
        let mut service = by_builder(facts, server, false);
        let value = Known::Yes(Value::Text(format!("python {server}")));
        service.settings.base.insert(Key::StartCommand, Setting { value, site, source: Source::Preflight });
        return Some(service);
    }
    let starts = |project: &&NodeProject| project.scripts.iter().any(|(name, _)| name == "start");
    let package = || facts.node_projects().get("").filter(starts).map(|project| project.path.as_str());
    first.or_else(package).map(|path| by_builder(facts, path, false))
}

/// The service that one of Railway's builders makes of the root.
fn by_builder(facts: &Facts<'_>, origin: &str, selected: bool) -> Service {
    let mut service = Service {
        name: "app".into(),
        origin: Site::file(origin),
        selected,
        roots: vec![String::new()],
        config: None,
        settings: Settings::default(),
        builder: Known::Yes(Builder::Railpack),
        dockerfile: Known::No,
        kind: Known::No,
        variables: None,
    };
    complete(facts, &mut service);
    service
}

/// Fills in builder and kind where nobody stated them.
pub(super) fn complete(facts: &Facts<'_>, service: &mut Service) {
    if service.builder.is_no() {
        service.builder = builder(service);
    }
    if service.kind.is_no() {
        let command = command_of(facts, service);
        service.kind = kind::of(&service.name, &service.settings, command.as_deref());
    }
    if service.kind.is_unknown() {
        let dockerfile = service.dockerfile.yes().map_or("", |choice| directory_of(&choice.path));
        let config = service.config.as_deref().map_or("", directory_of);
        // Where several directories are possible, the innermost is the service's own.
        let own =
            [dockerfile, config].into_iter().max_by_key(|directory| directory.len()).unwrap_or_default();
        let judged = kind::of_libraries(facts, &[own]);
        service.kind = judged.map_or_else(|| service.kind.clone(), Known::Yes);
    }
}

/// The root, every directory on the way to `directory`, and itself.
fn upward(directory: &str) -> Vec<String> {
    let steps = directory.match_indices('/').map(|(at, _)| directory[..at].to_owned());
    let own = (!directory.is_empty()).then(|| directory.to_owned());
    std::iter::once(String::new()).chain(steps).chain(own).collect()
}

fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The compose service that builds the Dockerfile at `path`, when only one does.
fn composed<'f>(facts: &'f Facts<'_>, path: &str) -> Option<&'f ComposeService> {
    let services = facts.composes.values().flat_map(|compose| &compose.services);
    let mut builders =
        services.filter(|service| service.build.as_ref().is_some_and(|build| build.dockerfile.value == path));
    let first = builders.next()?;
    builders.all(|other| other.name.value == first.name.value).then_some(first)
}

fn builder(service: &Service) -> Known<Builder> {
    if service.dockerfile.yes().is_some() {
        return Known::Yes(Builder::Dockerfile);
    }
    match service.settings.text(Key::Builder).map(|(name, _)| name.to_ascii_uppercase()).as_deref() {
        Some("DOCKERFILE") => Known::Yes(Builder::Dockerfile),
        Some("NIXPACKS") => Known::Yes(Builder::Nixpacks),
        None if service.dockerfile.is_unknown() => Known::unknown("the Dockerfile is not known"),
        _ => Known::Yes(Builder::Railpack),
    }
}

/// The Dockerfile that Railway takes: the stated path, from the repository or from the root directory, else the file
/// called `Dockerfile` there. Reports disagree on what a stated path is relative to, so whichever exists is taken.
pub(super) fn choice(facts: &Facts<'_>, settings: &Settings, roots: &[String]) -> Known<DockerfileChoice> {
    let exists = |path: &String| facts.snapshot.entry(path).is_some();
    let below =
        |root: &String, path: &str| if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") };
    if let Some(setting) = settings.base.get(&Key::DockerfilePath) {
        let Known::Yes(value) = &setting.value else { return Known::unknown("its path is computed") };
        let stated = value.text().unwrap_or_default().trim_start_matches("./").trim_matches('/');
        if !stated.is_empty() {
            let mut candidates: Vec<String> = std::iter::once(stated.to_owned())
                .chain(roots.iter().map(|root| below(root, stated)))
                .collect();
            // A bare name beside a config in a directory means the file of that directory.
            if !stated.contains('/') {
                candidates.reverse();
            }
            let path = candidates.into_iter().find(exists).unwrap_or_else(|| stated.to_owned());
            return Known::Yes(DockerfileChoice { path, site: Some(setting.site.clone()) });
        }
    }
    let mut by_name = roots.iter().rev().map(|root| below(root, "Dockerfile"));
    let own_directory = by_name.next().filter(exists);
    own_directory.map_or(Known::No, |path| Known::Yes(DockerfileChoice { path, site: None }))
}

fn of_config(config: &RailwayConfig) -> Settings {
    let environments: BTreeMap<_, _> = config.environments.clone();
    Settings { base: config.base.clone(), environments, complete: false }
}

pub(super) fn config_at(facts: &Facts<'_>, path: &str) -> Option<Rc<RailwayConfig>> {
    let known = facts.railway_configs.get(path).cloned();
    known.or_else(|| railway_config::read(facts.snapshot, path).map(Rc::new))
}

/// The command that says what a service is for: start command, the command compose gives the same build, `CMD`.
fn command_of(facts: &Facts<'_>, service: &Service) -> Option<String> {
    if let Some((command, _)) = service.settings.text(Key::StartCommand) {
        return Some(command.to_owned());
    }
    let path = &service.dockerfile.yes()?.path;
    if let Some(command) = composed(facts, path).and_then(|service| service.command.as_ref()) {
        return Some(command.value.clone());
    }
    let file = facts.dockerfiles.get(path)?;
    let last = file.final_stage()?.instructions.iter().rev().find_map(|each| match &each.kind {
        InstructionKind::Cmd(command) => Some(command),
        _ => None,
    });
    Some(match last? {
        Command::Shell(text) => text.value.clone(),
        Command::Exec(words, _) => words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" "),
    })
}

fn may_be_deployed(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let own = directories.split('/').all(|directory| !NOT_DEPLOYED_DIRECTORIES.contains(&directory));
    own && !lower.split(['.', '-', '_']).any(|part| NOT_DEPLOYED_SUFFIXES.contains(&part))
}

/// `railway.worker.json` is `worker`; a config in a directory has the directory's name; the root's is `app`.
fn config_name(config: &RailwayConfig, dockerfile: Option<&DockerfileChoice>) -> String {
    let file = config.path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let suffix: Vec<&str> =
        stem.split(['.', '-', '_']).filter(|part| !part.is_empty() && *part != "railway").collect();
    let directory = config.directory().rsplit('/').next().unwrap_or_default();
    match (suffix.is_empty(), directory) {
        (false, _) => suffix.join("-"),
        (true, "" | ".railway" | "railway" | "deploy" | "infra") => match dockerfile {
            Some(choice) if choice.site.is_some() => dockerfile_name(&choice.path),
            _ => "app".to_owned(),
        },
        (true, directory) => directory.to_owned(),
    }
}

/// `Dockerfile.worker` is `worker`, `worker/Dockerfile` is `worker`, `Dockerfile` is `app`.
fn dockerfile_name(path: &str) -> String {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let suffix: Vec<&str> = lower
        .split(['.', '-', '_'])
        .filter(|part| {
            !matches!(*part, "" | "dockerfile" | "containerfile" | "railway" | "prod" | "production")
        })
        .collect();
    let directory = directories.rsplit('/').next().unwrap_or_default();
    match (suffix.is_empty(), directory) {
        (false, _) => suffix.join("-"),
        (true, "" | "docker" | "deploy" | "build") => "app".to_owned(),
        (true, directory) => directory.to_owned(),
    }
}
