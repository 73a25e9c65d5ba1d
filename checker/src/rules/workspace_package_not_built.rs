//! A package of the workspace is used before it is built.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::image::shell::Simple;
use crate::facts::launch::Delivered;
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A package needs another one of the workspace whose build nobody runs.
    ///
    /// ## Why it matters
    /// The other package's `main` is `dist/index.js`, which is not in git. Without its build the compiler ends with
    /// `Cannot find module '@x/shared' or its corresponding type declarations`, and a program with `MODULE_NOT_FOUND`.
    ///
    /// ## What to do
    /// Build it first: `pnpm --filter @x/shared build`, or `pnpm --filter "@x/api..." build`, which builds what a package
    /// needs before the package.
    ///
    /// ## What it cannot know
    /// What runs in tools it does not read, which is why it warns and does not err.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install
    /// WORKDIR /app/apps/api
    /// RUN pnpm run build
    /// CMD ["node", "dist/main.js"]
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*", "packages/*"]
    /// //- package.json
    /// {"name": "root"}
    /// //- apps/api/package.json
    /// {"name": "@x/api", "scripts": {"build": "tsc"}, "dependencies": {"@x/shared": "workspace:*"}}
    /// //- apps/api/src/main.ts
    /// import { limits } from "@x/shared";
    /// console.log(limits);
    /// //- packages/shared/package.json
    /// {"name": "@x/shared", "main": "./dist/index.js", "scripts": {"build": "tsc"}}
    /// //- packages/shared/src/index.ts
    /// export {};
    /// ```
    ///
    /// Built before, or used as source:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm --filter @x/shared build
    /// WORKDIR /app/apps/api
    /// RUN pnpm run build
    /// CMD ["node", "dist/main.js"]
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*", "packages/*"]
    /// //- package.json
    /// {"name": "root"}
    /// //- apps/api/package.json
    /// {"name": "@x/api", "scripts": {"build": "tsc"}, "dependencies": {"@x/shared": "workspace:*", "@x/source": "workspace:*"}}
    /// //- packages/shared/package.json
    /// {"name": "@x/shared", "main": "./dist/index.js", "scripts": {"build": "tsc"}}
    /// //- packages/source/package.json
    /// {"name": "@x/source", "main": "./src/index.ts"}
    /// //- packages/source/src/index.ts
    /// export {};
    /// //- apps/api/src/main.ts
    /// import { limits } from "@x/shared";
    /// import { source } from "@x/source";
    /// console.log(limits, source);
    /// ```
    "workspace-package-not-built", Warning, Build, since "0.2.0",
    sources: ["https://pnpm.io/filtering", "https://pnpm.io/workspaces"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let Some(service) = delivered.service(facts) else { continue };
        let all: Vec<Simple> = delivered
            .image
            .built_stages()
            .iter()
            .flat_map(|stage| delivered.image.runs(*stage))
            .flat_map(|(.., list)| list.to_vec())
            .collect();
        for (project, compiled) in compiled(facts, delivered) {
            for dependency in &project.dependencies {
                let named = facts.node_projects().values().find(|other| {
                    other.name.as_ref().is_some_and(|name| name.value == dependency.name.value)
                        && other.directory != project.directory
                });
                let imported = |other: &&NodeProject| {
                    let name = other.name.as_ref().map_or("", |name| name.value.as_str());
                    delivered.traces.iter().any(|trace| {
                        trace.chain.packages.iter().any(|package| {
                            let from = trace.chain.modules.get(package.module);
                            package.name == name
                                && from.is_some_and(|from| {
                                    from.source.starts_with(&format!("{}/", project.directory))
                                })
                        })
                    })
                };
                let Some(other) = named.filter(|other| needs_build(facts, other)).filter(imported) else {
                    continue;
                };
                if is_built(&all, other, project) || !told.insert((project.path.clone(), other.path.clone()))
                {
                    continue;
                }
                let main = other.main.as_ref().map_or("", |main| main.value.as_str());
                let message = format!(
                    "no command before builds `{}`, whose `main` is `{main}` and which `{}` asks for",
                    dependency.name.value, project.path
                );
                let asked = Site::new(project.path.clone(), dependency.name.span);
                // Where a script of the package would build it, the image is at fault for not running that one.
                let known = project.scripts.iter().any(|(_, script)| builds(&script.value, other));
                let (site, place) = if known { (compiled.clone(), asked) } else { (asked, compiled.clone()) };
                let finding = out.at(site, message);
                let what = if known { "it is asked for here" } else { "the package is compiled here" };
                finding.service(&service.name).related(place, what);
                finding.help(format!("Build `{}` before this package", dependency.name.value));
            }
        }
    }
}

/// Programs that read the modules a package imports.
const COMPILERS: [&str; 9] =
    ["tsc", "nest", "vite", "next", "tsup", "webpack", "rollup", "esbuild", "react-scripts"];

/// Projects in whose directory a compiler runs.
fn compiled<'f>(facts: &'f Facts<'_>, delivered: &Delivered<'_>) -> Vec<(&'f NodeProject, Site)> {
    let mut found: Vec<(&NodeProject, Site)> = Vec::new();
    for stage in delivered.image.built_stages() {
        for (view, layer, commands) in delivered.image.runs(stage) {
            for command in commands.iter().filter(|command| COMPILERS.contains(&command.program())) {
                let manifest = delivered.image.presence(view, &join(&command.dir, "package.json"));
                let directory =
                    manifest.source().map(|path| path.rsplit_once('/').map_or("", |(dir, _)| dir));
                let project = directory.and_then(|directory| facts.node_projects().get(directory));
                let fresh =
                    project.filter(|project| found.iter().all(|(known, _)| known.path != project.path));
                found.extend(fresh.map(|project| (project, layer.site.clone())));
            }
        }
    }
    found
}

/// True when the package's `main` is written by its own build.
fn needs_build(facts: &Facts<'_>, other: &NodeProject) -> bool {
    let Some(main) = &other.main else { return false };
    let path = join(&other.directory, &main.value);
    let there = ["", ".js", ".ts", "/index.js"]
        .iter()
        .any(|end| facts.snapshot.entry(&format!("{path}{end}")).is_some());
    let hooked =
        ["prepare", "postinstall", "prepack"].iter().filter_map(|name| other.script(name)).any(|script| {
            ["build", "tsc", "tsup", "rollup", "vite"].iter().any(|tool| script.value.contains(tool))
        });
    !there && !hooked && other.script("build").is_some()
}

/// True for a script that builds `other`.
fn builds(script: &str, other: &NodeProject) -> bool {
    let name = other.name.as_ref().map_or("", |name| name.value.as_str());
    let one = script.contains(name) || script.contains(&other.directory) || script.contains("-r ");
    script.contains("build") && one
        || ["turbo", "tsc -b", "tsc --build"].iter().any(|all| script.contains(all))
}

/// True when some command, or some script of the package itself, builds `other`.
fn is_built(all: &[Simple], other: &NodeProject, project: &NodeProject) -> bool {
    let name = other.name.as_ref().map_or("", |name| name.value.as_str());
    let own = project.name.as_ref().map_or("", |name| name.value.as_str());
    // Of the package's own scripts those count that the build or an installation runs.
    let runs = |script: &str| {
        ["prebuild", "build", "postbuild", "preinstall", "postinstall", "prepare"].contains(&script)
            || all.iter().any(|command| command.has(script))
    };
    let by_script =
        project.scripts.iter().filter(|(name, _)| runs(name)).any(|(_, script)| builds(&script.value, other));
    let by_command = all.iter().any(|command| {
        let building = ["build", "tsc", "tsup", "turbo", "nx", "lerna"]
            .iter()
            .any(|word| command.words.iter().any(|own| own.contains(word)));
        let here = command.dir.ends_with(&other.directory);
        let everything = command.has("-r")
            || command.has("--recursive")
            || command.has("--workspaces")
            || command.has("foreach");
        let named = command.words.iter().any(|word| {
            word.contains(name) || (word.contains(own) && (word.contains("...") || word.contains('^')))
        });
        building && (here || everything || named || matches!(command.program(), "turbo" | "nx" | "lerna"))
            || command.has("-b")
            || command.has("--build")
    });
    by_script || by_command
}
