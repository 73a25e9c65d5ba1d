//! A domain given without its port.

use crate::facts::Facts;
use crate::facts::startup::Port;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A domain in `.railway/railway.ts` is a plain string, which sends requests to port 8080.
    ///
    /// ## Why it matters
    /// A string stands for the domain with target port 8080, whatever the program listens on. A domain that is not registered
    /// with Railway yet ends the plan with an error.
    ///
    /// ## What to do
    /// Write `{ domain: "…", port: … }`, and register a new domain in the dashboard before you declare it.
    ///
    /// ## What it cannot know
    /// Which domains are registered, and the value of `PORT`. It is a warning where the program is seen to listen on another
    /// number, a note elsewhere.
    ///
    /// ```repo,fires,note
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { domains: ["example.com"] })] }));
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { start: "node index.js", domains: ["example.com"] })] }));
    /// //- index.js
    /// require("express")().listen(3000);
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { domains: [{ domain: "example.com", port: 3000 }] })] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [service("web", { start: "node index.js", domains: ["example.com"] })] }));
    /// //- index.js
    /// require("express")().listen(8080);
    /// ```
    "iac-custom-domain", Note, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://www.npmjs.com/package/railway"]
}

/// The port that a plain string stands for.
const DEFAULT: u16 = 8080;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for declared in &iac.services {
        let origin = Site::new(iac.path.clone(), declared.span);
        let Some(service) = facts.services.iter().find(|service| service.origin == origin) else { continue };
        let startup = facts.startup(service);
        let ports: Vec<u16> = startup
            .listens()
            .iter()
            .filter_map(|(listen, _)| match listen.port {
                Port::Literal(port) if listen.http => Some(port),
                _ => None,
            })
            .collect();
        if ports.contains(&DEFAULT) {
            continue;
        }
        for domain in &declared.domains {
            let message = match ports.first() {
                Some(port) => {
                    format!("`{}` goes to port {DEFAULT}, but the program listens on {port}", domain.value)
                }
                None => format!("`{}` goes to port {DEFAULT}, whatever the program listens on", domain.value),
            };
            let finding = out.at(Site::new(iac.path.clone(), domain.span), message);
            finding
                .service(&service.name)
                .help("Write the domain with its port: `{ domain: \"…\", port: … }`");
            if !ports.is_empty() {
                finding.severity(Severity::Warning);
            }
        }
    }
}
