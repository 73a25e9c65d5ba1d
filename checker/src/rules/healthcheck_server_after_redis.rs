//! Nothing answers the probe until Redis does.

use crate::facts::Facts;
use crate::facts::startup::{Host, Port};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program begins to listen only after a connection to Redis that it waits for.
    ///
    /// ## Why it matters
    /// While Redis is away the probe is refused, which looks the same as a program that does not exist: no status, no
    /// reason, and after the health window, 300 seconds by default, the deployment has failed.
    ///
    /// ## What to do
    /// Start the server first and connect afterwards; let the health route say `degraded` with status 200 until then.
    ///
    /// ## What it cannot know
    /// Whether Redis is up at that moment. It is an error when the files set a health path and the program is known to end
    /// before it listens, and a warning otherwise.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// from http.server import BaseHTTPRequestHandler, HTTPServer
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// HTTPServer(("", int(os.environ["PORT"])), BaseHTTPRequestHandler).serve_forever()
    /// ```
    ///
    /// A framework's start-up hooks run before its server listens:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
    /// //- main.py
    /// import os
    /// import redis.asyncio as redis
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// @app.on_event("startup")
    /// async def start():
    ///     await redis.from_url(os.environ["REDIS_URL"]).ping()
    /// @app.get("/health")
    /// def health():
    ///     return {}
    /// ```
    ///
    /// A server in a thread, a connection in a callback and a client that connects in the background are all right:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis, threading
    /// from http.server import BaseHTTPRequestHandler, HTTPServer
    /// server = HTTPServer(("", int(os.environ["PORT"])), BaseHTTPRequestHandler)
    /// threading.Thread(target=server.serve_forever, daemon=True).start()
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const Redis = require("ioredis");
    /// const redis = new Redis(process.env.REDIS_URL);
    /// const app = require("express")();
    /// app.get("/health", async (req, res) => res.json({ redis: await redis.ping() }));
    /// app.listen(process.env.PORT);
    /// ```
    "healthcheck-server-after-redis", Warning, Health, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let Some(outage) = startup.outage() else { continue };
        if !outage.listens_never_first {
            continue;
        }
        let served = startup.listens().into_iter().find(|(listen, _)| {
            listen.http && !matches!(listen.host, Host::Loopback(_)) && listen.port != Port::Unknown
        });
        let Some((listen, site)) =
            served.or_else(|| startup.listens().into_iter().find(|(listen, _)| listen.http))
        else {
            continue;
        };
        let message = format!(
            "the program waits for Redis before {} listens, so a probe is refused until then",
            listen.server
        );
        let finding = out.at(outage.site.clone(), message);
        finding
            .service(&service.name)
            .help("Start the server before the first connection to Redis")
            .related(site.clone(), "the server that starts too late");
        if outage.ends && super::redis_no_retry::probed(service) {
            finding.severity(Severity::Error);
        }
    }
}
