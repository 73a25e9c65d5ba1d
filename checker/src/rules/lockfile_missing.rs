//! An installation from a lock file that is not there.

use crate::facts::Facts;
use crate::facts::copies::fitting;
use crate::facts::package_manager::{LOCKS, installs};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A build step installs from a lock file that does not reach it.
    ///
    /// ## Why it matters
    /// `npm ci`, `pnpm install --frozen-lockfile` and their like stop without a lock file: `The npm ci command can only install
    /// with an existing package-lock.json`, `ERR_PNPM_NO_LOCKFILE`.
    ///
    /// ## What to do
    /// Commit the lock file and copy it before the step.
    ///
    /// ## What it cannot know
    /// Files that come from another stage, an address or a mount: then it is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY package.json package-lock.json* ./
    /// RUN npm ci
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN corepack enable
    /// COPY package.json ./
    /// RUN pnpm install --frozen-lockfile
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"packageManager": "pnpm@10.6.3"}
    /// //- pnpm-lock.yaml
    /// lockfileVersion: '9.0'
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY package*.json ./
    /// RUN npm ci
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {}
    /// //- package-lock.json
    /// {}
    /// ```
    ///
    /// A step that is ready for its absence, one that needs none, and files from another stage:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24 AS files
    /// COPY . .
    /// RUN if [ -f package-lock.json ]; then npm ci; else npm install; fi
    /// FROM node:24
    /// COPY --from=files /app ./
    /// RUN npm ci && yarn install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {}
    /// ```
    /// What is cloned brings its own:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY patches /patches
    /// RUN git clone --depth 1 https://example.com/site.git /src
    /// WORKDIR /src
    /// RUN npm ci
    /// CMD ["npm", "start"]
    /// //- patches/a.patch
    /// ```
    "lockfile-missing", Error, Build, since "0.2.0",
    sources: ["https://docs.npmjs.com/cli/commands/npm-ci", "https://pnpm.io/cli/install"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for install in installs(&file).into_iter().filter(|install| install.strict && !install.opaque) {
            // Copies nothing yet: what is installed lies in the base image.
            if install.copies.is_empty() {
                continue;
            }
            let contexts = fitting(facts, service, &file);
            if contexts.is_empty() || contexts.iter().any(|context| !install.locks(context).is_empty()) {
                continue;
            }
            let names = LOCKS
                .iter()
                .find(|(manager, _)| *manager == install.manager)
                .map_or("", |(_, names)| names[0]);
            let command = short(&install.command);
            out.at(
                Site::new(file.path.clone(), install.instruction.span),
                format!("`{command}` stops here: no `{names}` has been copied before it"),
            )
            .service(&service.name)
            .help(format!("Commit `{names}` and copy it before this step"));
        }
    }
}

/// The program and its verb.
fn short(command: &str) -> String {
    command.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
