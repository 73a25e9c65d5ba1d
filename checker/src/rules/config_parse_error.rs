//! A config file that does not parse stops the deployment.

use crate::facts::Facts;
use crate::facts::settings::CONFIG_CUT_OFF;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `railway.toml` or `railway.json` does not parse.
    ///
    /// ## Why it matters
    /// Railway reads the file before it builds and stops with `failed to parse railway.json`. Comments and trailing commas
    /// are errors in JSON; so are the markers of an unfinished merge.
    ///
    /// ## What to do
    /// Correct the place that is named.
    ///
    /// ## What it cannot know
    /// Whether the service reads this file: a file at the root with the default name is read by every service that names
    /// no other until 2026-12-01. From then on Railway reads none, and this becomes a note.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {
    ///   "deploy": { "startCommand": "node server.js", },
    /// }
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// \
    /// [deploy]
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// <<<<<<< HEAD
    /// {}
    /// =======
    /// {"deploy": {}}
    /// >>>>>>> main
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// # a comment is fine in TOML
    /// [deploy]
    /// startCommand = "node server.js"
    /// ```
    ///
    /// ```repo,fires,note,today=2026-12-02
    /// //- railway.json
    /// {
    /// ```
    "config-parse-error", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://docs.railway.com/config-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        let Some(error) = &config.error else { continue };
        let severity = if facts.snapshot.today < CONFIG_CUT_OFF { Severity::Error } else { Severity::Note };
        let name = config.path.rsplit('/').next().unwrap_or_default();
        let marker = facts.snapshot.text(&config.path).is_ok_and(|text| text.text.contains("<<<<<<<"));
        let why = if marker { "it holds the markers of an unfinished merge" } else { error.value.as_str() };
        out.at(Site::new(config.path.clone(), error.span), format!("Railway cannot parse `{name}`: {why}"))
            .severity(severity)
            .service(&service.name)
            .help("Correct this place; Railway stops before it builds");
    }
}
