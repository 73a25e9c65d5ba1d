//! A build step writes where its user may not.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::facts::image::shell::commands;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// Packages are installed as a user who does not own the working directory.
    ///
    /// ## Why it matters
    /// `WORKDIR` before `USER` makes the directory for root, and `COPY --chown` hands over the files but not a directory that is
    /// there already. `npm install` then ends with `EACCES: permission denied, mkdir '/app/node_modules'`.
    ///
    /// ## What to do
    /// Install before `USER`, or hand the directory over first: `RUN chown node:node /app`.
    ///
    /// ## What it cannot know
    /// Owners that the base image sets. So this is a warning, and any `chown` or `chmod` before makes it silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// USER node
    /// COPY --chown=node:node package*.json ./
    /// RUN npm ci
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {}
    /// //- server.js
    /// ```
    ///
    /// Handed over, in the user's home, or before:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// RUN chown node:node /app
    /// USER node
    /// COPY --chown=node:node package*.json ./
    /// RUN npm ci
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {}
    /// //- server.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// USER node
    /// WORKDIR /home/node/app
    /// COPY --chown=node:node package*.json ./
    /// RUN npm ci
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package*.json ./
    /// RUN npm ci
    /// USER node
    /// CMD ["node", "server.js"]
    /// //- package.json
    /// {}
    /// //- server.js
    /// ```
    "nonroot-build-write", Warning, Build, since "0.3.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#workdir", "https://docs.docker.com/reference/dockerfile/#user"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for stage in file.needed_stages() {
            let Some((site, user, dir)) = denied(&file, stage) else { continue };
            out.at(site, format!("`{user}` may not write to `/{dir}`, which `WORKDIR` made for root"))
                .service(&service.name)
                .help("Install before `USER`, or hand the directory over with `chown` first");
        }
    }
}

/// The first installation of a stage that runs as another user than root in a directory of root's.
fn denied(file: &Dockerfile, stage: usize) -> Option<(Site, String, String)> {
    let (mut user, mut dir, mut made) = (String::new(), String::new(), false);
    for each in &file.stages.get(stage)?.instructions {
        match &each.kind {
            InstructionKind::User(name) => user.clone_from(&name.value),
            InstructionKind::Workdir(path) => {
                dir =
                    if path.value.starts_with('/') { join("", &path.value) } else { join(&dir, &path.value) };
                made = matches!(user.split(':').next(), Some("" | "root" | "0") | None);
            }
            InstructionKind::Run(run) => {
                let Command::Shell(script) = &run.command else { continue };
                if ["chown", "chmod", "install -d", "mkdir"].iter().any(|word| script.value.contains(word)) {
                    return None;
                }
                let name = user.split(':').next().unwrap_or_default();
                let plain = !matches!(name, "" | "root" | "0") && !name.contains('$');
                let own = dir.starts_with("home/")
                    || dir.starts_with("opt/app-root")
                    || dir.contains('$')
                    || dir.starts_with("tmp");
                let installs = commands(&script.value, &dir, true).iter().any(|command| {
                    matches!(command.program(), "npm" | "pnpm" | "yarn")
                        && command.plain().next().is_none_or(|word| matches!(word, "install" | "ci" | "i"))
                        && !command.has("-g")
                        && !command.has("--version")
                });
                if plain && made && !own && installs {
                    return Some((Site::new(file.path.clone(), each.span), name.to_owned(), dir));
                }
            }
            _ => {}
        }
    }
    None
}
