//! A `package.json` that is not JSON.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::launch::installs::installs;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `package.json` is not valid JSON, so that nothing is installed.
    ///
    /// ## Why it matters
    /// Package managers read it before anything else and stop: `npm error code EJSONPARSE`, `Failed to parse JSON data`. Text
    /// behind the last brace, a comment, a comma before a closing brace or the marks of a merge are enough.
    ///
    /// ## What to do
    /// Mend it; `node -p "require('./package.json').name"` says where it is broken.
    ///
    /// ## What it cannot know
    /// Which root directory a service has, where no file states it: then it is a warning. Bun, which takes comments, is left out.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"start": "node index.js"}}
    /// # deploy again
    /// //- index.js
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- package.json
    /// {"dependencies": {"express": "^5.0.0",}}
    /// //- index.js
    /// ```
    ///
    /// A manifest that no installation reads, and Bun:
    ///
    /// ```repo,passes
    /// //- api/Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm install
    /// CMD ["node", "index.js"]
    /// //- api/package.json
    /// {"dependencies": {"express": "^5.0.0"}}
    /// //- api/index.js
    /// //- api/templates/package.json
    /// {"name": {{ name }}}
    /// //- web/Dockerfile
    /// FROM oven/bun:1
    /// WORKDIR /app
    /// COPY . .
    /// RUN bun install
    /// CMD ["bun", "index.js"]
    /// //- web/package.json
    /// {"dependencies": {"elysia": "^1.0.0",}} // the server
    /// //- web/index.js
    /// ```
    "package-json-invalid", Error, Build, since "0.3.0",
    sources: ["https://docs.npmjs.com/cli/configuring-npm/package-json"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for install in installs(&delivered.image).iter().filter(|install| install.manager != "bun") {
            let Some(project) = install.manifest.as_ref().and_then(|dir| facts.node_projects().get(dir))
            else {
                continue;
            };
            let bun = delivered.image.dockerfile.is_none() && project.managers() == ["bun"];
            let Some(error) = &project.error else { continue };
            if bun || !told.insert(project.path.clone()) {
                continue;
            }
            let site = Site::new(project.path.clone(), error.span);
            let finding = out.at(site, "this is not valid JSON, so the installation stops before it begins");
            finding.service(&service.name).help(format!("Mend it: {}", error.value));
            finding.related(install.site.clone(), "it is read here");
            if install.tolerated || (delivered.image.dockerfile.is_none() && service.roots.len() > 1) {
                finding.severity(Severity::Warning);
            }
        }
    }
}
