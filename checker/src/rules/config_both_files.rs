//! Two config files in one directory.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `railway.toml` and `railway.json` lie in the same directory.
    ///
    /// ## Why it matters
    /// Railway takes `railway.toml` and never reads the other, so a change there has no effect.
    ///
    /// ## What to do
    /// Delete `railway.json`, after carrying over what only it says.
    ///
    /// ## What it cannot know
    /// Whether the service's settings name one of the two: then that one is read.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// //- railway.json
    /// {"deploy": {"startCommand": "node b.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- web/railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// //- worker/railway.json
    /// {"deploy": {"startCommand": "node b.js"}}
    /// ```
    "config-both-files", Warning, Config, since "0.1.0",
    sources: ["https://github.com/railwayapp/cli"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (path, config) in &facts.railway_configs {
        let Some(directory) = path.strip_suffix("railway.json").filter(|_| config.has_default_name()) else {
            continue;
        };
        let Some(toml) = facts.railway_configs.get(&format!("{directory}railway.toml")) else { continue };
        let differs = config
            .base
            .iter()
            .any(|(key, setting)| toml.base.get(key).is_none_or(|other| other.value != setting.value));
        let message = if differs {
            "Railway reads `railway.toml` beside it, so what only this file says has no effect"
        } else {
            "Railway reads `railway.toml` beside it and never this file"
        };
        out.at(Site::file(path.clone()), message)
            .related(Site::file(toml.path.clone()), "the file that is read")
            .help("Delete this file, after carrying over what only it says");
    }
}
