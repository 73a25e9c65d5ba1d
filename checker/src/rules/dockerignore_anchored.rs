//! Ignore patterns that reach the root only.

use crate::facts::Facts;
use crate::facts::build_context::BuildContext;
use crate::facts::copies;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use std::collections::BTreeSet;

declare_rule! {
    /// A `.dockerignore` pattern such as `.env` or `node_modules` misses nested ones that are copied into the image.
    ///
    /// ## Why it matters
    /// `.dockerignore` is not `.gitignore`: its patterns count from the root of the build context. `node_modules` ignores
    /// the one at the root, while `web/node_modules` is sent and copied.
    ///
    /// ## What to do
    /// Write `**/node_modules`, which matches at any depth, the root included.
    ///
    /// ## What it cannot know
    /// Whether the nested one is wanted. Only names that are rubbish or private wherever they lie are looked at, and only
    /// when such a file really arrives in the image; a pattern with a leading slash is meant for the root.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- .dockerignore
    /// node_modules/
    /// //- web/node_modules/left/index.js
    /// module.exports = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- .dockerignore
    /// **/node_modules
    /// //- web/node_modules/left/index.js
    /// module.exports = 1
    /// ```
    ///
    /// Another pattern may catch the nested one, a slash in front says that the root is meant, and nothing nested is nothing
    /// to report:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "main.js"]
    /// //- .dockerignore
    /// node_modules
    /// */node_modules
    /// /.env
    /// __pycache__
    /// //- web/node_modules/left/index.js
    /// module.exports = 1
    /// //- web/.env
    /// MODE=hello
    /// ```
    "dockerignore-anchored", Warning, Build, since "0.1.0",
    sources: ["https://docs.docker.com/build/concepts/context/#dockerignore-files"]
}

/// Names that no image wants, wherever they lie.
const ANYWHERE: &[&str] = &[
    ".env",
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".next",
    ".DS_Store",
    "*.pyc",
    ".idea",
    ".vscode",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut said = BTreeSet::new();
    for (service, file) in facts.images() {
        let sources = copies::context_sources(&file);
        for context in service.roots.iter().map(|root| facts.build_context(root, &file.path)) {
            let Some(ignore) = &context.ignore else { continue };
            let Ok(text) = facts.snapshot.text(&ignore.path) else { continue };
            for pattern in ignore.patterns.iter().filter(|pattern| !pattern.exclusion) {
                let written = pattern.span.of(&text.text).trim();
                if written.starts_with('/') || !ANYWHERE.contains(&pattern.cleaned.as_str()) {
                    continue;
                }
                let Some(nested) = missed(&context, &pattern.cleaned, |path| {
                    sources.iter().any(|(_, source)| BuildContext::takes(&source.value, path))
                }) else {
                    continue;
                };
                let site = Site::new(ignore.path.clone(), pattern.span);
                if !said.insert(site.clone()) {
                    continue;
                }
                let message =
                    format!("`{written}` counts from the root only: `{nested}` is copied into the image");
                let wide = format!("**/{}", pattern.cleaned);
                out.at(site.clone(), message)
                    .service(&service.name)
                    .help(format!("Write `{wide}`"))
                    .fix(Fix::edit("Match at any depth", site, wide));
            }
        }
    }
}

/// The first path below the root that `pattern` was meant for and that arrives.
fn missed<'c>(context: &'c BuildContext<'_>, pattern: &str, taken: impl Fn(&str) -> bool) -> Option<&'c str> {
    let tail = pattern.strip_prefix('*');
    let named = |part: &str| tail.map_or(part == pattern, |tail| part.ends_with(tail));
    let mut paths = context.entries.iter().map(|entry| context.relative(entry));
    paths.find(|path| path.split('/').skip(1).any(named) && taken(path))
}
