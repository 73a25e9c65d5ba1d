//! A server that only its own container can reach.

use crate::facts::Facts;
use crate::facts::startup::{Host, Listen};
use crate::finding::{Findings, Severity};
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
    /// Nothing more is needed when every place that listens is read; an address out of a variable is not judged. For a
    /// worker without a health path it is a warning, as nobody may be meant to call it.
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
    /// A debug server on the loopback beside the real one is right, and a fallback address may be overridden:
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
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, uvicorn
    /// uvicorn.run("app:app", host=os.environ.get("HOST", "127.0.0.1"), port=8000)
    /// //- app.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    "bind-loopback", Error, Health, since "0.1.0",
    sources: ["https://docs.railway.com/networking/troubleshooting/application-failed-to-respond"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let listens = startup.listens();
        if startup.spawns || listens.is_empty() || !listens.iter().all(|(listen, _)| is_loopback(listen)) {
            continue;
        }
        for (listen, site) in &listens {
            let Host::Loopback(address) = &listen.host else { continue };
            let message = format!(
                "{} listens on {address} only, which Railway's probe and proxy cannot reach",
                listen.server
            );
            let finding = out.at((*site).clone(), message);
            finding.service(&service.name).help("Bind `0.0.0.0`");
            let meant = startup.work_loop().is_some() && !super::redis_no_retry::probed(service);
            if !startup.complete || meant {
                finding.severity(Severity::Warning);
            }
        }
    }
}

fn is_loopback(listen: &Listen) -> bool {
    matches!(listen.host, Host::Loopback(_))
}
