//! Packages are installed while manifests of the workspace are missing.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::image::shell::Simple;
use crate::facts::image::{Image, View};
use crate::facts::launch::Delivered;
use crate::facts::launch::installs::{Install, installs, members};
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A workspace is installed before the manifests it consists of are copied.
    ///
    /// ## Why it matters
    /// Dockerfiles copy the `package.json` files first, one by one, to keep the installed packages in the build cache. A
    /// package that is added to the workspace later is easily left out: `pnpm install` then ends with
    /// `ERR_PNPM_WORKSPACE_PKG_NOT_FOUND`, or the package's own dependencies are never installed and its build ends with
    /// `tsup: not found`.
    ///
    /// ## What to do
    /// Copy the missing manifests before the installation, or build only the packages that were installed.
    ///
    /// ## What it cannot know
    /// Whether a package whose manifest came too late finds its tools in the directory of the root; where the root asks for
    /// them it is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY pnpm-workspace.yaml pnpm-lock.yaml package.json ./
    /// COPY packages/core/package.json packages/core/
    /// RUN pnpm install --frozen-lockfile
    /// COPY packages packages
    /// CMD ["node", "packages/core/index.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// //- pnpm-lock.yaml
    /// //- packages/core/package.json
    /// {"name": "@x/core", "dependencies": {"@x/kernel": "workspace:*"}}
    /// //- packages/core/index.js
    /// //- packages/kernel/package.json
    /// {"name": "@x/kernel"}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY pnpm-workspace.yaml pnpm-lock.yaml package.json ./
    /// COPY packages/core/package.json packages/core/
    /// RUN pnpm install --frozen-lockfile
    /// COPY packages packages
    /// RUN pnpm -r build
    /// CMD ["node", "packages/core/index.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// //- pnpm-lock.yaml
    /// //- packages/core/package.json
    /// {"name": "@x/core"}
    /// //- packages/core/index.js
    /// //- packages/stub/package.json
    /// {"name": "@x/stub", "scripts": {"build": "tsup"}, "devDependencies": {"tsup": "8"}}
    /// ```
    ///
    /// What is filtered out is not needed, and a whole copy brings every manifest:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY pnpm-workspace.yaml pnpm-lock.yaml package.json ./
    /// COPY packages/core/package.json packages/core/
    /// RUN pnpm install --filter @x/core... --frozen-lockfile
    /// COPY packages/core packages/core
    /// RUN pnpm --filter @x/core... build
    /// CMD ["node", "packages/core/index.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// //- pnpm-lock.yaml
    /// //- packages/core/package.json
    /// {"name": "@x/core"}
    /// //- packages/core/index.js
    /// //- packages/stub/package.json
    /// {"name": "@x/stub", "dependencies": {"@x/core": "workspace:*"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm -r build
    /// CMD ["node", "packages/core/index.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// //- packages/core/package.json
    /// {"name": "@x/core", "dependencies": {"@x/kernel": "workspace:*"}, "scripts": {"build": "tsc"}}
    /// //- packages/core/index.js
    /// //- packages/kernel/package.json
    /// {"name": "@x/kernel"}
    /// ```
    "workspace-manifest-not-copied", Error, Build, since "0.2.0",
    sources: ["https://pnpm.io/workspaces", "https://pnpm.io/docker"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let all = installs(facts, &delivered.image);
        for install in &all {
            let Some(root) = &install.manifest else { continue };
            let members = members(facts, root);
            if !members.is_empty() {
                closure(facts, delivered, install, root, &members, out);
                late(facts, delivered, install, root, &members, out);
            }
        }
    }
}

/// Where in the image the manifest of `member` lies when the root manifest of the directory `root` lies in `dir`.
fn manifest_place(dir: &str, root: &str, member: &NodeProject) -> String {
    let inner = member.directory.strip_prefix(root).unwrap_or(&member.directory).trim_start_matches('/');
    join(dir, &format!("{inner}/package.json"))
}

fn is_absent(image: &Image<'_>, view: View, dir: &str, root: &str, member: &NodeProject) -> bool {
    image.presence(view, &manifest_place(dir, root, member)).is_absent()
}

