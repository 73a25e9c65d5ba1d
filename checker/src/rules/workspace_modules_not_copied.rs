//! Packages that stay behind in another stage.

use crate::facts::Facts;
use crate::facts::image::{LayerKind, Source};
use crate::facts::launch::installs::{installs, members};
use crate::facts::launch::{Delivered, Target};
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The last stage takes `node_modules` of the workspace and leaves behind what lies elsewhere.
    ///
    /// ## Why it matters
    /// pnpm keeps the packages of `apps/api` in `apps/api/node_modules`; the root's `node_modules` has only the root's own. And
    /// packages that are named by a path, or belong to the workspace, are links to folders. An image that copies only the root's
    /// `node_modules` ends with `Cannot find module`.
    ///
    /// ## What to do
    /// Copy `apps/api/node_modules` and the linked folders too, or make a folder of its own with `pnpm deploy`.
    ///
    /// ## What it cannot know
    /// Which packages a bundle holds already. So this is a warning, and it is silent where packages are hoisted.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile && pnpm --filter api build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules ./node_modules
    /// COPY --from=build /app/apps/api/dist ./apps/api/dist
    /// CMD ["node", "apps/api/dist/main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- pnpm-lock.yaml
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}, "dependencies": {"express": "5"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /repo/api
    /// COPY core /repo/core
    /// COPY api .
    /// RUN npm ci
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /repo/api/node_modules ./node_modules
    /// COPY api/main.js .
    /// CMD ["node", "main.js"]
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"core": "file:../core"}}
    /// //- api/main.js
    /// //- core/package.json
    /// {"name": "core"}
    /// ```
    ///
    /// Everything is copied, or packages are hoisted:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile && pnpm --filter api build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules ./node_modules
    /// COPY --from=build /app/apps/api/node_modules ./apps/api/node_modules
    /// COPY --from=build /app/apps/api/dist ./apps/api/dist
    /// CMD ["node", "apps/api/dist/main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- pnpm-lock.yaml
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}, "dependencies": {"express": "5"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile && pnpm --filter api build
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules ./node_modules
    /// COPY --from=build /app/apps/api/dist ./apps/api/dist
    /// CMD ["node", "apps/api/dist/main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- .npmrc
    /// node-linker=hoisted
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- pnpm-lock.yaml
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}, "dependencies": {"express": "5"}}
    /// ```
    "workspace-modules-not-copied", Warning, Start, since "0.3.0",
    sources: ["https://pnpm.io/docker", "https://pnpm.io/cli/deploy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        nested(facts, delivered, out);
        linked(facts, delivered, out);
    }
}

/// The directories called `node_modules` that the last stage takes from others: instruction, stage, path there, path here.
fn taken(delivered: &Delivered<'_>) -> Vec<(Site, usize, String, String)> {
    let layers = delivered.image.last().map_or(&[][..], |stage| &stage.layers);
    let items = layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => Some((layer, items)),
        LayerKind::Run(..) | LayerKind::Directory(_) => None,
    });
    let all = items.flat_map(|(layer, items)| items.iter().map(move |item| (layer, item)));
    let found = all.filter_map(|(layer, item)| match &item.from {
        Source::Stage(stage, path) if path.ends_with("node_modules") && item.to.ends_with("node_modules") => {
            Some((layer.site.clone(), *stage, path.clone(), item.to.clone()))
        }
        _ => None,
    });
    found.collect()
}

/// What pnpm keeps beside each package of the workspace.
fn nested(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    for install in installs(&delivered.image).iter().filter(|install| install.manager == "pnpm") {
        let Some(root) = &install.manifest else { continue };
        let Some((site, _, _, to)) =
            taken(delivered).into_iter().find(|(_, _, from, _)| *from == join(&install.dir, "node_modules"))
        else {
            continue;
        };
        let hoists = |name: &str| {
            facts.snapshot.text(&join(root, name)).is_ok_and(|text| {
                [
                    "node-linker=hoisted",
                    "nodeLinker: hoisted",
                    "shamefully-hoist",
                    "shamefullyHoist",
                    "public-hoist-pattern=*",
                    "publicHoistPattern",
                ]
                .iter()
                .any(|word| text.text.contains(word))
            })
        };
        if hoists(".npmrc") || hoists("pnpm-workspace.yaml") {
            continue;
        }
        let base = to.trim_end_matches("node_modules").trim_end_matches('/').to_owned();
        for member in members(facts, root) {
            let inner = member
                .directory
                .strip_prefix(root.as_str())
                .unwrap_or(&member.directory)
                .trim_start_matches('/');
            let home = join(&base, inner);
            let started = delivered.programs.iter().any(|program| {
                program.effective && matches!(&program.target, Target::File { place, .. } if place.starts_with(&format!("{home}/")))
            });
            let asks = member.dependencies.iter().any(|each| {
                !each.dev
                    && !facts.node_projects().get(root).is_some_and(|own| own.asks_for(&each.name.value))
            });
            let modules =
                delivered.image.presence(delivered.image.finished(), &join(&home, "node_modules/x"));
            if started && asks && modules.is_absent() {
                let message = format!(
                    "pnpm puts the packages of `{}` into its own `node_modules`, which is not copied",
                    member.directory
                );
                out.at(site.clone(), message)
                    .service(&service.name)
                    .related(Site::file(member.path.clone()), "these packages")
                    .help(format!("Copy `{inner}/node_modules` too, or use `pnpm deploy`"));
            }
        }
    }
}

/// Packages that are links out of `node_modules`.
fn linked(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    for install in &installs(&delivered.image) {
        let Some(project) = install.manifest.as_ref().and_then(|dir| facts.node_projects().get(dir)) else {
            continue;
        };
        let modules = join(&install.dir, "node_modules");
        let Some((site, _, _, to)) = taken(delivered).into_iter().find(|(_, _, from, _)| *from == modules)
        else {
            continue;
        };
        let base = to.trim_end_matches("node_modules").trim_end_matches('/');
        let lost = project.dependencies.iter().find_map(|each| {
            let path = each.version.strip_prefix("file:").or_else(|| each.version.strip_prefix("link:"))?;
            let (place, made) = (join(base, path), join(&install.dir, path));
            let seen = !delivered.image.presence(install.view, &join(&made, "package.json")).is_absent();
            let gone = delivered
                .image
                .presence(delivered.image.finished(), &join(&place, "package.json"))
                .is_absent();
            (seen && gone && !each.dev && !path.ends_with(".tgz")).then_some((each, path))
        });
        let Some((dependency, path)) = lost else { continue };
        let message =
            format!("`{}` is a link to `{path}`, which this stage does not have", dependency.name.value);
        out.at(site, message)
            .service(&service.name)
            .related(Site::new(project.path.clone(), dependency.name.span), "it is named by its path")
            .help("Copy the folder of the package too");
    }
}
