//! A lock file that does not know a dependency.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::builder_commands::has_own_plan;
use crate::facts::document::{self, Node};
use crate::facts::launch::installs::members;
use crate::facts::node_project::NodeProject;
use crate::facts::package_manager::{context, installs, of_script};
use crate::facts::service::{Builder, Service};
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// `package.json` asks for a package that the lock file does not hold.
    ///
    /// ## Why it matters
    /// `npm ci` and `pnpm install --frozen-lockfile` compare the two and stop: `npm ci can only install packages when your
    /// package.json and package-lock.json are in sync`, `ERR_PNPM_OUTDATED_LOCKFILE`. Railway's own builders use them too.
    ///
    /// ## What to do
    /// Run `npm install` or `pnpm install`, and commit the lock file.
    ///
    /// ## What it cannot know
    /// Versions: only a name that is missing altogether is reported. A lock file above 1 MiB is not read.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY package*.json ./
    /// RUN npm ci
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"express": "^5.0.0", "redis": "^5.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^5.0.0"}}, "node_modules/express": {"version": "5.0.0"}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}, "dependencies": {"redis": "^5.0.0"}}
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// importers:
    ///   .:
    ///     dependencies:
    ///       express:
    ///         specifier: ^5.0.0
    ///         version: 5.0.0
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY package*.json ./
    /// RUN npm ci
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"express": "^5.0.0"}, "optionalDependencies": {"fsevents": "^2"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}, "node_modules/express": {"version": "5.0.0"}}}
    /// ```
    ///
    /// Every package of a pnpm workspace is compared:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// CMD ["node", "web/index.js"]
    /// //- package.json
    /// {}
    /// //- pnpm-workspace.yaml
    /// packages: ["web", "api"]
    /// //- web/package.json
    /// {"dependencies": {"serve": "^14.0.0"}}
    /// //- api/package.json
    /// {"dependencies": {"express": "^5.0.0"}}
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// importers:
    ///   .: {}
    ///   web:
    ///     dependencies: {}
    ///   api:
    ///     dependencies:
    ///       express:
    ///         specifier: ^5.0.0
    ///         version: 5.0.0
    /// ```
    ///
    /// In a workspace the lock file of the root counts, and one beside a package is left over:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY package.json package-lock.json ./
    /// COPY web/package.json web/package-lock.json web/
    /// RUN npm ci --workspace web
    /// COPY . .
    /// CMD ["node", "web/index.js"]
    /// //- package.json
    /// {"workspaces": ["web"]}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {"workspaces": ["web"]}, "web": {"dependencies": {"serve": "14"}}, "node_modules/serve": {}}}
    /// //- web/package.json
    /// {"dependencies": {"serve": "14"}}
    /// //- web/package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}}}
    /// //- web/index.js
    /// ```
    ///
    /// `npm install` mends the lock file itself:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY package*.json ./
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"redis": "^5.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {"": {}}}
    /// ```
    "lockfile-out-of-sync", Error, Build, since "0.2.0",
    sources: ["https://docs.npmjs.com/cli/commands/npm-ci", "https://pnpm.io/cli/install"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for service in &facts.services {
        for held in locks(facts, service) {
            let directory = held.lock.rsplit_once('/').map_or("", |(directory, _)| directory);
            let fresh = told.insert(held.lock.clone());
            let Some(project) = facts.node_projects().get(directory).filter(|_| fresh) else { continue };
            if held.seen.as_ref().is_some_and(|seen| is_inside_workspace(facts, directory, seen)) {
                continue;
            }
            // pnpm compares every package of the workspace that it finds.
            let pnpm = held.lock.ends_with(".yaml");
            let members = if pnpm { members(facts, directory) } else { Vec::new() };
            let there =
                |member: &&NodeProject| held.seen.as_ref().is_none_or(|seen| seen.contains(&member.path));
            for member in members.into_iter().filter(there).chain([project]) {
                tell(facts, service, member, &held.lock, out);
            }
        }
    }
}

/// A lock file that an installation holds to.
struct Held {
    lock: String,
    /// The files that are there before it; `None` is all.
    seen: Option<BTreeSet<String>>,
}

/// True when `directory` is a package of a workspace whose manifest is there: then the lock file beside that one counts.
fn is_inside_workspace(facts: &Facts<'_>, directory: &str, seen: &BTreeSet<String>) -> bool {
    let mut above = directory;
    while !above.is_empty() {
        above = above.rsplit_once('/').map_or("", |(above, _)| above);
        let root = facts.node_projects().get(above).filter(|root| seen.contains(&root.path));
        if root.is_some() && members(facts, above).iter().any(|member| member.directory == directory) {
            return true;
        }
    }
    false
}

/// Reports what `lock` does not hold of `project`.
fn tell(facts: &Facts<'_>, service: &Service, project: &NodeProject, lock: &str, out: &mut Findings) {
    let missing = missing(facts, project, lock);
    let Some(first) = missing.first() else { return };
    let names: Vec<String> = missing.iter().take(4).map(|name| format!("`{}`", name.value)).collect();
    let more = if missing.len() > names.len() { " and more" } else { "" };
    let message = format!("`{lock}` does not hold {}{more}, so the installation stops", names.join(", "));
    let finding = out.at(Site::new(project.path.clone(), first.span), message);
    finding
        .service(&service.name)
        .related(Site::file(lock), "the lock file")
        .help("Install once with your package manager and commit the lock file");
    if service.roots.len() > 1 && service.dockerfile.yes().is_none() {
        finding.severity(Severity::Warning);
    }
}

