//! Packages that want another version of one that the manifest asks for.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs};
use crate::facts::node_project::{Dependency, NodeProject};
use crate::facts::semver::{Range, version};
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `npm` finds that a package of `package.json` wants another version of a second one than `package.json` asks for.
    ///
    /// ## Why it matters
    /// Since version 7 npm stops with `npm error code ERESOLVE` and `npm error ERESOLVE could not resolve`, both in `npm install`
    /// and in `npm ci`. A lock file does not help: one that was written with `--legacy-peer-deps` or `--force` holds the
    /// conflict, and without the same option it is found again. It works on the machine where the option is a habit or stands in
    /// an `.npmrc` that the image does not get.
    ///
    /// ## What to do
    /// Take versions that go together, or say in `overrides` that the newer one is meant. Where the pair is known to work, put
    /// `legacy-peer-deps=true` into an `.npmrc` beside `package.json`, commit it, and copy it into the image before the installation.
    ///
    /// ## What it cannot know
    /// What a package wants is read from `package-lock.json`; without one, or where it is not in the image, nothing is said. Optional
    /// peers and those of packages that other packages bring are left to npm, which goes on there. Railway's own builders get the
    /// variables of the service, and `NPM_CONFIG_LEGACY_PEER_DEPS` may be one, so it is a warning there. npm 8, 9, 10 and 11 were tried.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^16.8.0 || ^17.0.0 || ^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// Development dependencies are resolved too, also where they are not installed:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm install --omit=dev
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0"}, "devDependencies": {"react-test-kit": "^14.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-test-kit": {"version": "14.3.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// The option is in a file that is copied too late, and with a builder of Railway's, which may have it as a variable:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json package-lock.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- .npmrc
    /// legacy-peer-deps=true
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "node main.js"}, "dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// With the option, in the file that is there in time, by a variable of the image:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json .npmrc ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- .npmrc
    /// legacy-peer-deps=true
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// ENV NPM_CONFIG_LEGACY_PEER_DEPS=true
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// Optional peers, peers of what other packages bring, `overrides`, another package manager, no lock file in the image:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"ws": "^7.0.0", "assistant": "^4.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/ws": {"version": "7.5.0"},
    ///  "node_modules/assistant": {"version": "4.1.0", "peerDependencies": {"ws": "^8.0.0"}, "peerDependenciesMeta": {"ws": {"optional": true}}},
    ///  "node_modules/deep": {"version": "1.0.0", "peerDependencies": {"ws": "^8.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}, "overrides": {"react-calendar-sheet": {"react": "$react"}}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"dependencies": {"react": "^19.0.0", "react-calendar-sheet": "8.10.1"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "19.2.0"},
    ///  "node_modules/react-calendar-sheet": {"version": "8.10.1", "peerDependencies": {"react": "^18.0.0"}}}}
    /// //- main.js
    /// require("http").createServer().listen(process.env.PORT);
    /// ```
    "npm-peer-conflict", Error, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/v11/using-npm/config#legacy-peer-deps", "https://docs.npmjs.com/cli/v11/commands/npm-ci"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for install in installs(&delivered.image) {
            let Some((project, lock)) = strict(facts, delivered, &install) else { continue };
            let Some(conflict) = conflict(facts, project, &lock) else { continue };
            if !told.insert((project.path.clone(), install.site.clone())) {
                continue;
            }
            let Conflict { wanting, wanted, range, certain } = conflict;
            let (one, other) = (&wanting.name.value, &wanted.name.value);
            let message = format!(
                "`{one}` wants `{other}` {range}, and `{}` asks for {}: `npm` stops with ERESOLVE",
                project.path, wanted.version
            );
            let site = if delivered.image.dockerfile.is_some() {
                install.site.clone()
            } else {
                Site::new(project.path.clone(), wanting.name.span)
            };
            let finding = out.at(site, message);
            finding
                .service(&service.name)
                .related(Site::new(project.path.clone(), wanting.name.span), "it is asked for here")
                .help("Take versions that go together, or commit `legacy-peer-deps=true` in an `.npmrc` and copy it before the installation");
            if !certain || delivered.image.dockerfile.is_none() || install.tolerated {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The manifest and the lock file of an installation by npm in which nothing lets conflicts pass.
fn strict<'f>(
    facts: &'f Facts<'_>,
    delivered: &Delivered<'_>,
    install: &Install,
) -> Option<(&'f NodeProject, String)> {
    let image = &delivered.image;
    let lenient = |word: &String| word.starts_with("--legacy-peer-deps") || word == "--force" || word == "-f";
    if install.manager != "npm" || !install.named.is_empty() || install.words.iter().any(lenient) {
        return None;
    }
    let said = |path: &str| facts.snapshot.text(path).is_ok_and(|text| is_lenient(&text.text));
    let plans = ["nixpacks.toml", "railpack.json"].map(|name| join(&image.context.root, name));
    let files = image.dockerfile.iter().map(|file| &file.path).chain(&plans);
    if files.map(String::as_str).any(said) {
        return None;
    }
    let settings = image.presence(install.view, &join(&install.dir, ".npmrc"));
    if settings.doubt().is_some() || settings.source().is_some_and(said) {
        return None;
    }
    let project = facts.node_projects().get(install.manifest.as_ref()?)?;
    let lock = image.presence(install.view, &join(&install.dir, "package-lock.json"));
    Some((project, lock.source()?.to_owned()))
}

fn is_lenient(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("legacy-peer-deps") || text.contains("legacy_peer_deps") || text.contains("force=true")
}

struct Conflict<'p> {
    wanting: &'p Dependency,
    wanted: &'p Dependency,
    /// The versions that would do.
    range: String,
    /// False when another version that the manifest allows would do.
    certain: bool,
}

fn conflict<'p>(facts: &Facts<'_>, project: &'p NodeProject, lock: &str) -> Option<Conflict<'p>> {
    let manifest = facts.config_document(&project.path)?;
    if manifest.get("overrides").is_some() {
        return None;
    }
    let lock = facts.config_document(lock)?;
    let packages = lock.get("packages")?;
    let entry = |name: &str| packages.get(&["node_modules/", name].concat());
    let locked = |dependency: &Dependency| {
        let held = version(entry(&dependency.name.value)?.get("version")?.text()?)?;
        let asked = Range::parse(&dependency.version)?;
        asked.holds(held).then_some((held, asked))
    };
    project.dependencies.iter().find_map(|wanting| {
        let own = entry(&wanting.name.value)?;
        let peers = own.get("peerDependencies")?;
        locked(wanting)?;
        project.dependencies.iter().find_map(|wanted| {
            let name = wanted.name.value.as_str();
            let range = peers.get(name)?.text()?;
            let optional = own.at(&["peerDependenciesMeta", name, "optional"]).is_some();
            let (held, asked) = locked(wanted)?;
            let fits = Range::parse(range)?;
            (!optional && !fits.holds(held)).then(|| Conflict {
                wanting,
                wanted,
                range: range.to_owned(),
                certain: !fits.meets(&asked),
            })
        })
    })
}
