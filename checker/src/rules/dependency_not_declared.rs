//! The program imports a package that nothing installs.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::chain::{Loader, Package, When, language, names};
use crate::facts::image::base::Base;
use crate::facts::image::{Image, Layer, LayerKind, Presence, Source};
use crate::facts::launch::installs::Install;
use crate::facts::launch::needs;
use crate::facts::launch::node_packages::Packages;
use crate::facts::launch::python_installs::{Distributions, distributions};
use crate::facts::launch::{Delivered, Trace};
use crate::facts::program::Language;
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::facts::{Facts, build_imports};
use crate::finding::{Finding, Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The program imports a package that no manifest of its image asks for.
    ///
    /// ## Why it matters
    /// On the developer's machine the package is there, because another project or the root of the monorepo asks for it. In
    /// the image it is not, and the program ends with `ModuleNotFoundError` or `ERR_MODULE_NOT_FOUND`.
    ///
    /// ## What to do
    /// Add it to the manifest that the image installs.
    ///
    /// ## What it cannot know
    /// What other packages bring along, unless there is a lockfile: without one it is a warning. What a bundler finds under
    /// another name: a name that its configuration mentions is left alone. Python names that are not
    /// those of their distribution are looked up in a list of the usual ones; where a similar distribution is installed the
    /// rule is silent. An import whose failure is caught is a note.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json package-lock.json ./
    /// RUN npm ci
    /// COPY main.mjs .
    /// CMD ["node", "main.mjs"]
    /// //- package.json
    /// {"dependencies": {"express": "4"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/express": {}, "node_modules/accepts": {}}}
    /// //- main.mjs
    /// import express from "express";
    /// import { parse } from "yaml";
    /// express(parse);
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// fastapi
    /// //- main.py
    /// import yaml
    /// from fastapi import FastAPI
    /// ```
    ///
    /// Declared, but the build installs nothing:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// six
    /// //- main.py
    /// import six
    /// ```
    ///
    /// A development dependency that the installation leaves out:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json main.js ./
    /// RUN npm install --omit=dev
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"devDependencies": {"bytes": "3"}}
    /// //- main.js
    /// require("bytes");
    /// ```
    ///
    /// `next start` loads the configuration, in the last stage, where development dependencies are left out:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json package-lock.json next.config.js ./
    /// RUN npm ci --omit=dev
    /// COPY --from=build /app/.next ./.next
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "15"}, "devDependencies": {"@next/bundle-analyzer": "15"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/next": {}, "node_modules/@next/bundle-analyzer": {"dev": true}}}
    /// //- next.config.js
    /// const analyze = require("@next/bundle-analyzer")({ enabled: process.env.ANALYZE === "true" });
    /// module.exports = analyze({});
    /// ```
    ///
    /// A manifest of its own, whose packages nothing installs, is one finding; the dashboard may have a build command:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "node server/index.js"}}
    /// //- package.json
    /// {"name": "all", "scripts": {"install-all": "cd server && npm install"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {"name": "all"}}}
    /// //- server/package.json
    /// {"dependencies": {"express": "4", "cors": "2"}}
    /// //- server/index.js
    /// const app = require("express")();
    /// app.use(require("cors")());
    /// app.listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx next build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json package-lock.json next.config.js ./
    /// RUN npm ci --omit=dev
    /// COPY --from=build /app/.next ./.next
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "15"}, "devDependencies": {"@next/bundle-analyzer": "15"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/next": {}, "node_modules/@next/bundle-analyzer": {"dev": true}}}
    /// //- next.config.js
    /// const analyze = process.env.ANALYZE === "true" ? require("@next/bundle-analyzer")({ enabled: true }) : (own) => own;
    /// module.exports = analyze({});
    /// ```
    ///
    /// A compiler reads every file that its configuration takes in, also those that nothing imports:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"express": "4"}, "scripts": {"build": "tsc"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/express": {}}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- src/main.ts
    /// import express from "express";
    /// express();
    /// //- src/old/export.ts
    /// import { write } from "sheets";
    /// write();
    /// ```
    ///
    /// An entry of the lock file that nothing leads to any more:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"express": "4"}}
    /// //- package-lock.json
    /// {"packages": {"": {"dependencies": {"express": "4", "stealth": "1"}}, "node_modules/express": {}, "node_modules/stealth": {}}}
    /// //- main.js
    /// require("express")(require("stealth"));
    /// ```
    ///
    /// pnpm links a package of the workspace only into those that ask for it:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// RUN pnpm --filter api build
    /// CMD ["node", "api/dist/main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["api", "shared"]
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// //- api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}}
    /// //- api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist"}, "include": ["src"]}
    /// //- api/src/main.ts
    /// import type { Job } from "@acme/shared";
    /// export const job: Job = {};
    /// //- shared/package.json
    /// {"name": "@acme/shared"}
    /// ```
    ///
    /// An alias, types declared by hand, a file that is not taken in, a comment that says so:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"dependencies": {"express": "4"}, "scripts": {"build": "tsc"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/express": {}}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "paths": {"@core/*": ["./src/core/*"]}}, "include": ["src"], "exclude": ["**/*.test.ts"]}
    /// //- src/main.ts
    /// import express from "express";
    /// import { made } from "@core/generated";
    /// import { odd } from "untyped";
    /// // @ts-ignore
    /// import gone from "gone";
    /// // import old from "commented";
    /// express(made, odd, gone);
    /// //- src/types.d.ts
    /// declare module "untyped";
    /// //- src/main.test.ts
    /// import { test } from "runner";
    /// test();
    /// ```
    ///
    /// Brought along, declared under another name, part of the language, a package of the workspace, caught:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci
    /// CMD ["node", "main.mjs"]
    /// //- package.json
    /// {"dependencies": {"express": "4", "@x/y": "1"}}
    /// //- package-lock.json
    /// {"packages": {"node_modules/express": {"dependencies": {"accepts": "1"}}, "node_modules/accepts": {}}}
    /// //- main.mjs
    /// import fs from "fs/promises";
    /// import accepts from "accepts";
    /// import { z } from "@x/y/sub/path";
    /// import { helper } from "@mine/helper";
    /// fs.x(accepts, z, helper);
    /// //- helper/package.json
    /// {"name": "@mine/helper"}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt && pip install gunicorn==22
    /// CMD ["python", "main.py"]
    /// //- requirements.txt
    /// fastapi
    /// PyYAML
    /// google-cloud-storage
    /// //- main.py
    /// import yaml, json
    /// import starlette
    /// import gunicorn
    /// from google.cloud import storage
    /// try:
    ///     import orjson
    /// except ImportError:
    ///     orjson = json
    /// ```
    ///
    /// What no import shows: a library loads it by itself, or a setting of Django names it.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["uvicorn", "main:app"]
    /// //- requirements.txt
    /// fastapi
    /// uvicorn
    /// //- main.py
    /// from fastapi import FastAPI
    /// from accounts import Account
    /// app = FastAPI()
    /// //- accounts.py
    /// from pydantic import BaseModel, EmailStr
    /// class Account(BaseModel):
    ///     address: EmailStr
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn -k uvicorn.workers.UvicornWorker main:app"}}
    /// //- requirements.txt
    /// fastapi
    /// gunicorn
    /// //- main.py
    /// from fastapi import FastAPI
    /// app = FastAPI()
    /// ```
    ///
    /// SQLAlchemy takes psycopg2 for `postgresql://`, whatever else is installed:
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// sqlalchemy
    /// psycopg[binary]
    /// //- main.py
    /// import os
    /// from sqlalchemy import create_engine
    /// engine = create_engine(os.environ["DATABASE_URL"])
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn shop.wsgi"}}
    /// //- requirements.txt
    /// django
    /// gunicorn
    /// //- shop/wsgi.py
    /// import os
    /// from django.core.wsgi import get_wsgi_application
    /// os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    /// application = get_wsgi_application()
    /// //- shop/settings.py
    /// INSTALLED_APPS = ["django.contrib.auth", "rest_framework", "cart"]
    /// //- cart/models.py
    /// ```
    ///
    /// Brought by an extra or by another distribution, by a release that had it, or only for the tests:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["uvicorn", "main:app"]
    /// //- requirements.txt
    /// fastapi
    /// uvicorn
    /// flask
    /// pydantic[email]
    /// //- main.py
    /// from fastapi import FastAPI, Form
    /// from fastapi.templating import Jinja2Templates
    /// from pydantic import BaseModel, EmailStr
    /// templates = Jinja2Templates("pages")
    /// class Account(BaseModel):
    ///     address: EmailStr
    /// # postgresql+asyncpg:// is for later
    /// app = FastAPI()
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "python main.py"}}
    /// //- requirements.txt
    /// sqlalchemy
    /// psycopg[binary]
    /// //- main.py
    /// import os
    /// from sqlalchemy import create_engine
    /// engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn shop.wsgi"}}
    /// //- requirements.txt
    /// django
    /// gunicorn
    /// django-cors-headers
    /// drf-spectacular
    /// //- shop/wsgi.py
    /// import os
    /// from django.core.wsgi import get_wsgi_application
    /// os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    /// application = get_wsgi_application()
    /// //- shop/settings.py
    /// DEBUG = False
    /// INSTALLED_APPS = ["corsheaders", "rest_framework", "cart.apps.CartConfig"]
    /// MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", "shop.middleware.Clock"]
    /// if DEBUG:
    ///     INSTALLED_APPS += ["debug_toolbar"]
    /// //- shop/middleware.py
    /// class Clock: ...
    /// //- cart/apps.py
    /// class CartConfig: ...
    /// ```
    /// Vite leaves one of its minifiers to the project:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// FROM nginx
    /// COPY --from=build /app/dist /usr/share/nginx/html
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^5.0.8"}}
    /// //- vite.config.js
    /// import { defineConfig } from 'vite'
    /// export default defineConfig({ build: { minify: 'terser' } })
    /// //- src/main.js
    /// export {};
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// FROM nginx
    /// COPY --from=build /app/dist /usr/share/nginx/html
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "^5.0.8", "terser": "^5.0.0"}}
    /// //- vite.config.js
    /// import { defineConfig } from 'vite'
    /// export default defineConfig({ build: { minify: 'terser' } })
    /// //- src/main.js
    /// export {};
    /// ```
    "dependency-not-declared", Error, Start, since "0.2.0",
    sources: [
        "https://nodejs.org/api/errors.html#err_module_not_found",
        "https://packaging.python.org/en/latest/discussions/distribution-package-vs-import-package/",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let mut told = BTreeSet::new();
        let (packages, finished) = (Packages::of(facts, delivered), Packages::finished(facts, delivered));
        for trace in delivered.traces.iter().filter(|trace| !trace.build) {
            match trace.loader {
                Loader::Python => python(facts, delivered, trace, &mut told, out),
                Loader::Run => node(facts, delivered, &finished, trace, &mut told, out),
                Loader::Build => {}
            }
        }
        compiled(facts, delivered, &packages, &mut told, out);
    }
}

