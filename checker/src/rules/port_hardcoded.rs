//! A server that does not ask for its port.

use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{Host, Listen, Port, Startup};
use crate::facts::{Facts, fixed_port, image_server};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program listens on a port of its own and never reads `PORT`.
    ///
    /// ## Why it matters
    /// Railway gives every service the variable `PORT`; its probe goes there, and a domain does unless another target port
    /// is set. A program that listens elsewhere answers nobody: `service unavailable` until the health window ends, or a
    /// domain that says `Application failed to respond`.
    ///
    /// ## What to do
    /// Bind the port that `PORT` holds, with the old number as the fallback for your own machine.
    ///
    /// ## What it cannot know
    /// A `PORT` variable of the same number in the dashboard, or a domain's target port. It is an error only when the files
    /// set a health path, every place that listens has a fixed port, and `.railway/railway.ts` or
    /// `.github/preflight.toml` list the service's variables without a `PORT`. `EXPOSE` changes nothing.
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(3001);
    /// ```
    ///
    /// ```repo,fires,error
    /// //- .github/preflight.toml
    /// [services.web]
    /// dockerfile = "Dockerfile"
    /// healthcheck-path = "/health"
    /// variables = ["DATABASE_URL"]
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const app = require("express")();
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(3001);
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    ///
    /// The image's own variable wins over what the program would take:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENV SERVICE_PORT=8002
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// import uvicorn
    /// from pydantic_settings import BaseSettings
    /// class Settings(BaseSettings):
    ///     service_port: int = int(os.getenv("PORT") or "8002")
    /// settings = Settings()
    /// uvicorn.run("app:app", host="0.0.0.0", port=settings.service_port)
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENV PORT=8000
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os
    /// import uvicorn
    /// uvicorn.run("app:app", host="0.0.0.0", port=int(os.environ["PORT"]))
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
    /// const { PORT = 3001 } = process.env;
    /// const app = require("express")();
    /// app.get("/health", (req, res) => res.send("ok"));
    /// app.listen(PORT);
    /// ```
    ///
    /// A server that comes with its image is one, too:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM nginx:1.27-alpine
    /// COPY nginx.conf /etc/nginx/conf.d/default.conf
    /// //- nginx.conf
    /// server {
    ///     listen 80;
    /// }
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:1.27-alpine
    /// COPY nginx.conf /etc/nginx/templates/default.conf.template
    /// //- nginx.conf
    /// server {
    ///     listen ${PORT};
    /// }
    /// ```
    ///
    /// A script that is not in the repository may write the port:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:1.27-alpine
    /// CMD ["/start.sh"]
    /// ```
    ///
    /// A number on the command line, in Go, or in the configuration of Spring is fixed, too:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"startCommand": "streamlit run app.py --server.port 8501"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM golang:1.25
    /// COPY . .
    /// RUN go build -o /app .
    /// CMD ["/app"]
    /// //- go.mod
    /// module app
    /// //- main.go
    /// package main
    /// import "net/http"
    /// func main() { http.ListenAndServe(":8080", nil) }
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// COPY target/app.jar /app.jar
    /// CMD ["java", "-jar", "/app.jar"]
    /// //- src/main/resources/application.yml
    /// server:
    ///   port: 8081
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "streamlit run app.py --server.port $PORT"}}
    /// //- src/main/resources/application.yml
    /// server:
    ///   port: ${PORT:8081}
    /// ```
    ///
    /// A second, fixed port for metrics is nobody's concern, and gunicorn reads `PORT` by itself:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD gunicorn --bind 0.0.0.0:${PORT:-8000} main:app
    /// //- main.py
    /// from flask import Flask
    /// from prometheus_client import start_http_server
    /// start_http_server(9090)
    /// app = Flask(__name__)
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["gunicorn", "main:app"]
    /// //- main.py
    /// from flask import Flask
    /// app = Flask(__name__)
    /// ```
    "port-hardcoded", Warning, Health, since "0.1.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://docs.railway.com/networking/troubleshooting/application-failed-to-respond",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        if is_set(service) {
            continue;
        }
        let startup = facts.startup(service);
        let listens = startup.listens();
        let http: Vec<&Listen> =
            listens.iter().map(|(listen, _)| *listen).filter(|listen| listen.http).collect();
        if listens.is_empty() {
            image_server(facts, service, out);
            written(facts, service, &startup, out);
        }
        if http.is_empty() || !http.iter().all(|listen| is_fixed(listen)) || startup.spawns {
            continue;
        }
        let Some(listen) =
            http.iter().find(|listen| !matches!(listen.host, Host::Loopback(_))).or(http.first())
        else {
            continue;
        };
        let message = match &listen.port {
            Port::Other(name, default) => {
                let default = default.map_or(String::new(), |port| format!(" or {port}"));
                format!(
                    "{} listens on `{name}`{default} and ignores `PORT`, where Railway probes",
                    listen.server
                )
            }
            Port::Literal(port) => {
                format!("{} listens on port {port} and ignores `PORT`, where Railway probes", listen.server)
            }
            Port::Variable | Port::Unknown => continue,
        };
        let probed = service
            .settings
            .every(Key::HealthcheckPath)
            .any(|setting| setting.value.yes().and_then(Value::text).is_some_and(|path| !path.is_empty()));
        let literal = http.iter().all(|listen| matches!(listen.port, Port::Literal(_)));
        let known = service.variables.is_some();
        let certain = probed && known && literal && startup.complete && startup.always_listens();
        out.at(listen.port_site.clone(), message)
            .severity(if certain { Severity::Error } else { Severity::Warning })
            .service(&service.name)
            .help("Bind the port in `PORT`, and keep the number as the fallback");
    }
}

/// The port that a command line, a Go program or a Spring configuration gives.
fn written(facts: &Facts<'_>, service: &Service, startup: &Startup, out: &mut Findings) {
    let unread = startup.entry.yes().is_none();
    let fixed = fixed_port::of_command(startup)
        .or_else(|| unread.then(|| fixed_port::of_sources(facts, service)).flatten());
    let Some(fixed) = fixed else { return };
    let message =
        format!("{} listens on port {} and ignores `PORT`, where Railway probes", fixed.server, fixed.port);
    out.at(fixed.site, message)
        .service(&service.name)
        .help("Give it the port in `PORT`, and keep the number as the fallback");
}

/// The server that the image brings, when its port is fixed.
fn image_server(facts: &Facts<'_>, service: &Service, out: &mut Findings) {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    let Some(fixed) = file.and_then(|file| image_server::fixed_port(facts, service, file)) else { return };
    let message =
        format!("{} listens on port {} and ignores `PORT`, where Railway probes", fixed.server, fixed.port);
    out.at(fixed.site, message).service(&service.name).help(fixed.help);
}

fn is_fixed(listen: &Listen) -> bool {
    matches!(&listen.port, Port::Literal(_) | Port::Other(_, Some(_)))
}

/// True when some file says that `PORT` is set by hand.
fn is_set(service: &Service) -> bool {
    service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == "PORT"))
}
