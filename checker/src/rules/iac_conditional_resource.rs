//! A resource that comes and goes with the environment.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `.railway/railway.ts` declares a service on a condition.
    ///
    /// ## Why it matters
    /// The newer command line evaluates the program for every environment and refuses a resource that only some of the
    /// evaluations have. The older one plans to delete the service where the condition does not hold.
    ///
    /// ## What to do
    /// Declare it always, and say where it lives with `environments: [...]`.
    ///
    /// ## What it cannot know
    /// Which version of the command line runs, and whether the condition differs between environments.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway((ctx) => project("p", { resources: [
    ///   service("web", {}),
    ///   ...(ctx.isEnvironment("production") ? [service("reports", {})] : []),
    /// ] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway((ctx) => project("p", { resources: [
    ///   service("web", { replicas: ctx.environment === "production" ? 3 : 1 }),
    /// ] }));
    /// ```
    "iac-conditional-resource", Warning, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for service in iac.services.iter().filter(|service| service.conditional) {
        let message = "this service exists in some environments only, which the newer command line refuses";
        let finding = out.at(Site::new(iac.path.clone(), service.span), message);
        finding.help("Declare it always, and say where it lives with `environments: [...]`");
        if let Some(name) = service.name.yes() {
            finding.service(name);
        }
    }
}
