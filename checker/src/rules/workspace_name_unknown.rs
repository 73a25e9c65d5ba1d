//! A command names a package that the workspace does not have.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::image::effects::value;
use crate::facts::image::shell::Simple;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A build command names a package of the workspace that no `package.json` has.
    ///
    /// ## Why it matters
    /// `turbo prune web` ends with `invalid scope. Package with name web in scope not found`, `npm run build -w web` with
    /// `No workspaces found`. `pnpm --filter web build` says `No projects matched the filters` and goes on, so that the build
    /// succeeds and the program is missing.
    ///
    /// ## What to do
    /// Write the `name` of the package's `package.json`.
    ///
    /// ## What it cannot know
    /// Packages that a command writes before; so this is a warning wherever a command may have, and for pnpm.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npx turbo prune --scope=@x/web --docker
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"name": "root", "workspaces": ["apps/*"]}
    /// //- apps/remix/package.json
    /// {"name": "@x/remix"}
    /// //- a.js
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN pnpm install && pnpm --filter api build
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"name": "root"}
    /// //- pnpm-workspace.yaml
    /// packages: ["apps/*"]
    /// //- apps/server/package.json
    /// {"name": "server"}
    /// //- a.js
    /// ```
    ///
    /// Names without their scope, folders, patterns and selections are no mistakes:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npx turbo prune @x/web && pnpm --filter web build && pnpm --filter "@x/*" build && pnpm --filter ./apps/web... build
    /// RUN npm run build -w apps/web && npm run build --workspace=@x/web && pnpm --filter "...[origin/main]" test
    /// CMD ["node", "a.js"]
    /// //- package.json
    /// {"name": "root", "workspaces": ["apps/*"]}
    /// //- apps/web/package.json
    /// {"name": "@x/web", "scripts": {"build": "tsc"}}
    /// //- a.js
    /// ```
    "workspace-name-unknown", Error, Build, since "0.3.0",
    sources: ["https://turborepo.com/docs/reference/prune", "https://pnpm.io/filtering", "https://docs.npmjs.com/cli/v11/using-npm/workspaces"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        for stage in delivered.image.built_stages() {
            let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (_, layer, list) in runs {
                for command in list.iter().filter(|command| !command.conditional && !command.tolerated) {
                    for (name, strict) in named(command) {
                        let plain = !name.is_empty()
                            && name
                                .chars()
                                .all(|char| char.is_ascii_alphanumeric() || "@/-_.".contains(char));
                        if !plain
                            || name.starts_with('.')
                            || known(facts, &name)
                            || !told.insert((layer.site.clone(), name.clone()))
                        {
                            continue;
                        }
                        let message = format!("no `package.json` of the repository has the name `{name}`");
                        let finding = out.at(Site::new(file.path.clone(), layer.site.span), message);
                        finding.service(&service.name).help("Write the name of the package that is meant");
                        if !strict || !service.selected {
                            finding.severity(Severity::Warning);
                        }
                    }
                }
            }
        }
    }
}

/// Packages that a command names, and whether it fails without them.
fn named(command: &Simple) -> Vec<(String, bool)> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let at = words.iter().position(|word| *word == "turbo");
    if let Some(turbo) = at {
        let rest = &words[turbo + 1..];
        if rest.first() != Some(&"prune") {
            let filter = value(rest, &["--filter", "-F"]);
            return filter.map(|name| (selected(name), false)).into_iter().collect();
        }
        let scope = value(rest, &["--scope"]);
        let plain = rest
            .iter()
            .skip(1)
            .filter(|word| !word.starts_with('-') && Some(**word) != value(rest, &["--out-dir"]));
        let plain: Vec<&str> = plain.copied().collect();
        return match scope {
            Some(name) => vec![(name.to_owned(), true)],
            None => plain.into_iter().map(|name| (name.to_owned(), true)).collect(),
        };
    }
    let one = match command.program() {
        "pnpm" => value(&words, &["--filter", "-F"]).map(|name| (selected(name), false)),
        "npm" => value(&words, &["--workspace", "-w"]).map(|name| (name.to_owned(), true)),
        "yarn" if words.get(1) == Some(&"workspace") => words.get(2).map(|name| ((*name).to_owned(), true)),
        _ => None,
    };
    one.into_iter().collect()
}

/// A selection without the dots that add dependencies or dependents.
fn selected(name: &str) -> String {
    if name.starts_with(['/', '{', '!']) || name.starts_with("./") || name.starts_with("../") {
        return String::new();
    }
    name.trim_matches('.').trim_matches('^').to_owned()
}

fn known(facts: &Facts<'_>, name: &str) -> bool {
    facts.node_projects().values().any(|project| {
        let own = project.name.as_ref().map_or("", |own| own.value.as_str());
        let folder = project.directory.as_str();
        own == name
            || own.rsplit('/').next() == Some(name)
            || folder == name
            || folder.ends_with(&format!("/{name}"))
            || folder.starts_with(&format!("{name}/"))
    })
}
