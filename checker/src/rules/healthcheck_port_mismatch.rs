//! A health server beside the port that is probed.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::Port;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program listens on a variable of its own, and Railway probes `PORT`.
    ///
    /// ## Why it matters
    /// Railway's probe goes to the port in `PORT` and nowhere else. A worker that serves its health on `METRICS_PORT` or
    /// `HEALTH_PORT` is never found: `Attempt #1 failed with service unavailable`.
    ///
    /// ## What to do
    /// Take `PORT` first: `process.env.PORT || process.env.METRICS_PORT`.
    ///
    /// ## What it cannot know
    /// A `PORT` of the same number in the dashboard. So this is a warning, and it speaks only where a health path is set.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(process.env.METRICS_PORT || 3003);
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
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(process.env.PORT || 3003);
    /// ```
    ///
    /// A second server for metrics is nobody's concern:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const express = require("express");
    /// const app = express();
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(process.env.PORT);
    /// const metrics = express();
    /// metrics.listen(process.env.METRICS_PORT || 9090);
    /// ```
    "healthcheck-port-mismatch", Warning, Health, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let set = service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == "PORT"));
        let startup = facts.startup(service);
        let listens = startup.listens();
        let reads_port =
            listens.iter().any(|(listen, _)| matches!(listen.port, Port::Variable | Port::Unknown));
        if set || reads_port {
            continue;
        }
        let path = service.settings.every(Key::HealthcheckPath).find_map(|setting| {
            let path = setting.value.yes().and_then(Value::text).filter(|path| !path.is_empty())?;
            Some((path.to_owned(), setting.site.clone()))
        });
        let Some((path, setting)) = path else { continue };
        for (listen, _) in listens.iter().filter(|(listen, _)| listen.http) {
            let Port::Other(name, _) = &listen.port else { continue };
            out.at(
                listen.port_site.clone(),
                format!("Railway probes `{path}` on `PORT`, and this listens on `{name}`"),
            )
            .service(&service.name)
            .severity(Severity::Warning)
            .related(setting.clone(), "the probe")
            .help(format!("Take `PORT` first, then `{name}`"));
        }
    }
}
