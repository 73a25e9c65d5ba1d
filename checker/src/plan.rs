//! How each service would be built and exercised to prove that it comes up: the smoke plan. Everything the host does
//! with Docker is written here; the host decides nothing.

pub mod drills;
mod smoke;
mod variables;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

pub use drills::Drill;
pub use smoke::Smoke;

use crate::config::prove::Prove;
use crate::facts::Facts;
use crate::facts::copies;
use crate::facts::launch::{How, losses};
use crate::facts::service::{Builder, Kind, Service};
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{EventKind, Port, Startup, words};
use crate::known::Known;

/// The port a service is given when nothing states one. No framework's default, so that a service which ignores `PORT`
/// shows itself.
const PORT: u16 = 7311;
/// Seconds that Railway waits for the first 200 unless a setting says otherwise (<https://docs.railway.com/deployments/healthchecks>).
const HEALTH_SECONDS: u64 = 300;
/// Memory of a container, in MiB, as on Railway's trial plan (<https://docs.railway.com/pricing/plans>).
const MEMORY: u64 = 1024;
/// Restarts Railway makes by default (<https://docs.railway.com/deployments/restart-policy>).
const RESTARTS: u64 = 10;
/// Seconds within which a build should be done, and after which it is ended.
pub const BUILD_BUDGET: u64 = 300;
const BUILD_LIMIT: u64 = 1200;

/// How much is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// The image is built.
    Build,
    /// Also imports, cold start and the short drills: under two minutes after the build.
    Quick,
    /// Every drill.
    Full,
}

impl Profile {
    /// The profile called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "build" => Some(Self::Build),
            "quick" => Some(Self::Quick),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// What will be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Services that are built, in report order.
    pub services: Vec<ServicePlan>,
    /// Services that are not, each with the reason.
    pub skipped: Vec<Skipped>,
}

/// A service that is not proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub service: String,
    /// Why, as the end of the sentence "not proved, because …".
    pub reason: String,
}

/// What will be done with one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServicePlan {
    /// Its name.
    pub service: String,
    /// Root directory, which is the build context; empty is the repository.
    pub root: String,
    /// Dockerfile, from the root of the repository.
    pub dockerfile: String,
    /// Build arguments, as Railway passes variables that the Dockerfile declares.
    pub build_args: BTreeMap<String, String>,
    /// Predicted size of the context after the ignore file.
    pub context_bytes: u64,
    /// Predicted number of files in it.
    pub context_files: usize,
    /// COPY and ADD sources that are predicted to be missing.
    pub missing: Vec<String>,
    /// Files and modules that the import chain needs and that are predicted not to be in the image.
    pub lost: Vec<String>,
    /// Seconds within which the build should be done.
    pub build_budget: u64,
    /// Seconds after which it is ended.
    pub build_limit: u64,
    /// The start command in exec form, over the image's entry point; `None` keeps what the image says.
    pub start: Option<Vec<String>>,
    /// Value of `PORT`.
    pub port: u16,
    /// Where the probes go; `None` when nothing is known to answer HTTP.
    pub health: Option<Health>,
    /// What the service is for: `web`, `worker`, `cron` or `unknown`.
    pub kind: &'static str,
    /// The import smoke test.
    pub smoke: Option<Smoke>,
    /// Variables of the container, dummies all of them.
    pub variables: BTreeMap<String, String>,
    /// Systems the service connects to and that are provided.
    pub dependencies: Vec<Dependency>,
    /// Systems it connects to while starting that are not provided, so that its failure proves nothing.
    pub unmet: Vec<String>,
    /// MiB of memory a container may use.
    pub memory: u64,
    /// Seconds between SIGTERM and SIGKILL, as stated.
    pub draining: u64,
    /// Restarts after a failure, as stated.
    pub restarts: u64,
    /// True when its containers may reach the internet.
    pub internet: bool,
    /// What is done with the container, in the order of the report.
    pub drills: Vec<Drill>,
}

/// A probe's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Path.
    pub path: String,
    /// Seconds until Railway gives up.
    pub timeout: u64,
    /// True when a setting states the path; otherwise it is a route that the program serves.
    pub stated: bool,
}

