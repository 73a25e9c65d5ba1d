//! The commands that do not work off jobs: smoke, health, info.
#![expect(clippy::print_stdout, reason = "these commands talk to people and to HEALTHCHECK")]

use serde_json::json;

use crate::cli::Flags;
use crate::config::{Config, Serializer, redis_url::mask};
use crate::executor::Registry;
use crate::executor::child::Child;
use crate::health;
use crate::start::configure;
use crate::{exit, memory};

/// One line a problem; touches no network.
pub(crate) fn smoke(flags: &Flags, registry: &Registry) -> u8 {
    let mut config = match configure(flags, false) {
        Ok(config) => config,
        Err(problems) => return report(&problems),
    };
    // The children get no address: what an import does is theirs, but this command opens no connection.
    config.server = None;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let problems = match runtime {
        Ok(runtime) => runtime.block_on(resolve(&config, registry)),
        Err(error) => vec![format!("cannot start: {error}")],
    };
    if problems.is_empty() {
        println!("ok: {}", summary(&config, registry));
    }
    report(&problems)
}

fn report(problems: &[String]) -> u8 {
    for problem in problems {
        println!("{}", mask(problem));
    }
    u8::from(!problems.is_empty())
}

fn summary(config: &Config, registry: &Registry) -> String {
    let python = config.python.as_ref();
    let modules = python.map_or(0, |python| python.preload.len());
    let functions = python.map_or(0, |python| python.functions.len());
    [
        (modules, "module"),
        (functions, "function"),
        (config.schedules.len(), "schedule"),
        (registry.names().count(), "native handler"),
    ]
    .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    .join(", ")
}

async fn resolve(config: &Config, registry: &Registry) -> Vec<String> {
    let wanted: Vec<String> = config
        .schedules
        .iter()
        .map(|schedule| schedule.function.clone())
        .filter(|name| registry.find(name).is_none())
        .collect();
    let Some(python) = &config.python else {
        return wanted
            .iter()
            .map(|name| {
                format!("cannot resolve {name}: no native handler has this name and no Python is configured")
            })
            .collect();
    };
    let mut child = match Child::start(config, python, 0).await {
        Ok(child) => child,
        Err(error) => return vec![error.to_string()],
    };
    let mut problems = child.problems.clone();
    let paths: Vec<String> = python.functions.iter().chain(&wanted).cloned().collect();
    match child.resolve(&paths).await {
        Ok(unresolved) => problems.extend(unresolved),
        Err(error) => problems.push(format!("the Python child ended while it resolved functions: {error}")),
    }
    child.retire().await;
    problems
}

/// For HEALTHCHECK: the answer of the worker on this machine.
pub(crate) fn health(flags: &Flags) -> u8 {
    // Whatever else is wrong with the configuration, the port is where it is.
    let port = configure(flags, false).map_or_else(
        |_| std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8082),
        |config| config.health.port,
    );
    match health::ask(port) {
        Ok((good, body)) => {
            println!("{body}");
            u8::from(!good)
        }
        Err(error) => {
            println!("no worker answers on port {port}: {error}");
            1
        }
    }
}

/// The configuration in effect.
pub(crate) fn info(flags: &Flags) -> u8 {
    let config = match configure(flags, false) {
        Ok(config) => config,
        Err(problems) => {
            report(&problems);
            return exit::CONFIGURATION;
        }
    };
    let limits = memory::Limits::new(config.memory, config.concurrency, memory::container_limit());
    let serializer = match &config.serializer {
        Serializer::Auto => "auto",
        Serializer::Named(name) => name,
    };
    let seconds = |duration: std::time::Duration| duration.as_secs_f64();
    let schedules: Vec<_> = config
        .schedules
        .iter()
        .map(|s| json!({"name": s.name, "cron": s.cron, "function": s.function, "queue": s.queue}))
        .collect();
    let info = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "redis": config.server.as_ref().map(|server| &server.masked),
        "name": config.name,
        "queues": config.queues,
        "concurrency": config.concurrency,
        "serializer": serializer,
        "key_prefix": config.prefix,
        "retry_delays": config.retries.delays.iter().copied().map(seconds).collect::<Vec<_>>(),
        "retry_budget_seconds": config.retries.budget().as_secs_f64(),
        "health": {"port": config.health.port, "strictness": format!("{:?}", config.health.strictness).to_lowercase(), "grace": seconds(config.health.grace)},
        "scheduler": config.scheduler,
        "abandoned": format!("{:?}", config.abandoned).to_lowercase(),
        "drain_seconds": seconds(config.drain),
        "python": config.python.as_ref().map(|python| json!({"program": python.program, "path": python.path, "preload": python.preload, "max_jobs": python.max_jobs})),
        "memory": {"container": limits.container, "soft": limits.soft, "hard": limits.hard},
        "schedules": schedules,
        "warnings": config.warnings,
    });
    println!("{info:#}");
    0
}
