//! A fallback that works on one's own machine only.

use crate::facts::Facts;
use crate::facts::node_project::NodeProject;
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::facts::startup::{Address, Startup};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The address of Redis falls back to this machine, where a Railway container runs no Redis.
    ///
    /// ## Why it matters
    /// When the variable is missing or misspelt the program does not say so: it reports `Error 111 connecting to
    /// localhost:6379` or `ECONNREFUSED 127.0.0.1:6379`, and the search begins in the wrong place.
    ///
    /// ## What to do
    /// Read the variable without a fallback, so that a missing one is named, and set it with a reference such as
    /// `${{Redis.REDIS_URL}}`.
    ///
    /// ## What it cannot know
    /// Whether the variable is set: that is in the dashboard unless `.railway/railway.ts` or `.github/preflight.toml` says
    /// so, and then nothing is reported. Without any variable it is an error when the program ends for want of Redis and its
    /// image does not mention Redis; otherwise a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// conn = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// import Redis from "ioredis";
    /// const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
    /// ```
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import redis
    /// redis.Redis(host="localhost").ping()
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// ```
    ///
    /// A test or script that the service does not load is not part of it:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// print("hello")
    /// //- tests/test_queue.py
    /// import redis
    /// conn = redis.from_url("redis://localhost:6379/0")
    /// ```
    /// A class that the framework makes is read for such a fallback, too:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"@nestjs/core": "^11", "bullmq": "^5"}}
    /// //- src/queue.ts
    /// export class Queue {
    ///   constructor(private readonly config: ConfigService) {
    ///     const url = this.config.get<string>("REDIS_URL") || "redis://localhost:6379";
    ///   }
    /// }
    /// ```
    "redis-localhost-default", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/variables", "https://docs.railway.com/databases/redis"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    if !facts.services.is_empty() {
        injected(facts, out);
    }
    for service in &facts.services {
        let startup = facts.startup(service);
        let mut seen = Vec::new();
        for client in &startup.clients {
            let (site, message, severity) = match &client.address {
                Address::Default(name, text, site) if is_local(text) && !is_set(service, name) => (
                    site.clone(),
                    format!("without `{name}` the program looks for Redis on its own container"),
                    Severity::Warning,
                ),
                Address::Literal(text, site) if is_local(text) => (
                    site.clone(),
                    "the program looks for Redis on its own container".to_owned(),
                    literal_severity(facts, service, &startup),
                ),
                _ => continue,
            };
            if seen.contains(&site) {
                continue;
            }
            seen.push(site.clone());
            out.at(site, message)
                .severity(severity)
                .service(&service.name)
                .help("Read `REDIS_URL` without a fallback, and set it to `${{Redis.REDIS_URL}}`");
        }
    }
}

/// Fallbacks in classes of NestJS, which are made by the framework and not by a call that can be followed.
fn injected(facts: &Facts<'_>, out: &mut Findings) {
    static FALLBACK: Pattern = Pattern::new(
        r#"(?:process\.env\.\w*REDIS\w*|\.get(?:<[^>\n]*>)?\(\s*['"](\w*REDIS\w*)['"]\s*\))\s*(?:\|\||\?\?)\s*(['"]rediss?://[^'"\n]*['"])"#,
        "REDIS",
    );
    let nest = |project: &&NodeProject| project.asks_for("@nestjs/core");
    for project in facts.node_projects().values().filter(nest) {
        let sources = if project.directory.is_empty() {
            "src".to_owned()
        } else {
            format!("{}/src", project.directory)
        };
        for entry in facts.snapshot.under(&sources) {
            let code = entry.path.ends_with(".ts")
                && !entry.path.ends_with(".spec.ts")
                && !entry.path.ends_with(".d.ts");
            let Some(text) = code.then(|| facts.snapshot.text(&entry.path).ok()).flatten() else { continue };
            for caught in FALLBACK.captures_iter(&text.text) {
                let Some(address) =
                    caught.get(2).filter(|address| is_local(address.as_str().trim_matches(['"', '\''])))
                else {
                    continue;
                };
                let site = Site::new(entry.path.clone(), Span::new(address.start(), address.end()));
                out.at(site, "without its variable the program looks for Redis on its own container")
                    .severity(Severity::Warning)
                    .help("Read `REDIS_URL` without a fallback, and set it to `${{Redis.REDIS_URL}}`");
            }
        }
    }
}

fn is_set(service: &Service, name: &str) -> bool {
    service.variables.as_ref().is_some_and(|names| names.iter().any(|each| each == name))
}

fn is_local(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1"].iter().any(|local| {
        host.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    })
}

/// Certain only when the program ends for want of Redis and nothing in its image or scripts could be one.
fn literal_severity(facts: &Facts<'_>, service: &Service, startup: &Startup) -> Severity {
    let image = service.dockerfile.yes().and_then(|choice| facts.snapshot.text(&choice.path).ok());
    let alone = image.is_some_and(|text| !text.text.contains("redis"));
    let ends = startup.outage().is_some_and(|outage| outage.ends);
    if alone && ends && !startup.spawns { Severity::Error } else { Severity::Warning }
}
