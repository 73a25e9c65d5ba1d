//! A lock file that holds native packages of another system only.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::document;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `package-lock.json` holds the native part of a package for the developer's machine and not for Linux.
    ///
    /// ## Why it matters
    /// Packages such as Rollup, Tailwind's `oxide` and `lightningcss` keep their native part in one optional package for each system.
    /// npm has a defect by which a lock file that is written beside an existing `node_modules` holds the one of that machine alone.
    /// The build installs what the lock file holds: `Cannot find module @rollup/rollup-linux-x64-gnu. npm has a bug related to optional
    /// dependencies`.
    ///
    /// ## What to do
    /// Delete `node_modules` and `package-lock.json`, run `npm install`, and commit the lock file.
    ///
    /// ## What it cannot know
    /// Whether another command installs the missing package, or the package finds another way without it. It is silent where some
    /// Dockerfile, manifest or `nixpacks.toml` beside the lock file names the package. A lock file above 1 MiB is not read.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN npm ci && npm run build
    /// CMD ["node", "dist/main.js"]
    /// //- package.json
    /// {"scripts": {"build": "rollup -c"}, "devDependencies": {"rollup": "^4.0.0"}}
    /// //- package-lock.json
    /// {"lockfileVersion": 3, "packages": {
    ///   "": {"devDependencies": {"rollup": "^4.0.0"}},
    ///   "node_modules/rollup": {"version": "4.1.0", "optionalDependencies": {
    ///     "@rollup/rollup-darwin-arm64": "4.1.0", "@rollup/rollup-linux-x64-gnu": "4.1.0", "@rollup/rollup-linux-x64-musl": "4.1.0"}},
    ///   "node_modules/@rollup/rollup-darwin-arm64": {"version": "4.1.0", "os": ["darwin"]}
    /// }}
    /// ```
    ///
    /// All systems, and a manifest that asks for what is missing:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// WORKDIR /app
    /// COPY . .
    /// RUN cd a && npm ci
    /// RUN cd b && npm ci && npm install @rollup/rollup-linux-x64-gnu
    /// CMD ["node", "a/main.js"]
    /// //- a/package.json
    /// {"devDependencies": {"rollup": "^4.0.0"}}
    /// //- a/package-lock.json
    /// {"lockfileVersion": 3, "packages": {
    ///   "node_modules/rollup": {"version": "4.1.0", "optionalDependencies": {
    ///     "@rollup/rollup-darwin-arm64": "4.1.0", "@rollup/rollup-linux-x64-gnu": "4.1.0"}},
    ///   "node_modules/@rollup/rollup-darwin-arm64": {"version": "4.1.0"},
    ///   "node_modules/rollup/node_modules/@rollup/rollup-linux-x64-gnu": {"version": "4.1.0"},
    ///   "node_modules/fsevents": {"version": "2.3.3", "optional": true}
    /// }}
    /// //- b/package.json
    /// {"devDependencies": {"rollup": "^4.0.0"}}
    /// //- b/package-lock.json
    /// {"lockfileVersion": 3, "packages": {
    ///   "node_modules/rollup": {"version": "4.1.0", "optionalDependencies": {
    ///     "@rollup/rollup-darwin-arm64": "4.1.0", "@rollup/rollup-linux-x64-gnu": "4.1.0"}},
    ///   "node_modules/@rollup/rollup-darwin-arm64": {"version": "4.1.0"}
    /// }}
    /// ```
    "lockfile-of-one-platform", Warning, Build, since "0.3.0",
    sources: ["https://github.com/npm/cli/issues/4828", "https://docs.npmjs.com/cli/configuring-npm/package-lock-json"]
}

/// Packages that do not work without the native part of the system, and do not get it by themselves.
const NATIVE: [&str; 6] =
    ["rollup", "lightningcss", "@tailwindcss/oxide", "rolldown", "@rspack/binding", "oxc-parser"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        // Installations hold to the lock file of their manifest.
        for install in crate::facts::launch::installs::installs(&delivered.image) {
            let Some(directory) = install.manifest.as_ref().filter(|_| install.manager == "npm") else {
                continue;
            };
            let path = crate::facts::startup::join(directory, "package-lock.json");
            let Ok(text) = facts.snapshot.text(&path) else { continue };
            if !text.text.contains("-linux-x64-") || !told.insert(path.clone()) {
                continue;
            }
            let Some((package, own, missing)) = lacking(&text.text) else { continue };
            if facts.dockerfiles.keys().chain(facts.node_projects().values().map(|each| &each.path)).any(
                |path| {
                    facts.snapshot.text(path).is_ok_and(|text| {
                        text.text.contains("-linux-x64-")
                            || text.text.contains("rm -f package-lock.json")
                            || text.text.contains("rm package-lock.json")
                    })
                },
            ) {
                continue;
            }
            let message = format!(
                "this lock file holds `{own}` for `{package}`, and none of its packages for Linux such as `{missing}`"
            );
            let finding = out.at(Site::file(path), message);
            finding.service(&service.name).severity(Severity::Warning);
            finding.related(install.site.clone(), "it is installed from here");
            finding.help(
                "Delete `node_modules` and `package-lock.json`, install again and commit the lock file",
            );
        }
    }
}

/// A package whose native part for Linux is missing, the part that is there, and the one that is not.
fn lacking(text: &str) -> Option<(String, String, String)> {
    let root = document::json(text).ok()?;
    let packages = root.get("packages")?.members();
    let names = packages.iter().filter_map(|member| Some(member.key.value.rsplit_once("node_modules/")?.1));
    let names: BTreeSet<&str> = names.collect();
    packages.iter().find_map(|member| {
        let name = member.key.value.rsplit_once("node_modules/")?.1;
        let parts = member.value.get("optionalDependencies").filter(|_| NATIVE.contains(&name))?;
        let keys = || parts.members().iter().map(|part| part.key.value.as_str());
        let linux = |key: &&str| key.contains("-linux-x64");
        let held =
            keys().find(|key| names.contains(key) && !key.contains("linux") && !key.contains("wasm"))?;
        let missing = keys().find(linux)?;
        let none = !keys().filter(linux).any(|key| names.contains(key));
        none.then(|| (name.to_owned(), held.to_owned(), missing.to_owned()))
    })
}
