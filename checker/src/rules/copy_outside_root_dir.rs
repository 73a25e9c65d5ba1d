//! COPY of something above the root directory.

use crate::facts::Facts;
use crate::facts::build_context::Absence;
use crate::facts::copies;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `COPY` or `ADD` takes a file that lies above the service's root directory.
    ///
    /// ## Why it matters
    /// Railway pulls the root directory and nothing around it. A lock file or a shared package at the repository's root is
    /// not there, and `../` leads nowhere, for the build context has no parent.
    ///
    /// ## What to do
    /// Leave the root directory empty and name the Dockerfile instead (`dockerfilePath`, or the variable
    /// `RAILWAY_DOCKERFILE_PATH`); then the whole repository is the context.
    ///
    /// ## What it cannot know
    /// The root directory, unless a file states it: this rule speaks only where one does. Where several are possible and
    /// each of them lacks something, `copy-source-missing` speaks.
    ///
    /// ```repo,fires,error
    /// //- .github/preflight.toml
    /// [services.api]
    /// root = "api"
    /// dockerfile = "api/Dockerfile"
    /// //- package-lock.json
    /// {}
    /// //- api/Dockerfile
    /// FROM node:24
    /// COPY package-lock.json ./
    /// COPY main.js ./
    /// CMD ["node", "main.js"]
    /// //- api/main.js
    /// console.log("hello")
    /// ```
    ///
    /// ```repo,fires,error
    /// //- .github/preflight.toml
    /// [services.api]
    /// root = "api"
    /// dockerfile = "api/Dockerfile"
    /// //- shared/lib.js
    /// module.exports = 1
    /// //- api/Dockerfile
    /// FROM node:24
    /// COPY ../shared ./shared
    /// CMD ["node", "main.js"]
    /// ```
    ///
    /// With the repository as the root directory everything is there:
    ///
    /// ```repo,passes
    /// //- .github/preflight.toml
    /// [services.api]
    /// root = ""
    /// dockerfile = "api/Dockerfile"
    /// //- package-lock.json
    /// {}
    /// //- api/Dockerfile
    /// FROM node:24
    /// COPY package-lock.json ./
    /// COPY api/main.js ./
    /// CMD ["node", "main.js"]
    /// //- api/main.js
    /// console.log("hello")
    /// ```
    "copy-outside-root-dir", Error, Build, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/monorepo", "https://docs.docker.com/reference/dockerfile/#copy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images().filter(|(service, _)| service.roots.len() == 1) {
        let Some((context, missing)) = copies::missing(facts, service, &file) else { continue };
        for each in missing.iter().filter(|each| each.absence == Absence::OutsideRoot) {
            let source = &each.source.value;
            let message = format!(
                "`{source}` lies outside the root directory `{}`, which is all that the builder receives",
                context.root
            );
            out.at(Site::new(file.path.clone(), each.source.span), message)
                .service(&service.name)
                .help(format!("Clear the root directory and set `dockerfilePath` to `{}`", file.path));
        }
    }
}
