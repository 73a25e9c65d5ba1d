//! A lock file that does not know a dependency.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::builder_commands::has_own_plan;
use crate::facts::document::{self, Node};
use crate::facts::launch::installs::members;
use crate::facts::node_project::NodeProject;
use crate::facts::package_manager::{context, installs};
use crate::facts::service::{Builder, Service};
use crate::finding::{Findings, Site};
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
        for lock in locks(facts, service) {
            let directory = lock.rsplit_once('/').map_or("", |(directory, _)| directory);
            let Some(project) = facts.node_projects().get(directory).filter(|_| told.insert(lock.clone()))
            else {
                continue;
            };
            for member in in_workspace(facts, project, &lock) {
                tell(facts, service, member, &lock, out);
            }
            tell(facts, service, project, &lock, out);
        }
    }
}

/// The members of the workspace that pnpm compares with the lock file at its root.
fn in_workspace<'f>(facts: &'f Facts<'_>, root: &NodeProject, lock: &str) -> Vec<&'f NodeProject> {
    if lock.ends_with(".yaml") { members(facts, &root.directory) } else { Vec::new() }
}

/// Reports what `lock` does not hold of `project`.
fn tell(facts: &Facts<'_>, service: &Service, project: &NodeProject, lock: &str, out: &mut Findings) {
    let missing = missing(facts, project, lock);
    let Some(first) = missing.first() else { return };
    let names: Vec<String> = missing.iter().take(4).map(|name| format!("`{}`", name.value)).collect();
    let more = if missing.len() > names.len() { " and more" } else { "" };
    out.at(
        Site::new(project.path.clone(), first.span),
        format!("`{lock}` does not hold {}{more}, so the installation stops", names.join(", ")),
    )
    .service(&service.name)
    .related(Site::file(lock), "the lock file")
    .help("Install once with your package manager and commit the lock file");
}

/// Lock files that the build of `service` holds to.
fn locks(facts: &Facts<'_>, service: &Service) -> Vec<String> {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    if let Some(file) = file {
        let Some(context) = context(facts, service, file) else { return Vec::new() };
        let strict = installs(file).into_iter().filter(|install| install.strict);
        return strict.flat_map(|install| install.locks(&context)).collect();
    }
    let own = matches!(service.builder, Known::Yes(Builder::Railpack | Builder::Nixpacks))
        && !has_own_plan(facts, service);
    let Some(root) = service.roots.first().filter(|_| own && service.roots.len() == 1) else {
        return Vec::new();
    };
    let below = |name: &str| if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") };
    let present = |name: &&str| facts.snapshot.entry(&below(name)).is_some();
    ["pnpm-lock.yaml", "package-lock.json", "yarn.lock"]
        .iter()
        .find(|name| present(name))
        .map(|name| below(name))
        .into_iter()
        .collect()
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
