//! A second clean installation that the builder's cache mount stops.

use crate::facts::Facts;
use crate::facts::builder_commands::{Stated, has_own_plan, stated};
use crate::facts::document::Node;
use crate::facts::image::shell::commands;
use crate::facts::nixpacks;
use crate::facts::service::{Builder, Service};
use crate::facts::startup::join;
use crate::finding::{Findings, Fix, Site};
use crate::known::Known;
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The build command runs `npm ci` again, after the builder has installed the dependencies.
    ///
    /// ## Why it matters
    /// Railpack and Nixpacks install the dependencies in a step of their own and mount a cache at `node_modules/.cache` while
    /// the build command runs. `npm ci` begins by deleting `node_modules`, which the mount prevents:
    /// `EBUSY: resource busy or locked, rmdir '/app/node_modules/.cache'`.
    ///
    /// ## What to do
    /// Leave the installation to the builder: the build command is only what comes after it, such as `npm run build`.
    ///
    /// ## What it cannot know
    /// Whether this builder's version mounts the cache; so this is a warning. It is silent where the installation is in
    /// another directory than the builder's own, and where a plan of Nixpacks or Railpack replaces the install step.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "npm ci && npm run build"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build", "start": "node server.js"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- web/railway.toml
    /// [build]
    /// buildCommand = "npm ci --legacy-peer-deps; npx prisma generate"
    /// //- web/package.json
    /// {"scripts": {"start": "node server.js"}}
    /// ```
    ///
    /// The phase `build` of a plan is no better:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}}
    /// //- package.json
    /// {"workspaces": ["web"]}
    /// //- web/package.json
    /// {}
    /// //- nixpacks.toml
    /// [phases.install]
    /// cmds = ["rm -rf node_modules/.cache", "npm ci"]
    /// [phases.build]
    /// cmds = ["cd web && npm ci --include=dev && npm run build"]
    /// ```
    ///
    /// `npm install` deletes nothing, and other directories have no mount:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"buildCommand": "npm install && npm run build && cd web && npm ci && npm --prefix ../admin ci"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build", "start": "node server.js"}}
    /// ```
    ///
    /// A Dockerfile does not run the build command, and a plan may have no install step:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE", "buildCommand": "npm ci"}}
    /// //- package.json
    /// {}
    /// //- Dockerfile
    /// FROM node:22
    /// CMD ["node", "server.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS", "buildCommand": "npm ci && npm run build"}}
    /// //- package.json
    /// {"scripts": {"build": "vite build", "start": "node server.js"}}
    /// //- nixpacks.toml
    /// [phases.install]
    /// cmds = []
    /// ```
    "npm-ci-in-build-command", Warning, Build, since "0.3.0",
    sources: ["https://nixpacks.com/docs/providers/node", "https://railpack.com/languages/node"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let package = service.roots.iter().any(|root| facts.node_projects().contains_key(root));
        if !package {
            continue;
        }
        if has_own_plan(facts, service) {
            planned(facts, service, out);
            continue;
        }
        for command in stated(facts, service).iter().filter(|each| !each.start && cleans(&each.text)) {
            let message = "the builder has installed already, and `npm ci` cannot delete `node_modules` while its cache is mounted there";
            let finding = out.at(command.site.clone(), message);
            finding.service(&service.name).help("Take `npm ci` out of the build command");
            if let Some(fix) = without(facts, command) {
                finding.fix(fix);
            }
        }
    }
}

/// The same in the phase `build` of a plan, where the cache is mounted too: it also cannot be deleted by itself.
fn planned(facts: &Facts<'_>, service: &Service, out: &mut Findings) {
    let [root] = service.roots.as_slice() else { return };
    if service.builder != Known::Yes(Builder::Nixpacks) {
        return;
    }
    let workspace = facts.node_projects().get(root).is_some_and(|project| !project.workspaces.is_empty());
    let Some(config) = nixpacks::read(facts.snapshot, &join(root, "nixpacks.toml")) else { return };
    let nodes = config.plan.as_ref().ok().and_then(|plan| plan.at(&["phases", "build", "cmds"]));
    for node in nodes.map_or(&[][..], Node::items) {
        let Some(text) = node.text() else { continue };
        let list = commands(text, "app", true);
        let removes = list.iter().any(|command| {
            command.program() == "rm"
                && !command.tolerated
                && command
                    .plain()
                    .any(|path| command.place(path).as_deref() == Some("app/node_modules/.cache"))
        });
        // In a folder of a workspace npm installs for the whole of it.
        let cleans = list.iter().any(|command| {
            command.program() == "npm"
                && !command.tolerated
                && (command.dir == "app" || workspace && command.dir.starts_with("app/"))
                && matches!(command.plain().next(), Some("ci" | "clean-install"))
                && !command.words.iter().any(|word| word.starts_with("--prefix"))
        });
        if !removes && !cleans {
            continue;
        }
        let message = "a cache is mounted at `node_modules/.cache` while this phase runs, so that neither `npm ci` nor `rm` can delete it";
        let finding = out.at(Site::new(config.path.clone(), node.span), message);
        finding
            .service(&service.name)
            .help("Install in the phase `install`, and leave `node_modules/.cache` alone");
    }
}

/// True when `script` runs `npm ci` in the directory it begins in.
fn cleans(script: &str) -> bool {
    let list = commands(script, "", true);
    let elsewhere = ["--prefix", "-C", "--workspace", "-w"];
    list.iter().any(|command| {
        command.program() == "npm"
            && command.dir == join("", "")
            && matches!(command.plain().next(), Some("ci" | "clean-install"))
            && !command
                .words
                .iter()
                .any(|word| elsewhere.contains(&word.split('=').next().unwrap_or_default()))
    })
}

/// Deletes the command where it stands first and another one follows.
fn without(facts: &Facts<'_>, command: &Stated) -> Option<Fix> {
    let (first, _) = command.text.split_once("&&").filter(|(first, _)| cleans(first))?;
    let text = facts.snapshot.text(&command.site.path).ok()?;
    let written = text.text.get(command.site.span.start..command.site.span.end)?;
    let at = command.site.span.start + written.find(first)?;
    let rest = text.text.get(at + first.len()..)?.strip_prefix("&&")?;
    let end = at + first.len() + 2 + (rest.len() - rest.trim_start_matches(' ').len());
    let site = Site::new(command.site.path.clone(), Span::new(at, end));
    Some(Fix::edit("Leave the installation to the builder", site, ""))
}
