//! The program that is started is not in the image.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::image::base::{Base, is_alpine};
use crate::facts::image::{Item, LayerKind, Origin};
use crate::facts::launch::installs::{installs, package_of};
use crate::facts::launch::python_installs::distributions;
use crate::facts::launch::{Delivered, Program};
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The image does not have the program that the command starts.
    ///
    /// ## Why it matters
    /// Railway's deploy log says `The executable "x" could not be found.`, or a shell says `x: not found`.
    ///
    /// ## What to do
    /// Install the program in the last stage, ask for its package in the manifest, or start another one.
    ///
    /// ## What it cannot know
    /// What a base image from elsewhere holds. It judges only shells, language runtimes and the programs of Node and Python
    /// packages, and only where base image and installations are known. Python programs are warnings unless a lockfile
    /// lists everything, because another package may bring them.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["bash", "start.sh"]
    /// //- start.sh
    /// node main.js
    /// //- main.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM golang:1.24 AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN go build -o /server .
    /// FROM gcr.io/distroless/static-debian12
    /// COPY --from=build /server /server
    /// CMD /server --port $PORT
    /// //- main.go
    /// package main
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci --omit=dev
    /// CMD ["npm", "start"]
    /// //- package.json
    /// {"scripts": {"start": "tsx src/main.ts"}, "devDependencies": {"tsx": "4"}}
    /// //- src/main.ts
    /// console.log(1);
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Procfile
    /// web: gunicorn app:app
    /// //- requirements.txt
    /// flask
    /// //- app.py
    /// app = 1
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD sh -c "next start -p ${PORT:-3000}"
    /// //- package.json
    /// {"scripts": {"build": "next build"}, "dependencies": {"next": "15"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm install -g serve
    /// CMD ["serve", "-s", "dist"]
    /// //- package.json
    /// {"dependencies": {"next": "15"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// ENV PATH=/app/node_modules/.bin:$PATH
    /// COPY . .
    /// RUN npm ci
    /// CMD ["next", "start"]
    /// //- package.json
    /// {"dependencies": {"next": "15"}}
    /// ```
    ///
    /// Installed by the system, by the project, copied, or brought by `npx`:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// RUN apk add --no-cache bash
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci --omit=dev
    /// CMD ["bash", "-c", "npx tsx src/main.ts"]
    /// //- package.json
    /// {"devDependencies": {"tsx": "4"}}
    /// //- src/main.ts
    /// console.log(1);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM debian:bookworm-slim
    /// COPY --from=oven/bun:1 /usr/local/bin/bun /usr/local/bin/bun
    /// COPY main.ts .
    /// CMD ["bun", "main.ts"]
    /// //- main.ts
    /// console.log(1);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// RUN pip install -r requirements.txt
    /// CMD ["gunicorn", "app:app"]
    /// //- requirements.txt
    /// flask
    /// gunicorn==22
    /// //- app.py
    /// app = 1
    /// ```
    /// A list that asks for nothing, beside the one that was meant:
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "cd api && alembic upgrade head && python run.py"}}
    /// //- requirements.txt
    /// # the dependencies are in api/requirements.txt
    /// //- api/requirements.txt
    /// alembic
    /// //- api/run.py
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "cd api && pip install -r requirements.txt && alembic upgrade head && python run.py"}}
    /// //- requirements.txt
    /// # the dependencies are in api/requirements.txt
    /// //- api/requirements.txt
    /// alembic
    /// //- api/run.py
    /// ```
    "start-executable-missing", Error, Start, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/start-command",
        "https://github.com/GoogleContainerTools/distroless#why-should-i-use-distroless-images",
        "https://docs.npmjs.com/cli/commands/npm-ci#omit",
    ]
}

