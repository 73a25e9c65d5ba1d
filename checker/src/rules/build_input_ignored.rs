//! The ignore file drops something that the build or the program needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::launch::{How, Loss, losses};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::order;
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
    let all = losses(facts);
    let mut told: BTreeMap<(String, Site), Vec<&Loss<'_, '_>>> = BTreeMap::new();
    for loss in &all {
        if let (Some(service), How::Ignored { site, .. }) = (loss.delivered.service(facts), &loss.how) {
            told.entry((service.name.clone(), site.clone())).or_default().push(loss);
        }
    }
    for ((service, site), mut lost) in told {
        order::sort_by_key(&mut lost, |loss| (!loss.certain, loss.broken.when));
        let Some(first) = lost.first() else { continue };
        let How::Ignored { pattern, source, .. } = &first.how else { continue };
        let what = if first.trace.build { "the build" } else { "the program" };
        let files: BTreeSet<&str> = lost.iter().filter_map(|loss| source_of(loss)).collect();
        let more = if files.len() > 1 { format!(" and {} more", files.len() - 1) } else { String::new() };
        let message = format!("`{pattern}` drops `{source}`{more}, which {what} needs for {}", first.trail());
        let root = &first.delivered.image.context.root;
        let inner = source.strip_prefix(root.as_str()).unwrap_or(source).trim_start_matches('/');
        let end = Site::new(site.path.clone(), site.span.end..site.span.end);
        let finding = out.at(site, message);
        finding.service(service).related(first.broken.site.clone(), "it is needed here");
        finding.help(format!("Add `!{inner}` behind this pattern"));
        if files.len() == 1 {
            finding.fix(Fix::edit(format!("Take `{inner}` back"), end, format!("\n!{inner}")));
        }
        if !first.certain {
            finding.severity(Severity::Warning);
        }
    }
}

fn source_of<'l>(loss: &'l Loss<'_, '_>) -> Option<&'l str> {
    match &loss.how {
        How::Ignored { source, .. } => Some(source),
        _ => None,
    }
}
