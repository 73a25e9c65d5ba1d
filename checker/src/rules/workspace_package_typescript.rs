//! A compiled program that loads a package of the workspace which is TypeScript still.

use std::collections::BTreeSet;

use crate::facts::chain::{Chain, Package, To, When};
use crate::facts::distribution::official_tag;
use crate::facts::document::Node;
use crate::facts::image::Image;
use crate::facts::launch::{Delivered, Program};
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::facts::{Facts, typescript};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// Node runs a compiled program that imports a package of the workspace, and `main` of that package is a TypeScript source.
    ///
    /// ## Why it matters
    /// The compiler leaves the import as it is written, so that Node loads the source itself. An older Node ends with
    /// `SyntaxError` or `ERR_UNKNOWN_FILE_EXTENSION`; one that takes the types away still finds no `./x` without its ending
    /// (`ERR_MODULE_NOT_FOUND`) and knows no `enum`. In development `tsx` or a bundler hides it.
    ///
    /// ## What to do
    /// Build the package before, and let its `main` or `exports` name what the build writes. Or start the program with `tsx`, or
    /// bundle the package into it.
    ///
    /// ## What it cannot know
    /// Where a bundler makes the program the package may be part of it; then it is silent, as it is for imports of types.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && cd api && npx tsc
    /// CMD ["node", "api/dist/main.js"]
    /// //- package.json
    /// {"workspaces": ["api", "shared"]}
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"@acme/shared": "*"}}
    /// //- api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- api/src/main.ts
    /// import { LIMIT } from "@acme/shared";
    /// console.log(LIMIT);
    /// //- shared/package.json
    /// {"name": "@acme/shared", "main": "src/index.ts"}
    /// //- shared/src/index.ts
    /// export * from "./limit";
    /// //- shared/src/limit.ts
    /// export const LIMIT = 1;
    /// ```
    ///
    /// Types alone, a program that reads TypeScript, a package that Node can read:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && cd api && npx tsc
    /// CMD ["node", "api/dist/main.js"]
    /// //- package.json
    /// {"workspaces": ["api", "shared", "plain"]}
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"@acme/shared": "*", "@acme/plain": "*"}}
    /// //- api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- api/src/main.ts
    /// import { Limit } from "@acme/shared";
    /// import { LIMIT } from "@acme/plain";
    /// const limit: Limit = LIMIT;
    /// console.log(limit);
    /// //- shared/package.json
    /// {"name": "@acme/shared", "main": "src/index.ts"}
    /// //- shared/src/index.ts
    /// export type Limit = number;
    /// //- plain/package.json
    /// {"name": "@acme/plain", "type": "module", "exports": {".": {"types": "./src/index.ts", "default": "./src/index.ts"}}}
    /// //- plain/src/index.ts
    /// export const LIMIT: number = 1;
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && cd api && npx tsc
    /// CMD ["npx", "tsx", "api/src/main.ts"]
    /// //- package.json
    /// {"workspaces": ["api", "shared"]}
    /// //- api/package.json
    /// {"name": "api", "dependencies": {"@acme/shared": "*"}}
    /// //- api/tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- api/src/main.ts
    /// import { LIMIT } from "@acme/shared";
    /// console.log(LIMIT);
    /// //- shared/package.json
    /// {"name": "@acme/shared", "main": "src/index.ts"}
    /// //- shared/src/index.ts
    /// export enum Kind { A }
    /// export const LIMIT = 1;
    /// ```
    "workspace-package-typescript", Error, Start, since "0.3.0",
    sources: [
        "https://nodejs.org/api/typescript.html#type-stripping",
        "https://nodejs.org/api/esm.html#mandatory-file-extensions",
    ]
}

/// The first major version of Node that takes types away by itself.
const STRIPS: u32 = 22;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = BTreeSet::new();
        for program in delivered.programs.iter().filter(|program| program.effective) {
            let Some(site) = compiled_at(facts, delivered, program) else { continue };
            let traces = delivered.traces.iter().filter(|trace| trace.build && trace.site == site);
            for chain in traces.map(|trace| &trace.chain) {
                for package in &chain.packages {
                    let Some((other, entry)) = loaded(facts, chain, package) else { continue };
                    let own = chain
                        .modules
                        .get(package.module)
                        .and_then(|from| facts.nearest_project(&from.source));
                    if own.is_some_and(|own| own.directory == other.directory)
                        || !told.insert(other.path.clone())
                        || (node(&delivered.image).is_none_or(|major| major >= STRIPS)
                            && is_plain(facts, &entry))
                    {
                        continue;
                    }
                    let main = other.main.as_ref();
                    let place = main.map_or_else(
                        || Site::file(other.path.clone()),
                        |main| Site::new(other.path.clone(), main.span),
                    );
                    let message =
                        format!("Node loads `{entry}` as `{}`, and it is TypeScript still", package.name);
                    let finding = out.at(place, message);
                    finding.service(&service.name).related(package.site.clone(), "it is imported here");
                    finding.related(program.site.clone(), "this runs the program");
                    finding.help("Build the package before, and let `main` name what the build writes");
                    if !program.firm {
                        finding.severity(Severity::Warning);
                    }
                }
            }
        }
    }
}

