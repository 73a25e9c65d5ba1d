//! A health check that asks other services.

use crate::facts::Facts;
use crate::facts::health_handler;
use crate::facts::pattern::Pattern;
use crate::facts::settings::{Key, Value};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The health check answers only when a database, Redis or another service answers.
    ///
    /// ## Why it matters
    /// Railway starts no service in any order and probes for a few minutes only. While the database sleeps, restarts or is not
    /// there yet, the route answers 503 or nothing, and a new version that is sound does not come up:
    /// `Attempt #7 failed with service unavailable`.
    ///
    /// ## What to do
    /// Probe a route that says no more than that the program listens, and leave the state of other services to a second one.
    ///
    /// ## What it cannot know
    /// Whether the other service is there when it is asked; so this is a note. Only the handler and the functions of its file
    /// are read.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI, HTTPException
    /// from db import session
    /// app = FastAPI()
    /// @app.get("/health")
    /// async def health():
    ///     try:
    ///         await session.execute("SELECT 1")
    ///     except Exception:
    ///         raise HTTPException(status_code=503)
    ///     return {"status": "ok"}
    /// //- db.py
    /// session = None
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/health"}}
    /// //- package.json
    /// {"scripts": {"start": "next start", "build": "next build"}, "dependencies": {"next": "15"}}
    /// //- src/app/api/health/route.ts
    /// import { prisma } from "@/lib/prisma";
    /// export async function GET() {
    ///   await prisma.$queryRaw`SELECT 1`;
    ///   return Response.json({ ok: true });
    /// }
    /// ```
    ///
    /// Another route asks nothing:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from services import manager
    /// app = FastAPI()
    /// @app.get("/health")
    /// async def health():
    ///     return await manager.check_all()
    /// @app.get("/health/live")
    /// async def live():
    ///     return {"status": "alive"}
    /// //- services.py
    /// manager = None
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// COPY . .
    /// ENTRYPOINT ["/entrypoint.sh"]
    /// CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
    /// //- entrypoint.sh executable
    /// #!/bin/sh
    /// if [ -z "$SECRET" ]; then exec sleep 1; fi
    /// exec "$@"
    /// //- main.py
    /// from fastapi import FastAPI
    /// from services import manager
    /// app = FastAPI()
    /// @app.get("/health")
    /// async def health():
    ///     return await manager.check_all()
    /// @app.get("/health/live")
    /// async def live():
    ///     return {"status": "alive"}
    /// //- services.py
    /// manager = None
    /// ```
    ///
    /// The route asks nobody, answers 200 whatever the answer is, or is not the probed one:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/health"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "15"}}
    /// //- app/api/health/route.ts
    /// import { prisma } from "@/lib/prisma";
    /// export async function GET() {
    ///   let database = true;
    ///   try {
    ///     await prisma.$queryRaw`SELECT 1`;
    ///   } catch {
    ///     database = false;
    ///   }
    ///   return Response.json({ ok: true, database });
    /// }
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/health", (req, res) => res.json({ uptime: process.uptime() }));
    /// app.get("/ready", async (req, res) => { await db.query("SELECT 1"); res.sendStatus(200); });
    /// app.listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/health", async (req, res) => { await db.query("SELECT 1"); res.sendStatus(200); });
    /// app.listen(process.env.PORT);
    /// ```
    "healthcheck-depends-on-service", Note, Health, since "0.3.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

/// Calls that wait for a database or a cache, and words that name its state.
static ASKED: Pattern = Pattern::new(
    r"(?i-u:(\$queryRaw\w*|\$connect|SELECT 1|(?:session|engine|conn|connection|database|db|pool|client|knex|sequelize|mongoose|redis\w*|cache)\.(?:execute|connect|cursor|ping|raw|query|authenticate|scalar|fetchval|fetchrow|fetch_one|admin)\b|\.ping(?:Context)?\(|\.cursor\(|readyState|pingCheck\(|isInitialized|(?:redis|database|db|mongo|postgres)_(?:connected|healthy|ok|status|available)))",
    "",
);
/// Signs that it answers something else than 200 then.
static FAILS: Pattern = Pattern::new(
    r"(?-u:\b)(50[03]|HTTP_50\d\w*|SERVICE_UNAVAILABLE|StatusServiceUnavailable|StatusInternalServerError|HTTPException|ServiceUnavailableException|HealthCheckService|pingCheck|raise|throw|errorResponse)(?-u:\b)",
    "",
);
/// Ends of paths that say no more than that the program lives.
const ALIVE: [&str; 6] = ["/live", "/liveness", "/livez", "/healthz/live", "/ping", "/alive"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let path = setting.value.yes().and_then(Value::text).filter(|path| path.starts_with('/'));
            let Some(path) = path else { continue };
            let Some(handler) = health_handler::of(facts, service, path) else { continue };
            let startup = facts.startup(service);
            let served = startup.routes.iter().filter(|route| route.get).map(|route| route.path.clone());
            let mut others = served.chain(health_handler::beside(facts, &handler));
            let alive = others.find(|other| other != path && ALIVE.iter().any(|end| other.ends_with(end)));
            let quiet = |name: &str| {
                health_handler::of(facts, service, name)
                    .is_some_and(|other| !ASKED.is_match(&other.text) && !other.text.contains("await "))
            };
            let better = alive.filter(|route| quiet(route));
            let caught = ASKED.captures(&handler.text).and_then(|caught| caught.get(1));
            // One that is caught fails nothing.
            let caught = caught.filter(|_| {
                FAILS.is_match(&handler.text)
                    || !["catch", "except"].iter().any(|word| handler.text.contains(word))
            });
            let waits = caught.is_some() || better.is_some() && handler.text.contains("await ");
            if !waits {
                continue;
            }
            let what = caught.map_or("other services".to_owned(), |caught| {
                format!("`{}`", caught.as_str().trim_end_matches('('))
            });
            let message = if caught.is_some() && FAILS.is_match(&handler.text) {
                format!("this route fails while {what} does, and the new version is then not deployed")
            } else {
                format!("this route waits for {what} before it answers the probe")
            };
            match better {
                Some(route) => out
                    .at(setting.site.clone(), message)
                    .service(&service.name)
                    .related(handler.site.clone(), "the route that is probed")
                    .help(format!("Probe `{route}`, which asks nobody")),
                None => out
                    .at(handler.site.clone(), message)
                    .service(&service.name)
                    .related(setting.site.clone(), "Railway probes this path")
                    .help("Probe a route that says no more than that the program listens"),
            };
        }
    }
}
