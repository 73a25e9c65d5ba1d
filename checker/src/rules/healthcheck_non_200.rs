//! A health route that answers something else.

use regex::Regex;

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Severity};
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
    "healthcheck-non-200", Error, Health, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Ok(status) = Regex::new(r"status_code\s*=\s*(?:status\.HTTP_)?(\d{3})") else { return };
    let Ok(sent) = Regex::new(r"^[^\n]*=>\s*\{?\s*(?:return\s+)?res\.(?:sendStatus|status)\((\d{3})\)") else { return };
    let Ok(guard) = Regex::new(r"(?i)\b((?:require|is|ensure|verify|check)_?(?:auth|login|logged|token|jwt|admin)\w*|authenticate\w*|auth_?middleware|login_required|protect)\b")
    else {
        return;
    };
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let Some(path) = setting.value.yes().and_then(Value::text).filter(|path| path.starts_with('/')) else { continue };
            let startup = facts.startup(service);
            let same = |route: &&crate::facts::startup::Route| route.get && route.path.trim_end_matches('/') == path.trim_end_matches('/');
            let Some(route) = startup.routes.iter().find(same) else { continue };
            let Ok(text) = facts.snapshot.text(&route.site.path) else { continue };
            let line = text.line_at(route.site.span.start).of(&text.text);
            let fixed = status.captures(line).or_else(|| sent.captures(line)).and_then(|caught| caught.get(1));
            let (message, severity) = match (fixed.map(|code| code.as_str()), guard.captures(line)) {
                (Some(code), _) if code != "200" => (format!("this route answers {code}, and Railway waits for 200"), Severity::Error),
                (None, Some(name)) if name.get(1).is_some_and(|name| !path.contains(name.as_str())) => {
                    let name = name.get(1).map_or("", |name| name.as_str());
                    (format!("`{name}` stands before this route, and the probe has no login"), Severity::Warning)
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
