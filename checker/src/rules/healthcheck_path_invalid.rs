//! A health path is a path.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// `healthcheckPath` is not a path that begins with a slash.
    ///
    /// ## Why it matters
    /// Railway puts the value behind the container's address. Without a leading slash, or with a scheme and host, the probe
    /// asks for something else than was meant, and what it gets is not documented.
    ///
    /// ## What to do
    /// Write the path alone, such as `/health`.
    ///
    /// ## What it cannot know
    /// How Railway treats the odd forms; so this is a warning. An empty string means no health check and is left alone.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "health"
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "https://example.com/health"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/api/health?full=1"
    /// [environments.pr.deploy]
    /// healthcheckPath = ""
    /// ```
    "healthcheck-path-invalid", Warning, Health, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::HealthcheckPath) {
            let Some(path) = setting.value.yes().and_then(|value| value.text()) else { continue };
            let blanks = path.contains(char::is_whitespace);
            if path.is_empty() || (path.starts_with('/') && !blanks) {
                continue;
            }
            let message = format!("`{path}` is not a path that begins with a slash and holds no blanks");
            let finding = out.at(setting.site.clone(), message);
            finding.service(&service.name).help("Write the path alone, such as `/health`");
            if !blanks && !path.contains("://") {
                finding.fix(Fix::edit(
                    "Begin the path with a slash",
                    setting.site.clone(),
                    format!("\"/{path}\""),
                ));
            }
        }
    }
}
