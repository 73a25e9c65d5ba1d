//! A Node that is older than a build tool accepts.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::chain::When;
use crate::facts::distribution::official_tag;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, View};
use crate::facts::launch::Delivered;
use crate::facts::node_project::NodeProject;
use crate::facts::service::{Builder, Service};
use crate::facts::startup::join;
use crate::facts::typescript::compilations;
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A tool of the build refuses the Node version that the image has.
    ///
    /// ## Why it matters
    /// `You are using Node.js 18.20.5. For Next.js, Node.js version ">=20.9.0" is required.`, and the build ends. Vite 7 ends
    /// with `crypto.hash is not a function`, Angular and Astro with a message of their own.
    ///
    /// ## What to do
    /// Take a newer image, or say `"engines": {"node": ">=22"}` in `package.json`, which Railway's builders follow.
    ///
    /// ## What it cannot know
    /// A variable of the service that names the version. Where no file names one, Nixpacks takes Node 18; that is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:18-alpine
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// CMD ["npm", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "^16.1.3"}, "scripts": {"build": "next build", "start": "next start"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- package.json
    /// {"dependencies": {"next": "16.1.3"}, "scripts": {"build": "next build", "start": "next start"}}
    /// ```
    ///
    /// The package manager itself:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:20-alpine
    /// WORKDIR /app
    /// RUN npm install -g pnpm@11.1.0
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {}
    /// //- a.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:20-alpine
    /// WORKDIR /app
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@11.1.0"}
    /// //- a.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:20-alpine
    /// WORKDIR /app
    /// RUN corepack enable && corepack prepare pnpm@10.6.3 --activate
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@10.6.3"}
    /// //- a.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:20 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// FROM node:18
    /// WORKDIR /app
    /// COPY --from=build /app /app
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"devDependencies": {"vite": "^7.0.0"}, "scripts": {"build": "vite build"}}
    /// //- a.js
    /// ```
    ///
    /// A version that is told, the newest Railpack, an older tool:
    ///
    /// ```repo,passes
    /// //- web/railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- web/package.json
    /// {"engines": {"node": ">=20"}, "dependencies": {"next": "16.1.3"}, "scripts": {"build": "next build"}}
    /// //- api/railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- api/package.json
    /// {"dependencies": {"next": "16.1.3"}, "scripts": {"build": "next build"}}
    /// //- old/railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- old/package.json
    /// {"dependencies": {"next": "15.1.0"}, "scripts": {"build": "next build"}}
    /// //- said/railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- said/package.json
    /// {"dependencies": {"next": "16.1.3"}, "scripts": {"build": "next build"}}
    /// //- said/.nvmrc
    /// 22
    /// ```
    ///
    /// A package that is an ES module and nothing else, in a program of CommonJS: `Error [ERR_REQUIRE_ESM]`. Node takes that
    /// since 20.19 and 22.12:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:18-alpine
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"uuid": "^13.0.0"}}
    /// //- index.js
    /// const { v4 } = require("uuid");
    /// console.log(v4());
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:18
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npx tsc
    /// CMD ["node", "dist/index.js"]
    /// //- package.json
    /// {"dependencies": {"nanoid": "^5.0.0"}, "devDependencies": {"typescript": "^5.0.0"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"module": "commonjs", "outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- src/index.ts
    /// import { nanoid } from "nanoid";
    /// console.log(nanoid());
    /// ```
    ///
    /// ```repo,passes
    /// //- a/Dockerfile
    /// FROM node:18
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- a/package.json
    /// {"type": "module", "dependencies": {"uuid": "^13.0.0"}}
    /// //- a/index.js
    /// import { v4 } from "uuid";
    /// //- b/Dockerfile
    /// FROM node:20
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- b/package.json
    /// {"dependencies": {"uuid": "^13.0.0"}}
    /// //- b/index.js
    /// const { v4 } = require("uuid");
    /// //- c/Dockerfile
    /// FROM node:18
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- c/package.json
    /// {"dependencies": {"uuid": "^11.0.0", "chalk": "^5.0.0"}}
    /// //- c/index.js
    /// const { v4 } = require("uuid");
    /// import("chalk").then(() => console.log(v4()));
    /// ```
    "node-too-old", Error, Build, since "0.3.0",
    sources: ["https://nextjs.org/docs/app/getting-started/installation", "https://vite.dev/guide/migration", "https://nixpacks.com/docs/providers/node", "https://pnpm.io/installation#compatibility", "https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require"]
}

