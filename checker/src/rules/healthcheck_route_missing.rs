//! The probe asks for a path that the program does not serve.

use crate::facts::launch::{Delivered, Target};
use crate::facts::node_project::NodeProject;
use crate::facts::served_routes::{self, Verdict};
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{Course, Route, Startup, join};
use crate::facts::{Facts, django_routes, next_routes};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `healthcheckPath` names a path that the program does not serve.
    ///
    /// ## Why it matters
    /// Railway waits for exactly 200; a 404 counts as not healthy, and when the window of 300 seconds ends the deployment
    /// has failed although the program runs.
    ///
    /// ## What to do
    /// Serve the path, or point `healthcheckPath` at a route that exists.
    ///
    /// ## What it cannot know
    /// Routes that are computed, mounted, or added by a library it does not read, and what a middleware answers: then it
    /// is silent. It speaks only when every route of the program was read. A trailing slash is not held against a route.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/api/system/health"
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import APIRouter, FastAPI
    /// router = APIRouter(prefix="/system")
    /// @router.get("/health")
    /// def health():
    ///     return {}
    /// app = FastAPI()
    /// app.include_router(router)
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/healthz"
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// from http.server import BaseHTTPRequestHandler, HTTPServer
    /// class Handler(BaseHTTPRequestHandler):
    ///     def do_GET(self):
    ///         self.send_response(200 if self.path == "/health" else 404)
    ///         if self.path != "/health":
    ///             self.send_error(404)
    ///         self.end_headers()
    /// HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/api/health"
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.use("/api", require("./routes"));
    /// app.listen(process.env.PORT);
    /// //- routes.js
    /// const router = require("express").Router();
    /// router.get("/health", (req, res) => res.send("ok"));
    /// module.exports = router;
    /// ```
    ///
    /// The files of a Next.js application are its routes:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/health"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "^16"}}
    /// //- app/page.tsx
    /// export default () => null;
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/health"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "^16"}}
    /// //- app/(web)/api/[name]/route.ts
    /// export const GET = () => new Response("ok");
    /// ```
    ///
    /// Where not every route could be read, a path whose words stand in no source file is a warning:
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/healthz"
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from plugins import install
    /// app = FastAPI()
    /// install(app)
    /// @app.get("/health")
    /// def health():
    ///     return {}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/healthz"
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from plugins import install
    /// app = FastAPI()
    /// install(app, path="/healthz")
    /// ```
    ///
    /// Where routers are mounted with a prefix, a path that fits none of them is a warning:
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/api/health"
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/index.js"]
    /// //- package.json
    /// {"dependencies": {"express": "5"}, "scripts": {"build": "tsc"}}
    /// //- src/index.ts
    /// import express from "express";
    /// import users from "./users";
    /// import { log } from "./log";
    /// const app = express();
    /// app.use(log);
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.use("/api/users", users);
    /// app.listen(process.env.PORT);
    /// //- src/users.ts
    /// import { Router } from "express";
    /// export default Router().get("/:id", (req, res) => res.json({}));
    /// //- src/log.ts
    /// export const log = (req, res, next) => next();
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/api/health"
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"@nestjs/core": "11"}, "scripts": {"build": "nest build"}}
    /// //- src/main.ts
    /// import { NestFactory } from "@nestjs/core";
    /// const app = await NestFactory.create(Main);
    /// app.setGlobalPrefix("api");
    /// await app.listen(process.env.PORT);
    /// //- src/health.controller.ts
    /// @Controller("health")
    /// export class Health { @Get() live() { return "ok"; } }
    /// ```
    ///
    /// The prefix of all controllers of Nest counts for the probe too:
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/health"
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"@nestjs/core": "11"}, "scripts": {"build": "nest build"}}
    /// //- src/main.ts
    /// import { NestFactory } from "@nestjs/core";
    /// const app = await NestFactory.create(Main);
    /// app.setGlobalPrefix("api");
    /// await app.listen(process.env.PORT);
    /// //- src/health.controller.ts
    /// @Controller("health")
    /// export class Health { @Get() live() { return "ok"; } }
    /// ```
    ///
    /// A wildcard, a mounted application or a library that is handed the application may serve it:
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/status"
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/{*path}", (req, res) => res.send("ok"));
    /// app.listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/metrics"
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from prometheus_fastapi_instrumentator import Instrumentator
    /// app = FastAPI()
    /// @app.get("/health")
    /// def health():
    ///     return {}
    /// Instrumentator().instrument(app).expose(app)
    /// ```
    /// The addresses of Django, and what they include:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn shop.wsgi", "healthcheckPath": "/"}}
    /// //- requirements.txt
    /// django
    /// //- shop/settings.py
    /// ROOT_URLCONF = "shop.urls"
    /// //- shop/urls.py
    /// from django.urls import include, path
    /// urlpatterns = [path("admin/", admin.site.urls), path("", include("cart.urls")), path("<slug:name>/x", one)]
    /// urlpatterns += static("/media/")
    /// //- cart/urls.py
    /// from django.urls import path
    /// urlpatterns = [path("cart/", one)]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn shop.wsgi", "healthcheckPath": "/api/health/"}}
    /// //- requirements.txt
    /// django
    /// //- shop/settings.py
    /// ROOT_URLCONF = "shop.urls"
    /// //- shop/urls.py
    /// from django.urls import include, path
    /// urlpatterns = [path("admin/", admin.site.urls), path("api/", include("cart.urls"))]
    /// //- cart/urls.py
    /// from django.urls import include, path
    /// urlpatterns = [path("", include(router.urls))]
    /// ```
    ///
    "healthcheck-route-missing", Error, Health, since "0.1.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://github.com/Neallin-917/VibeDigest",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let Some(path) = setting.value.yes().and_then(Value::text).filter(|path| path.starts_with('/'))
            else {
                continue;
            };
            if let Some(next) = next_routes::routes(facts, service) {
                if !next.serves(path) {
                    let message =
                        format!("no file of the Next.js application serves `{path}`, so the probe gets 404");
                    out.at(setting.site.clone(), message)
                        .service(&service.name)
                        .help("Add the route, or probe `/`");
                }
                continue;
            }
            if django(facts, service, path, &setting.site, out) {
                continue;
            }
            let startup = facts.startup(service);
            let known = startup.covered && startup.open_routes.is_none() && !startup.spawns;
            if !known && !serves(&startup, path) {
                unfitting(facts, service, path, &setting.site, out);
            }
            if !known
                || startup.routes.is_empty()
                || !startup.up.iter().all(Course::listens)
                || serves(&startup, path)
            {
                continue;
            }
            let served: Vec<String> = startup
                .routes
                .iter()
                .filter(|route| route.get)
                .take(4)
                .map(|route| format!("`{}`", route.path))
                .collect();
            let message = format!("the program does not serve `{path}`, so the probe gets 404");
            let finding = out.at(setting.site.clone(), message);
            if startup.entry.yes().is_some_and(|entry| entry.conditional) {
                finding.severity(Severity::Warning);
            }
            finding.service(&service.name).help(match served.as_slice() {
                [] => "Add the route".to_owned(),
                _ => format!("Add the route, or probe one that exists: {}", served.join(", ")),
            });
            if let Some(route) =
                startup.routes.iter().find(|route| route.get && route.path.contains("health"))
            {
                finding.related(route.site.clone(), "this route looks like the one that was meant");
            }
        }
    }
}

