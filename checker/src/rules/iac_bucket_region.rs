//! Buckets where there are none.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A bucket in `.railway/railway.ts` is given a region that buckets do not have.
    ///
    /// ## Why it matters
    /// Buckets are in `sjc`, `iad`, `ams` and `sin`, not in the regions of services. With another word the plan fails.
    ///
    /// ## What to do
    /// Write one of the four. A bucket's region cannot change later.
    ///
    /// ## What it cannot know
    /// A region that is computed.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { bucket, defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [bucket("files", { region: "us-west2" })] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { bucket, defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [bucket("files", { region: "ams" }), bucket("more")] }));
    /// ```
    "iac-bucket-region", Error, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://www.npmjs.com/package/railway"]
}

const REGIONS: [&str; 4] = ["sjc", "iad", "ams", "sin"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for (_, region) in &iac.buckets {
        let Some(region) = region.as_ref().filter(|region| !REGIONS.contains(&region.value.as_str())) else {
            continue;
        };
        out.at(
            Site::new(iac.path.clone(), region.span),
            format!("buckets have no region `{}`", region.value),
        )
        .help("Write `sjc`, `iad`, `ams` or `sin`");
    }
}
