//! Work that the program does before it answers.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::When;
use crate::facts::launch::{Delivered, Program};
use crate::facts::pattern::Pattern;
use crate::facts::service::{Kind, Service};
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{Course, Event, EventKind};
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The program works on a database, migrates or loads a model before it listens.
    ///
    /// ## Why it matters
    /// Railway probes from the moment the container starts. What runs before the server listens uses up the window: tables that
    /// are made when a module is imported, migrations in front of the server, a model that is loaded at the top of a file. When the
    /// database is late, nothing answers, and the deployment fails with `service unavailable`.
    ///
    /// ## What to do
    /// Migrate in `preDeployCommand`, which has no window. Connect and load after the server listens: in the framework's start-up
    /// hook, in a thread, or on the first request.
    ///
    /// ## What it cannot know
    /// How long it takes; so this is a note, and only for services with a health check.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health", "startCommand": "sh -c 'alembic upgrade head && uvicorn main:app --host 0.0.0.0 --port $PORT'"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["true"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from sentence_transformers import SentenceTransformer
    /// model = SentenceTransformer("all-MiniLM-L6-v2")
    /// app = FastAPI()
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// import os
    /// from fastapi import FastAPI
    /// from sqlalchemy import create_engine, text
    /// engine = create_engine(os.environ["DATABASE_URL"])
    /// app = FastAPI()
    /// def add_types():
    ///     with engine.connect() as connection:
    ///         connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    /// add_types()
    /// ```
    ///
    /// A warm-up that nothing waits for takes the processor all the same, and a program in JavaScript has one thread:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "main.mjs"]
    /// //- package.json
    /// {"dependencies": {"express": "5", "embedder": "1"}}
    /// //- main.mjs
    /// import express from "express";
    /// import { embed } from "embedder";
    /// for (const index of [embed("docs"), embed("code")]) {
    ///   void index.search({ query: "warmup" }).catch(() => {});
    /// }
    /// const app = express();
    /// app.get("/health", (request, response) => response.send("ok"));
    /// app.listen(process.env.PORT);
    /// ```
    ///
    /// Once it listens, or in a task of its own:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "main.mjs"]
    /// //- package.json
    /// {"dependencies": {"express": "5", "embedder": "1"}}
    /// //- main.mjs
    /// import express from "express";
    /// import { embed } from "embedder";
    /// function warmUp() {
    ///   void embed("docs").search({ query: "warmup" });
    /// }
    /// const app = express();
    /// app.get("/health", (request, response) => response.send("ok"));
    /// app.listen(process.env.PORT, () => setTimeout(warmUp, 3000));
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install fastapi uvicorn
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import asyncio
    /// import os
    /// import uvicorn
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// async def warm_up():
    ///     await asyncio.sleep(0)
    /// async def main():
    ///     task = asyncio.create_task(warm_up())
    ///     server = uvicorn.Server(uvicorn.Config(app, host="0.0.0.0", port=int(os.environ["PORT"])))
    ///     await server.serve()
    /// asyncio.run(main())
    /// ```
    ///
    /// Before the deployment, in a function, where Railway's own variable says so, or without a window:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// import os
    /// from fastapi import FastAPI
    /// from sqlalchemy import create_engine
    /// from sqlalchemy.orm import declarative_base
    /// engine = create_engine(os.environ["DATABASE_URL"])
    /// Base = declarative_base()
    /// if os.getenv("RAILWAY_ENVIRONMENT") != "production":
    ///     Base.metadata.create_all(bind=engine)
    /// app = FastAPI()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health", "preDeployCommand": "alembic upgrade head"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["sh", "-c", "uvicorn main:app --host 0.0.0.0 --port $PORT"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// from sentence_transformers import SentenceTransformer
    /// app = FastAPI()
    /// def model():
    ///     return SentenceTransformer("all-MiniLM-L6-v2")
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "sh -c 'alembic upgrade head && uvicorn main:app --host 0.0.0.0 --port $PORT'"}}
    /// //- Dockerfile
    /// FROM python:3.13
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["true"]
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    "blocking-before-listen", Note, Health, since "0.3.0",
    sources: ["https://docs.railway.com/deployments/healthchecks", "https://docs.railway.com/deployments/pre-deploy-command"]
}