/// Reports a path that no address of a Django project is; true when it did.
fn django(facts: &Facts<'_>, service: &Service, path: &str, site: &Site, out: &mut Findings) -> bool {
    let asks =
        |root: &String| facts.python_projects().get(root).is_some_and(|project| project.asks_for("django"));
    if !service.roots.iter().any(asks) || path.starts_with("/static/") {
        return false;
    }
    let settings = super::healthcheck_host_rejected::candidates(facts, service);
    let Some(addresses) = django_routes::unserved(facts, service, &settings, path) else { return false };
    // What stands before the addresses may answer.
    let middleware = facts.snapshot.entries().iter().filter(|entry| {
        entry.path.ends_with(".py")
            && ["middleware", "wsgi", "asgi"].iter().any(|word| entry.path.contains(word))
    });
    let answers = |text: &str| text.contains("Response(") || text.contains("start_response");
    let others = ["WHITENOISE_ROOT", "WHITENOISE_INDEX_FILE", "FORCE_SCRIPT_NAME"];
    if settings.iter().any(|text| others.iter().any(|word| text.text.contains(word)))
        || middleware
            .into_iter()
            .any(|entry| facts.snapshot.text(&entry.path).is_ok_and(|text| answers(&text.text)))
    {
        return false;
    }
    let finding =
        out.at(site.clone(), format!("no address of the Django project is `{path}`, so the probe gets 404"));
    finding.severity(Severity::Warning).service(&service.name).related(addresses, "the addresses");
    finding.help("Add the address, or probe one that exists");
    true
}

/// Reports a path that no route of the Node server can be, whatever prefix stands before it.
fn unfitting(facts: &Facts<'_>, service: &Service, path: &str, site: &Site, out: &mut Findings) {
    let startup = facts.startup(service);
    let entry = startup.entry.yes().and_then(|entry| entry.file.as_deref());
    let home = entry.and_then(|file| facts.nearest_project(file)).or_else(|| started_project(facts, service));
    let verdict = home.map_or(Verdict::Unknown, |home| served_routes::verdict(facts, home, path));
    let (home, meant) = match (home, verdict) {
        (Some(home), Verdict::Unserved(meant)) => (home, meant),
        (_, Verdict::Served) => return,
        _ => return unwritten(facts, service, path, site, out),
    };
    let message = format!("no route below `{}` is `{path}`, so the probe gets 404", home.path);
    let finding = out.at(site.clone(), message);
    finding.severity(Severity::Warning).service(&service.name);
    match meant {
        Some((route, place)) => {
            finding.related(place, "this route looks like the one that was meant");
            finding.help(format!("Serve the path, or probe one that exists, such as `{route}`"));
        }
        None => {
            finding.help("Serve the path, or probe one that exists");
        }
    }
}

