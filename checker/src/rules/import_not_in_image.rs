//! A module that the started program imports is not in the image.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::chain::{Barred, Loader, When};
use crate::facts::launch::{How, Loss, caught_or_not};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The program imports a file that the image does not have.
    ///
    /// ## Why it matters
    /// The container starts, the first import fails with `ModuleNotFoundError` or `ERR_MODULE_NOT_FOUND`, and the
    /// deployment ends as `CRASHED`. The build was green.
    ///
    /// ## What to do
    /// Copy what is missing, or copy the whole directory instead of single files.
    ///
    /// ## What it cannot know
    /// What build commands write. Where one ran that may have written anything, the finding is a warning; so it is where
    /// the import is made inside a function, under a condition, or by another program that this one starts. Imports inside
    /// `try` whose failure is caught, imports for types alone, and files that builds make are passed over.
    ///
    /// The second file of the chain is missing:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install
    /// COPY src/main.mjs src/db.mjs ./src/
    /// CMD ["node", "src/main.mjs"]
    /// //- package.json
    /// {}
    /// //- src/main.mjs
    /// import { db } from "./db.mjs";
    /// db();
    /// //- src/db.mjs
    /// import { retry } from "./retry.mjs";
    /// export const db = () => retry();
    /// //- src/retry.mjs
    /// export const retry = () => {};
    /// ```
    ///
    /// Python finds packages beside the program:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY app ./app
    /// CMD ["uvicorn", "app.main:app"]
    /// //- app/main.py
    /// from shared.settings import settings
    /// app = settings
    /// //- app/__init__.py
    /// //- shared/__init__.py
    /// //- shared/settings.py
    /// settings = 1
    /// ```
    ///
    /// `tsx` needs `tsconfig.json` for its aliases:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install
    /// COPY src ./src
    /// CMD ["npx", "tsx", "src/worker.ts"]
    /// //- package.json
    /// {"dependencies": {"tsx": "4"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./src/*"]}}}
    /// //- src/worker.ts
    /// import { log } from "@/log";
    /// log();
    /// //- src/log.ts
    /// export const log = () => {};
    /// ```
    ///
    /// Node adds no ending in an ES module:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "main.mjs"]
    /// //- main.mjs
    /// import { db } from "./db";
    /// db();
    /// //- db.js
    /// exports.db = () => {};
    /// ```
    ///
    /// A name that is taken from a package, and is a module of it:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /srv
    /// COPY app/__init__.py app/main.py ./app/
    /// CMD ["python", "-m", "app.main"]
    /// //- app/__init__.py
    /// //- app/main.py
    /// from app import jobs
    /// //- app/jobs.py
    /// ```
    ///
    /// A script that is started by another one, whose import is missing, is a warning:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY main.cjs child.cjs ./
    /// CMD ["node", "main.cjs"]
    /// //- main.cjs
    /// const path = require("path");
    /// require("child_process").fork(path.join(__dirname, "child.cjs"));
    /// //- child.cjs
    /// require("./parts.cjs");
    /// //- parts.cjs
    /// module.exports = 1;
    /// ```
    ///
    /// Imports that are caught, lazy ones whose file is there, types, and files a build makes:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install && npm run codegen
    /// COPY src/main.ts ./src/
    /// CMD ["npx", "tsx", "src/main.ts"]
    /// //- package.json
    /// {"scripts": {"codegen": "graphql-codegen"}, "dependencies": {"tsx": "4"}}
    /// //- src/main.ts
    /// import type { Row } from "./row";
    /// import { Shape } from "./shape";
    /// import { query } from "./generated/queries";
    /// let extra: Shape = null;
    /// try { extra = require("./extra"); } catch {}
    /// query(extra);
    /// //- src/row.ts
    /// export type Row = {};
    /// //- src/shape.ts
    /// export type Shape = {};
    /// //- src/extra.ts
    /// export default 1;
    /// ```
    ///
    /// CommonJS adds endings, and so do loaders; a package may make its names itself:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "--import", "tsx", "main.mjs"]
    /// //- main.mjs
    /// import "./lib/a";
    /// //- lib/a.ts
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {}
    /// //- main.js
    /// require("./lib");
    /// //- lib/index.js
    /// require("./a");
    /// //- lib/a.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /srv
    /// COPY app/__init__.py app/main.py ./app/
    /// CMD ["python", "-m", "app.main"]
    /// //- app/__init__.py
    /// jobs = []
    /// //- app/main.py
    /// from app import jobs
    /// //- app/jobs.py
    /// ```
    ///
    /// Python: caught, for types, a name taken from a package, a namespace package, the standard library:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /srv/app
    /// COPY . .
    /// CMD ["python", "-m", "jobs.main"]
    /// //- .dockerignore
    /// extra
    /// //- jobs/main.py
    /// from __future__ import annotations
    /// import json
    /// from typing import TYPE_CHECKING
    /// from jobs import tools
    /// from jobs.tools import hammer
    /// if TYPE_CHECKING:
    ///     from extra.types import Row
    /// try:
    ///     import extra
    /// except ImportError:
    ///     extra = None
    /// //- jobs/tools.py
    /// hammer = 1
    /// //- extra/types.py
    /// Row = 1
    /// //- extra/__init__.py
    /// ```
    ///
    /// What the program may do without is a note:
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY src ./src
    /// CMD ["python", "src/main.py"]
    /// //- src/main.py
    /// import sys
    /// try:
    ///     import engine
    /// except ImportError:
    ///     engine = None
    /// def load(path="limits.json"):
    ///     return open(path)
    /// //- engine.py
    /// x = 1
    /// //- limits.json
    /// {}
    /// ```
    ///
    /// A project that is installed is found without its directory:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /build
    /// COPY . .
    /// RUN pip install .
    /// WORKDIR /run
    /// COPY bin/start.py .
    /// CMD ["python", "start.py"]
    /// //- pyproject.toml
    /// [project]
    /// name = "mine"
    /// //- mine/__init__.py
    /// //- bin/start.py
    /// import mine
    /// ```
    ///
    /// A program that changes where Python looks:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY lib ./lib
    /// COPY agent ./vendor/agent
    /// CMD ["python", "lib/server/main.py"]
    /// //- lib/server/main.py
    /// import sys
    /// sys.path.append("/app/vendor")
    /// import agent.core
    /// import lib.absent
    /// //- agent/core.py
    /// //- agent/__init__.py
    /// //- lib/__init__.py
    /// ```
    "import-not-in-image", Error, Start, since "0.2.0",
    sources: [
        "https://docs.docker.com/reference/dockerfile/#copy",
        "https://nodejs.org/api/errors.html#err_module_not_found",
        "https://docs.python.org/3/reference/import.html",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    let mut hints = BTreeMap::new();
    for loss in caught_or_not(facts).iter().filter(|loss| !loss.trace.build) {
        let Some(service) = loss.delivered.service(facts) else { continue };
        let Some((site, what)) = lost(loss) else { continue };
        let hint = is_hint(loss);
        let count = hints.entry(service.name.clone()).or_insert(0_usize);
        *count += usize::from(hint);
        if hint && *count > HINTS {
            continue;
        }
        let barred = matches!(loss.how, How::Barred { .. });
        if !told.insert((service.name.clone(), what.clone())) {
            continue;
        }
        let message = format!("{what}, needed by {}", loss.trail());
        let finding = out.at(site.unwrap_or_else(|| loss.broken.site.clone()), message);
        finding.service(&service.name).related(loss.broken.site.clone(), "it is needed here");
        finding.related(loss.trace.site.clone(), "and the program is started here");
        finding.help(if barred {
            "Write the whole name of the file"
        } else {
            "Copy it into the image, or copy the whole directory instead of single files"
        });
        if is_hint(loss) {
            finding.severity(Severity::Note);
        } else if !loss.certain {
            finding.severity(Severity::Warning);
        }
    }
}

