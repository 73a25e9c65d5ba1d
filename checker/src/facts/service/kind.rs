//! What a service is for, told by its schedule, its command and its name.

use super::Kind;
use crate::facts::Facts;
use crate::facts::settings::{Key, Settings};
use crate::known::Known;

const WORKER_COMMANDS: [&str; 10] = [
    "celery",
    "rq worker",
    "rqworker",
    "sidekiq",
    "dramatiq",
    "arq ",
    "huey",
    "rq.cli worker",
    "queue:work",
    "taskiq worker",
];
const WEB_COMMANDS: [&str; 14] = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "flask run",
    "runserver",
    "next start",
    "nginx",
    "caddy",
    "serve ",
    "puma",
    "rails server",
    "rails s",
    "vite preview",
    "streamlit run",
];
const WORKER_NAMES: [&str; 7] = ["worker", "workers", "celery", "queue", "consumer", "jobs", "beat"];
const WEB_NAMES: [&str; 9] =
    ["web", "api", "frontend", "backend", "server", "client", "www", "site", "dashboard"];

/// Distributions and packages that take jobs from a queue.
const WORKER_LIBRARIES: [&str; 12] = [
    "rq",
    "celery",
    "dramatiq",
    "arq",
    "huey",
    "taskiq",
    "bullmq",
    "bull",
    "bee-queue",
    "agenda",
    "pg-boss",
    "graphile-worker",
];
/// Distributions and packages that answer requests.
const WEB_LIBRARIES: [&str; 30] = [
    "fastapi",
    "flask",
    "django",
    "starlette",
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "aiohttp",
    "tornado",
    "sanic",
    "bottle",
    "falcon",
    "litestar",
    "quart",
    "streamlit",
    "gradio",
    "express",
    "fastify",
    "koa",
    "next",
    "nuxt",
    "hono",
    "restify",
    "@nestjs/core",
    "@hapi/hapi",
    "socket.io",
    "ws",
    "serve",
    "vite",
    "react-scripts",
];

/// Judges by the libraries that the manifests of `directories` ask for: queue libraries alone make a worker, web
/// frameworks alone a web service.
pub(super) fn of_libraries(facts: &Facts<'_>, directories: &[&str]) -> Option<Kind> {
    let asks = |names: &[&str]| {
        directories.iter().any(|directory| {
            let python = facts.python_projects().get(*directory);
            let node = facts.node_projects().get(*directory);
            names.iter().any(|name| {
                python.is_some_and(|project| project.asks_for(name))
                    || node.is_some_and(|project| project.asks_for(name))
            })
        })
    };
    match (asks(&WORKER_LIBRARIES), asks(&WEB_LIBRARIES)) {
        (true, false) => Some(Kind::Worker),
        (false, true) => Some(Kind::Web),
        _ => None,
    }
}

/// Judges by the schedule, then by `command`, then by `name`.
pub(super) fn of(name: &str, settings: &Settings, command: Option<&str>) -> Known<Kind> {
    if settings.text(Key::CronSchedule).is_some_and(|(schedule, _)| !schedule.trim().is_empty()) {
        return Known::Yes(Kind::Cron);
    }
    let holds =
        |words: &[&str]| command.is_some_and(|command| words.iter().any(|word| command.contains(word)));
    match (holds(&WORKER_COMMANDS), holds(&WEB_COMMANDS)) {
        (true, false) => return Known::Yes(Kind::Worker),
        (false, true) => return Known::Yes(Kind::Web),
        _ => {}
    }
    let lower = name.to_ascii_lowercase();
    let named = |words: &[&str]| lower.split(['-', '_', '.', ' ', '/']).any(|part| words.contains(&part));
    match (named(&WORKER_NAMES), named(&WEB_NAMES)) {
        (true, _) => Known::Yes(Kind::Worker),
        (false, true) => Known::Yes(Kind::Web),
        _ => Known::unknown("neither its name nor its command says whether it is a web service or a worker"),
    }
}