fn python(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    trace: &Trace,
    told: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let installed = distributions(facts, delivered);
    if installs_nothing(facts, delivered, &installed) {
        return uninstalled(facts, delivered, trace, told, out);
    }
    let (Some(service), Some(manifest)) = (delivered.service(facts), &installed.manifest) else { return };
    unseen(facts, delivered, trace, &installed, told, out);
    for package in trace.chain.packages.iter().filter(|package| package.when <= When::Sometimes) {
        let (wanted, listed) = names::distributions(&package.name);
        let near = |name: &String| {
            let (one, other) = (name.replace('-', ""), package.name.to_lowercase().replace('_', ""));
            one.contains(&other) || other.contains(&one)
        };
        let there = wanted.iter().any(|name| installed.names.contains(name));
        if there
            || installed.names.iter().any(near)
            || installed.open
            || is_local(facts, &package.name)
            || !told.insert(package.name.clone())
        {
            continue;
        }
        let message = format!(
            "`{manifest}` does not ask for `{}`, which `{}` imports as `{}`",
            wanted[0],
            source(trace, package),
            package.name
        );
        let finding = out.at(Site::file(manifest.clone()), message);
        finding.service(&service.name).related(package.site.clone(), "it is imported here");
        finding.help(format!(
            "Add `{}` to `{manifest}`, or commit `{}` when it is your own",
            wanted[0], package.name
        ));
        if listed {
            finding.help(format!("Add `{}` to `{manifest}`", wanted[0]));
        }
        if !(installed.locked && listed && trace.firm && package.when == When::Always) {
            finding.severity(Severity::Warning);
        }
        if installed.names.is_empty() {
            // A list that asks for nothing lacks everything; one word is enough.
            break;
        }
    }
}

