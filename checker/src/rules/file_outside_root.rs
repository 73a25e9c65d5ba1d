//! A program reaches above the root directory.

use std::collections::BTreeSet;

use crate::facts::chain::When;
use crate::facts::launch::installs::installs;
use crate::facts::launch::{How, losses};
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::snapshot::EntryKind;

declare_rule! {
    /// A program imports or reads a file that lies outside the service's root directory.
    ///
    /// ## Why it matters
    /// With a root directory set, Railway takes nothing of the repository but that directory. On the developer's machine
    /// `../shared` is there; in the container it is not, and the program ends with `ENOENT` or a missing module.
    ///
    /// ## What to do
    /// Move the file below the root directory, or clear the root directory and name the Dockerfile's path instead.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it or a builder's configuration lies in it. A path that is computed is a
    /// warning, for the program may look whether the file is there.
    ///
    /// ```repo,fires,warning
    /// //- jobs/nixpacks.toml
    /// [start]
    /// cmd = "node seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/seed.mjs
    /// import { readFileSync } from "node:fs";
    /// import { dirname, resolve } from "node:path";
    /// import { fileURLToPath } from "node:url";
    /// const here = dirname(fileURLToPath(import.meta.url));
    /// readFileSync(resolve(here, "../data/list.json"));
    /// //- data/list.json
    /// {}
    /// ```
    ///
    /// ```repo,fires
    /// //- .github/preflight.toml
    /// [services.jobs]
    /// root = "jobs"
    /// builder = "railpack"
    /// start-command = "node seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/seed.mjs
    /// import { list } from "../shared/list.mjs";
    /// console.log(list);
    /// //- shared/list.mjs
    /// export const list = [];
    /// ```
    ///
    /// Below the root everything is there:
    ///
    /// ```repo,passes
    /// //- jobs/nixpacks.toml
    /// [start]
    /// cmd = "node src/seed.mjs"
    /// //- jobs/package.json
    /// {}
    /// //- jobs/src/seed.mjs
    /// import { list } from "../shared/list.mjs";
    /// console.log(list);
    /// //- jobs/shared/list.mjs
    /// export const list = [];
    /// ```
    ///
    /// A link leads out of the directory that is copied:
    ///
    /// ```repo,fires,warning
    /// //- worker/Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// COPY prisma ./prisma
    /// CMD ["node", "a.js"]
    /// //- worker/package.json
    /// {}
    /// //- worker/prisma/schema.prisma symlink
    /// ../../backend/prisma/schema.prisma
    /// //- backend/prisma/schema.prisma
    /// model A {}
    /// ```
    ///
    /// ```repo,passes
    /// //- worker/Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// COPY prisma ./prisma
    /// CMD ["node", "a.js"]
    /// //- worker/package.json
    /// {}
    /// //- worker/prisma/schema.prisma symlink
    /// ../shared/schema.prisma
    /// //- worker/shared/schema.prisma
    /// model A {}
    /// //- worker/docs/readme.md symlink
    /// ../../README.md
    /// //- README.md
    /// ```
    ///
    /// A package of the workspace, which npm then looks for in the registry: `404 Not Found`.
    ///
    /// ```repo,fires,warning
    /// //- package.json
    /// {"workspaces": ["api", "shared"]}
    /// //- shared/package.json
    /// {"name": "@shop/shared"}
    /// //- api/nixpacks.toml
    /// [start]
    /// cmd = "node index.js"
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"@shop/shared": "*", "express": "*"}}
    /// //- api/index.js
    /// require("express");
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}, "deploy": {"startCommand": "node api/index.js"}}
    /// //- package.json
    /// {"workspaces": ["api", "shared"], "dependencies": {"@shop/shared": "*"}}
    /// //- shared/package.json
    /// {"name": "@shop/shared"}
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"@shop/shared": "*"}}
    /// //- api/index.js
    /// ```
    "file-outside-root", Error, Start, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/monorepo"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    linked(facts, out);
    members(facts, out);
    let mut told = BTreeSet::new();
    for loss in losses(facts) {
        let (Some(service), How::OutsideRoot { source }) = (loss.delivered.service(facts), &loss.how) else {
            continue;
        };
        if !told.insert((service.name.clone(), source.clone())) || loss.broken.when >= When::Named {
            continue;
        }
        let root = &loss.delivered.image.context.root;
        let message =
            format!("`{source}` lies outside the root directory `{root}`, so the image does not have it");
        let finding = out.at(loss.broken.site.clone(), message);
        finding.service(&service.name).related(service.origin.clone(), "the root directory is told here");
        finding.help("Move the file below the root directory, or clear the root directory");
        if !loss.certain {
            finding.severity(Severity::Warning);
        }
    }
}

