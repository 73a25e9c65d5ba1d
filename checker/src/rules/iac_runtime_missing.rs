//! A job that cannot run `railway.ts`.

use crate::facts::Facts;
use crate::facts::workflow::{Step, StepAction, Workflow};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A workflow runs `railway config plan` or `apply` without a Node that can execute TypeScript.
    ///
    /// ## Why it matters
    /// Railway's command line starts `node --experimental-strip-types` on `.railway/railway.ts`. Node 20 ends with `bad
    /// option`, and the official image of the command line holds no Node at all, so nothing is planned or applied.
    ///
    /// ## What to do
    /// Set up Node 22.6 or later before the step, and install the package `railway`.
    ///
    /// ## What it cannot know
    /// Which Node a runner brings. So a job without `actions/setup-node` is a warning.
    ///
    /// ```repo,fires,error
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
    ///         with:
    ///           node-version: 20
    ///       - run: npx @railway/cli config plan
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- .railway/railway.ts
    /// import { defineRailway, project } from "railway/iac";
    /// export default defineRailway(() => project("p", { resources: [] }));
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     container: ghcr.io/railwayapp/cli:latest
    ///     steps:
    ///       - run: railway config plan
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
    ///       - uses: actions/setup-node@v5
    ///         with: {node-version: "24.x"}
    ///       - run: npm ci && npx railway config plan
    ///   old:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - uses: actions/setup-node@v5
    ///         with: {node-version: 18}
    ///       - run: npm test
    /// ```
    ///
    /// A Python or Go file needs no Node:
    ///
    /// ```repo,passes
    /// //- .railway/railway.py
    /// print()
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: railway config plan
    /// ```
    "iac-runtime-missing", Error, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli", "https://www.npmjs.com/package/railway"]
}

/// The first Node that knows `--experimental-strip-types`.
const OLDEST: (u32, u32) = (22, 6);

fn check(facts: &Facts<'_>, out: &mut Findings) {
    if !facts.iac.as_ref().is_some_and(|iac| iac.path.ends_with(".ts")) {
        return;
    }
    for workflow in facts.workflows() {
        for (at, step) in workflow.steps.iter().enumerate() {
            if !matches!(step.action, StepAction::Plan | StepAction::Apply) {
                continue;
            }
            let setup = workflow.steps[..at]
                .iter()
                .rev()
                .find(|each| each.job == step.job && each.uses("setup-node"));
            judge(workflow, step, setup, out);
        }
    }
}

fn judge(workflow: &Workflow, step: &Step, setup: Option<&Step>, out: &mut Findings) {
    let Some(setup) = setup else {
        let image = step.container.as_deref().unwrap_or_default();
        if image.contains("node") {
            return;
        }
        let message = "no step of this job sets up the Node that executes `.railway/railway.ts`";
        out.at(Site::new(workflow.path.clone(), step.text.span), message)
            .severity(Severity::Warning)
            .help("Use `actions/setup-node` with Node 22.6 or later before it");
        return;
    };
    let Some(written) = setup.input("node-version") else { return };
    let Some(version) = version(&written.value) else { return };
    if version >= OLDEST {
        return;
    }
    let site = Site::new(workflow.path.clone(), written.span);
    let message = format!("Node {} cannot execute `.railway/railway.ts`: `bad option`", written.value);
    out.at(site.clone(), message)
        .related(Site::new(workflow.path.clone(), step.text.span), "the command that needs it")
        .help("Set up Node 22.6 or later")
        .fix(Fix::edit("Set up Node 24", site, "24"));
}

/// Major and minor of a literal version; a major alone is its newest minor.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(u32::MAX);
    Some((major, minor))
}
