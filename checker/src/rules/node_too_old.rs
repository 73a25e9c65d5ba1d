//! A Node that is older than a build tool accepts.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::node_project::NodeProject;
use crate::facts::service::Builder;
use crate::facts::startup::join;
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
    "node-too-old", Error, Build, since "0.3.0",
    sources: ["https://nextjs.org/docs/app/getting-started/installation", "https://vite.dev/guide/migration", "https://nixpacks.com/docs/providers/node"]
}

/// Program, package, and from which of its major versions on which of Node's is the least.
type Tool = (&'static str, &'static str, &'static [(u32, u32)]);

/// Tools that refuse an old Node.
const TOOLS: [Tool; 4] = [
    ("next", "next", &[(16, 20), (14, 18), (13, 16)]),
    ("vite", "vite", &[(7, 20), (5, 18), (4, 14)]),
    ("astro", "astro", &[(6, 22), (5, 18), (4, 18), (3, 18)]),
    ("ng", "@angular/cli", &[(20, 20), (17, 18)]),
];
/// What Nixpacks takes where nothing names a version.
const NIXPACKS_DEFAULT: u32 = 18;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for (project, site, version, certain, tool) in builds(facts, delivered) {
            let Some((program, package, least)) = refused(project, &tool, version) else { continue };
            if !told.insert((service.name.clone(), program)) {
                continue;
            }
            let by = if delivered.image.dockerfile.is_some() { "the image has" } else { "the builder takes" };
            let finding =
                out.at(site, format!("`{package}` needs Node {least} or newer, and {by} {version}"));
            finding.service(&service.name).help(format!("Take Node {least} or newer"));
            if !certain {
                finding.severity(Severity::Warning);
            }
        }
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
    let plain = reference.split('@').next()?;
    let plain = ["docker.io/library/", "docker.io/", "library/"]
        .iter()
        .find_map(|prefix| plain.strip_prefix(prefix))
        .unwrap_or(plain);
    plain.strip_prefix("node:")?.split(['.', '-']).next()?.parse().ok()
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
    let asked = project.dependencies.iter().find(|each| each.name.value == *package)?;
    let bare = asked.version.trim_start_matches(['^', '~', '=', 'v']);
    let major: u32 = bare.split(['.', '-']).next()?.parse().ok()?;
    let (_, least) = since.iter().find(|(from, _)| major >= *from)?;
    (version < *least).then_some((*program, *package, *least))
}
