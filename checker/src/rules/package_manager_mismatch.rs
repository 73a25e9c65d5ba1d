//! A package manager that cannot install this project.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::facts::node_project::NodeProject;
use crate::facts::package_manager::{Install, context, installs};
use crate::facts::service::{Builder, Service};
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The build installs with a package manager that is not there or cannot read the project.
    ///
    /// ## Why it matters
    /// The official Node images hold npm and Yarn 1. `pnpm` without `corepack enable` is `pnpm: not found`; npm does not know
    /// `workspace:*` (`EUNSUPPORTEDPROTOCOL`); Yarn 1 refuses a project that asks for Yarn 2 or later.
    ///
    /// ## What to do
    /// Run `corepack enable` first, install with the manager whose lock file you commit, and build workspaces from the
    /// directory that holds the lock file.
    ///
    /// ## What it cannot know
    /// What other base images hold, and which root directory the dashboard has; where a root directory without lock file is
    /// only possible it is a warning.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24-alpine
    /// COPY . .
    /// RUN pnpm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {}
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"@acme/core": "workspace:*"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- apps/api/railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "pnpm start"}}
    /// //- apps/api/package.json
    /// {"dependencies": {"@acme/core": "workspace:*"}}
    /// //- package.json
    /// {}
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK", "buildCommand": "pnpm run build"}}
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- package-lock.json
    /// {}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK", "buildCommand": "pnpm run build"}}
    /// //- package.json
    /// {"scripts": {"build": "tsc"}, "packageManager": "pnpm@10.6.3"}
    /// //- package-lock.json
    /// {}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install && yarn --version
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"@acme/core": "workspace:*"}, "packageManager": "pnpm@10.6.3"}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN npm install -g pnpm@10
    /// COPY . .
    /// RUN pnpm install && npx bun --version
    /// FROM oven/bun:1
    /// RUN bun install
    /// CMD ["bun", "index.ts"]
    /// //- package.json
    /// {}
    /// ```
    /// `packageManager` names another manager, or, to a pnpm that is strict about it, another version:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22
    /// RUN npm install -g pnpm@9.0.0
    /// COPY . .
    /// RUN pnpm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@11.1.0"}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// RUN npm install -g pnpm@10.2.0
    /// COPY . .
    /// RUN pnpm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@11.1.0"}
    /// ```
    "package-manager-mismatch", Error, Build, since "0.2.0",
    sources: ["https://nodejs.org/api/corepack.html", "https://docs.npmjs.com/cli/configuring-npm/package-json"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let project =
            context(facts, service, &file).and_then(|context| facts.node_projects().get(&context.root));
        let mut told = Vec::new();
        for install in installs(&file) {
            let Some(message) = trouble(&file, &install, project) else { continue };
            if told.contains(&message) {
                continue;
            }
            out.at(Site::new(file.path.clone(), install.instruction.span), message.clone())
                .service(&service.name)
                .help(
                    "Run `corepack enable` first, and install with the manager whose lock file is committed",
                );
            told.push(message);
        }
    }
    for service in facts.services.iter().filter(|service| service.dockerfile.yes().is_none()) {
        let own = matches!(service.builder, Known::Yes(Builder::Railpack | Builder::Nixpacks));
        if own {
            not_installed(facts, service, out);
        }
        if let Some(project) = own.then(|| workspace_member(facts, service)).flatten() {
            let message = format!(
                "with the root directory `{}` there is no lock file, so npm installs, which does not know `workspace:`",
                project.directory
            );
            let site = service
                .config
                .as_ref()
                .map_or_else(|| service.origin.clone(), |path| Site::file(path.clone()));
            out.at(site, message)
                .severity(Severity::Warning)
                .service(&service.name)
                .related(Site::file(project.path.clone()), "asks for packages of the workspace")
                .help("Build from the directory that holds the lock file, or from a Dockerfile");
        }
    }
}

/// Reports a build or start command that calls a manager which Railway's own builders do not install for this project.
fn not_installed(facts: &Facts<'_>, service: &Service, out: &mut Findings) {
    let [root] = service.roots.as_slice() else { return };
    let Some(project) = facts.node_projects().get(root) else { return };
    let managers = project.managers();
    let pinned = project.package_manager.as_ref().and_then(|pin| pin.value.split('@').next());
    let text = |key: Key| service.settings.text(key).map_or("", |(command, _)| command);
    let brought = ["corepack", " -g ", "--global"].iter().any(|way| text(Key::BuildCommand).contains(way));
    if managers.is_empty() || brought {
        return;
    }
    for key in [Key::BuildCommand, Key::StartCommand] {
        let Some((command, setting)) = service.settings.text(key) else { continue };
        let programs = command
            .split([';', '&', '|'])
            .filter_map(|part| part.split_whitespace().find(|word| !word.contains('=')));
        let absent = programs.into_iter().find(|program| {
            matches!(*program, "pnpm" | "bun" | "yarn")
                && !managers.contains(program)
                && pinned != Some(program)
        });
        if let Some(program) = absent {
            let message = format!(
                "`{program}` is called, but the lock file says {} and nothing installs `{program}`",
                managers.join(" and ")
            );
            out.at(setting.site.clone(), message)
                .severity(Severity::Warning)
                .service(&service.name)
                .help(format!("Commit the lock file of `{program}`, or call {}", managers[0]));
            return;
        }
    }
}

