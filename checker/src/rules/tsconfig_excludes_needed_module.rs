//! The TypeScript program leaves out what it imports.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::document::Node;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `tsconfig.json` excludes a directory whose modules the program imports.
    ///
    /// ## Why it matters
    /// `tsc` compiles what is imported all the same. Compilers that go by the list of files, such as SWC under Nest, leave it
    /// out, and so does `tsc` for everything of the directory that is loaded by its name at run time: the program then ends
    /// with `Cannot find module './auth/auth.module'`.
    ///
    /// ## What to do
    /// Take the pattern out of `exclude`.
    ///
    /// ## What it cannot know
    /// What is loaded by name; a build with SWC is a warning, any other a note.
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"exclude": ["dist", "src/auth/**"]}
    /// //- src/main.ts
    /// import { auth } from "./auth/module";
    /// auth();
    /// //- src/auth/module.ts
    /// export const auth = () => {};
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "tsc"}}
    /// //- tsconfig.json
    /// {"exclude": ["dist", "test", "**/*spec.ts"]}
    /// //- src/main.ts
    /// import { auth } from "./auth/module";
    /// auth();
    /// //- src/auth/module.ts
    /// export const auth = () => {};
    /// ```
    "tsconfig-excludes-needed-module", Warning, Build, since "0.2.0",
    sources: ["https://www.typescriptlang.org/tsconfig/#exclude", "https://docs.nestjs.com/recipes/swc"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for delivered in facts.delivered() {
        for trace in delivered.traces.iter().filter(|trace| trace.build) {
            let program = trace.words.first().map_or("", String::as_str);
            if !matches!(program, "tsc" | "nest" | "swc") {
                continue;
            }
            let (Some(first), Some(service)) = (trace.chain.modules.first(), delivered.service(facts)) else {
                continue;
            };
            let Some(project) = facts.nearest_project(&first.source) else { continue };
            let directory = &project.directory;
            for name in ["tsconfig.json", "tsconfig.build.json"] {
                let path = join(directory, name);
                let Some(root) = facts.config_document(&path) else { continue };
                for item in root.get("exclude").map_or(&[][..], Node::items) {
                    let Some(dir) = item.text().and_then(plain_directory) else { continue };
                    let below = format!("{}/", join(directory, dir));
                    let reached = trace
                        .chain
                        .modules
                        .iter()
                        .find(|reached| reached.by.is_some() && reached.source.starts_with(&below));
                    let Some(reached) = reached.filter(|_| told.insert(path.clone())) else { continue };
                    let message =
                        format!("`{dir}` is excluded, but the program imports `{}`", reached.source);
                    let finding = out.at(Site::new(path.clone(), item.span), message);
                    finding.service(&service.name).severity(if program == "swc" {
                        Severity::Warning
                    } else {
                        Severity::Note
                    });
                    finding.help("Take the pattern out of `exclude`");
                }
            }
        }
    }
}

/// The directory that a pattern leaves out as a whole, when it is one of sources.
fn plain_directory(pattern: &str) -> Option<&str> {
    let dir = pattern
        .trim_start_matches("./")
        .trim_end_matches("/**/*")
        .trim_end_matches("/**")
        .trim_end_matches("/*")
        .trim_end_matches('/');
    (!dir.contains(['*', '?']) && !dir.is_empty()).then_some(dir)
}
