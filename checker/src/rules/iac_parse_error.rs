//! Infrastructure as code that is not TypeScript.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `.railway/railway.ts` does not parse.
    ///
    /// ## Why it matters
    /// `railway config plan` and `railway config apply` fail. Deployments go on, with the settings stored last, so what the
    /// file should have changed does not change.
    ///
    /// ## What to do
    /// Correct the syntax at the place shown.
    ///
    /// ## What it cannot know
    /// Errors that only running the program shows.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [ }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway((ctx: { environment?: string }) => project("p", { resources: [] }));
    /// ```
    "iac-parse-error", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/infrastructure-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let Some(error) = &iac.error else { return };
    out.at(
        Site::new(iac.path.clone(), error.span),
        format!("`{}` does not parse: {}", iac.path, error.value.trim_end_matches('.')),
    )
    .help("Correct the syntax here");
}
