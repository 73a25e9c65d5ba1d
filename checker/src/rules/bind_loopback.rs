//! A server that only its own container can reach.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::service::Service;
use crate::facts::startup::{Host, Listen};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// Every address the program listens on is a loopback, which nothing outside the container reaches.
    ///
    /// ## Why it matters
    /// Railway's probe and its proxy come from outside. A server on `127.0.0.1` or `localhost` refuses both: the health
    /// check never passes, and the domain says `Application failed to respond`. Several servers bind the loopback unless
    /// they are told otherwise: uvicorn, `flask run` and `app.run`, Fastify.
    ///
    /// ## What to do
    /// Bind `0.0.0.0`, or `::` where the private network must be reached over IPv6.
    ///
    /// ## What it cannot know
    /// Variables in the dashboard: a loopback that is only the default of a variable is a warning. So is one of a worker
    /// without a health path, as nobody may be meant to call it.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// @app.get("/health")
    /// def health():
    ///     return {}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// import Fastify from "fastify";
    /// const app = Fastify();
    /// await app.listen({ port: Number(process.env.PORT) });
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host :: --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    ///
    /// A debug server on the loopback beside the real one is right:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// const http = require("http");
    /// http.createServer(app).listen(9229, "127.0.0.1");
    /// app.listen(process.env.PORT);
    /// ```
    ///
    /// A default that nothing changes is as bad, and one that the image changes is not:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// import uvicorn
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// DEFAULTS = {"host": "127.0.0.1"}
    /// uvicorn.run(app, host=os.getenv("API_HOST", DEFAULTS["host"]), port=int(os.environ["PORT"]))
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENV API_HOST=0.0.0.0
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// import uvicorn
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// uvicorn.run(app, host=os.getenv("API_HOST", "127.0.0.1"), port=int(os.environ["PORT"]))
    /// ```
    ///
    /// Docker sets `HOSTNAME` to the name of the container, so that a default behind it is never used:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const host = process.env.HOSTNAME || "0.0.0.0";
    /// require("http").createServer(() => {}).listen(Number(process.env.PORT) || 3002, host);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// ENV HOSTNAME=0.0.0.0
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// require("http").createServer(() => {}).listen(process.env.PORT, process.env.HOSTNAME);
    /// ```
    "bind-loopback", Error, Health, since "0.1.0",
    sources: ["https://docs.railway.com/networking/troubleshooting/application-failed-to-respond"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let listens = startup.listens();
        let inside = |listen: &Listen| address(facts, service, listen).is_some();
        if startup.spawns || listens.is_empty() || !listens.iter().all(|(listen, _)| inside(listen)) {
            continue;
        }
        for (listen, site) in &listens {
            let Some((address, variable)) = address(facts, service, listen) else { continue };
            let unless = variable.map_or(String::new(), |name| format!(" unless `{name}` is set"));
            let message = if listen.host == Host::Own {
                format!(
                    "{} listens on {address}, which Railway's probe and proxy may not reach",
                    listen.server
                )
            } else {
                format!(
                    "{} listens on {address} only{unless}, which Railway's probe and proxy cannot reach",
                    listen.server
                )
            };
            let finding = out.at((*site).clone(), message);
            finding.service(&service.name).help("Bind `0.0.0.0`");
            if let Ok(text) = facts.snapshot.text(&site.path) {
                let place = super::apt_package_gone::place(&text.text, site.span, address);
                let once = site.span.of(&text.text).matches(address).count() == 1;
                if once && variable.is_none() && place != site.span {
                    finding.fix(Fix::edit(
                        "Bind every address",
                        Site::new(site.path.clone(), place),
                        "0.0.0.0",
                    ));
                }
            }
            let meant = startup.work_loop().is_some() && !super::redis_no_retry::probed(service);
            if !startup.complete || meant || variable.is_some() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The loopback address that is bound, and the variable that would change it, when no file sets it.
fn address<'l>(
    facts: &Facts<'_>,
    service: &Service,
    listen: &'l Listen,
) -> Option<(&'l str, Option<&'l str>)> {
    match &listen.host {
        Host::Loopback(address) => Some((address, None)),
        Host::Default(name, address) if !is_set(facts, service, name) => Some((address, Some(name))),
        Host::Own if !is_set(facts, service, "HOSTNAME") => {
            Some(("what `HOSTNAME` holds, the container's own name", Some("HOSTNAME")))
        }
        Host::Own | Host::Default(..) | Host::Every | Host::Unknown => None,
    }
}

fn is_set(facts: &Facts<'_>, service: &Service, name: &str) -> bool {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    let in_image = file.is_some_and(|file| {
        file.instructions().any(|(_, each)| match &each.kind {
            InstructionKind::Env(pairs) => pairs.iter().any(|(own, _)| own.value == name),
            _ => false,
        })
    });
    in_image || service.variables.as_ref().is_some_and(|names| names.iter().any(|own| own == name))
}
