//! Config files that Railway does not find by itself.

use crate::facts::Facts;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A config file lies where Railway reads it only when a service's settings name it.
    ///
    /// ## Why it matters
    /// Railway looks for `railway.toml` and `railway.json` in the root of the repository only; the root directory of a
    /// service does not move that. Any other file is passed over without a word, and the service runs with the
    /// dashboard's values.
    ///
    /// ## What to do
    /// Set the service's Railway Config File to the absolute path, such as `/backend/railway.toml`, and say so in
    /// `.github/preflight.toml`, or move the file to the root.
    ///
    /// ## What it cannot know
    /// What the dashboard says. So this is a note, and a warning where it is the only config file and lies in a directory
    /// without a program.
    ///
    /// ```repo,fires
    /// //- backend/railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// //- backend/package.json
    /// {}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- deploy/railway/railway.json
    /// {"deploy": {"startCommand": "node a.js"}}
    /// //- package.json
    /// {}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// ```
    ///
    /// ```repo,passes
    /// //- .github/preflight.toml
    /// [services.api]
    /// config = "backend/railway.toml"
    /// //- backend/railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// ```
    ///
    /// Nixpacks and Railpack read their own files from the root directory only:
    ///
    /// ```repo,fires
    /// //- scripts/nixpacks.toml
    /// [phases.setup]
    /// aptPkgs = ["curl"]
    /// //- scripts/package.json
    /// {}
    /// //- package.json
    /// {}
    /// ```
    ///
    /// ```repo,passes
    /// //- nixpacks.toml
    /// [phases.setup]
    /// aptPkgs = ["curl"]
    /// //- api/nixpacks.toml
    /// [phases.setup]
    /// aptPkgs = ["curl"]
    /// ```
    "config-not-discovered", Note, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/build-configuration"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    of_builders(facts, out);
    let only = facts.railway_configs.len() == 1;
    for (service, config) in facts.configured() {
        let stated = service.origin.path != config.path;
        if stated || (config.has_default_name() && config.directory().is_empty()) {
            continue;
        }
        let stray = only && !has_program(facts, config.directory());
        let severity = if stray { Severity::Warning } else { Severity::Note };
        let rooted = ["railway.toml", "railway.json"]
            .into_iter()
            .find(|name| facts.railway_configs.contains_key(*name));
        let instead =
            rooted.map_or(String::new(), |root| format!(", and `{root}` speaks for every other one"));
        let message = format!(
            "Railway reads this file only for a service whose config path is `/{}`{instead}",
            config.path
        );
        out.at(Site::file(config.path.clone()), message)
            .severity(severity)
            .service(&service.name)
            .help("Set the service's Railway Config File to that path, or move the file to the root");
    }
}

/// Files of the builders, which they read from the root directory of the service alone.
fn of_builders(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let path = &service.origin.path;
        let Some((directory, name @ ("nixpacks.toml" | "railpack.json"))) = path.rsplit_once('/') else {
            continue;
        };
        if facts.snapshot.entry(name).is_some() {
            continue;
        }
        let message =
            format!("the builder reads this file only for a service whose root directory is `{directory}`");
        out.at(Site::file(path.clone()), message)
            .service(&service.name)
            .help("Set the service's root directory, or move the file to the root of the repository");
    }
}

/// True when `directory` looks like the home of a service.
fn has_program(facts: &Facts<'_>, directory: &str) -> bool {
    const SIGNS: [&str; 12] = [
        "Dockerfile",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "Pipfile",
        "go.mod",
        "Cargo.toml",
        "Gemfile",
        "composer.json",
        "pom.xml",
        "build.gradle",
        "index.html",
    ];
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    SIGNS.iter().any(|name| facts.snapshot.entry(&format!("{prefix}{name}")).is_some())
        || facts.dockerfiles.keys().any(|path| path.rsplit_once('/').map_or("", |(at, _)| at) == directory)
}
