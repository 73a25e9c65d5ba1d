//! Variables that are not strings.

use crate::facts::Facts;
use crate::facts::railway_iac::VariableValue;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A variable in `.railway/railway.ts` is a number or a truth value.
    ///
    /// ## Why it matters
    /// The SDK takes strings and helpers only; anything else ends `railway config plan` with a `TypeError`. Deployments go
    /// on, with the settings stored last.
    ///
    /// ## What to do
    /// Put the value in quotes.
    ///
    /// ## What it cannot know
    /// Values that are computed.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { env: { WORKERS: 2 } })] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, preserve, project, service } from "railway/iac";
    /// const web = service("web", { env: { WORKERS: "2", KEY: preserve(), MODE: { value: "a", isSealed: true } } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    "iac-nonstring-env", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/infrastructure-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let Ok(text) = facts.snapshot.text(&iac.path) else { return };
    for service in &iac.services {
        for variable in service.variables.iter().filter(|each| each.value == VariableValue::NotText) {
            let site = Site::new(iac.path.clone(), variable.name.span);
            let written = variable.name.span.of(&text.text);
            let finding = out.at(
                site.clone(),
                format!("`{}` is not a string, so `railway config plan` fails", variable.name.value),
            );
            finding.help("Put the value in quotes");
            if let Some(name) = service.name.yes() {
                finding.service(name);
            }
            // A constant's name in quotes would be another value.
            if matches!(written, "true" | "false") || written.parse::<f64>().is_ok() {
                finding.fix(Fix::edit("Put the value in quotes", site, format!("\"{written}\"")));
            }
        }
    }
}
