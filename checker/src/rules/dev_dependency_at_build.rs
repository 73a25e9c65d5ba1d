//! The build runs a program that only development dependencies bring.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs, package_of};
use crate::facts::settings::Key;
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
                    let before: Vec<&Install> = installs
                        .iter()
                        .filter(|install| {
                            (install.view.layers, install.at) < (view.layers, at)
                                && is_below(delivered, install, stage)
                                && install.dir == command.dir
                        })
                        .collect();
                    let Some(last) = before.last() else { continue };
                    if told.insert(package.to_owned()) {
                        judge(facts, delivered, &before, last, package, &layer.site, out);
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

fn judge(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    before: &[&Install],
    last: &Install,
    package: &str,
    site: &Site,
    out: &mut Findings,
) {
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