/// A system that is provided for a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// `redis`.
    pub system: &'static str,
    /// Variables that carry its address: name and which part, `url`, `host`, `port` or `password`.
    pub variables: BTreeMap<String, &'static str>,
    /// False when the program certainly connects only later than while it starts.
    pub connects: bool,
}

/// The plan for the services of `facts` that `only` names; every one that is deployed when it names none.
pub fn of(facts: &Facts<'_>, profile: Profile, only: &[String]) -> Plan {
    let mut plan = Plan { services: Vec::new(), skipped: Vec::new() };
    let any_selected = facts.services.iter().any(|service| service.selected);
    for service in &facts.services {
        let wanted =
            if only.is_empty() { service.selected || !any_selected } else { only.contains(&service.name) };
        let skip = |reason: &str| Skipped { service: service.name.clone(), reason: reason.to_owned() };
        if !wanted {
            plan.skipped.push(skip("nothing says that it is deployed"));
            continue;
        }
        match of_service(facts, service, profile) {
            Ok(service) => plan.services.push(service),
            Err(reason) => plan.skipped.push(skip(&reason)),
        }
    }
    for name in only.iter().filter(|name| facts.services.iter().all(|service| service.name != **name)) {
        plan.skipped.push(Skipped { service: name.clone(), reason: "there is no such service".into() });
    }
    plan
}

fn of_service(facts: &Facts<'_>, service: &Service, profile: Profile) -> Result<ServicePlan, String> {
    if matches!(service.builder, Known::Yes(Builder::Image)) {
        return Err("it runs a prebuilt image, nothing of the repository".into());
    }
    let choice = service
        .dockerfile
        .yes()
        .ok_or("no Dockerfile builds it, and Railway's own builders run only there")?;
    let (_, file) = facts
        .images()
        .find(|(each, _)| each.name == service.name)
        .ok_or_else(|| format!("`{}` cannot be read", choice.path))?;
    let (context, missing) =
        copies::likely(facts, service, &file).ok_or("its root directory is not known")?;
    let default = Prove::default();
    let told = facts.config.prove.get(&service.name).unwrap_or(&default);
    let startup = facts.startup(service);
    let dependencies = variables::dependencies(facts, service, &startup, told);
    let variables = variables::dummies(service, &startup, told, &dependencies);
    let start = service.settings.text(Key::StartCommand).map(|(text, _)| words(text));
    let kind = match service.kind {
        Known::Yes(Kind::Web) => "web",
        Known::Yes(Kind::Worker) => "worker",
        Known::Yes(Kind::Cron) => "cron",
        _ => "unknown",
    };
    let mut plan = ServicePlan {
        service: service.name.clone(),
        root: context.root.clone(),
        dockerfile: file.path.clone(),
        build_args: variables::build_args(&file, &variables),
        context_bytes: context.bytes,
        context_files: context.entries.len(),
        missing: missing.iter().map(|each| each.source.value.clone()).collect(),
        lost: lost(facts, service),
        build_budget: BUILD_BUDGET,
        build_limit: BUILD_LIMIT,
        start: start.filter(|words| !words.is_empty()),
        port: port(service, &startup, told),
        health: health(service, &startup),
        kind,
        smoke: if profile == Profile::Build { None } else { smoke::of(facts, service, told) },
        variables,
        unmet: unmet(&startup),
        dependencies,
        memory: told.memory.unwrap_or(MEMORY),
        draining: integer(service, Key::DrainingSeconds).unwrap_or(0),
        restarts: restarts(service),
        internet: told.internet,
        drills: Vec::new(),
    };
    plan.drills = drills::of(&plan, profile, told);
    Ok(plan)
}

/// What the import chain is predicted to miss, as paths of the tree.
fn lost(facts: &Facts<'_>, service: &Service) -> Vec<String> {
    let own = losses(facts)
        .into_iter()
        .filter(|loss| loss.delivered.service(facts).is_some_and(|each| each.name == service.name));
    let mut found: Vec<String> = own
        .filter_map(|loss| match loss.how {
            How::Ignored { source, .. }
            | How::OutsideRoot { source }
            | How::NotCopied { source, .. }
            | How::NotInTree { source, .. }
            | How::NoConfig { source, .. }
            | How::OffPath { source, .. } => Some(source),
            How::Barred { .. } => None,
        })
        .collect();
    found.dedup();
    found
}

