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
    /// What the dashboard says. So this is a note, and a warning where the file lies in a directory without a program
    /// while no config file lies at the root.
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
    "config-not-discovered", Note, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/build-configuration"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let rooted = facts
        .railway_configs
        .values()
        .any(|config| config.has_default_name() && config.directory().is_empty());
    for (service, config) in facts.configured() {
        let stated = service.origin.path != config.path;
        if stated || (config.has_default_name() && config.directory().is_empty()) {
            continue;
        }
        let severity =
            if rooted || has_program(facts, config.directory()) { Severity::Note } else { Severity::Warning };
        let message =
            format!("Railway reads this file only for a service whose config path is `/{}`", config.path);
        out.at(Site::file(config.path.clone()), message)
            .severity(severity)
            .service(&service.name)
            .help("Set the service's Railway Config File to that path, or move the file to the root");
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
