//! The health window said twice.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The files set `healthcheckTimeout` and the service has `RAILWAY_HEALTHCHECK_TIMEOUT_SEC`.
    ///
    /// ## Why it matters
    /// Both say how long Railway waits for the first 200, and nothing documents which wins.
    ///
    /// ## What to do
    /// Keep the setting and delete the variable.
    ///
    /// ## What it cannot know
    /// The variable's value, and variables that only the dashboard has.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { healthcheck: "/", healthcheckTimeout: 120, env: { RAILWAY_HEALTHCHECK_TIMEOUT_SEC: "60" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { healthcheck: "/", env: { RAILWAY_HEALTHCHECK_TIMEOUT_SEC: "60" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    "healthcheck-timeout-conflict", Warning, Health, since "0.2.0",
    sources: ["https://docs.railway.com/variables/reference", "https://docs.railway.com/deployments/healthchecks"]
}

const VARIABLE: &str = "RAILWAY_HEALTHCHECK_TIMEOUT_SEC";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let set = service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == VARIABLE));
        let Some(setting) = service.settings.base.get(&Key::HealthcheckTimeout).filter(|_| set) else {
            continue;
        };
        out.at(setting.site.clone(), format!("the variable `{VARIABLE}` says how long Railway waits, too"))
            .service(&service.name)
            .help("Keep this setting and delete the variable");
    }
}