/// What libraries load by themselves.
fn unseen(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    trace: &Trace,
    installed: &Distributions,
    told: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let (Some(service), Some(manifest)) = (delivered.service(facts), &installed.manifest) else { return };
    if installed.open || installed.names.is_empty() {
        return;
    }
    let has = |name: &str| installed.names.contains(name);
    for need in needs::needs(facts, trace, &has) {
        let there = need.any.iter().any(|name| has(name)) || needs::is_brought(facts, &need, &has);
        if there || !told.insert(need.any[0].to_owned()) {
            continue;
        }
        let (name, by) = (need.any[0], need.by);
        let message = format!("`{manifest}` does not ask for `{name}`, without which `{by}` does not work");
        let finding = out.at(Site::file(manifest.clone()), message);
        finding.service(&service.name).related(need.site.clone(), "it is needed here");
        finding.help(format!("Add `{name}` to `{manifest}`")).severity(Severity::Warning);
    }
}

/// True when the image is Python's own and nothing that the build does can bring a distribution.
fn installs_nothing(facts: &Facts<'_>, delivered: &Delivered<'_>, installed: &Distributions) -> bool {
    let image = &delivered.image;
    let stage = image.stages.len().saturating_sub(1);
    let own = image.reference(stage).and_then(Base::of).is_some_and(|base| base.has("pip"));
    let brings = |layer: &Layer| match &layer.kind {
        LayerKind::Copy(items, _) => items.iter().any(|item| !matches!(item.from, Source::Context(_))),
        LayerKind::Run(..) | LayerKind::Directory(_) => false,
    };
    let copied = || image.stages.iter().flat_map(|stage| &stage.layers).any(brings);
    let kept = || facts.snapshot.entries().iter().any(|entry| entry.path.contains("site-packages"));
    image.dockerfile.is_some() && own && !installed.ran && !installed.open && !copied() && !kept()
}

