//! The build needs a file that is not there when it runs.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::{How, losses};
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
    "build-input-missing", Error, Build, since "0.2.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy", "https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
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
