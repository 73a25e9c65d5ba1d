//! Packages that stay behind in another stage.

use crate::facts::Facts;
use crate::facts::image::{LayerKind, Source};
use crate::facts::launch::installs::{installs, members};
use crate::facts::launch::{Delivered, Target};
use crate::facts::node_project::NodeProject;
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
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// FROM node:22
    /// WORKDIR /app/services/api
    /// COPY --from=build /app/services/api/node_modules ./node_modules
    /// COPY services/api/main.js .
    /// CMD ["node", "main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["services/*"]
    /// //- pnpm-lock.yaml
    /// //- services/api/package.json
    /// {"name": "api", "dependencies": {"express": "5"}}
    /// //- services/api/main.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules ./node_modules
    /// COPY apps/api/main.js apps/api/
    /// CMD ["node", "apps/api/main.js"]
    /// //- package.json
    /// {"name": "root", "workspaces": ["apps/*"]}
    /// //- package-lock.json
    /// {"packages": {"apps/api/node_modules/express": {"version": "5.0.0"}, "node_modules/express": {"version": "4.0.0"}}}
    /// //- apps/api/package.json
    /// {"name": "api", "dependencies": {"express": "5"}}
    /// //- apps/api/main.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install --frozen-lockfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules ./node_modules
    /// COPY --from=build /app/services/api/node_modules ./services/api/node_modules
    /// COPY services/api/main.js services/api/
    /// CMD ["node", "services/api/main.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["services/*"]
    /// //- pnpm-lock.yaml
    /// //- services/api/package.json
    /// {"name": "api", "dependencies": {"express": "5"}}
    /// //- services/api/main.js
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
    ///
    /// What `turbo prune` has picked out is read like the rest:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS pruner
    /// WORKDIR /app
    /// COPY . .
    /// RUN npx turbo prune api --docker
    /// FROM node:22 AS build
    /// RUN npm install -g pnpm@10
    /// WORKDIR /app
    /// COPY --from=pruner /app/out/json/ .
    /// RUN pnpm install --frozen-lockfile
    /// COPY --from=pruner /app/out/full/ .
    /// RUN pnpm turbo run build --filter=api
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app/node_modules node_modules
    /// COPY --from=build /app/apps/api/dist apps/api/dist
    /// CMD ["node", "apps/api/dist/index.js"]
    /// //- package.json
    /// {"devDependencies": {"turbo": "^2.0.0"}}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}, "dependencies": {"express": "^5.0.0"}}
    /// //- apps/api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist"}, "include": ["src"]}
    /// //- apps/api/src/index.ts
    /// import "express";
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS pruner
    /// WORKDIR /app
    /// COPY . .
    /// RUN npx turbo prune api --docker
    /// FROM node:22 AS build
    /// RUN npm install -g pnpm@10
    /// WORKDIR /app
    /// COPY --from=pruner /app/out/json/ .
    /// COPY --from=pruner /app/out/pnpm-lock.yaml ./pnpm-lock.yaml
    /// RUN pnpm install --frozen-lockfile
    /// COPY --from=pruner /app/out/full/ .
    /// RUN pnpm turbo run build --filter=api...
    /// FROM node:22
    /// WORKDIR /app
    /// COPY --from=build /app .
    /// CMD ["node", "apps/api/dist/index.js"]
    /// //- package.json
    /// {"devDependencies": {"turbo": "^2.0.0"}}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// //- apps/api/package.json
    /// {"name": "api", "scripts": {"build": "tsc"}, "dependencies": {"express": "^5.0.0"}}
    /// //- apps/api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist"}, "include": ["src"]}
    /// //- apps/api/src/index.ts
    /// import "express";
    /// ```
    "workspace-modules-not-copied", Warning, Start, since "0.3.0",
    sources: ["https://pnpm.io/docker", "https://pnpm.io/cli/deploy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        nested(facts, delivered, out);
        linked(facts, delivered, out);
        severed(facts, delivered, out);
        unhoisted(facts, delivered, out);
    }
}

