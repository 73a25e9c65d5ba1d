//! One config file speaks for one deployment.

use crate::facts::Facts;
use crate::facts::railway_config::UnknownKey;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The config file describes several services, which Railway does not read.
    ///
    /// ## Why it matters
    /// One file configures one deployment. A `services` list or `[service.x]` table is passed over without a word, so every
    /// service is built with the defaults.
    ///
    /// ## What to do
    /// Describe the services in `.railway/railway.ts`, or write one config file a service and name it in the service's
    /// settings.
    ///
    /// ## What it cannot know
    /// Whether the same settings are in the dashboard.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"services": {"worker": {"root": "worker"}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [[services]]
    /// name = "web"
    /// ```
    ///
    /// A compose file is another thing:
    ///
    /// ```repo,passes
    /// //- compose.yaml
    /// services:
    ///   web:
    ///     build: .
    /// //- railway.json
    /// {"deploy": {"startCommand": "node server.js"}}
    /// ```
    "config-multi-service-syntax", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code", "https://docs.railway.com/infrastructure-as-code"]
}

/// True for a top-level `services` or `service`.
pub(super) fn is_services(unknown: &UnknownKey) -> bool {
    unknown.path.len() == 1 && matches!(unknown.key.value.as_str(), "services" | "service")
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        for unknown in config.unknown.iter().filter(|unknown| is_services(unknown)) {
            let message =
                format!("Railway does not read `{}`: one file configures one deployment", unknown.key.value);
            out.at(Site::new(config.path.clone(), unknown.key.span), message)
                .service(&service.name)
                .help("Describe the services in `.railway/railway.ts`, or write one config file a service");
        }
    }
}