/// The Node project of the one file that Node runs in the image of `service`.
fn started_project<'f>(facts: &'f Facts<'_>, service: &Service) -> Option<&'f NodeProject> {
    let own = |each: &&Delivered<'_>| each.service(facts).is_some_and(|other| other.name == service.name);
    let delivered = facts.delivered().iter().find(own)?;
    let mut places = delivered.programs.iter().filter(|program| program.effective).filter_map(|program| {
        match &program.target {
            Target::File { place, by, .. } if by == "node" => Some(place.as_str()),
            _ => None,
        }
    });
    let mut at = places.next().filter(|_| places.next().is_none())?;
    while let Some((above, _)) = at.rsplit_once('/') {
        let found = delivered.image.presence(delivered.image.finished(), &join(above, "package.json"));
        if let Some(path) = found.source() {
            return facts.nearest_project(path);
        }
        at = above;
    }
    None
}

/// Words of a path that no library serves unless it is told so.
const HEALTH: [&str; 6] = ["health", "live", "ready", "ping", "status", "heartbeat"];
/// More source files than this are not searched.
const FILES: usize = 1500;

/// Reports a health path of which one part stands in no source file, where the program is read but not all its routes.
fn unwritten(facts: &Facts<'_>, service: &Service, path: &str, site: &Site, out: &mut Findings) {
    let startup = facts.startup(service);
    let part = path.trim_matches('/').split('/').find(|part| HEALTH.iter().any(|word| part.contains(word)));
    if startup.files.is_empty() || part.is_none() || is_framework(facts, service) {
        return;
    }
    let sources = facts.snapshot.entries().iter().filter(|entry| {
        let below = |root: &String| root.is_empty() || entry.path.starts_with(&format!("{root}/"));
        is_source(&entry.path) && service.roots.iter().any(below)
    });
    let texts: Vec<_> =
        sources.take(FILES + 1).filter_map(|entry| facts.snapshot.text(&entry.path).ok()).collect();
    if texts.len() > FILES {
        return;
    }
    let written = |part: &str| texts.iter().any(|text| stands(&text.text, part));
    let Some(absent) = path.trim_matches('/').split('/').find(|part| !written(part)) else { return };
    out.at(site.clone(), format!("no source file serves `{path}`: `{absent}` stands in none of them"))
        .severity(Severity::Warning)
        .service(&service.name)
        .help("Add the route, or probe one that exists");
}

/// True when `part` stands in `text` as a part of a path. Django and NestJS also write one without a slash.
fn stands(text: &str, part: &str) -> bool {
    let bare = ["urlpatterns", "@Controller", "@Get("].iter().any(|word| text.contains(word));
    text.match_indices(part).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + part.len()..].chars().next();
        let word = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
        let ends = after.is_none_or(|char| !word(char));
        let quoted = before.is_some_and(|char| "\"'`".contains(char));
        ends && (before == Some('/') || (quoted && (bare || after == Some('/'))))
    })
}

/// True where files or a library make routes by themselves.
fn is_framework(facts: &Facts<'_>, service: &Service) -> bool {
    const NODE: [&str; 8] = [
        "next",
        "nuxt",
        "@remix-run/node",
        "@sveltejs/kit",
        "astro",
        "@angular/core",
        "@nestjs/terminus",
        "payload",
    ];
    service.roots.iter().any(|root| {
        let node = facts.node_projects().get(root);
        node.is_some_and(|project| NODE.iter().any(|name| project.asks_for(name)))
    })
}

fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let code = [
        "py", "js", "ts", "mjs", "cjs", "mts", "tsx", "jsx", "go", "rb", "java", "kt", "rs", "php", "yml",
        "yaml", "toml", "conf",
    ];
    let apart = ["test", "spec", "docs/", "node_modules/", ".github/", "examples/"];
    name.rsplit_once('.').is_some_and(|(_, end)| code.contains(&end))
        && !apart.iter().any(|word| path.contains(word))
        && !name.starts_with("railway")
        && !name.contains("compose")
}

/// Paths that frameworks add by themselves.
const BUILT_IN: [&str; 3] = ["/docs", "/redoc", "/openapi.json"];

fn serves(startup: &Startup, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    BUILT_IN.contains(&path)
        || path.starts_with("/static/")
        || startup.routes.iter().any(|route| route.get && matches(route, path))
}

fn matches(route: &Route, path: &str) -> bool {
    let segments = |text: &str| -> Vec<String> {
        text.trim_matches('/').to_ascii_lowercase().split('/').map(str::to_owned).collect()
    };
    let (wanted, given) = (segments(&route.path), segments(path));
    let is_rest = |segment: &String| {
        segment.contains('*') || segment.contains(":path") || segment.starts_with("<path:")
    };
    for (at, segment) in wanted.iter().enumerate() {
        if is_rest(segment) {
            return true;
        }
        let parameter = segment.starts_with(['{', '<', ':']);
        if !given.get(at).is_some_and(|one| parameter || one == segment) {
            return false;
        }
    }
    wanted.len() == given.len()
}
