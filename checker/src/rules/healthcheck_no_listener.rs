//! A probe for a program that serves nothing.

use crate::facts::Facts;
use crate::facts::service::{Kind, Service};
use crate::facts::settings::{Key, Value};
use crate::facts::startup::Startup;
use crate::finding::{Findings, Severity};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A health path is set for a program that opens no HTTP server.
    ///
    /// ## Why it matters
    /// Railway probes until it gets 200. A queue worker without a server refuses every probe, and when the window ends a
    /// worker that runs well is declared failed. The usual cause is one root config file that every service takes over.
    ///
    /// ## What to do
    /// Set `healthcheckPath` to `""` for this service, or give the worker a small health server.
    ///
    /// ## What it cannot know
    /// Servers that a library opens out of sight, or that another program opens. It is an error only when every course of
    /// the program was read, ends in a loop that takes jobs, and no file of it mentions a server.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["rq", "worker", "default"]
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["celery", "-A", "tasks", "worker"]
    /// //- tasks.py
    /// from celery import Celery
    /// from celery.signals import worker_ready
    /// from http.server import HTTPServer
    /// app = Celery("tasks")
    /// @worker_ready.connect
    /// def serve(**kwargs):
    ///     HTTPServer(("", 8000), None).serve_forever()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": ""}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["rq", "worker", "default"]
    /// ```
    ///
    /// A worker that starts a server of its own is right:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "worker.js"]
    /// //- worker.js
    /// const { Worker } = require("bullmq");
    /// new Worker("jobs", async () => {}, { connection: { url: process.env.REDIS_URL } });
    /// require("http").createServer((req, res) => res.end("ok")).listen(process.env.PORT);
    /// ```
    /// The root's config file speaks for a worker that has none of its own:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}, "deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "dist/main.js"]
    /// //- Dockerfile.worker
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "dist/worker.js"]
    /// //- src/worker.ts
    /// import { NestFactory } from '@nestjs/core';
    /// import { WorkerModule } from './worker.module';
    /// async function bootstrap() {
    ///   const app = await NestFactory.createApplicationContext(WorkerModule);
    ///   app.enableShutdownHooks();
    /// }
    /// bootstrap();
    /// ```
    "healthcheck-no-listener", Error, Health, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

/// Words that speak of a server.
const SERVERS: [&str; 12] = [
    "HTTPServer",
    "http.server",
    "uvicorn",
    "aiohttp",
    "flask",
    "Flask",
    "fastapi",
    "FastAPI",
    "start_http_server",
    ".listen(",
    "createServer",
    "serve(",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    inherited(facts, out);
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let Some(path) = setting.value.yes().and_then(Value::text).filter(|path| !path.is_empty()) else {
                continue;
            };
            let startup = facts.startup(service);
            let Some((library, site)) = startup.work_loop().filter(|_| startup.never_listens()) else {
                continue;
            };
            let message = format!("Railway probes `{path}`, but this {library} worker opens no HTTP server");
            let finding = out.at(setting.site.clone(), message);
            finding
                .service(&service.name)
                .help("Set `healthcheckPath` to \"\" for the worker, or start a health server in it")
                .related(site.clone(), "the worker takes jobs here");
            if mentions_server(facts, &startup) {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Programs without a server that take the health path of the root's config file, because they have none of their own.
fn inherited(facts: &Facts<'_>, out: &mut Findings) {
    let is_root =
        |service: &&Service| matches!(service.config.as_deref(), Some("railway.toml" | "railway.json"));
    let Some(root) = facts.services.iter().find(is_root) else { return };
    let Some((path, setting)) = root.settings.text(Key::HealthcheckPath).filter(|(path, _)| !path.is_empty())
    else {
        return;
    };
    let unconfigured = facts.services.iter().filter(|service| service.config.is_none());
    for service in unconfigured.filter(|service| service.kind == Known::Yes(Kind::Worker)) {
        let startup = facts.startup(service);
        let files = startup.files.iter().filter_map(|path| facts.snapshot.text(path).ok());
        let context =
            files.into_iter().any(|text| text.text.contains("NestFactory.createApplicationContext"));
        let silent = startup.never_listens() && startup.work_loop().is_some();
        if !(silent || context && startup.listens().is_empty()) || mentions_server(facts, &startup) {
            continue;
        }
        let message = format!(
            "Railway probes `{path}` on this service too unless it has a config file of its own, and it opens no HTTP server"
        );
        out.at(service.origin.clone(), message)
            .severity(Severity::Warning)
            .service(&service.name)
            .related(setting.site.clone(), "every service without a config file of its own takes this path")
            .help("Give it a config file with `healthcheckPath = \"\"`, or start a health server in it");
    }
}

fn mentions_server(facts: &Facts<'_>, startup: &Startup) -> bool {
    startup.files.iter().any(|path| {
        facts.snapshot.text(path).is_ok_and(|text| SERVERS.iter().any(|word| speaks_of(&text.text, word)))
    })
}

/// True when `word` stands in `text` and is not the end of a longer one, as in `observe(`.
fn speaks_of(text: &str, word: &str) -> bool {
    let begins = |at: usize| !text[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_');
    text.match_indices(word).any(|(at, _)| word.starts_with('.') || begins(at))
}
