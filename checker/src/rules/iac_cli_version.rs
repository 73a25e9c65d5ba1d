//! A command line that does not fit the program.

use crate::facts::Facts;
use crate::facts::workflow::StepAction;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A workflow pins a Railway command line that cannot run `.railway/railway.ts`.
    ///
    /// ## Why it matters
    /// The package `railway` 3.11 asks for version 5.42.1 or later and throws otherwise. The versions up to 5.43.1 call the
    /// program with an empty context: `ctx.isEnvironment()` throws, and `ctx.environment === "production" ? 3 : 1` plans 1
    /// for production.
    ///
    /// ## What to do
    /// Pin a newer version.
    ///
    /// ## What it cannot know
    /// A version that is installed in another way than `@railway/cli@x.y.z`.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - uses: actions/setup-node@v5
    ///         with: {node-version: 24}
    ///       - run: npx @railway/cli@4.6.0 config plan
    /// ```
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// export default defineRailway((ctx) => project("p", { resources: [
    ///   service("web", { replicas: ctx.environment === "production" ? 3 : 1 }),
    /// ] }));
    /// //- .github/workflows/apply.yml
    /// on: push
    /// jobs:
    ///   apply:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: npm i -g @railway/cli@5.43.1
    ///       - run: railway config apply --yes
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: npx @railway/cli@5.43.1 config plan
    /// ```
    ///
    /// Without infrastructure as code any version will do:
    ///
    /// ```repo,passes
    /// //- .github/workflows/deploy.yml
    /// on: push
    /// jobs:
    ///   deploy:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: npx @railway/cli@4.6.0 up --ci
    /// ```
    "iac-cli-version", Error, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://www.npmjs.com/package/railway"]
}

const MARK: &str = "@railway/cli@";
/// The oldest that the package `railway` accepts.
const OLDEST: [u32; 3] = [5, 42, 1];
/// The last that hands over an empty context.
const EMPTY_CONTEXT: [u32; 3] = [5, 43, 1];
/// The newest that is known to work.
const GOOD: &str = "5.63.0";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = facts.iac.as_ref().filter(|iac| iac.path.ends_with(".ts")) else { return };
    let program = facts.snapshot.text(&iac.path).map(|text| text.text.clone()).unwrap_or_default();
    let reads_context =
        ["ctx.environment", "ctx.isEnvironment", "ctx.shared"].iter().any(|word| program.contains(word));
    for workflow in facts.workflows() {
        let plans =
            |step: &crate::facts::workflow::Step| matches!(step.action, StepAction::Plan | StepAction::Apply);
        if !workflow.steps.iter().any(plans) {
            continue;
        }
        let Ok(text) = facts.snapshot.text(&workflow.path) else { continue };
        for (at, _) in text.text.match_indices(MARK) {
            let start = at + MARK.len();
            let written: String =
                text.text[start..].chars().take_while(|char| char.is_ascii_digit() || *char == '.').collect();
            let Some(version) = version(&written) else { continue };
            let message = if version < OLDEST {
                format!(
                    "version {written} cannot run `{}`: the package `railway` asks for 5.42.1 or later",
                    iac.path
                )
            } else if version <= EMPTY_CONTEXT && reads_context {
                format!("version {written} hands an empty context to `{}`, which reads it", iac.path)
            } else {
                continue;
            };
            let site = Site::new(workflow.path.clone(), Span::new(start, start + written.len()));
            out.at(site.clone(), message).help(format!("Pin {GOOD} or later")).fix(Fix::edit(
                format!("Pin version {GOOD}"),
                site,
                GOOD,
            ));
        }
    }
}

fn version(text: &str) -> Option<[u32; 3]> {
    let parts: Option<Vec<u32>> =
        text.trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}
