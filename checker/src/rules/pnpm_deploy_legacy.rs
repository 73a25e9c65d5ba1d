//! `pnpm deploy` since pnpm 10.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::package_manager::context;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// `pnpm deploy` of pnpm 10 or later runs in a workspace that does not inject its packages.
    ///
    /// ## Why it matters
    /// Since version 10 pnpm refuses: `ERR_PNPM_DEPLOY_NONINJECTED_WORKSPACE By default, starting from pnpm v10, we only deploy
    /// from workspaces that have "inject-workspace-packages=true" set`.
    ///
    /// ## What to do
    /// Write `pnpm deploy --legacy`, or set `injectWorkspacePackages: true` in `pnpm-workspace.yaml`.
    ///
    /// ## What it cannot know
    /// The version when neither `packageManager` nor the Dockerfile pins one: then it is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install && pnpm --filter api --prod deploy /out
    /// CMD ["node", "/out/index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@10.6.3"}
    /// //- pnpm-workspace.yaml
    /// packages: ["packages/*"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install && pnpm --filter api --prod deploy --legacy /out
    /// CMD ["node", "/out/index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@10.6.3"}
    /// ```
    ///
    /// An older pnpm, a workspace that injects, and a script of that name:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY . .
    /// RUN pnpm install && pnpm --filter api deploy /out
    /// CMD ["node", "/out/index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@9.15.0"}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN npm i -g pnpm@10
    /// COPY . .
    /// RUN pnpm install && pnpm run deploy && pnpm deploy /out
    /// CMD ["node", "/out/index.js"]
    /// //- package.json
    /// {}
    /// //- pnpm-workspace.yaml
    /// injectWorkspacePackages: true
    /// ```
    "pnpm-deploy-legacy", Error, Build, since "0.2.0",
    sources: ["https://pnpm.io/cli/deploy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Ok(text) = facts.snapshot.text(&file.path) else { continue };
        let Some(context) = context(facts, service, &file) else { continue };
        let beside = |name: &str| {
            let path =
                if context.root.is_empty() { name.to_owned() } else { format!("{}/{name}", context.root) };
            facts.snapshot.text(&path).map(|text| text.text.clone()).unwrap_or_default()
        };
        let settings = beside("pnpm-workspace.yaml") + &beside(".npmrc");
        let injects = [
            "injectWorkspacePackages: true",
            "inject-workspace-packages=true",
            "forceLegacyDeploy",
            "force-legacy-deploy",
        ];
        let pinned =
            facts.node_projects().get(&context.root).and_then(|project| project.package_manager.as_ref());
        let by_manifest = pinned.and_then(|pin| pin.value.strip_prefix("pnpm@"));
        let version = by_manifest.or_else(|| text.text.split("pnpm@").nth(1)).and_then(major);
        if version.is_none_or(|version| version < 10)
            || injects.iter().any(|setting| settings.contains(setting))
        {
            continue;
        }
        for (_, instruction) in file.instructions() {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            let Command::Shell(script) = &run.command else { continue };
            if !script.value.split([';', '\n']).flat_map(|line| line.split("&&")).any(deploys) {
                continue;
            }
            let place = super::apt_package_gone::place(&text.text, instruction.span, "deploy");
            let end = Span::new(place.end, place.end);
            let finding = out.at(
                Site::new(file.path.clone(), place),
                "pnpm 10 deploys from a workspace only when it injects its packages, so the build stops here",
            );
            finding.service(&service.name).help("Write `pnpm deploy --legacy`");
            if place != instruction.span {
                finding.fix(Fix::edit(
                    "Deploy as before version 10",
                    Site::new(file.path.clone(), end),
                    " --legacy",
                ));
            }
        }
    }
}

fn major(version: &str) -> Option<u32> {
    version.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

/// True for `pnpm … deploy <directory>` without `--legacy`.
fn deploys(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| *word == "deploy") else { return false };
    let before = &words[..at];
    before.first() == Some(&"pnpm") && !before.contains(&"run") && !words.contains(&"--legacy")
}
