//! Packages are installed while manifests of the workspace are missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::image::Image;
use crate::facts::image::shell::Simple;
use crate::facts::launch::installs::{Install, installs, members, package_of};
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
    /// them it is a warning. So it is where pnpm goes by a lock file: it installs the rest, and what lacks may never be needed.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY pnpm-workspace.yaml pnpm-lock.yaml package.json ./
    /// COPY packages/core/package.json packages/core/
    /// RUN pnpm install
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
    /// With a lock file that it may not change, pnpm leaves the package out and goes on:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// WORKDIR /app
    /// COPY pnpm-workspace.yaml pnpm-lock.yaml package.json ./
    /// COPY packages/core/package.json packages/core/
    /// RUN pnpm install --frozen-lockfile --filter @x/core...
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

/// One installation of a workspace.
struct Workspace<'w> {
    image: &'w Image<'w>,
    /// Every project of the tree, by directory.
    projects: &'w BTreeMap<String, NodeProject>,
    install: &'w Install,
    /// Directory of the root manifest in the tree.
    root: &'w str,
    members: Vec<&'w NodeProject>,
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        for install in &installs(&delivered.image) {
            let Some(root) = &install.manifest else { continue };
            let members = members(facts, root);
            let workspace = Workspace {
                image: &delivered.image,
                projects: facts.node_projects(),
                install,
                root,
                members,
            };
            if !workspace.members.is_empty() {
                workspace.closure(&service.name, out);
                workspace.late(&service.name, out);
            }
        }
    }
}

impl Workspace<'_> {
    /// Where in the image the manifest of `member` belongs.
    fn manifest_place(&self, member: &NodeProject) -> String {
        let inner =
            member.directory.strip_prefix(self.root).unwrap_or(&member.directory).trim_start_matches('/');
        join(&self.install.dir, &format!("{inner}/package.json"))
    }

    /// True when the manifest was not there at the installation.
    fn is_absent(&self, member: &NodeProject) -> bool {
        self.image.presence(self.install.view, &self.manifest_place(member)).is_absent()
    }

    fn named(&self, name: &str) -> Option<&NodeProject> {
        self.members.iter().copied().find(|member| member.name.as_ref().is_some_and(|own| own.value == name))
    }

    /// What the installation begins with: the packages of its filter, or all that are there.
    fn begun(&self) -> Vec<&NodeProject> {
        let words = &self.install.words;
        let filter =
            words.iter().position(|word| word == "--filter" || word == "-F").and_then(|at| words.get(at + 1));
        let filter = filter
            .map(String::as_str)
            .or_else(|| words.iter().find_map(|word| word.strip_prefix("--filter=")));
        if let Some(filter) = filter {
            return self.named(filter.trim_end_matches('.').trim_matches(['{', '}'])).into_iter().collect();
        }
        let there = self.members.iter().copied().filter(|member| !self.is_absent(member));
        there.chain(self.projects.get(self.root)).collect()
    }

    /// Packages of the workspace that an installed one asks for, and whose manifests are missing.
    fn closure(&self, service: &str, out: &mut Findings) {
        let mut waiting = self.begun();
        let mut seen = BTreeSet::new();
        let mut lost: BTreeMap<&str, &str> = BTreeMap::new();
        while let Some(member) = waiting.pop() {
            if !seen.insert(member.path.as_str()) {
                continue;
            }
            let asked = member.dependencies.iter().filter(|each| each.version.starts_with("workspace:"));
            for dependency in asked.filter(|each| !(each.dev && self.install.without_dev)) {
                match self.named(&dependency.name.value) {
                    Some(other) if self.is_absent(other) => {
                        lost.entry(&other.path).or_insert(&member.path);
                    }
                    Some(other) => waiting.push(other),
                    None => {}
                }
            }
        }
        let Some((first, by)) = lost.first_key_value() else { return };
        let more = if lost.len() > 1 { format!(" (and {} more)", lost.len() - 1) } else { String::new() };
        let message =
            format!("`{first}`{more} is not copied before this installation, and `{by}` asks for it");
        let finding = out.at(self.install.site.clone(), message);
        finding.service(service).help("Copy the missing manifests before the installation");
        if self.goes_by_lock() {
            finding.severity(Severity::Warning);
        }
    }

    /// True when pnpm installs what the lock file says, whatever manifests are there: measured with versions 8 to 10.
    fn goes_by_lock(&self) -> bool {
        let lock = join(&self.install.dir, "pnpm-lock.yaml");
        let words = &self.install.words;
        self.install.manager == "pnpm"
            && !self.image.presence(self.install.view, &lock).is_absent()
            && words.iter().any(|word| {
                word.starts_with("--frozen-lockfile") || word.starts_with("--filter") || word == "-F"
            })
    }

    /// Packages whose manifests came after the installation, and which are built all the same.
    fn late(&self, service: &str, out: &mut Findings) {
        let own = self.install.view;
        let runs = self.image.runs(own.stage).into_iter();
        let after = runs.filter(|(view, ..)| view.stage == own.stage && view.layers > own.layers);
        // A second installation brings what the first one lacked.
        let mut after = after.take_while(|(.., commands)| !commands.iter().any(is_install));
        let Some((view, layer, _)) = after.find(|(.., commands)| commands.iter().any(builds_all)) else {
            return;
        };
        let late: Vec<&NodeProject> = self
            .members
            .iter()
            .copied()
            .filter(|member| {
                self.is_absent(member) && self.image.presence(view, &self.manifest_place(member)).is_file()
            })
            .filter(|member| member.script("build").is_some() && !member.dependencies.is_empty())
            .collect();
        let Some(first) = late.first() else { return };
        let more =
            if late.len() > 1 { format!(" and {} more packages", late.len() - 1) } else { String::new() };
        let what = format!("this builds `{}`{more}", first.directory);
        let message = format!("{what}, whose manifest was not there when packages were installed");
        let finding = out.at(layer.site.clone(), message);
        finding.service(service).related(self.install.site.clone(), "packages are installed here");
        finding.help("Copy every manifest before the installation, or build only what was installed");
        if self.has_tool(first) {
            finding.severity(Severity::Warning);
        }
    }

    /// True when the root asks for the program that builds `member`.
    fn has_tool(&self, member: &NodeProject) -> bool {
        let tool = member.script("build").and_then(|script| script.value.split_whitespace().next());
        let package = tool.map(|tool| package_of(tool).unwrap_or(tool));
        let root = self.projects.get(self.root);
        root.is_some_and(|root| {
            root.dependencies.iter().any(|each| Some(each.name.value.as_str()) == package)
        })
    }
}

fn is_install(command: &Simple) -> bool {
    matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun")
        && command.plain().any(|word| matches!(word, "install" | "ci" | "i"))
}

/// True for commands that build every package of the workspace.
fn builds_all(command: &Simple) -> bool {
    let all =
        command.has("-r") || command.has("--recursive") || command.has("--workspaces") || command.has("-ws");
    let filtered = command.words.iter().any(|word| word.starts_with("--filter") || word == "-F");
    let build = command.words.iter().any(|word| word == "build");
    build && !filtered && (all || command.program() == "turbo")
}