/// Packages of the workspace that an installed one asks for, and whose manifests are missing.
fn closure(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    install: &Install,
    root: &str,
    members: &[&NodeProject],
    out: &mut Findings,
) {
    let absent = |member: &NodeProject| is_absent(&delivered.image, install.view, &install.dir, root, member);
    let named = |name: &str| members.iter().copied().find(|member| member.name.as_ref().is_some_and(|own| own.value == name));
    let filter = install.words.iter().position(|word| word == "--filter" || word == "-F").and_then(|at| install.words.get(at + 1));
    let mut waiting: Vec<&NodeProject> = match filter {
        Some(filter) => named(filter.trim_end_matches('.').trim_matches(['{', '}'])).into_iter().collect(),
        None => members.iter().copied().filter(|member| !absent(member)).chain(facts.node_projects().get(root)).collect(),
    };
    let mut seen = BTreeSet::new();
    let mut lost: Vec<(&str, &NodeProject)> = Vec::new();
    while let Some(member) = waiting.pop() {
        if !seen.insert(member.path.as_str()) {
            continue;
        }
        let asked = member.dependencies.iter().filter(|each| each.version.starts_with("workspace:") && !(each.dev && install.without_dev));
        for dependency in asked {
            let Some(other) = named(&dependency.name.value) else { continue };
            if absent(other) {
                lost.push((member.path.as_str(), other));
            } else {
                waiting.push(other);
            }
        }
    }
    lost.sort_by_key(|(by, other)| (other.path.as_str(), *by));
    lost.dedup_by_key(|(_, other)| other.path.as_str());
    let Some((by, first)) = lost.first() else { return };
    let Some(service) = delivered.service(facts) else { return };
    let more = if lost.len() > 1 { format!(" (and {} more)", lost.len() - 1) } else { String::new() };
    let message = format!("`{}`{more} is not copied before this installation, and `{by}` asks for it", first.path);
    let finding = out.at(install.site.clone(), message);
    finding.service(&service.name).help("Copy the missing manifests before the installation");
}

/// Packages whose manifests came after the installation, and which are built all the same.
fn late(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    install: &Install,
    root: &str,
    members: &[&NodeProject],
    out: &mut Findings,
) {
    let runs = delivered.image.runs(install.view.stage);
    let after = runs.into_iter().filter(|(view, ..)| view.stage == install.view.stage && view.layers > install.view.layers);
    for (view, layer, commands) in after {
        if commands.iter().any(|command| is_install(command)) {
            return;
        }
        if !commands.iter().any(builds_all) {
            continue;
        }
        let late: Vec<&NodeProject> = members
            .iter()
            .copied()
            .filter(|member| is_absent(&delivered.image, install.view, &install.dir, root, member))
            .filter(|member| delivered.image.presence(view, &manifest_place(&install.dir, root, member)).is_file())
            .filter(|member| member.script("build").is_some() && !member.dependencies.is_empty())
            .collect();
        let (Some(first), Some(service)) = (late.first(), delivered.service(facts)) else { return };
        let more = if late.len() > 1 { format!(" and {} more packages", late.len() - 1) } else { String::new() };
        let message = format!("this builds `{}`{more}, whose manifest was not there when packages were installed", first.directory);
        let finding = out.at(layer.site.clone(), message);
        finding.service(&service.name).related(install.site.clone(), "packages are installed here");
        finding.help("Copy every manifest before the installation, or build only what was installed");
        let tool = first.script("build").and_then(|script| script.value.split_whitespace().next().map(str::to_owned));
        let at_root = facts.node_projects().get(root).is_some_and(|project| {
            tool.as_deref().is_some_and(|tool| project.dependencies.iter().any(|each| each.name.value == tool))
        });
        if at_root {
            finding.severity(Severity::Warning);
        }
        return;
    }
}

fn is_install(command: &Simple) -> bool {
    matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun") && command.plain().any(|word| matches!(word, "install" | "ci" | "i"))
}

/// True for commands that build every package of the workspace.
fn builds_all(command: &Simple) -> bool {
    let all = command.has("-r") || command.has("--recursive") || command.has("--workspaces") || command.has("-ws");
    let filtered = command.words.iter().any(|word| word.starts_with("--filter") || word == "-F");
    let build = command.words.iter().any(|word| word == "build");
    build && !filtered && (all || command.program() == "turbo")
}
