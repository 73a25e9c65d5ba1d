//! The build runs a program that only development dependencies bring.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::image::{LayerKind, Source, View};
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs, package_of};
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The build runs a tool that is a development dependency, and those are not installed.
    ///
    /// ## Why it matters
    /// With `--omit=dev`, `--production` or `NODE_ENV=production`, package managers leave `devDependencies` out. The build
    /// then ends with `sh: vite: not found` or `Cannot find module 'typescript'`.
    ///
    /// ## What to do
    /// Install everything for the build (`npm ci --include=dev`) and copy only what is needed into the last stage, or move
    /// the tool to `dependencies`.
    ///
    /// ## What it cannot know
    /// Variables of the service. Railway's builders install development dependencies by themselves; a build command that
    /// installs once more follows `NODE_ENV`, which is a note.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// ENV NODE_ENV=production
    /// COPY . .
    /// RUN npm ci
    /// RUN npm run build
    /// CMD ["node", "server.js"]
    /// //- server.js
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.toml
    /// [build]
    /// buildCommand = "npm install && npm run build"
    /// [deploy]
    /// startCommand = "node server.js"
    /// //- server.js
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// ENV NODE_ENV=production
    /// COPY . .
    /// RUN npm ci --include=dev && npm run build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app .
    /// RUN npm ci --omit=dev
    /// CMD ["node", "server.js"]
    /// //- server.js
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}
    /// ```
    ///
    /// Yarn leaves `prepare` out of a production installation:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json yarn.lock ./
    /// RUN yarn install --production --frozen-lockfile
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"scripts": {"prepare": "husky install"}, "devDependencies": {"husky": "7"}}
    /// //- yarn.lock
    /// //- a.js
    /// ```
    /// Yarn 2 and later install them whatever `NODE_ENV` is:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// ENV NODE_ENV=production
    /// COPY package.json yarn.lock .yarnrc.yml ./
    /// RUN corepack enable && yarn install
    /// COPY . .
    /// RUN yarn vite build
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"devDependencies": {"vite": "7"}}
    /// //- yarn.lock
    /// //- .yarnrc.yml
    /// nodeLinker: node-modules
    /// //- a.js
    /// ```
    /// Packages that another stage installed:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24 AS base
    /// WORKDIR /app
    /// FROM base AS deps
    /// COPY package.json package-lock.json ./
    /// RUN npm ci --omit=dev
    /// FROM base AS builder
    /// COPY --from=deps /app/node_modules ./node_modules
    /// COPY . .
    /// RUN ./node_modules/.bin/prisma generate
    /// FROM base
    /// COPY --from=builder /app ./
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"devDependencies": {"prisma": "^6.0.0"}}
    /// //- package-lock.json
    /// {}
    /// //- server.js
    /// //- prisma/schema.prisma
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24 AS base
    /// WORKDIR /app
    /// FROM base AS deps
    /// COPY package.json package-lock.json ./
    /// RUN npm ci
    /// FROM base AS production
    /// COPY package.json package-lock.json ./
    /// RUN npm ci --omit=dev
    /// FROM base AS builder
    /// COPY --from=deps /app/node_modules ./node_modules
    /// COPY . .
    /// RUN ./node_modules/.bin/prisma generate
    /// FROM base
    /// COPY --from=production /app/node_modules ./node_modules
    /// COPY --from=builder /app/server.js ./
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"devDependencies": {"prisma": "^6.0.0"}}
    /// //- package-lock.json
    /// {}
    /// //- server.js
    /// //- prisma/schema.prisma
    /// ```
    ///
    /// Bun leaves them out by its own option alone:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM oven/bun:1
    /// ENV NODE_ENV=production
    /// WORKDIR /app
    /// COPY . .
    /// RUN bun install && bun run build
    /// CMD ["bun", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}
    /// //- bun.lock
    /// {"lockfileVersion": 1}
    /// ```
    "dev-dependency-at-build", Error, Build, since "0.2.0",
    sources: ["https://docs.npmjs.com/cli/commands/npm-ci#omit", "https://railpack.com/languages/node"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let installs = installs(&delivered.image);
        let mut told = BTreeSet::new();
        for stage in delivered.image.built_stages() {
            for (view, layer, commands) in
                delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
            {
                for (at, command) in commands
                    .iter()
                    .enumerate()
                    .filter(|(_, command)| !command.conditional && !command.tolerated)
                {
                    let Some(package) = package_of(command.program()) else { continue };
                    let own: Vec<&Install> = installs
                        .iter()
                        .filter(|install| {
                            (install.view.layers, install.at) < (view.layers, at)
                                && is_below(delivered, install, stage)
                                && install.dir == command.dir
                        })
                        .collect();
                    let copied = own.is_empty();
                    let before =
                        if copied { copied_from(delivered, &installs, view, &command.dir) } else { own };
                    let Some(last) = before.last() else { continue };
                    if told.insert(package.to_owned()) {
                        let run = Run { package, site: &layer.site, copied };
                        judge(facts, delivered, &before, last, &run, out);
                    }
                }
            }
        }
    }
}

