//! Sources that the TypeScript compiler refuses for what its configuration says.

use std::ops::Range;

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::facts::typescript::{Compilation, compilations};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The build runs the TypeScript compiler on sources that it refuses under its configuration.
    ///
    /// ## Why it matters
    /// With `"module": "nodenext"` or `"moduleResolution": "node16"` a module of a package of `"type": "module"` names files
    /// as they are written: `TS2835: Relative import paths need explicit file extensions`. With `rootDir` every file that is
    /// taken in has to lie below it: `TS6059`. `import.meta.env` is known to the compiler from `vite/client` only: `TS2339:
    /// Property 'env' does not exist on type 'ImportMeta'`. `tsc` ends with status 2, and so does the build, although the
    /// development server runs. With `noUnusedLocals`, which the templates of Vite set, an import that is left over ends it, too:
    /// `TS6133: 'x' is declared but its value is never read`.
    ///
    /// ## What to do
    /// Write `./x.js`, or say `"moduleResolution": "bundler"` where a bundler makes the program. Take what lies outside of
    /// `rootDir` out of `include`. Add `src/vite-env.d.ts` with `/// <reference types="vite/client" />`. Take unused imports
    /// out, or leave `noUnusedLocals` to the linter.
    ///
    /// ## What it cannot know
    /// Other errors of types. A configuration that extends one of a package is left alone.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"type": "module", "scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"module": "nodenext", "outDir": "dist", "rootDir": "src"}, "include": ["src"]}
    /// //- src/main.ts
    /// import { run } from "./run";
    /// run();
    /// //- src/run.ts
    /// export const run = () => {};
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"outDir": "dist", "rootDir": "src"}, "include": ["src", "scripts"]}
    /// //- src/main.ts
    /// export {};
    /// //- scripts/seed.ts
    /// export {};
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// FROM nginx
    /// COPY --from=build /app/dist /usr/share/nginx/html
    /// //- package.json
    /// {"scripts": {"build": "tsc && vite build"}, "devDependencies": {"vite": "^6.0.0"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"noEmit": true, "moduleResolution": "bundler"}, "include": ["src"]}
    /// //- src/main.ts
    /// console.log(import.meta.env.VITE_API);
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc -b && vite build"}, "devDependencies": {"vite": "^6.0.0"}}
    /// //- tsconfig.json
    /// {"files": [], "references": [{"path": "./tsconfig.app.json"}]}
    /// //- tsconfig.app.json
    /// {"compilerOptions": {"noEmit": true, "noUnusedLocals": true, "moduleResolution": "bundler"}, "include": ["src"]}
    /// //- src/main.ts
    /// import {
    ///   list,
    ///   upload as send,
    /// } from "./api";
    /// list("upload");
    /// //- src/api.ts
    /// export const list = (a: string) => a;
    /// export const upload = () => {};
    /// ```
    ///
    /// Imports that are used, if only as types or by JSX, and ones that stand for themselves:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc && vite build"}, "devDependencies": {"vite": "^6.0.0"}, "dependencies": {"react": "^19.0.0"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"noEmit": true, "noUnusedLocals": true, "jsx": "react", "moduleResolution": "bundler"}, "include": ["src"], "exclude": ["src/test"]}
    /// //- src/main.tsx
    /// import React from "react";
    /// import "./other";
    /// import type { Row } from "./api";
    /// import { type Cell, list as all, type Other as Own } from "./api";
    /// import * as api from "./api";
    /// // @ts-ignore
    /// import { lost } from "./lost";
    /// export const a: Row & Cell & Own = all(api.one);
    /// //- src/test/main.ts
    /// import { nothing } from "../api";
    /// //- src/other.ts
    /// const text = `
    /// import { x } from "y";
    /// `;
    /// /*
    /// import { z } from "z";
    /// */
    /// export default text;
    /// //- src/api.ts
    /// export const list = (a: any) => a;
    /// export const one = 1;
    /// export type Row = any;
    /// export type Cell = any;
    /// export type Other = any;
    /// ```
    ///
    /// Endings, a package without `"type": "module"`, types that are there, what is left out:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN cd a && npm ci && npm run build
    /// RUN cd b && npm ci && npm run build
    /// RUN cd c && npm ci && npm run build
    /// CMD ["node", "a/dist/main.js"]
    /// //- a/package.json
    /// {"type": "module", "scripts": {"build": "tsc"}}
    /// //- a/tsconfig.json
    /// {"compilerOptions": {"module": "nodenext", "outDir": "dist", "rootDir": "src"}, "include": ["src"], "exclude": ["**/*.test.ts"]}
    /// //- a/src/main.ts
    /// import { run } from "./run.js";
    /// // import { old } from "./old";
    /// run();
    /// //- a/src/run.ts
    /// export const run = () => {};
    /// //- a/src/run.test.ts
    /// import { run } from "./run";
    /// //- a/scripts/seed.ts
    /// export {};
    /// //- b/package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- b/tsconfig.json
    /// {"compilerOptions": {"module": "node16", "outDir": "dist"}}
    /// //- b/main.ts
    /// import { run } from "./run";
    /// run();
    /// //- b/run.ts
    /// export const run = () => {};
    /// //- c/package.json
    /// {"scripts": {"build": "tsc && vite build"}, "devDependencies": {"vite": "^6.0.0"}}
    /// //- c/tsconfig.json
    /// {"compilerOptions": {"noEmit": true, "moduleResolution": "bundler"}, "include": ["src"]}
    /// //- c/src/main.ts
    /// console.log(import.meta.env.VITE_API);
    /// //- c/src/env.d.ts
    /// /// <reference types="vite/client" />
    /// ```
    "typescript-does-not-compile", Error, Build, since "0.3.0",
    sources: [
        "https://www.typescriptlang.org/tsconfig/#moduleResolution",
        "https://www.typescriptlang.org/tsconfig/#rootDir",
        "https://vite.dev/guide/features#client-types",
    ]
}

