//! The build needs a file that is not there when it runs.

use std::collections::BTreeSet;

use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::Simple;
use crate::facts::launch::Delivered;
use crate::facts::launch::{How, losses};
use crate::facts::startup::{flag, unwrapped};
use crate::facts::{Facts, copies};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A build command imports a file that the image does not have at that moment.
    ///
    /// ## Why it matters
    /// The compiler or bundler stops with `Cannot find module` or `Could not resolve`, and the build fails. On the
    /// developer's machine the file lies there, untracked, or in a directory that the Dockerfile does not copy.
    ///
    /// ## What to do
    /// Copy the file before the command that needs it, or add it to git.
    ///
    /// ## What it cannot know
    /// What commands before it write: after one that may write anything the finding is a warning. Only what is reached from
    /// the usual beginnings (`src/main.ts`, pages of Next, the configuration of Vite, the script that is run) is read.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json tsconfig.json ./
    /// RUN npm install
    /// COPY src ./src
    /// RUN npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {}
    /// //- src/main.ts
    /// import { limits } from "../shared/limits";
    /// console.log(limits);
    /// //- shared/limits.ts
    /// export const limits = 1;
    /// ```
    ///
    /// A file that lies in the working directory only:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "nest build"}}
    /// //- src/main.ts
    /// import { guard } from "./guard";
    /// guard();
    /// //- src/guard.ts untracked
    /// export const guard = () => {};
    /// ```
    ///
    /// The files that commands name themselves:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json tsconfig.json ./
    /// COPY src ./src
    /// RUN npm install && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc -p tsconfig.build.json"}}
    /// //- tsconfig.json
    /// {}
    /// //- tsconfig.build.json
    /// {}
    /// //- src/main.ts
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// COPY src ./src
    /// RUN curl -fsSLo setup.sh https://example.com/setup.sh && sh setup.sh
    /// RUN node scripts/optional.js || true
    /// RUN npx tsc -p src && node -e "1" && node src/codegen
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {}
    /// //- src/tsconfig.json
    /// {}
    /// //- src/main.ts
    /// //- src/codegen/index.js
    /// ```
    ///
    /// What a generator writes, and what is written with another ending:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npx prisma generate && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- src/main.ts
    /// import { a } from "./a.js";
    /// import { old } from "./old.js";
    /// import { Client } from "./generated/client";
    /// import "./style.css";
    /// a(Client, old);
    /// //- src/a.ts
    /// export const a = (client) => client;
    /// //- src/old.d.ts
    /// export declare const old: number;
    /// ```
    /// A `.gitignore` for Python keeps `lib/` out of git everywhere:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npx vite build
    /// CMD ["npx", "serve", "dist"]
    /// //- .gitignore
    /// lib/
    /// //- package.json
    /// {"dependencies": {"vite": "6", "serve": "14"}}
    /// //- tsconfig.json
    /// {"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}
    /// //- src/main.tsx
    /// import { cn } from "@/lib/utils";
    /// document.title = cn("a");
    /// ```
    "build-input-missing", Error, Build, since "0.2.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy", "https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        run(facts, delivered, out);
    }
    let mut told = BTreeSet::new();
    for loss in losses(facts).iter().filter(|loss| loss.trace.build) {
        let Some(service) = loss.delivered.service(facts) else { continue };
        let (site, what) = match &loss.how {
            How::NotCopied { source, .. } => {
                (loss.trace.site.clone(), format!("no instruction before this one copies `{source}`"))
            }
            How::NotInTree { source, untracked: true } => {
                (loss.broken.site.clone(), format!("git does not track `{source}`"))
            }
            How::NotInTree { source, untracked: false } => {
                (loss.broken.site.clone(), format!("there is no `{source}`"))
            }
            _ => continue,
        };
        if !told.insert((service.name.clone(), what.clone())) {
            continue;
        }
        let command = loss.trace.words.first().map_or("build", String::as_str);
        let message = format!("{what}, which `{command}` needs for {}", loss.trail());
        let finding = out.at(site, message);
        finding.service(&service.name).related(loss.broken.site.clone(), "it is needed here");
        finding.related(loss.trace.site.clone(), "the build command runs here");
        finding.help("Copy it before this command, or add it to git");
        if !loss.certain {
            finding.severity(Severity::Warning);
        }
    }
}

/// Scripts and settings that the commands of a build name themselves.
fn run(facts: &Facts<'_>, delivered: &Delivered<'_>, out: &mut Findings) {
    let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else { return };
    let one = service.roots.len() == 1 || copies::fitting(facts, service, file).len() == 1;
    let mut told = BTreeSet::new();
    for stage in delivered.image.built_stages() {
        let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
        for (view, layer, list) in runs {
            for (at, command) in list.iter().enumerate() {
                let Some((written, place)) = named(command) else { continue };
                if is_hook(facts, &list[..at], &written) {
                    continue;
                }
                let bound = list[..at].iter().flat_map(effects).any(|effect| may_make(&effect, &place));
                let endings =
                    [String::new(), ".js".to_owned(), "/index.js".to_owned(), "/tsconfig.json".to_owned()];
                let gone = endings
                    .iter()
                    .all(|end| delivered.image.presence(view, &format!("{place}{end}")).is_absent());
                if bound || !gone || command.conditional || command.tolerated || !told.insert(place) {
                    continue;
                }
                let message = format!(
                    "`{}` needs `{written}`, which no instruction before this one copies",
                    command.program()
                );
                let finding = out.at(layer.site.clone(), message);
                finding.service(&service.name).help("Copy it before this command");
                if !one || !service.selected {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// True for a command that an installation before it runs by itself, of which another rule speaks.
fn is_hook(facts: &Facts<'_>, before: &[Simple], written: &str) -> bool {
    let installs = before.iter().any(|command| matches!(command.program(), "npm" | "pnpm" | "yarn" | "bun"));
    installs
        && facts.node_projects().values().any(|project| {
            let hooks = ["preinstall", "install", "postinstall", "prepare"];
            hooks.iter().filter_map(|hook| project.script(hook)).any(|script| script.value.contains(written))
        })
}

/// The file that a command cannot do without, as written and in the image.
fn named(command: &Simple) -> Option<(String, String)> {
    let words = unwrapped(&command.words);
    let program = words.first()?.rsplit('/').next()?;
    let written = match program {
        "tsc" => flag(&words[1..], &["-p", "--project"])?,
        "node" | "tsx" | "ts-node" | "python" | "python3" | "sh" | "bash" => {
            let first = words.get(1)?;
            (!first.starts_with(['-', '<', '/']) && first.contains('.')).then_some(first.as_str())?
        }
        _ => words.first().filter(|word| word.starts_with("./") && word.ends_with(".sh"))?,
    };
    let plain = !written.contains(['$', '*', '<', '>', '(', '`'])
        && written != "."
        && !written.contains("node_modules");
    Some((written.trim_start_matches("./").to_owned(), command.place(written)?)).filter(|_| plain)
}

/// True when a command before may have written `path`.
fn may_make(effect: &Effect, path: &str) -> bool {
    let inside = |dir: &String| dir.is_empty() || path == dir || path.starts_with(&format!("{dir}/"));
    match effect {
        Effect::Makes(made) => made == path,
        Effect::Fills(dir) | Effect::Builds(dir) => inside(dir),
        Effect::Anything => true,
        _ => false,
    }
}
