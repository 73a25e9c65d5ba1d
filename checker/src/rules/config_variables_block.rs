//! Variables cannot be set in a config file.

use crate::facts::Facts;
use crate::facts::document::NodeKind;
use crate::facts::railway_config::UnknownKey;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The config file sets environment variables, which Railway does not read from it.
    ///
    /// ## Why it matters
    /// Only settings of `build` and `deploy` are read. A variable that is defined here and nowhere else is missing when the
    /// service starts.
    ///
    /// ## What to do
    /// Set the variables on the service: in the dashboard, with `railway variables`, or in `.railway/railway.ts`.
    ///
    /// ## What it cannot know
    /// Whether the variables are set on the service too.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "node server.js"
    /// [env]
    /// PORT = "3003"
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"environments": {"production": {"variables": {"NODE_ENV": "production"}}}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"environments": {"production": {"deploy": {"numReplicas": 2}}}}
    /// ```
    "config-variables-block", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code/reference", "https://docs.railway.com/variables"]
}

/// True for `env`, `variables` and their like, which hold names and values.
pub(super) fn is_variables(unknown: &UnknownKey) -> bool {
    let name = unknown.key.value.to_ascii_lowercase();
    matches!(name.as_str(), "env" | "envs" | "vars" | "variables" | "environmentvariables" | "environment")
        && matches!(unknown.value.kind, NodeKind::Map(_) | NodeKind::List(_))
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        for unknown in config.unknown.iter().filter(|unknown| is_variables(unknown)) {
            let names: Vec<String> = unknown
                .value
                .members()
                .iter()
                .take(4)
                .map(|member| format!("`{}`", member.key.value))
                .collect();
            let more = if unknown.value.members().len() > names.len() { " and more" } else { "" };
            let what =
                if names.is_empty() { "variables".to_owned() } else { format!("{}{more}", names.join(", ")) };
            let message =
                format!("Railway does not read variables from this file, so {what} will not be set");
            out.at(Site::new(config.path.clone(), unknown.key.span), message)
                .service(&service.name)
                .help("Set them on the service, in the dashboard or in `.railway/railway.ts`");
        }
    }
}
