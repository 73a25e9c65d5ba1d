//! A probe for a program that serves nothing.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::Startup;
use crate::finding::{Findings, Severity};
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

fn mentions_server(facts: &Facts<'_>, startup: &Startup) -> bool {
    startup.files.iter().any(|path| {
        facts.snapshot.text(path).is_ok_and(|text| SERVERS.iter().any(|word| text.text.contains(word)))
    })
}
