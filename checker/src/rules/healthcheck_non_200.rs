//! A health route that answers something else.

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{Route, Startup};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The route behind `healthcheckPath` does not answer 200.
    ///
    /// ## Why it matters
    /// Railway waits for exactly 200. A route that answers 204, redirects, or asks for a login with 401 is never healthy:
    /// `Attempt #1 failed with status 401`.
    ///
    /// ## What to do
    /// Serve a route of its own for the probe, without login, that answers 200.
    ///
    /// ## What it cannot know
    /// What a handler decides when it is called. It speaks where the route's own line fixes the status or names a guard.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// @app.get("/health", status_code=204)
    /// def health():
    ///     return None
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/auth/check"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// const { requireAuth } = require("./auth");
    /// app.get("/api/auth/check", requireAuth, (req, res) => res.json({ ok: true }));
    /// app.listen(process.env.PORT);
    /// //- auth.js
    /// exports.requireAuth = (req, res, next) => req.headers.authorization ? next() : res.status(401).end();
    /// ```
    ///
    /// FastAPI and Flask redirect to the path with the right slash at its end:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// @app.get("/health/")
    /// def health():
    ///     return {}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// @app.get("/health")
    /// @app.get("/health/")
    /// def health():
    ///     return {}
    /// ```
    ///
    /// So does Django:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/api/health", "startCommand": "gunicorn app.wsgi"}}
    /// //- requirements.txt
    /// django
    /// //- app/urls.py
    /// urlpatterns = [path("api/", include("app.api.urls"))]
    /// //- app/api/urls.py
    /// urlpatterns = [path("health/", health)]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- requirements.txt
    /// django
    /// //- app/urls.py
    /// urlpatterns = [path("health/", health)]
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
    /// const { requireAuth } = require("./auth");
    /// app.get("/health", (req, res) => res.status(200).send("ok"));
    /// app.get("/me", requireAuth, (req, res) => res.json({}));
    /// app.get("/gone", (req, res) => res.sendStatus(204));
    /// app.listen(process.env.PORT);
    /// //- auth.js
    /// exports.requireAuth = (req, res, next) => next();
    /// ```
    ///
    /// A page of Next.js that redirects:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "15"}}
    /// //- app/page.tsx
    /// import { redirect } from "next/navigation";
    /// export default function Page() { redirect("/login"); }
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- package.json
    /// {"scripts": {"start": "next start"}, "dependencies": {"next": "15"}}
    /// //- app/page.tsx
    /// import { redirect } from "next/navigation";
    /// export default function Page() { redirect("/login"); }
    /// //- app/health/route.ts
    /// export const GET = () => new Response("ok");
    /// ```
    "healthcheck-non-200", Error, Health, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

/// The status of a route in Python.
static STATUS: Pattern = Pattern::new(r"status_code\s*=\s*(?:status\.HTTP_)?(\d{3})", "status_code");
/// The status of a route in JavaScript.
static SENT: Pattern =
    Pattern::new(r"^[^\n]*=>\s*\{?\s*(?:return\s+)?res\.(?:sendStatus|status)\((\d{3})\)", "=>");
/// What lets nobody through without a login.
static GUARD: Pattern = Pattern::new(
    r"(?i-u:\b((?:require|is|ensure|verify|check)_?(?:auth|login|logged|token|jwt|admin)\w*|authenticate\w*|auth_?middleware|login_required|protect)\b)",
    "",
);

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let Some(path) = setting.value.yes().and_then(Value::text).filter(|path| path.starts_with('/'))
            else {
                continue;
            };
            if let Some((route, site)) = django(facts, service, path) {
                out.at(
                    setting.site.clone(),
                    format!("Django serves `{route}` and redirects `{path}`, and Railway waits for 200"),
                )
                .severity(Severity::Warning)
                .service(&service.name)
                .related(site, "the route")
                .help(format!("Write `{path}/`"));
                continue;
            }
            if let Some(page) = redirecting(facts, service, path) {
                out.at(
                    setting.site.clone(),
                    format!("the page of `{path}` may redirect, and Railway waits for 200"),
                )
                .severity(Severity::Warning)
                .service(&service.name)
                .related(page, "it redirects here")
                .help("Probe a route that answers every request alike, such as `app/health/route.ts`");
                continue;
            }
            let startup = facts.startup(service);
            let same =
                |route: &&Route| route.get && route.path.trim_end_matches('/') == path.trim_end_matches('/');
            let exact = startup.routes.iter().filter(same).find(|route| route.path == path);
            let Some(route) = exact.or_else(|| startup.routes.iter().find(same)) else { continue };
            let Ok(text) = facts.snapshot.text(&route.site.path) else { continue };
            if let Some(message) = slash(&startup, route, path, &text.text) {
                out.at(setting.site.clone(), message)
                    .service(&service.name)
                    .related(route.site.clone(), "the route")
                    .help(format!("Write `{}`", route.path));
                continue;
            }
            let line = text.line_at(route.site.span.start).of(&text.text);
            let fixed =
                STATUS.captures(line).or_else(|| SENT.captures(line)).and_then(|caught| caught.get(1));
            let (message, severity) = match (fixed.map(|code| code.as_str()), GUARD.captures(line)) {
                (Some(code), _) if code != "200" => {
                    (format!("this route answers {code}, and Railway waits for 200"), Severity::Error)
                }
                (None, Some(name)) if name.get(1).is_some_and(|name| !path.contains(name.as_str())) => {
                    let name = name.get(1).map_or("", |name| name.as_str());
                    (
                        format!("`{name}` stands before this route, and the probe has no login"),
                        Severity::Warning,
                    )
                }
                _ => continue,
            };
            out.at(route.site.clone(), message)
                .service(&service.name)
                .severity(severity)
                .related(setting.site.clone(), "Railway probes this path")
                .help("Serve a route of its own for the probe that answers 200 without a login");
        }
    }
}