/// Program, package, and from which of its major versions on which of Node's is the least.
type Tool = (&'static str, &'static str, &'static [(u32, u32)]);

/// Tools that refuse an old Node.
const TOOLS: [Tool; 7] = [
    ("next", "next", &[(16, 20), (14, 18), (13, 16)]),
    ("vite", "vite", &[(7, 20), (5, 18), (4, 14)]),
    ("astro", "astro", &[(6, 22), (5, 18), (4, 18), (3, 18)]),
    ("ng", "@angular/cli", &[(20, 20), (17, 18)]),
    ("prisma", "prisma", &[(7, 20), (6, 18), (5, 16)]),
    ("nuxt", "nuxt", &[(4, 20), (3, 18)]),
    ("wrangler", "wrangler", &[(4, 20), (3, 16)]),
];
/// Package managers that refuse an old Node (`engines` of each on <https://www.npmjs.com>).
const MANAGERS: [(&str, &[(u32, u32)]); 3] =
    [("pnpm", &[(11, 22), (9, 18), (8, 16)]), ("npm", &[(11, 20), (10, 18)]), ("yarn", &[(4, 18)])];
/// Packages that are ES modules alone, with their first such version.
const MODULES: [(&str, u32); 22] = [
    ("chalk", 5),
    ("node-fetch", 3),
    ("nanoid", 4),
    ("uuid", 12),
    ("got", 12),
    ("execa", 6),
    ("p-limit", 4),
    ("p-queue", 7),
    ("p-map", 5),
    ("p-retry", 5),
    ("ora", 6),
    ("inquirer", 9),
    ("boxen", 6),
    ("strip-ansi", 7),
    ("globby", 12),
    ("file-type", 17),
    ("del", 7),
    ("find-up", 6),
    ("jose", 6),
    ("lowdb", 2),
    ("open", 9),
    ("query-string", 8),
];
/// The first Node whose CommonJS loads them.
const REQUIRES: u32 = 20;
/// What Nixpacks takes where nothing names a version.
const NIXPACKS_DEFAULT: u32 = 18;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let root = facts.node_projects().get(&delivered.image.context.root);
        let pin = root.and_then(|project| Pin::read(&project.package_manager.as_ref()?.value));
        managers(delivered, service, pin.as_slice(), out);
        modules(facts, delivered, service, out);
        for (project, site, version, certain, tool) in builds(facts, delivered) {
            let Some((program, package, least)) = refused(project, &tool, version) else { continue };
            if !told.insert((service.name.clone(), program)) {
                continue;
            }
            let by = if delivered.image.dockerfile.is_some() { "the image has" } else { "the builder takes" };
            let finding =
                out.at(site, format!("`{package}` needs Node {least} or newer, and {by} {version}"));
            finding.service(&service.name).help(format!("Take Node {least} or newer"));
            // Vite says so and goes on; only some inputs meet what the old Node lacks.
            if !certain || package == "vite" {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Reports the first ES module that a program of CommonJS loads.
fn modules(facts: &Facts<'_>, delivered: &Delivered<'_>, service: &Service, out: &mut Findings) {
    let image = &delivered.image;
    let stage = image.finished().stage;
    let of_image = image.reference(stage).and_then(of_reference).filter(|_| image.dockerfile.is_some());
    if of_image.is_some_and(|version| version >= REQUIRES) {
        return;
    }
    for trace in &delivered.traces {
        for package in trace.chain.packages.iter().filter(|package| package.when == When::Always) {
            let Some((name, since)) = MODULES.iter().find(|(name, _)| *name == package.name) else {
                continue;
            };
            let Some(project) = facts.nearest_project(&package.site.path).filter(|own| !own.is_module) else {
                continue;
            };
            let path = &package.site.path;
            let compiled = || {
                let mut all = compilations(facts, delivered).into_iter();
                trace.build
                    && all.any(|each| {
                        each.config.module.as_deref() == Some("commonjs") && each.config.covers(path)
                    })
            };
            let text = facts.snapshot.text(path);
            let required = text.is_ok_and(|text| package.site.span.of(&text.text).contains("require"));
            let loads = match path.rsplit('.').next() {
                Some("js" | "cjs") => !trace.build && required,
                Some("ts") => compiled(),
                _ => false,
            };
            let builder =
                if image.dockerfile.is_none() { of_builder(facts, delivered, project) } else { None };
            let Some((version, certain)) =
                of_image.map(|version| (version, true)).or(builder).filter(|_| loads)
            else {
                continue;
            };
            let Some(major) = major(project, name).filter(|major| major >= since) else { continue };
            let message =
                format!("`{name}` {major} is an ES module, which CommonJS cannot load in Node {version}");
            let finding = out.at(package.site.clone(), message);
            finding.service(&service.name).help(format!("Take Node 22, or `{name}` {}", since - 1));
            if !certain || trace.build || !trace.firm {
                finding.severity(Severity::Warning);
            }
            return;
        }
    }
}

/// The major version of `package` that `project` asks for.
fn major(project: &NodeProject, package: &str) -> Option<u32> {
    let asked = project.dependencies.iter().find(|each| each.name.value == package)?;
    asked.version.trim_start_matches(['^', '~', '=', 'v']).split(['.', '-']).next()?.parse().ok()
}

/// Reports the package manager that an image installs for a Node that is older than it accepts.
fn managers(delivered: &Delivered<'_>, service: &Service, pins: &[Pin], out: &mut Findings) {
    let image = &delivered.image;
    if image.dockerfile.is_none() {
        return;
    }
    for stage in image.built_stages() {
        let Some(version) = image.reference(stage).and_then(of_reference) else { continue };
        for (view, layer, commands) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage)
        {
            for command in commands.iter().filter(|each| !each.conditional && !each.tolerated) {
                let shimmed = command.program() == "pnpm" || command.program() == "yarn";
                let pinned = pins.iter().filter(|pin| {
                    shimmed && pin.manager == command.program() && enables(image, stage, view.layers)
                });
                let said = command.words.iter().filter_map(|word| Pin::read(word));
                for pin in said.chain(pinned.cloned()) {
                    let known = MANAGERS.iter().find(|(name, _)| *name == pin.manager);
                    let least =
                        known.and_then(|(_, since)| since.iter().find(|(from, _)| pin.major >= *from));
                    let Some((_, least)) = least.filter(|(_, least)| version < *least) else { continue };
                    let (name, major) = (&pin.manager, pin.major);
                    let message =
                        format!("`{name}` {major} needs Node {least} or newer, and the image has {version}");
                    out.at(layer.site.clone(), message)
                        .service(&service.name)
                        .help(format!("Take Node {least} or newer, or an older `{name}`"));
                    return;
                }
            }
        }
    }
}

/// True when corepack is enabled before, so that the manifest's `packageManager` is the one that runs.
fn enables(image: &Image<'_>, stage: usize, layers: usize) -> bool {
    let before = |view: &View| view.stage != stage || view.layers <= layers;
    let mut runs = image.runs(stage).into_iter().filter(|(view, ..)| before(view));
    let brings = |command: &Simple| command.words.iter().any(|word| word.starts_with("pnpm@"));
    let all: Vec<&Simple> = runs.by_ref().flat_map(|(.., list)| list).collect();
    all.iter().any(|command| command.program() == "corepack" && command.has("enable"))
        && !all.iter().any(|command| brings(command))
}

/// A package manager with its major version.
#[derive(Debug, Clone)]
struct Pin {
    manager: String,
    major: u32,
}

impl Pin {
    /// Reads `pnpm@11.1.0`.
    fn read(word: &str) -> Option<Self> {
        let (manager, version) = word.split_once('@')?;
        let major = version.split(['.', '-', '+']).next()?.parse().ok()?;
        MANAGERS.iter().any(|(name, _)| *name == manager).then(|| Self { manager: manager.to_owned(), major })
    }
}

/// Every build command: the project that it builds, its place, the version of Node, whether that is certain, and its
/// program.
fn builds<'f>(
    facts: &'f Facts<'_>,
    delivered: &Delivered<'_>,
) -> Vec<(&'f NodeProject, Site, u32, bool, String)> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages() {
        let of_image = image.reference(stage).and_then(of_reference).filter(|_| image.dockerfile.is_some());
        for (view, layer, commands) in image.runs(stage) {
            for command in commands.iter().filter(|each| TOOLS.iter().any(|tool| tool.0 == each.program())) {
                let presence = image.presence(view, &join(&command.dir, "package.json"));
                let directory =
                    presence.source().map(|path| path.rsplit_once('/').map_or("", |(dir, _)| dir));
                let Some(project) = directory.and_then(|dir| facts.node_projects().get(dir)) else {
                    continue;
                };
                let builder =
                    if image.dockerfile.is_none() { of_builder(facts, delivered, project) } else { None };
                let Some((version, certain)) = of_image.map(|version| (version, true)).or(builder) else {
                    continue;
                };
                let firm = certain && !command.conditional && !command.tolerated;
                found.push((project, layer.site.clone(), version, firm, command.program().to_owned()));
            }
        }
    }
    found
}