/// True when pnpm puts all packages into one flat `node_modules`, as the settings beside the manifest in `root` say.
fn hoists(facts: &Facts<'_>, root: &str) -> bool {
    let words = [
        "node-linker=hoisted",
        "nodeLinker: hoisted",
        "shamefully-hoist",
        "shamefullyHoist",
        "public-hoist-pattern=*",
        "publicHoistPattern",
    ];
    [".npmrc", "pnpm-workspace.yaml"].iter().any(|name| {
        let text = facts.snapshot.text(&join(root, name));
        text.is_ok_and(|text| words.iter().any(|word| text.text.contains(word)))
    })
}

/// The `node_modules` of one member, whose links lead to the root's `node_modules/.pnpm`, which stays behind.
fn severed(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    for install in installs(&delivered.image).iter().filter(|install| install.manager == "pnpm") {
        let Some(root) = install.manifest.as_ref().filter(|root| !hoists(facts, root)) else { continue };
        for member in members(facts, root) {
            let inner = member.directory.strip_prefix(root.as_str()).unwrap_or(&member.directory);
            let inner = inner.trim_start_matches('/');
            let own = join(&join(&install.dir, inner), "node_modules");
            let Some((site, _, _, to)) = taken(delivered).into_iter().find(|(_, _, from, _)| *from == own)
            else {
                continue;
            };
            // `../../../node_modules/.pnpm/…`: as many steps as the member lies deep.
            let mut home = to.trim_end_matches("node_modules").trim_end_matches('/');
            for _ in inner.split('/') {
                home = home.rsplit_once('/').map_or("", |(above, _)| above);
            }
            let store = join(home, "node_modules/.pnpm/x");
            let finished = delivered.image.finished();
            let outside =
                member.dependencies.iter().any(|each| !each.dev && !each.version.starts_with("workspace:"));
            if outside && delivered.image.presence(finished, &store).is_absent() {
                let message = format!(
                    "these are links to `/{}`, which this stage does not have",
                    store.trim_end_matches("/x")
                );
                out.at(site, message)
                    .service(&service.name)
                    .related(Site::file(member.path.clone()), "these packages")
                    .help("Copy the root's `node_modules` too, or use `pnpm deploy`");
            }
        }
    }
}

/// Packages that npm puts beside a member, because another version of them lies in the root's `node_modules`.
fn unhoisted(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let Some(service) = delivered.service(facts) else { return };
    for install in installs(&delivered.image).iter().filter(|install| install.manager == "npm") {
        let Some(root) = &install.manifest else { continue };
        let modules = join(&install.dir, "node_modules");
        let Some((site, _, _, to)) = taken(delivered).into_iter().find(|(_, _, from, _)| *from == modules)
        else {
            continue;
        };
        let base = to.trim_end_matches("node_modules").trim_end_matches('/');
        for member in members(facts, root) {
            let inner = member.directory.strip_prefix(root.as_str()).unwrap_or(&member.directory);
            let inner = inner.trim_start_matches('/');
            let home = join(base, inner);
            let started = delivered.programs.iter().any(|program| {
                program.effective && matches!(&program.target, Target::File { place, .. } if place.starts_with(&format!("{home}/")))
            });
            let own = join(&home, "node_modules/x");
            if !started || !delivered.image.presence(delivered.image.finished(), &own).is_absent() {
                continue;
            }
            let Some(name) = beside(facts, root, inner, member) else { continue };
            let message = format!("npm puts `{name}` into `{inner}/node_modules`, which is not copied");
            out.at(site.clone(), message)
                .service(&service.name)
                .related(Site::file(member.path.clone()), "it is asked for here")
                .help(format!("Copy `{inner}/node_modules` too"));
        }
    }
}

/// A package that `member` itself asks for and that the lock file at `root` places in the member's own `node_modules`.
fn beside(facts: &Facts<'_>, root: &str, inner: &str, member: &NodeProject) -> Option<String> {
    let lock = facts.config_document(&join(root, "package-lock.json"))?;
    let packages = lock.get("packages")?;
    let prefix = format!("{inner}/node_modules/");
    let mut names = packages.members().iter().filter_map(|entry| entry.key.value.strip_prefix(&prefix));
    let asked = |name: &&str| member.dependencies.iter().any(|each| !each.dev && each.name.value == **name);
    names.find(asked).map(str::to_owned)
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
        if hoists(facts, root) {
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