fn integer(service: &Service, key: Key) -> Option<u64> {
    match service.settings.base.get(&key)?.value.yes()? {
        Value::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

fn restarts(service: &Service) -> u64 {
    match service.settings.text(Key::RestartPolicyType) {
        Some(("NEVER", _)) => 0,
        _ => integer(service, Key::RestartPolicyMaxRetries).unwrap_or(RESTARTS),
    }
}

/// `PORT`: what the configuration says; where it is set by hand on Railway, the number the program listens on.
fn port(service: &Service, startup: &Startup, told: &Prove) -> u16 {
    let stated = told.variables.get("PORT").and_then(|value| value.parse().ok());
    let by_hand = service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == "PORT"));
    let literal = startup.listens().into_iter().find_map(|(listen, _)| match listen.port {
        Port::Literal(number) => Some(number),
        _ => None,
    });
    stated.or(literal.filter(|_| by_hand)).unwrap_or(PORT)
}

/// The path that is probed: the setting, else a route that looks like one for the purpose.
fn health(service: &Service, startup: &Startup) -> Option<Health> {
    let timeout = integer(service, Key::HealthcheckTimeout).unwrap_or(HEALTH_SECONDS);
    if let Some((path, _)) = service.settings.text(Key::HealthcheckPath).filter(|(path, _)| !path.is_empty())
    {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        return Some(Health { path, timeout, stated: true });
    }
    let known =
        ["/health", "/healthz", "/healthcheck", "/api/health", "/up", "/live", "/ready", "/status", "/"];
    let route =
        known.into_iter().find(|path| startup.routes.iter().any(|route| route.get && route.path == *path));
    route.map(|path| Health { path: path.to_owned(), timeout, stated: false })
}

/// Systems other than Redis that are connected to while starting.
fn unmet(startup: &Startup) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for event in startup.up.iter().flat_map(|course| &course.events) {
        let system = match &event.kind {
            EventKind::Connect { system, .. } if *system != "redis" => *system,
            EventKind::Migration => "a database",
            _ => continue,
        };
        if !found.iter().any(|known| known == system) {
            found.push(system.to_owned());
        }
    }
    found
}

/// The plan in words, for a log before it is carried out.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for service in &plan.services {
        let root = if service.root.is_empty() { "." } else { &service.root };
        let _ = writeln!(
            out,
            "{}: build {} in {root} ({} files, {} bytes)",
            service.service, service.dockerfile, service.context_files, service.context_bytes
        );
        for source in service.missing.iter().chain(&service.lost) {
            let _ = writeln!(out, "  predicted to be missing: {source}");
        }
        if let Some(smoke) = &service.smoke {
            let _ = writeln!(out, "  smoke: {}", smoke.command.join(" ").replace('\n', " "));
        }
        let start = service.start.as_ref().map_or("as the image says".to_owned(), |words| words.join(" "));
        let health = service.health.as_ref().map_or("no probe".to_owned(), |health| {
            format!("GET {} within {} s", health.path, health.timeout)
        });
        let _ = writeln!(out, "  start: {start}; PORT={}; {health}; {} MiB", service.port, service.memory);
        let names: Vec<&str> = service.variables.keys().map(String::as_str).collect();
        let _ = writeln!(out, "  dummies: {}", names.join(", "));
        for dependency in &service.dependencies {
            let names: Vec<&str> = dependency.variables.keys().map(String::as_str).collect();
            let _ = writeln!(out, "  {}: by {}", dependency.system, names.join(", "));
        }
        for drill in &service.drills {
            let _ = writeln!(out, "  {}: {}", drill.id, drill.question);
        }
    }
    for each in &plan.skipped {
        let _ = writeln!(out, "{}: not proved, because {}", each.service, each.reason);
    }
    out
}