/// The major version of Node in an official image.
fn of_reference(reference: &str) -> Option<u32> {
    official_tag(reference, "node")?.split(['.', '-']).next()?.parse().ok()
}

/// The version that Nixpacks takes when no file names one; what a file names is left to it.
fn of_builder(facts: &Facts<'_>, delivered: &Delivered<'_>, project: &NodeProject) -> Option<(u32, bool)> {
    let service = delivered.service(facts)?;
    let named =
        [".nvmrc", ".node-version", ".tool-versions", "nixpacks.toml", "nixpacks.json"].iter().any(|name| {
            let own = facts.snapshot.entry(&join(&project.directory, name)).is_some();
            own || facts.snapshot.entry(name).is_some()
        });
    let plan = service.settings.base.contains_key(&crate::facts::settings::Key::NixpacksPlan);
    let asked = service.settings.text(crate::facts::settings::Key::Builder).is_some();
    let nixpacks = service.builder == Known::Yes(Builder::Nixpacks);
    (nixpacks && asked && !named && !plan && project.node.is_none()).then_some((NIXPACKS_DEFAULT, false))
}

/// The tool that refuses Node `version`: program, package, least version.
fn refused(project: &NodeProject, program: &str, version: u32) -> Option<(&'static str, &'static str, u32)> {
    let (program, package, since) = TOOLS.iter().find(|tool| tool.0 == program)?;
    let major = major(project, package)?;
    let (_, least) = since.iter().find(|(from, _)| major >= *from)?;
    (version < *least).then_some((*program, *package, *least))
}
