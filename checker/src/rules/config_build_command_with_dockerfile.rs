//! A build command that a Dockerfile does not run.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// `buildCommand` is set for a service that is built from a Dockerfile.
    ///
    /// ## Why it matters
    /// A Dockerfile build runs the Dockerfile's instructions and nothing else, so the command has no effect.
    ///
    /// ## What to do
    /// Write it as a `RUN` of the Dockerfile, or delete it.
    ///
    /// ## What it cannot know
    /// Whether the Dockerfile already does the same; Railway documents only that the command goes to the builder. So this is
    /// a note.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE", "buildCommand": "npm run build"}}
    /// //- Dockerfile
    /// FROM node:24
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK", "buildCommand": "npm run build"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// ```
    ///
    /// An empty command is none:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE", "buildCommand": ""}}
    /// //- Dockerfile
    /// FROM node:24
    /// CMD ["node", "index.js"]
    /// ```
    "config-build-command-with-dockerfile", Note, Build, since "0.2.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for setting in service.settings.every(Key::BuildCommand) {
            let command = setting.value.yes().and_then(Value::text).unwrap_or_default();
            if command.trim().is_empty() {
                continue;
            }
            let message = format!("`{}` is built as it is written, and this command is not run", file.path);
            out.at(setting.site.clone(), message)
                .service(&service.name)
                .help("Write it as a `RUN` of the Dockerfile, or delete it");
        }
    }
}