/// What is wrong when `path` and the route of a Python program differ in the slash at the end.
fn slash(startup: &Startup, route: &Route, path: &str, text: &str) -> Option<String> {
    let python = route.site.path.ends_with(".py");
    let certain = startup.covered && startup.open_routes.is_none() && !text.contains("slashes");
    let differs =
        route.path != path && path.len() > 1 && route.path.len() > 1 && !route.path.contains(['{', '<']);
    (python && certain && differs).then(|| {
        format!(
            "the program serves `{}` and redirects or refuses `{path}`, and Railway waits for 200",
            route.path
        )
    })
}

/// Where the page of a Next.js application that is served at `path` redirects; `None` when several applications may be
/// the service's.
fn redirecting(facts: &Facts<'_>, service: &Service, path: &str) -> Option<Site> {
    let inner = path.trim_matches('/');
    let below = if inner.is_empty() { String::new() } else { format!("{inner}/") };
    let ends: Vec<String> =
        ["tsx", "ts", "jsx", "js"].iter().map(|end| format!("app/{below}page.{end}")).collect();
    let home =
        service.dockerfile.yes().and_then(|choice| choice.path.rsplit_once('/')).map_or("", |(home, _)| home);
    let inside = |path: &str| home.is_empty() || path.starts_with(&format!("{home}/"));
    let pages = facts.snapshot.entries().iter().map(|entry| entry.path.as_str()).filter(|path| inside(path));
    let mut pages = pages.filter(|path| {
        ends.iter().any(|end| {
            path.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        })
    });
    let page = pages.next().filter(|_| pages.next().is_none())?;
    let text = facts.snapshot.text(page).ok()?;
    let at = text.text.find("redirect(").filter(|_| text.text.contains("next/navigation"))?;
    Some(Site::new(page, at..at + "redirect".len()))
}

/// The route of a Django project that is `path` with a slash at its end, when none is without.
fn django(facts: &Facts<'_>, service: &Service, path: &str) -> Option<(String, Site)> {
    static ROUTE: Pattern = Pattern::new(r#"\bpath\(\s*['"]([^'"]*)['"]"#, "path");
    let asks =
        |root: &String| facts.python_projects().get(root).is_some_and(|project| project.asks_for("django"));
    if path.ends_with('/') || !service.roots.iter().any(asks) {
        return None;
    }
    let below = |path: &str| {
        service.roots.iter().any(|root| root.is_empty() || path.starts_with(&format!("{root}/")))
    };
    let files =
        facts.snapshot.entries().iter().filter(|entry| entry.path.ends_with("urls.py") && below(&entry.path));
    let texts: Vec<_> = files.filter_map(|entry| facts.snapshot.text(&entry.path).ok()).collect();
    if texts.iter().any(|text| text.text.contains("re_path(")) {
        return None;
    }
    let wanted = path.trim_start_matches('/');
    let (mut with, mut without) = (None, false);
    for text in &texts {
        for caught in ROUTE.captures_iter(&text.text) {
            let literal = caught.get(1)?;
            let ends = |whole: &str| {
                !literal.is_empty()
                    && (whole == literal.as_str() || whole.ends_with(&format!("/{}", literal.as_str())))
            };
            without |= ends(wanted);
            if ends(&format!("{wanted}/")) {
                with = Some(Site::new(text.path.clone(), literal.start()..literal.end()));
            }
        }
    }
    with.filter(|_| !without).map(|site| (format!("{path}/"), site))
}