/// Commands that migrate, by two words that follow each other.
const MIGRATIONS: [(&str, &str); 14] = [
    ("alembic", "upgrade"),
    ("manage.py", "migrate"),
    ("prisma", "migrate"),
    ("prisma", "db"),
    ("flask", "db"),
    ("typeorm", "migration:run"),
    ("drizzle-kit", "migrate"),
    ("drizzle-kit", "push"),
    ("knex", "migrate:latest"),
    ("sequelize-cli", "db:migrate"),
    ("rails", "db:migrate"),
    ("rails", "db:prepare"),
    ("artisan", "migrate"),
    ("sequelize", "db:migrate"),
];
/// Calls that load models or ask a database.
static SLOW: Pattern = Pattern::new(
    r"\b((?:SentenceTransformer|from_pretrained|load_model|spacy\.load|easyocr\.Reader|PaddleOCR|YOLO|create_all|HuggingFaceEmbeddings|TextEmbedding))\(",
    "(",
);

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts).filter(|service| is_probed(service)) else { continue };
        let mut told = BTreeSet::new();
        for (site, message) in migrations(delivered) {
            if told.insert(site.clone()) {
                out.at(site, message).service(&service.name).help("Move it to `preDeployCommand`");
            }
        }
        let mut files = BTreeSet::new();
        for (site, what) in walked(facts, service).into_iter().chain(written(facts, delivered)) {
            if files.insert((site.path.clone(), what)) {
                out.at(site, format!("this {what} before the server listens, while Railway probes"))
                    .service(&service.name)
                    .help("Do it after the server listens, or before the deployment in `preDeployCommand`");
            }
        }
    }
}

const TABLES: &str = "changes the database's tables";

/// Migrations in front of another program.
fn migrations(delivered: &Delivered<'_>) -> Vec<(Site, String)> {
    let started: Vec<&Program> = delivered.programs.iter().filter(|program| program.effective).collect();
    let found = started.iter().filter_map(|program| {
        let mut pairs = program.words.windows(2).map(|pair| (last(&pair[0]), pair[1].as_str()));
        let (tool, verb) = pairs.find(|pair| MIGRATIONS.contains(pair))?;
        let message = format!("`{tool} {verb}` runs before the server listens, while Railway probes");
        started.iter().any(|other| other.words != program.words).then(|| (program.site.clone(), message))
    });
    found.collect()
}

/// What the program meets before it listens, whichever way it goes: a condition may leave it out on Railway.
fn walked(facts: &Facts<'_>, service: &Service) -> Vec<(Site, &'static str)> {
    let startup = facts.startup(service);
    let listening = startup
        .up
        .iter()
        .filter(|course| course.events.iter().any(|event| matches!(&event.kind, EventKind::Listen(_))));
    let mut met = listening.map(slow_events);
    let Some(mut found) = met.next() else { return Vec::new() };
    for others in met {
        found.retain(|each| others.contains(each));
    }
    found
}

fn slow_events(course: &Course) -> Vec<(Site, &'static str)> {
    let listens = |event: &&Event| matches!(&event.kind, EventKind::Listen(listen) if listen.http);
    let before = course.events.iter().take_while(|event| !listens(event)).filter(|event| event.flow == 0);
    let slow = before.filter_map(|event| match &event.kind {
        EventKind::Migration => Some((event.site.clone(), TABLES)),
        EventKind::WarmUp => Some((event.site.clone(), "warms something up")),
        EventKind::Connect { system, .. } if *system != "redis" => {
            Some((event.site.clone(), "waits for the database"))
        }
        _ => None,
    });
    slow.collect()
}

/// Slow calls at the top of the modules that the program loads.
fn written(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<(Site, &'static str)> {
    let traces = delivered.traces.iter().filter(|trace| !trace.build && trace.stated);
    let modules = traces.flat_map(|trace| &trace.chain.modules);
    let sources: BTreeSet<&str> = modules
        .filter(|reached| reached.when == When::Always && reached.source.ends_with(".py"))
        .map(|reached| reached.source.as_str())
        .collect();
    let found = sources.into_iter().filter_map(|source| {
        let text = facts.snapshot.text(source).ok()?;
        let mut calls = SLOW.captures_iter(&text.text).filter_map(|caught| caught.get(1));
        let call = calls.find(|call| is_at_top(&text.text, call.start()))?;
        let what = if call.as_str().ends_with("create_all") { TABLES } else { "loads a model" };
        Some((Site::new(source, call.start()..call.end()), what))
    });
    found.collect()
}

/// True when the statement at `at` belongs to no block.
fn is_at_top(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    let plain = |char: char| char.is_ascii_alphanumeric() || "_.=: []".contains(char);
    let word = line.split_whitespace().next().unwrap_or_default();
    !line.starts_with([' ', '\t', '#', '@'])
        && line.chars().all(plain)
        && !matches!(word, "def" | "class" | "if" | "return" | "with" | "for" | "lambda" | "from" | "import")
}

fn last(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_probed(service: &Service) -> bool {
    let probed = |key| {
        service
            .settings
            .every(key)
            .any(|setting| setting.value.yes().and_then(Value::text).is_some_and(|path| !path.is_empty()))
    };
    probed(Key::HealthcheckPath) && !matches!(service.kind, Known::Yes(Kind::Cron))
}