/// The instruction that compiles what Node runs as `program`, where no bundler and no hook may change what it loads.
fn compiled_at(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program) -> Option<Site> {
    let hooks = ["--import", "--loader", "--require", "--experimental", "-r", "--conditions", "-C"];
    let hooked = program.words.iter().any(|word| hooks.iter().any(|hook| word.starts_with(hook)));
    let set = delivered.image.last().is_some_and(|stage| stage.env.contains_key("NODE_OPTIONS"));
    let bundlers = ["tsup", "esbuild", "webpack", "rollup", "ncc", "vite", "tsc-alias", "swc", "bun"];
    let all = delivered.image.built_stages();
    let mut runs = all.iter().flat_map(|stage| delivered.image.runs(*stage)).flat_map(|(.., list)| list);
    if hooked || set || runs.any(|command| bundlers.contains(&command.program()) || command.has("pkg")) {
        return None;
    }
    typescript::made_by(facts, delivered, program)
}

/// The package of the workspace that an import loads, and its entry, when that is a TypeScript source of the tree.
fn loaded<'f>(facts: &'f Facts<'_>, chain: &Chain, package: &Package) -> Option<(&'f NodeProject, String)> {
    let other = facts
        .node_projects()
        .values()
        .find(|other| other.name.as_ref().is_some_and(|name| name.value == package.name))?;
    let from = chain.modules.get(package.module)?;
    // What the compiler drops, and parts of the package, are another matter.
    let links = facts.links(&from.source)?;
    let whole = links.iter().any(|link| {
        let named = matches!(&link.to, To::Module { name, .. } if *name == package.name);
        link.span == package.site.span && named && link.when < When::Guarded
    });
    let manifest = facts.config_document(&other.path).filter(|_| whole)?;
    if manifest.get("publishConfig").is_some() {
        return None;
    }
    let exported = manifest.get("exports").map(|exports| exports.get(".").unwrap_or(exports));
    let written = match exported {
        Some(node) => condition(node)?.to_owned(),
        None => other.main.as_ref()?.value.clone(),
    };
    let entry = join(&other.directory, &written);
    let source =
        [".ts", ".tsx", ".mts", ".cts"].iter().any(|end| entry.ends_with(end)) && !entry.contains(".d.");
    (source && facts.snapshot.entry(&entry).is_some()).then_some((other, entry))
}

/// What Node takes of `exports`: the first condition that it knows (<https://nodejs.org/api/packages.html#conditional-exports>).
fn condition(node: &Node) -> Option<&str> {
    node.text().or_else(|| {
        let known = ["node", "import", "require", "default", "module-sync"];
        node.members()
            .iter()
            .filter(|member| known.contains(&member.key.value.as_str()))
            .find_map(|member| condition(&member.value))
    })
}

/// True when Node can run `entry` once its types are taken away: imports name files, and nothing but types is left over.
fn is_plain(facts: &Facts<'_>, entry: &str) -> bool {
    let (Some(links), Ok(text)) = (facts.links(entry), facts.snapshot.text(entry)) else { return true };
    let named = links.iter().all(|link| match &link.to {
        To::Module { name, .. } if name.starts_with('.') && link.when < When::Types => name
            .rsplit('/')
            .next()
            .is_some_and(|file| file.contains(".ts") || file.contains(".js") || file.contains(".json")),
        _ => true,
    });
    let kept =
        ["export enum ", "\nenum ", "export namespace ", "constructor(private ", "constructor(public "];
    // `./x.js` of a source `x.ts` is not there either.
    let moved = links.iter().any(|link| match &link.to {
        To::Module { name, .. }
            if name.starts_with('.') && name.ends_with(".js") && link.when < When::Types =>
        {
            let at = entry.rsplit_once('/').map_or("", |(directory, _)| directory);
            facts.snapshot.entry(&join(at, name)).is_none()
        }
        _ => false,
    });
    named && !moved && !kept.iter().any(|word| text.text.contains(word))
}

/// The major version of Node in the finished image.
fn node(image: &Image<'_>) -> Option<u32> {
    let reference = image.reference(image.finished().stage)?;
    official_tag(reference, "node")?.split(['.', '-']).next()?.parse().ok()
}