/// True when the installation happened in the stage itself or in one below it.
fn is_below(delivered: &Delivered<'_>, install: &Install, stage: usize) -> bool {
    delivered.image.runs(stage).iter().any(|(view, ..)| *view == install.view)
}

/// What is run, and with whose packages.
struct Run<'r> {
    package: &'r str,
    site: &'r Site,
    /// True when they are copied from another stage.
    copied: bool,
}

/// The installations of another stage whose `node_modules` is copied into `dir` before `view`.
fn copied_from<'i>(
    delivered: &Delivered<'_>,
    installs: &'i [Install],
    view: View,
    dir: &str,
) -> Vec<&'i Install> {
    let (image, to) = (&delivered.image, join(dir, "node_modules"));
    let layers = image.stages.get(view.stage).map_or(&[][..], |stage| &stage.layers);
    let items = layers.iter().take(view.layers).filter_map(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => Some(items),
        LayerKind::Run(..) | LayerKind::Directory(_) => None,
    });
    let from = items.flatten().filter(|item| item.to == to).find_map(|item| match &item.from {
        Source::Stage(stage, path) => Some((*stage, path)),
        _ => None,
    });
    let Some((stage, path)) = from else { return Vec::new() };
    let fills = |install: &&Install| {
        join(&install.dir, "node_modules") == path.trim_end_matches('/')
            && is_below(delivered, install, stage)
    };
    installs.iter().filter(fills).collect()
}

fn judge(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    before: &[&Install],
    last: &Install,
    run: &Run<'_>,
    out: &mut Findings,
) {
    let Run { package, site, copied } = *run;
    let (Some(service), Some(directory)) = (delivered.service(facts), &last.manifest) else { return };
    let Some(project) = facts.node_projects().get(directory) else { return };
    let asked: Vec<_> = project.dependencies.iter().filter(|each| each.name.value == package).collect();
    let named = before.iter().any(|install| install.named.iter().any(|name| name == package));
    let Some(only) =
        asked.iter().find(|each| each.dev).filter(|_| asked.iter().all(|each| each.dev) && !named)
    else {
        return;
    };
    let place = Site::new(project.path.clone(), only.name.span);
    if before.iter().all(|install| install.without_dev) && delivered.image.dockerfile.is_some() {
        let message =
            format!("`{package}` is a development dependency, and none are installed before it is run");
        let finding = out.at(site.clone(), message);
        finding.service(&service.name).related(place, "it is asked for here");
        finding.help("Install with `--include=dev` for the build, or move it to `dependencies`");
        // Where packages are copied, another one may have brought it.
        if copied {
            finding.severity(Severity::Warning).related(last.site.clone(), "the packages come from here");
        }
        return;
    }
    let again = service.settings.text(Key::BuildCommand).filter(|(text, _)| {
        delivered.image.dockerfile.is_none()
            && (text.contains("npm install") || text.contains("npm ci"))
            && !text.contains("include")
    });
    if let Some((_, setting)) = again {
        let message = format!(
            "the build needs `{package}`, which its own installation leaves out when `NODE_ENV` is `production`"
        );
        let finding = out.at(place, message);
        finding
            .service(&service.name)
            .severity(Severity::Note)
            .related(setting.site.clone(), "packages are installed here");
        finding.help("Add `--include=dev` to the installation, or move it to `dependencies`");
    }
}