/// Packages of a program whose image installs none.
fn uninstalled(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    trace: &Trace,
    told: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let Some(service) = delivered.service(facts) else { return };
    let brought = ["pip", "setuptools", "pkg_resources", "wheel"];
    for package in trace.chain.packages.iter().filter(|package| package.when <= When::Sometimes) {
        let name = &package.name;
        if brought.contains(&name.as_str()) || is_local(facts, name) || !told.insert(name.clone()) {
            continue;
        }
        let message =
            format!("no command of the build installs `{name}`, which `{}` imports", source(trace, package));
        let finding = out.at(trace.site.clone(), message);
        finding
            .service(&service.name)
            .severity(Severity::Warning)
            .related(package.site.clone(), "it is imported here");
        finding.help("Install the distributions of the manifest in a `RUN`");
    }
}

/// True when some file or directory of the tree has the name of the module.
fn is_local(facts: &Facts<'_>, name: &str) -> bool {
    let (file, inner) = (format!("{name}.py"), format!("{name}/"));
    facts.snapshot.entries().iter().any(|entry| {
        entry.path.rsplit('/').next() == Some(&file)
            || entry.path.starts_with(&inner)
            || entry.path.contains(&format!("/{inner}"))
    })
}

fn source<'t>(trace: &'t Trace, package: &Package) -> &'t str {
    trace.chain.modules.get(package.module).map_or("", |reached| reached.source.as_str())
}

