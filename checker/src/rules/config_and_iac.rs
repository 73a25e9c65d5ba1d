//! A service that two systems describe.

use crate::facts::Facts;
use crate::facts::settings::{CONFIG_CUT_OFF, Key, Setting, Source};
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// `.railway/railway.ts` declares a service that still takes other settings from a config file.
    ///
    /// ## Why it matters
    /// Until 2026-12-01 the config file wins over what `railway config apply` has stored; from then on the stored value
    /// holds, so the deployment changes on that day. A service whose `configFile` is set is refused by
    /// `railway config plan`.
    ///
    /// ## What to do
    /// Carry the settings the message names over to `.railway/railway.ts`, then delete the config file and `configFile`.
    ///
    /// ## What it cannot know
    /// Whether `railway config apply` has been run.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { start: "node a.js" })] }));
    /// //- railway.json
    /// {"deploy": {"startCommand": "node b.js"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { configFile: "/web/railway.toml" });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- web/railway.toml
    /// [deploy]
    /// startCommand = "node a.js"
    /// ```
    ///
    /// Both may say the same until the file is deleted:
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { start: "node a.js" })] }));
    /// //- railway.json
    /// {"deploy": {"startCommand": "node a.js"}}
    /// ```
    "config-and-iac", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/infrastructure-as-code", "https://docs.railway.com/config-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for declared in &iac.services {
        let origin = Site::new(iac.path.clone(), declared.span);
        let Some(service) = facts.services.iter().find(|service| service.origin == origin) else { continue };
        if let (Some(named), Some(config)) = (&declared.config_file, &service.config) {
            out.at(
                Site::new(iac.path.clone(), named.span),
                "`railway config plan` refuses a service that still reads a config file",
            )
            .service(&service.name)
            .related(Site::file(config.clone()), "the config file")
            .help("Carry its settings over to this file, then delete it and `configFile`");
            continue;
        }
        let differing: Vec<(&Key, &Setting)> = service
            .settings
            .base
            .iter()
            .filter(|(_, setting)| setting.source == Source::ConfigFile)
            .filter(|(key, setting)| !is_default(**key, setting) || declared.settings.contains_key(key))
            .collect();
        let Some((_, first)) = differing.first() else { continue };
        let names: Vec<String> = differing.iter().map(|(key, _)| format!("`{}`", key.name())).collect();
        let message = format!(
            "this file decides {} until {CONFIG_CUT_OFF} and then no longer: `{}` says something else",
            names.join(", "),
            iac.path
        );
        out.at(first.site.clone(), message)
            .service(&service.name)
            .related(origin, "the service is declared here")
            .help(format!("Carry these settings over to `{}`, then delete this file", iac.path));
    }
}

/// True for a value that Railway takes anyway when nothing is stored.
fn is_default(key: Key, setting: &Setting) -> bool {
    let Known::Yes(value) = &setting.value else { return false };
    let text = value.text().unwrap_or_default().to_ascii_uppercase();
    match key {
        Key::Builder => matches!(text.as_str(), "RAILPACK" | "DOCKERFILE"),
        Key::RestartPolicyType => text == "ON_FAILURE",
        Key::RestartPolicyMaxRetries => *value == crate::facts::settings::Value::Integer(10),
        Key::HealthcheckTimeout => *value == crate::facts::settings::Value::Integer(300),
        Key::DockerfilePath => text == "DOCKERFILE",
        _ => false,
    }
}
