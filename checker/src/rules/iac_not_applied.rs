//! Infrastructure as code that no workflow applies.

use crate::facts::Facts;
use crate::facts::workflow::StepAction;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// No workflow runs `railway config apply` for `.railway/railway.ts`.
    ///
    /// ## Why it matters
    /// Railway does not read `.railway/railway.ts` when it deploys. Until somebody applies it, a merged change to it has
    /// no effect, and the deployment runs with the settings stored last.
    ///
    /// ## What to do
    /// Run `railway config plan` on pull requests and `railway config apply` after the merge, or apply by hand each time.
    ///
    /// ## What it cannot know
    /// Whether somebody applies it by hand, or another system does.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// //- .github/workflows/deploy.yml
    /// on: {push: {branches: [main]}}
    /// jobs:
    ///   apply:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: railway config apply --yes
    /// ```
    "iac-not-applied", Note, Config, since "0.1.0",
    sources: ["https://docs.railway.com/infrastructure-as-code"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let steps = facts.workflows().iter().flat_map(|workflow| &workflow.steps);
    if steps.into_iter().any(|step| step.action == StepAction::Apply) {
        return;
    }
    out.at(
        Site::file(iac.path.clone()),
        "no workflow runs `railway config apply`, so merging a change here has no effect",
    )
    .help("Run `railway config apply` after the merge");
}
