//! What `railway config migrate` leaves behind.

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `.railway/railway.ts` gives the replicas of a region in a shape that is not read.
    ///
    /// ## Why it matters
    /// `railway config migrate` writes `replicas: { "us-west2": { numReplicas: 2 } }`. The package `railway` reads a number,
    /// `count` or `replicas` there, so the region is planned with one replica.
    ///
    /// ## What to do
    /// Write the number itself: `replicas: { "us-west2": 2 }`. Compare the other settings too: the command drops the restart
    /// policy, `drainingSeconds`, `overlapSeconds`, `sleepApplication` and blocks of environments without a word.
    ///
    /// ## What it cannot know
    /// What an old config file said that is already deleted; while it is there, `config-and-iac` compares the two.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { replicas: { "us-west2": { numReplicas: 2 } } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { replicas: { "us-west2": 2, "us-east4-eqdc4a": { count: 1 } } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    "iac-migrate-lossy", Warning, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://www.npmjs.com/package/railway"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for service in &iac.services {
        for region in &service.dropped_replicas {
            let site = Site::new(iac.path.clone(), region.span);
            let number = &region.value;
            let finding =
                out.at(site.clone(), "`numReplicas` is not read here, so the region gets one replica");
            finding.help(format!("Write {number}")).fix(Fix::edit(
                format!("Write {number}"),
                site,
                number.clone(),
            ));
            if let Some(name) = service.name.yes() {
                finding.service(name);
            }
        }
    }
}