fn node(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    packages: &Packages<'_, '_>,
    trace: &Trace,
    told: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let Some(service) = delivered.service(facts) else { return };
    let mut known: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for package in trace.chain.packages.iter().filter(|package| package.when < When::Types) {
        let Some(reached) = trace.chain.modules.get(package.module) else { continue };
        // What a configuration asks for under a condition is for the build or for development.
        if reached.source.contains(".config.") && package.when != When::Always {
            continue;
        }
        if language(&reached.source) != Some(Language::JavaScript)
            || (!trace.stated && (reached.by.is_none() || facts.loaded().contains(&reached.source)))
        {
            continue;
        }
        let home = reached.source.rsplit_once('/').map_or("", |(home, _)| home);
        let there = known.entry((&package.name, home)).or_insert_with(|| {
            packages.brings(&package.name, &reached.source)
                || doubtful(&delivered.image, trace, &reached.place, &package.name)
        });
        if *there || told.contains(&package.name) {
            continue;
        }
        let caught = package.when >= When::Guarded;
        let elsewhere = facts
            .node_projects()
            .values()
            .any(|project| project.dependencies.iter().any(|each| each.name.value == package.name));
        if caught && !elsewhere {
            continue;
        }
        // A whole manifest that nothing installs is one cause.
        let own = facts.nearest_project(&reached.source).filter(|own| {
            let installed = |install: &Install| install.manifest.as_ref() == Some(&own.directory);
            own.dependencies.iter().any(|each| each.name.value == package.name && !each.dev)
                && !packages.installs.iter().any(installed)
        });
        if !told.insert(own.map_or_else(|| package.name.clone(), |own| own.path.clone())) {
            continue;
        }
        let finding = tell(packages, trace, package, out);
        finding.service(&service.name);
        if let Some(own) = own {
            finding.message = format!(
                "nothing installs the packages of `{}`, such as `{}`, which `{}` imports",
                own.path,
                package.name,
                source(trace, package)
            );
            finding.help(format!(
                "Install `{}` in the build, such as `npm ci --prefix {}`",
                own.path, own.directory
            ));
            // The dashboard may have a build command that does.
            let stated = service.settings.text(Key::BuildCommand).is_some();
            if delivered.image.dockerfile.is_none() && !stated {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The finding about a package that nothing installs.
fn tell<'o>(
    packages: &Packages<'_, '_>,
    trace: &Trace,
    package: &Package,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let installs = &packages.installs;
    let last = installs.iter().rev().find(|install| install.manifest.is_some());
    let manifest =
        last.and_then(|install| install.manifest.as_ref()).map(|directory| join(directory, "package.json"));
    let site = match manifest {
        Some(path) if installs.iter().all(|install| install.named.is_empty()) => Site::file(path),
        _ => installs.last().map_or_else(|| trace.site.clone(), |install| install.site.clone()),
    };
    let locked = last.is_some_and(|install| packages.is_locked(install));
    let strict = last.is_some_and(|install| packages.is_strict(install));
    let stale = packages.holds(&package.name);
    let certain = locked && !stale && !strict && trace.firm && package.when == When::Always;
    let message = format!("nothing installs `{}`, which `{}` imports", package.name, source(trace, package));
    let finding = out.at(site, message);
    finding.related(package.site.clone(), "it is imported here");
    finding.help(format!("Add `{}` to the manifest that this image installs", package.name));
    finding.severity(match (package.when >= When::Guarded, certain) {
        (true, _) => Severity::Note,
        (false, true) => Severity::Error,
        (false, false) => Severity::Warning,
    })
}

/// Reports packages that a compiler or a bundler of the build looks for and that nothing installs.
fn compiled<'s>(
    facts: &Facts<'s>,
    delivered: &Delivered<'s>,
    packages: &Packages<'_, 's>,
    told: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let Some(service) = delivered.service(facts) else { return };
    for wanted in build_imports::wanted(facts, delivered, packages) {
        if !told.insert(wanted.package.clone()) {
            continue;
        }
        let message = format!(
            "nothing installs `{}`, which `{}` imports, so `{}` stops here",
            wanted.package, wanted.site.path, wanted.program
        );
        let manifest = facts.node_projects().get(&wanted.home);
        let place = manifest.map_or_else(|| wanted.built.clone(), |own| Site::file(own.path.clone()));
        let finding = out.at(place, message);
        finding.service(&service.name).related(wanted.site.clone(), "it is imported here");
        finding.help(format!("Add `{}` to the manifest that this image installs", wanted.package));
        let last = packages.installs.iter().rev().find(|install| install.manifest.is_some());
        let locked = last.is_some_and(|install| packages.is_locked(install) && !packages.is_strict(install));
        if !locked || !wanted.firm || packages.holds(&wanted.package) {
            finding.severity(Severity::Warning);
        }
    }
}

/// True when a copied or generated `node_modules` may hold the package.
fn doubtful(image: &Image<'_>, trace: &Trace, place: &str, name: &str) -> bool {
    let mut dir = place;
    while let Some((above, _)) = dir.rsplit_once('/') {
        dir = above;
        match image.likely(trace.view, &join(dir, &format!("node_modules/{name}/package.json"))) {
            Presence::File { .. } => return true,
            Presence::Unknown(site) if !image.installs_at(trace.view, site.as_ref()) => return true,
            _ => {}
        }
    }
    false
}