/// Packages of the repository that the root directory leaves out, so that they are asked of the registry.
fn members(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let root = &delivered.image.context.root;
        if root.is_empty() || (delivered.image.dockerfile.is_none() && service.roots.len() > 1) {
            continue;
        }
        let projects = facts.node_projects();
        let manifests = installs(&delivered.image).into_iter().filter_map(|install| install.manifest);
        for project in manifests.filter_map(|directory| projects.get(&directory)) {
            for asked in project.dependencies.iter().filter(|each| each.version == "*") {
                let named = |other: &&NodeProject| {
                    other.name.as_ref().is_some_and(|name| name.value == asked.name.value)
                };
                let inside = |other: &NodeProject| {
                    other.directory == *root || other.directory.starts_with(&format!("{root}/"))
                };
                let others: Vec<&NodeProject> = projects.values().filter(named).collect();
                let Some(other) = others.first().filter(|_| !others.iter().any(|other| inside(other))) else {
                    continue;
                };
                if !told.insert((project.path.clone(), asked.name.value.clone())) {
                    continue;
                }
                let message = format!(
                    "`{}` is `{}`, outside the root directory `{root}`, so the registry is asked for it",
                    asked.name.value, other.directory
                );
                let finding = out.at(Site::new(project.path.clone(), asked.name.span), message);
                finding.service(&service.name).severity(Severity::Warning);
                finding.help("Clear the root directory and build from the root of the workspace");
            }
        }
    }
}

/// Symbolic links that a Dockerfile copies from its own directory and that lead out of it.
fn linked(facts: &Facts<'_>, out: &mut Findings) {
    let links: Vec<_> = facts
        .snapshot
        .entries()
        .iter()
        .filter(|entry| entry.kind == EntryKind::Symlink && entry.tracked)
        .collect();
    if links.is_empty() {
        return;
    }
    for (service, file) in facts.images() {
        let Some((home, _)) = file.path.rsplit_once('/') else { continue };
        let fitting = copies::fitting(facts, service, &file);
        if !fitting.iter().any(|context| context.root == home) {
            continue;
        }
        let sources = copies::context_sources(&file);
        for entry in &links {
            let Some(inner) = entry.path.strip_prefix(&format!("{home}/")) else { continue };
            let taken = sources.iter().any(|(_, source)| {
                let path = source.value.trim_start_matches("./").trim_end_matches('/');
                path.is_empty() || path == "." || inner == path || inner.starts_with(&format!("{path}/"))
            });
            let Some(target) =
                facts.snapshot.link_target(&entry.path).filter(|target| taken && !target.starts_with('/'))
            else {
                continue;
            };
            let directory = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let place = join(directory, &target);
            if place.starts_with(&format!("{home}/")) || place == home {
                continue;
            }
            let message =
                format!("this link leads to `{place}`, outside of `{home}`, which the image is built from");
            let finding = out.at(Site::file(entry.path.clone()), message);
            finding.service(&service.name).related(Site::file(file.path.clone()), "it is copied here");
            finding.help("Put a copy of the file in its place, or build from the root of the repository");
            finding.severity(if fitting.len() == 1 { Severity::Warning } else { Severity::Note });
        }
    }
}
