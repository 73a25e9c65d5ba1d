//! The ignore file drops something that the build or the program needs.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::{How, losses};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `.dockerignore` drops a file that a build command or the started program needs.
    ///
    /// ## Why it matters
    /// The file is in git and no `COPY` names it, so that nothing looks wrong: but `COPY . .` brings everything except what
    /// the ignore file drops. The build stops with `Could not resolve`, or the container with a missing module.
    ///
    /// ## What to do
    /// Take the pattern back for that file with `!path`, in a line behind it.
    ///
    /// ## What it cannot know
    /// Whether a file that is only named in a text is read; such a finding is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install && npm run build
    /// CMD ["npx", "serve", "dist"]
    /// //- .dockerignore
    /// node_modules
    /// server
    /// //- package.json
    /// {"scripts": {"build": "vite build"}}
    /// //- vite.config.ts
    /// import { routes } from "./server/routes";
    /// export default { routes };
    /// //- server/routes.ts
    /// export const routes = [];
    /// ```
    ///
    /// A file that a script of the build reads is a warning:
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN node scripts/notes.mjs
    /// CMD ["node", "server.js"]
    /// //- .dockerignore
    /// *.md
    /// //- scripts/notes.mjs
    /// import { readFileSync } from "node:fs";
    /// const NOTES = "CHANGELOG.md";
    /// readFileSync(NOTES);
    /// //- server.js
    /// //- CHANGELOG.md
    /// # 1
    /// ```
    ///
    /// Taken back, or needed by nobody:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN node scripts/notes.mjs
    /// CMD ["node", "server.js"]
    /// //- .dockerignore
    /// *.md
    /// !CHANGELOG.md
    /// tests
    /// //- scripts/notes.mjs
    /// import { readFileSync } from "node:fs";
    /// readFileSync("CHANGELOG.md");
    /// //- server.js
    /// //- CHANGELOG.md
    /// # 1
    /// //- tests/a.test.js
    /// ```
    "build-input-ignored", Error, Build, since "0.2.0",
    sources: ["https://docs.docker.com/build/concepts/context/#dockerignore-files"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for loss in losses(facts) {
        let (Some(service), How::Ignored { site, pattern, source }) = (loss.delivered.service(facts), &loss.how) else {
            continue;
        };
        if !told.insert((service.name.clone(), site.clone(), source.clone())) {
            continue;
        }
        let what = if loss.trace.build { "the build" } else { "the program" };
        let message = format!("`{pattern}` drops `{source}`, which {what} needs for {}", loss.trail());
        let root = &loss.delivered.image.context.root;
        let inner = source.strip_prefix(root.as_str()).unwrap_or(source).trim_start_matches('/');
        let end = Site::new(site.path.clone(), site.span.end..site.span.end);
        let finding = out.at(site.clone(), message);
        finding.service(&service.name).related(loss.broken.site.clone(), "it is needed here");
        finding.help(format!("Add `!{inner}` behind this pattern"));
        finding.fix(Fix::edit(format!("Take `{inner}` back"), end, format!("\n!{inner}")));
        if !loss.certain {
            finding.severity(Severity::Warning);
        }
    }
}