/// Hints that are told for one service.
const HINTS: usize = 3;

/// True for what the program may do without: an import whose failure is caught, and a file that a text names.
fn is_hint(loss: &Loss<'_, '_>) -> bool {
    let module = matches!(&loss.how, How::NotCopied { module: true, .. });
    loss.broken.when >= When::Guarded || loss.broken.when == When::Named && !module && !is_named_program(loss)
}

fn is_named_program(loss: &Loss<'_, '_>) -> bool {
    matches!(&loss.how, How::NotCopied { source, .. } if is_program(source))
}

/// Files that programs read as they are.
fn is_data(source: &str) -> bool {
    const ENDS: [&str; 14] = [
        "json", "yaml", "yml", "toml", "csv", "sql", "html", "pkl", "joblib", "onnx", "pt", "ini", "xml",
        "parquet",
    ];
    let name = source.rsplit('/').next().unwrap_or(source);
    let aside = ["package.json", "tsconfig.json", "package-lock.json", "pyproject.toml"];
    !aside.contains(&name) && name.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Where it is to be told, and what is lost; `None` when another rule tells it.
fn lost(loss: &Loss<'_, '_>) -> Option<(Option<Site>, String)> {
    // Of an import whose failure is caught, only a module of the repository that is nowhere copied is worth a word.
    let caught = loss.broken.when >= When::Guarded;
    match &loss.how {
        How::NotCopied { module: true, .. } if loss.broken.when == When::Types => None,
        // Node packages try other builds of themselves in this way.
        _ if caught
            && (loss.trace.loader != Loader::Python
                || !matches!(&loss.how, How::NotCopied { module: true, .. })) =>
        {
            None
        }
        How::NotCopied { site, source, module: true, .. } => {
            Some((site.clone(), format!("no instruction copies `{source}` into the image")))
        }
        How::NotCopied { site, source, module: false, .. }
            if loss.broken.when < When::Named || is_program(source) || is_data(source) =>
        {
            Some((site.clone(), format!("no instruction copies `{source}` into the image")))
        }
        How::NotInTree { source, untracked: true } => Some((None, format!("git does not track `{source}`"))),
        How::NotInTree { source, untracked: false } => Some((None, format!("there is no `{source}`"))),
        How::NoConfig { site, source } => Some((
            site.clone(),
            format!("no instruction copies `{source}`, whose aliases are used, into the image"),
        )),
        How::Barred { source, why: Barred::NoEnding } => Some((
            None,
            format!(
                "`{}` is not the whole name of `{source}`, and Node adds nothing in an ES module",
                loss.broken.written
            ),
        )),
        _ => None,
    }
}

fn is_program(source: &str) -> bool {
    crate::facts::chain::language(source).is_some()
}