/// Lock files that the build of `service` holds to.
fn locks(facts: &Facts<'_>, service: &Service) -> Vec<Held> {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    if let Some(file) = file {
        let Some(context) = context(facts, service, file) else { return Vec::new() };
        let strict = installs(file).into_iter().filter(|install| install.strict);
        let held = strict.flat_map(|install| {
            let sources = install.copies.iter().flat_map(|copy| &copy.sources);
            let seen =
                sources.flat_map(|source| context.matches(&source.value)).map(|entry| entry.path.clone());
            let seen: BTreeSet<String> = seen.collect();
            install.locks(&context).into_iter().map(move |lock| Held { lock, seen: Some(seen.clone()) })
        });
        return held.collect();
    }
    let own = matches!(service.builder, Known::Yes(Builder::Railpack | Builder::Nixpacks));
    let stated = service.settings.text(Key::BuildCommand).map_or("", |(text, _)| text);
    let strict = of_script(stated).into_iter().find(|(.., strict)| *strict).map(|(manager, ..)| manager);
    let own = own && (strict.is_some() || !has_own_plan(facts, service));
    let names = [("pnpm-lock.yaml", "pnpm"), ("package-lock.json", "npm"), ("yarn.lock", "yarn")];
    let of_root = |root: &String| {
        // Railpack takes Bun where its lock file is.
        let bun =
            ["bun.lock", "bun.lockb"].iter().any(|name| facts.snapshot.entry(&join(root, name)).is_some());
        if bun && strict.is_none() {
            return None;
        }
        let used = names.iter().filter(|(_, manager)| strict.is_none_or(|strict| strict == *manager));
        used.map(|(name, _)| join(root, name)).find(|path| facts.snapshot.entry(path).is_some())
    };
    // Without a lock file nothing is compared, so that the one there is counts wherever the root directory is.
    let mut found: Vec<String> = service.roots.iter().filter(|_| own).filter_map(of_root).collect();
    found.dedup();
    if found.len() > 1 {
        Vec::new()
    } else {
        found.into_iter().map(|lock| Held { lock, seen: None }).collect()
    }
}

type Name = crate::facts::dockerfile::Spanned<String>;

/// Dependencies of `project` that `lock` does not name.
fn missing(facts: &Facts<'_>, project: &NodeProject, lock: &str) -> Vec<Name> {
    let Ok(text) = facts.snapshot.text(lock) else { return Vec::new() };
    let root = lock.rsplit_once('/').map_or("", |(root, _)| root);
    let known: Option<BTreeSet<String>> = match lock.rsplit('.').next() {
        Some("json") => npm(&text.text),
        Some("yaml") => pnpm(&text.text, root, &project.directory),
        _ => yarn(&text.text, project),
    };
    let Some(known) = known else { return Vec::new() };
    let optional =
        |name: &str| facts.snapshot.text(&project.path).is_ok_and(|text| is_optional(&text.text, name));
    let named = |dependency: &&crate::facts::node_project::Dependency| {
        !known.contains(&dependency.name.value) && !optional(&dependency.name.value)
    };
    project.dependencies.iter().filter(named).map(|dependency| dependency.name.clone()).collect()
}

fn is_optional(manifest: &str, name: &str) -> bool {
    document::json(manifest).is_ok_and(|root| root.at(&["optionalDependencies", name]).is_some())
}

/// Names that `package-lock.json` installs at the top; `None` for a format that is not read.
fn npm(text: &str) -> Option<BTreeSet<String>> {
    let root = document::json(text).ok()?;
    let packages = root.get("packages")?;
    let names = packages.members().iter().filter_map(|member| {
        let (_, name) = member.key.value.rsplit_once("node_modules/")?;
        Some(name.to_owned())
    });
    Some(names.collect())
}

/// Names that `pnpm-lock.yaml`, in the directory `root`, has for the project in `directory`.
fn pnpm(text: &str, root: &str, directory: &str) -> Option<BTreeSet<String>> {
    let inner = match root {
        "" => directory,
        root => directory.strip_prefix(root)?.trim_start_matches('/'),
    };
    let document = document::yaml(text).ok()?;
    let importer = document.at(&["importers", if inner.is_empty() { "." } else { inner }])?;
    let tables = ["dependencies", "devDependencies", "optionalDependencies"];
    let names = tables.iter().flat_map(|table| importer.get(table).map_or(&[][..], Node::members));
    Some(names.map(|member| member.key.value.clone()).collect())
}

/// Names that the `yarn.lock` of Yarn 1 has; `None` for Yarn 2 and later, and for a workspace, where Yarn 1 does not compare.
fn yarn(text: &str, project: &NodeProject) -> Option<BTreeSet<String>> {
    if !text.contains("# yarn lockfile v1") || !project.workspaces.is_empty() {
        return None;
    }
    let heads = text.lines().filter(|line| line.ends_with(':') && !line.starts_with([' ', '#']));
    let keys = heads.flat_map(|line| line.trim_end_matches(':').split(", "));
    let names = keys.filter_map(|key| {
        let key = key.trim_matches('"');
        let at = key.rfind('@').filter(|at| *at > 0)?;
        // An alias such as `a@npm:b@1` has more of them.
        let at = key[1..].find('@').map_or(at, |first| first + 1);
        Some(key[..at].to_owned())
    });
    Some(names.collect())
}
