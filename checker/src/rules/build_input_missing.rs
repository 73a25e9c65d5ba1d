//! The build needs a file that is not there when it runs.

use std::collections::BTreeSet;

use crate::facts::image::View;
use crate::facts::image::effects::{Effect, effects};
use crate::facts::image::shell::Simple;
use crate::facts::launch::Delivered;
use crate::facts::launch::{How, losses};
use crate::facts::startup::{flag, join, unwrapped};
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
    /// Before anything but the manifests is copied:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install && npm run build
    /// COPY . .
    /// CMD ["npm", "start"]
    /// //- package.json
    /// {"scripts": {"build": "vite build", "start": "vite preview"}}
    /// //- index.html
    /// //- vite.config.js
    /// export default {};
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json vite.config.js ./
    /// COPY src ./src
    /// RUN npm install && npm run build && npx tsc --version && npx tsc src/a.ts
    /// CMD ["npm", "start"]
    /// //- package.json
    /// {"scripts": {"build": "vite build", "start": "vite preview"}}
    /// //- src/a.ts
    /// //- vite.config.js
    /// export default {};
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
    /// //- tsconfig.json
    /// {}
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
    /// A directory stands for its index, whatever the ending:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// RUN npx vite build
    /// CMD ["true"]
    /// //- package.json
    /// {"devDependencies": {"vite": "7"}}
    /// //- index.html
    /// <script type="module" src="/src/main.jsx"></script>
    /// //- src/main.jsx
    /// import { routes } from "./router";
    /// import texts from "./texts";
    /// //- src/router/index.jsx
    /// export const routes = [];
    /// //- src/texts/index.json
    /// {}
    /// ```
    ///
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
    ///
    /// A package of the workspace that is bundled before its sources come:
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM oven/bun:1
    /// WORKDIR /app
    /// COPY package.json ./
    /// COPY libs/money/package.json libs/money/
    /// RUN bun install
    /// WORKDIR /app/libs/money
    /// RUN bun run build
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["bun", "index.ts"]
    /// //- package.json
    /// {"workspaces": ["libs/*"]}
    /// //- libs/money/package.json
    /// {"name": "money", "scripts": {"build": "tsup"}}
    /// //- libs/money/src/index.ts
    /// //- index.ts
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
                if let Some(wanted) = unfounded(delivered, view, command, &list[..at])
                    && told.insert(layer.site.path.clone())
                {
                    let message =
                        format!("`{}` builds here, and {wanted} has been copied yet", command_name(command));
                    let finding = out.at(layer.site.clone(), message);
                    finding.service(&service.name).help("Copy the sources before this command");
                    if !one || !service.selected {
                        finding.severity(Severity::Warning);
                    }
                }
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

/// Builders with the word that makes them build, and what each cannot do without: any of these, from where it runs. The
/// last says it in words.
const FOUNDATIONS: [(&str, &str, &[&str], &str); 8] = [
    (
        "vite",
        "build",
        &[
            "index.html",
            "vite.config.js",
            "vite.config.ts",
            "vite.config.mjs",
            "vite.config.mts",
            "vite.config.cjs",
            "vite.config.cts",
        ],
        "neither `index.html` nor `vite.config`",
    ),
    ("next", "build", &["app", "pages", "src/app", "src/pages"], "neither `app` nor `pages`"),
    ("react-scripts", "build", &["public/index.html"], "no `public/index.html`"),
    ("vue-cli-service", "build", &["src", "vue.config.js"], "no `src`"),
    ("nest", "build", &["tsconfig.json", "tsconfig.build.json", "nest-cli.json"], "no `tsconfig.json`"),
    ("tsc", "", &["tsconfig.json"], "no `tsconfig.json`"),
    (
        "tsup",
        "",
        &["src", "lib", "index.ts", "tsup.config.ts", "tsup.config.js"],
        "neither `src` nor `tsup.config`",
    ),
    (
        "bunup",
        "",
        &["src", "index.ts", "bunup.config.ts", "bunup.config.js"],
        "neither `src` nor `bunup.config`",
    ),
];

/// What a builder that is run before the sources are copied cannot do without.
fn unfounded(
    delivered: &Delivered<'_>,
    view: View,
    command: &Simple,
    before: &[Simple],
) -> Option<&'static str> {
    let words = unwrapped(&command.words);
    let name = command_name(command);
    let (_, verb, any, wanted) = FOUNDATIONS.iter().find(|(program, ..)| *program == name)?;
    let rest = words.get(1..)?;
    let plain: Vec<&str> = rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let asked = if verb.is_empty() { plain.is_empty() } else { plain == [*verb] };
    let other = ["-c", "--config", "-p", "--project", "--init", "-v", "--version", "-h", "--help", "--all"];
    if !asked
        || command.conditional
        || command.tolerated
        || rest.iter().any(|word| other.contains(&word.as_str()))
    {
        return None;
    }
    // A compiler looks for its settings in every directory above, too.
    let mut dirs = vec![command.dir.as_str()];
    while let Some((above, _)) =
        dirs.last().and_then(|dir| dir.rsplit_once('/')).filter(|_| name == "tsc" || name == "next")
    {
        dirs.push(above);
    }
    let made: Vec<Effect> = before.iter().flat_map(effects).collect();
    let gone = dirs.iter().all(|dir| {
        any.iter().all(|path| {
            let place = join(dir, path);
            delivered.image.presence(view, &place).is_absent()
                && !made.iter().any(|effect| may_make(effect, &place))
        })
    });
    gone.then_some(*wanted)
}

/// The name of the program that `command` runs in the end.
fn command_name(command: &Simple) -> &str {
    unwrapped(&command.words).first().map_or("", |word| word.rsplit('/').next().unwrap_or(word))
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