/// Language runtimes that system images do not bring.
const RUNTIMES: [&str; 10] = ["node", "npm", "npx", "bun", "deno", "java", "go", "cargo", "ruby", "php"];
/// Programs of Python distributions that have the distribution's name.
const PYTHON_PROGRAMS: [&str; 9] =
    ["gunicorn", "uvicorn", "hypercorn", "daphne", "celery", "streamlit", "granian", "dramatiq", "alembic"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = BTreeSet::new();
        if let Some((message, site)) = no_shell(delivered) {
            out.at(site, message)
                .service(&service.name)
                .help("Use the exec form, or a base image with a shell");
        }
        for program in &delivered.programs {
            let name = program.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
            let started = name;
            let found = system(delivered, started)
                .or_else(|| node(facts, delivered, program, name))
                .or_else(|| local(facts, delivered, program, name))
                .map(|why| (why, true));
            let Some((why, certain)) = found.or_else(|| python(facts, delivered, program, name)) else {
                continue;
            };
            if !told.insert(started.to_owned()) {
                continue;
            }
            let finding = out.at(program.site.clone(), format!("the image has no `{started}`: {why}"));
            finding.service(&service.name).help("Install it in the last stage, or start another program");
            if !program.firm || !certain {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// A shell or runtime that the base image does not bring and no command installs.
fn system(delivered: &Delivered<'_>, name: &str) -> Option<String> {
    delivered.image.dockerfile.as_ref()?;
    let stage = delivered.image.stages.len().checked_sub(1)?;
    let reference = delivered.image.reference(stage)?;
    let base = Base::of(reference)?;
    let wanted = (name == "bash" && (is_alpine(reference) || !base.shell))
        || (RUNTIMES.contains(&name) && !base.has(name));
    (wanted && !is_brought(delivered, stage, name))
        .then(|| format!("`{reference}` does not bring it, and no command installs it"))
}

/// True when some command names the program or something is copied to where programs lie.
fn is_brought(delivered: &Delivered<'_>, stage: usize, name: &str) -> bool {
    let Some(own) = delivered.image.stages.get(stage) else { return true };
    let words = if matches!(name, "npm" | "npx" | "node") { "node" } else { name };
    let here = own.layers.iter().any(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => items.iter().any(is_programs),
        LayerKind::Directory(_) => false,
        LayerKind::Run(commands, _) => commands.iter().any(|command| {
            let installer = [
                "nvm",
                "mise",
                "asdf",
                "sdkman",
                "rustup",
                "volta",
                "fnm",
                "nix",
                "openjdk",
                "default-jre",
                "temurin",
                "brew",
            ];
            command.words.iter().any(|word| {
                word.contains(words)
                    || word.contains("://")
                    || installer.iter().any(|tool| word.contains(tool))
            })
        }),
    });
    let below = match own.base {
        Origin::Stage(below) => is_brought(delivered, below, name),
        Origin::External(_) => false,
    };
    here || below || own.env.contains_key("PATH")
}

fn is_programs(item: &Item) -> bool {
    let first = item.to.split('/').next().unwrap_or_default();
    matches!(first, "" | "bin" | "sbin" | "usr" | "opt" | "root" | "nix" | "home")
}

/// The shell form in an image that has no shell.
fn no_shell(delivered: &Delivered<'_>) -> Option<(String, crate::finding::Site)> {
    let stage = delivered.image.stages.len().checked_sub(1)?;
    let reference = delivered.image.reference(stage)?;
    let bare = reference == "scratch"
        || (reference.starts_with("gcr.io/distroless/")
            && !reference.contains("debug")
            && !reference.contains("busybox"));
    let (command, site) =
        delivered.image.last()?.entrypoint.as_ref().or(delivered.image.last()?.command.as_ref())?;
    let shell = match command {
        Command::Shell(_) => delivered.image.last()?.shell.is_none(),
        Command::Exec(words, _) => words
            .first()
            .is_some_and(|word| matches!(word.value.as_str(), "sh" | "/bin/sh" | "bash" | "/bin/bash")),
    };
    let effective = delivered.programs.iter().all(|program| !program.effective || program.site == *site);
    let brought = delivered.image.stages.get(stage)?.layers.iter().any(|layer| {
        matches!(&layer.kind, LayerKind::Copy(items, _) if items.iter().any(|item| {
            let first = item.to.split('/').next().unwrap_or_default();
            matches!(first, "" | "bin" | "usr" | "busybox")
        }))
    });
    (bare && shell && effective && !brought).then(|| {
        (format!("the image has no shell for this command: `{reference}` brings none"), site.clone())
    })
}

/// A program of a Node package that is not installed.
fn node(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program, name: &str) -> Option<String> {
    let package = package_of(name)?;
    let by_script = program.site.path.ends_with("package.json");
    if !program.via.is_empty() || program.words.first().is_some_and(|word| word.contains('/')) || !by_script {
        return None;
    }
    let all = installs(&delivered.image);
    if all.is_empty() || all.iter().any(|install| install.named.iter().any(|named| named == package)) {
        return None;
    }
    let directory = program.site.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let project = facts.node_projects().get(directory)?;
    let asked: Vec<_> = project.dependencies.iter().filter(|each| each.name.value == package).collect();
    let own: Vec<_> = all.iter().filter(|install| install.manifest.as_deref() == Some(directory)).collect();
    let pruned = !own.is_empty() && own.iter().all(|install| install.without_dev);
    let only_dev = !asked.is_empty() && asked.iter().all(|each| each.dev);
    (pruned && only_dev).then(|| format!("`{package}` is a development dependency, and those are left out"))
}

/// A program of a Node package that is not on `PATH`: `npx` and package scripts look into `node_modules/.bin`, a shell does
/// not.
fn local(facts: &Facts<'_>, delivered: &Delivered<'_>, program: &Program, name: &str) -> Option<String> {
    let file = delivered.image.dockerfile.as_ref()?;
    let package = package_of(name)?;
    let stage = delivered.image.stages.len().checked_sub(1)?;
    let base = delivered.image.reference(stage).and_then(Base::of)?;
    let written = &program.words.first()?;
    // Inside a script that a package script starts, the path is another one.
    let service = delivered.service(facts)?;
    let direct = program.site.path == file.path || Some(&program.site.path) == service.config.as_ref();
    if !direct || !program.via.is_empty() || written.contains('/') || base.has(name) {
        return None;
    }
    let stated = file.instructions().filter_map(|(_, each)| match &each.kind {
        InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => Some(command),
        _ => None,
    });
    let shown = |text: &str| text.contains(".bin") || text.contains("PATH=");
    let moved = stated.into_iter().any(|command| match command {
        Command::Shell(text) => shown(&text.value),
        Command::Exec(words, _) => words.iter().any(|word| shown(&word.value)),
    });
    let start = service.settings.text(Key::StartCommand).is_some_and(|(text, _)| shown(text));
    (!moved && !start && !is_global(delivered, stage, &[name, package])).then(|| {
        format!("it lies in `node_modules/.bin` at most, which is not on `PATH`; `npx {name}` finds it")
    })
}

/// True when some command may put a program called one of `names` where `PATH` leads.
fn is_global(delivered: &Delivered<'_>, stage: usize, names: &[&str]) -> bool {
    let Some(own) = delivered.image.stages.get(stage) else { return true };
    let here = own.layers.iter().any(|layer| match &layer.kind {
        LayerKind::Copy(items, _) => items.iter().any(is_programs),
        LayerKind::Directory(_) => false,
        LayerKind::Run(commands, _) => commands.iter().any(|command| {
            let open =
                matches!(command.program(), "ln" | "cp" | "mv" | "install" | "npm-link" | "volta" | "make")
                    || command
                        .words
                        .iter()
                        .any(|word| word.contains("://") || word.contains(".bin") || word == "link");
            let global = command.words.iter().any(|word| {
                matches!(word.as_str(), "-g" | "--global" | "global" | "apk" | "apt-get" | "apt")
            });
            open || (global
                && command
                    .words
                    .iter()
                    .any(|word| names.iter().any(|name| word.contains(name) || word.contains('$'))))
        }),
    });
    let below = match own.base {
        Origin::Stage(below) => is_global(delivered, below, names),
        Origin::External(_) => false,
    };
    here || below || own.env.contains_key("PATH")
}

/// A program of a Python distribution that no manifest asks for; true when a lockfile proves it.
fn python(
    facts: &Facts<'_>,
    delivered: &Delivered<'_>,
    program: &Program,
    name: &str,
) -> Option<(String, bool)> {
    if !PYTHON_PROGRAMS.contains(&name) {
        return None;
    }
    let installed = distributions(facts, delivered);
    let manifest = installed.manifest.as_ref()?;
    let managed = program.via.iter().any(|word| matches!(word.as_str(), "uvx" | "pipx" | "--with"));
    if installed.open || managed || installed.names.iter().any(|each| each == name || each.contains(name)) {
        return None;
    }
    let nothing = installed.names.is_empty();
    Some((
        format!("`{manifest}` does not ask for {}", if nothing { "anything" } else { "it" }),
        installed.locked || nothing,
    ))
}
