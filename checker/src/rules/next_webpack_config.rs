//! A webpack configuration that Next.js 16 refuses.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::node_project::NodeProject;
use crate::facts::startup::join;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `next build` of version 16 stops at a `webpack` function in the configuration.
    ///
    /// ## Why it matters
    /// Since version 16 `next build` uses Turbopack, which does not read a webpack configuration. Rather than leave it out, the
    /// build ends: `ERROR: This build is using Turbopack, with a webpack config and no turbopack config`. It shows when `next`
    /// is updated, or with `"next": "latest"` at any build.
    ///
    /// ## What to do
    /// Build with `next build --webpack`, or move the settings to `turbopack` in `next.config`.
    ///
    /// ## What it cannot know
    /// Functions that a plugin adds. Where the version is `latest`, it is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "^16.0.0", "react": "19"}}
    /// //- next.config.js
    /// module.exports = {
    ///   webpack: (config) => {
    ///     config.resolve.fallback = { fs: false };
    ///     return config;
    ///   },
    /// };
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22
    /// WORKDIR /app
    /// COPY package.json ./
    /// RUN npm install
    /// COPY . .
    /// RUN npm run build
    /// CMD ["npx", "next", "start"]
    /// //- package.json
    /// {"scripts": {"build": "next build"}, "dependencies": {"next": "16.0.1", "react": "19"}}
    /// //- next.config.mjs
    /// export default {
    ///   webpack(config) {
    ///     return config;
    ///   },
    /// };
    /// ```
    ///
    /// An older version, another bundler, or both configurations:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "^15.4.0", "react": "19"}}
    /// //- next.config.js
    /// module.exports = { webpack: (config) => config };
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"build": "next build --webpack", "start": "next start"}, "dependencies": {"next": "^16.0.0", "react": "19"}}
    /// //- next.config.js
    /// module.exports = { webpack: (config) => config };
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "RAILPACK"}}
    /// //- package.json
    /// {"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "^16.0.0", "react": "19"}}
    /// //- next.config.js
    /// // webpack: nothing to do
    /// module.exports = { turbopack: {}, webpack: (config) => config };
    /// ```
    "next-webpack-config", Error, Build, since "0.3.0",
    sources: ["https://nextjs.org/docs/app/guides/upgrading/version-16"]
}

/// Names of the configuration.
const CONFIGS: [&str; 5] =
    ["next.config.js", "next.config.mjs", "next.config.ts", "next.config.cjs", "next.config.mts"];
/// The first version that refuses it.
const SINCE: u32 = 16;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let image = &delivered.image;
        let runs = image.built_stages().into_iter().flat_map(|stage| image.runs(stage));
        for (view, layer, commands) in runs {
            let builds = commands.iter().filter(|each| {
                each.program() == "next"
                    && each.has("build")
                    && !each.has("--webpack")
                    && !each.has("--turbopack")
            });
            for command in builds {
                let presence = image.presence(view, &join(&command.dir, "package.json"));
                let directory =
                    presence.source().map(|path| path.rsplit_once('/').map_or("", |(dir, _)| dir));
                let Some(project) = directory.and_then(|dir| facts.node_projects().get(dir)) else {
                    continue;
                };
                let Some(certain) = refuses(project) else { continue };
                let Some(place) = configured(facts, &project.directory) else { continue };
                if !told.insert(place.clone()) {
                    continue;
                }
                let finding =
                    out.at(place, "Next.js 16 builds with Turbopack and stops at this webpack configuration");
                finding.service(&service.name).related(layer.site.clone(), "it is built here");
                finding.help("Build with `next build --webpack`, or move the settings to `turbopack`");
                if !certain || command.tolerated || command.conditional {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// Whether the version that is asked for certainly refuses it; `None` when it does not.
fn refuses(project: &NodeProject) -> Option<bool> {
    let asked = project.dependencies.iter().find(|each| each.name.value == "next")?;
    if asked.version == "latest" {
        return Some(false);
    }
    let bare = asked.version.trim_start_matches(['^', '~', '=', 'v']);
    let major: u32 = bare.split(['.', '-']).next()?.parse().ok()?;
    (major >= SINCE).then_some(true)
}

/// Where the configuration in `directory` has a webpack function and nothing for Turbopack.
fn configured(facts: &Facts<'_>, directory: &str) -> Option<Site> {
    let text = CONFIGS.iter().find_map(|name| facts.snapshot.text(&join(directory, name)).ok())?;
    if text.text.contains("turbopack") {
        return None;
    }
    let mut start = 0;
    for line in text.text.split_inclusive('\n') {
        let written = line.trim_start();
        let keys = ["webpack:", "webpack(", "webpack (", "async webpack("];
        if keys.iter().any(|key| written.starts_with(key)) {
            let at = start + line.len() - written.len();
            return Some(Site::new(text.path.clone(), at..at + "webpack".len()));
        }
        start += line.len();
    }
    None
}