static RELATIVE: Pattern =
    Pattern::new(r#"(?m)^(?:import|export|\})[^;"'\n]*?(?:\bfrom\s*)?["'](\.{1,2}/[^"']*)["']"#, "./");

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = Vec::new();
        for compilation in compilations(facts, delivered) {
            if compilation.config.unread.is_some() || told.contains(&compilation.config.path) {
                continue;
            }
            let Some(inputs) = compilation.inputs(facts, delivered) else { continue };
            told.push(compilation.config.path.clone());
            let Some((site, message, help, severity)) = without_ending(facts, &compilation, &inputs)
                .or_else(|| outside(&compilation, &inputs))
                .or_else(|| without_types(facts, &compilation, &inputs))
                .or_else(|| unused(facts, &compilation, &inputs))
            else {
                continue;
            };
            let severity = if compilation.firm { severity } else { Severity::Warning };
            out.at(site, message)
                .severity(severity)
                .service(&service.name)
                .related(compilation.site.clone(), format!("`{}` runs here", compilation.program))
                .help(help);
        }
    }
}

type Told = (Site, String, &'static str, Severity);

/// An import that names no file as it is written, where the compiler resolves as Node does.
fn without_ending(facts: &Facts<'_>, compilation: &Compilation, inputs: &[String]) -> Option<Told> {
    let config = &compilation.config;
    let node = |word: &Option<String>| {
        word.as_deref().is_some_and(|word| matches!(word, "node16" | "node18" | "node20" | "nodenext"))
    };
    if !(node(&config.resolution) || (config.resolution.is_none() && node(&config.module))) {
        return None;
    }
    let endings =
        ["js", "mjs", "cjs", "json", "ts", "mts", "cts", "tsx", "jsx", "node", "css", "svg", "wasm"];
    inputs.iter().find_map(|source| {
        let module = source.ends_with(".mts")
            || (!source.ends_with(".cts")
                && facts.nearest_project(source).is_some_and(|project| project.is_module));
        let text = facts.snapshot.text(source).ok().filter(|_| module)?;
        if text.text.contains("@ts-nocheck") {
            return None;
        }
        let found = RELATIVE.captures_iter(&text.text).filter_map(|caught| caught.get(1)).find(|path| {
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            let before = text.text[..path.start()].trim_end_matches(|char| char != '\n').trim_end();
            let passed = before.rsplit('\n').next().is_some_and(|line| line.contains("@ts-"));
            !passed && !name.rsplit_once('.').is_some_and(|(_, end)| endings.contains(&end))
        })?;
        let message = format!(
            "`{}` needs the ending of the file, so `{}` stops here",
            found.as_str(),
            compilation.program
        );
        let site = Site::new(source.clone(), found.start()..found.end());
        Some((site, message, "Write the file as it will be called, with `.js` at its end", Severity::Error))
    })
}

/// A source that lies outside of `rootDir`.
fn outside(compilation: &Compilation, inputs: &[String]) -> Option<Told> {
    let root = compilation.config.root_dir.as_ref().filter(|root| !root.is_empty())?;
    let source = inputs.iter().find(|source| !source.starts_with(&format!("{root}/")))?;
    let message = format!("`{source}` lies outside of `rootDir`, which is `{root}`, so the compiler stops");
    let help = "Take it out of `include`, or widen `rootDir`";
    Some((Site::file(compilation.config.path.clone()), message, help, Severity::Error))
}

/// `import.meta.env` where nothing tells the compiler of it.
fn without_types(facts: &Facts<'_>, compilation: &Compilation, inputs: &[String]) -> Option<Told> {
    let home = &compilation.home;
    let project = facts.node_projects().get(home)?;
    let asks = |name: &str| project.dependencies.iter().any(|each| each.name.value == name);
    let brings = ["@types/bun", "bun-types", "astro", "@sveltejs/kit", "nuxt", "vitest", "@types/vite"];
    let typed = compilation
        .config
        .types
        .iter()
        .flatten()
        .any(|name| name.contains("client") || name.contains("vite"));
    if !asks("vite") || typed || brings.iter().any(|name| asks(name)) {
        return None;
    }
    let texts = inputs.iter().filter_map(|source| facts.snapshot.text(source).ok());
    let mut found = None;
    for text in texts {
        if ["vite/client", "from \"vite\"", "from 'vite'", "interface ImportMeta"]
            .iter()
            .any(|word| text.text.contains(word))
        {
            return None;
        }
        let at = text.text.find("import.meta.env").filter(|_| found.is_none());
        found = found.or(at.map(|at| Site::new(text.path.clone(), at..at + "import.meta.env".len())));
    }
    let mentions = |text: &str| text.contains("vite") || text.contains("ImportMeta");
    let declared = facts
        .snapshot
        .under(home)
        .iter()
        .filter(|entry| entry.path.contains(".d.") && !entry.path.contains("node_modules/"))
        .filter_map(|entry| facts.snapshot.text(&entry.path).ok())
        .any(|text| mentions(&text.text));
    let site = found.filter(|_| !declared)?;
    let message = "nothing tells the compiler of `import.meta.env`, so it stops here".to_owned();
    let help = "Add a `vite-env.d.ts` that refers to the types of `vite/client`";
    Some((site, message, help, Severity::Warning))
}

/// An import that nothing uses, where the compiler is told to refuse it.
fn unused(facts: &Facts<'_>, compilation: &Compilation, inputs: &[String]) -> Option<Told> {
    let config = &compilation.config;
    // In the old way of JSX the compiler itself uses `React`.
    let modern = config.jsx.as_deref().is_some_and(|jsx| jsx.starts_with("react-jsx"));
    inputs.iter().filter(|_| config.no_unused).find_map(|source| {
        let text = facts.snapshot.text(source).ok()?;
        let text: &str = &text.text;
        if text.contains("@ts-nocheck") {
            return None;
        }
        imports(text).find_map(|(whole, names)| {
            let before = text[..whole.start].trim_end().rsplit('\n').next().unwrap_or_default();
            let mut at = names.start;
            let found = text[names].split([',', '{', '}']).find_map(|part| {
                let start = at;
                at += part.len() + 1;
                let name = part.split_whitespace().next_back().filter(|name| *name != "type")?;
                let own = name.starts_with('_') || name == "*" || (name == "React" && !modern);
                let used = has_word(&text[..whole.start], name) || has_word(&text[whole.end..], name);
                let inner = start + part.rfind(name)?;
                (!own && !used).then(|| (name, inner..inner + name.len()))
            })?;
            let head = &text[..whole.start];
            let quoted = head.matches('`').count() % 2 == 1 || head.rfind("/*") > head.rfind("*/");
            if quoted || before.contains("@ts-") {
                return None;
            }
            let message = format!(
                "`{}` is imported and not used, which `noUnusedLocals` forbids, so `{}` stops here",
                found.0, compilation.program
            );
            let help = "Take the import out, or take `noUnusedLocals` out of the configuration";
            Some((Site::new(source.clone(), found.1), message, help, Severity::Error))
        })
    })
}

/// Each import at the beginning of a line that takes names: the statement up to its specifier, and the names.
fn imports(text: &str) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let starts = text.match_indices("import").map(|(at, _)| at);
    starts.filter(|at| *at == 0 || text[..*at].ends_with('\n')).filter_map(|at| {
        let end = at + text[at..].find(['"', '\''])?;
        let clause = text[at + "import".len()..end].trim_end().strip_suffix("from")?;
        let bare = clause.trim_start();
        let names = bare.strip_prefix("type").filter(|rest| rest.starts_with([' ', '{'])).unwrap_or(bare);
        let plain = |char: char| char.is_alphanumeric() || char.is_whitespace() || "_$,*{}".contains(char);
        let stop = at + "import".len() + clause.len();
        (clause.starts_with([' ', '{', '\n', '*']) && names.chars().all(plain))
            .then(|| (at..end + 1, stop - names.len()..stop))
    })
}

/// True when `word` stands somewhere in `text` as a word of its own.
fn has_word(text: &str, word: &str) -> bool {
    let part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}