/// What stops `install`.
fn trouble(file: &Dockerfile, install: &Install<'_>, project: Option<&NodeProject>) -> Option<String> {
    let base = file.base_image(install.stage)?;
    let manager = install.manager;
    let node = matches!(base.split([':', '@']).next(), Some("node" | "docker.io/node" | "library/node"));
    if node && matches!(manager, "pnpm" | "bun") && !is_brought(file, install) {
        return Some(format!("`{manager}` is not in `{base}`, so the build stops here"));
    }
    let project = project?;
    let workspace = project.dependencies.iter().find(|each| each.version.starts_with("workspace:"));
    if let (true, false, Some(each)) = (manager == "npm", install.opaque, workspace) {
        return Some(format!(
            "npm does not know `workspace:`, which `{}` is asked for with",
            each.name.value
        ));
    }
    if let Some(message) = other_pin(file, install, project) {
        return Some(message);
    }
    let pinned = project.package_manager.as_ref().and_then(|pin| pin.value.strip_prefix("yarn@"))?;
    let modern =
        pinned.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major > 1);
    (node && manager == "yarn" && modern && !is_brought(file, install))
        .then(|| format!("`{base}` holds Yarn 1, and the project asks for yarn@{pinned}"))
}

/// What stops a manager that the manifest's `packageManager` does not name: pnpm 9.0 and 9.1 want the very version, and pnpm
/// refuses a project of another manager (<https://pnpm.io/settings#packagemanagerstrict>).
fn other_pin(file: &Dockerfile, install: &Install<'_>, project: &NodeProject) -> Option<String> {
    let pin = project.package_manager.as_ref()?;
    let (name, version) = pin.value.split_once('@')?;
    let version = version.split('+').next()?;
    if install.manager != "pnpm" {
        return None;
    }
    let loose = script(file, install).iter().any(|text| {
        text.contains("manager-strict") || text.contains("MANAGER_STRICT") || text.contains("npm pkg")
    });
    if name != "pnpm" {
        let known = matches!(name, "npm" | "yarn" | "bun") && !loose;
        return known
            .then(|| format!("`packageManager` is `{}`, and pnpm refuses to install then", pin.value));
    }
    let scripts = script(file, install);
    let mut said = scripts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .filter_map(|word| word.trim_matches(['"', '\'']).strip_prefix("pnpm@"));
    let brought = said.next().filter(|_| said.next().is_none() && !loose)?;
    let exact = ["9.0.", "9.1."].iter().any(|old| brought.starts_with(old)) && brought != version;
    exact.then(|| {
        format!(
            "pnpm {brought} is installed, and it refuses a project whose `packageManager` is `{}`",
            pin.value
        )
    })
}

/// The commands of the stages that the installation is in.
fn script(file: &Dockerfile, install: &Install<'_>) -> Vec<String> {
    let mut stages = vec![install.stage];
    while let Some(base) = file.base_stage(stages[stages.len() - 1]) {
        stages.push(base);
    }
    let instructions = stages.iter().flat_map(|stage| &file.stages[*stage].instructions);
    instructions
        .filter_map(|each| match &each.kind {
            InstructionKind::Run(run) => match &run.command {
                Command::Shell(text) => Some(text.value.clone()),
                Command::Exec(..) => None,
            },
            _ => None,
        })
        .collect()
}

/// True when something before the installation may bring its manager.
fn is_brought(file: &Dockerfile, install: &Install<'_>) -> bool {
    let mut stages = vec![install.stage];
    while let Some(base) = file.base_stage(stages[stages.len() - 1]) {
        stages.push(base);
    }
    let ways = ["corepack", " -g", "--global", "curl", "wget", "apk ", "apt", "npm i ", "npm install "];
    stages.iter().flat_map(|stage| &file.stages[*stage].instructions).any(|each| match &each.kind {
        InstructionKind::Run(run) => {
            let script = match &run.command {
                Command::Shell(text) => text.value.clone(),
                Command::Exec(words, _) => {
                    words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" ")
                }
            };
            let bodies: String = run.heredocs.iter().map(|heredoc| heredoc.body.as_str()).collect();
            let text = script + &bodies;
            text.contains("corepack")
                || (text.contains(install.manager) && ways.iter().any(|way| text.contains(way)))
        }
        InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
            copy.flag("from").is_some()
                && copy.sources.iter().any(|source| {
                    source.value.contains(install.manager)
                        || source.value.contains("/usr/local")
                        || source.value.contains("/bin")
                })
        }
        _ => false,
    })
}

/// The project of the innermost possible root directory, when only a directory above it has the lock file.
fn workspace_member<'f>(facts: &'f Facts<'_>, service: &Service) -> Option<&'f NodeProject> {
    let root = service.roots.last().filter(|root| !root.is_empty())?;
    let project = facts.node_projects().get(root)?;
    let asks = project.dependencies.iter().any(|each| each.version.starts_with("workspace:"));
    (asks && project.lockfiles.is_empty()).then_some(project)
}
