//! Two that wait for each other.

use crate::facts::Facts;
use crate::facts::workflow::Workflow;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A workflow waits for a Railway deployment that waits for the workflow.
    ///
    /// ## Why it matters
    /// With "wait for CI" Railway keeps a deployment WAITING until every workflow of the commit has succeeded. A workflow of
    /// the same push that waits for this deployment never ends by itself; when its time is over it fails, and the deployment
    /// is skipped.
    ///
    /// ## What to do
    /// Wait in a workflow on `deployment_status`, or start the deployment from the workflow.
    ///
    /// ## What it cannot know
    /// The switch in the dashboard: only `checkSuites` in `.railway/railway.ts` is seen. That a loop over `railway` waits is
    /// taken from its words.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, github, project, service } from "railway/iac";
    /// const web = service("web", { source: github("a/b", { checkSuites: true }) });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- .github/workflows/smoke.yml
    /// on: push
    /// jobs:
    ///   smoke:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: until railway deployment list --json | grep -q SUCCESS; do sleep 10; done
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, github, project, service } from "railway/iac";
    /// const web = service("web", { source: github("a/b", { checkSuites: true }) });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- .github/workflows/smoke.yml
    /// on: deployment_status
    /// jobs:
    ///   smoke:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: until railway deployment list --json | grep -q SUCCESS; do sleep 10; done
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, github, project, service } from "railway/iac";
    /// const web = service("web", { source: github("a/b", { checkSuites: true }) });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- .github/workflows/test.yml
    /// on: push
    /// jobs:
    ///   test:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: for i in 1 2; do npm test; done
    /// ```
    "wait-for-ci-deadlock", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/github-autodeploys"]
}

const READS: [&str; 4] = ["railway deployment", "railway status", "railway logs", "railway service status"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let waiting = iac.services.iter().find_map(|service| Some((service, service.check_suites?)));
    let Some((service, span)) = waiting else { return };
    for workflow in facts.workflows().iter().filter(|workflow| on_push(workflow)) {
        for step in &workflow.steps {
            let script = &step.text.value;
            let loops = ["while ", "until ", "for "].iter().any(|word| script.contains(word))
                && script.contains("sleep");
            if !loops || !READS.iter().any(|word| script.contains(word)) {
                continue;
            }
            let line = Span::new(step.text.span.start, step.text.span.start);
            let message = "this waits for a deployment that Railway begins after this workflow";
            let finding = out.at(Site::new(workflow.path.clone(), line), message);
            finding
                .related(Site::new(iac.path.clone(), span), "Railway waits for the workflows of the commit")
                .help("Run it on `deployment_status`, or start the deployment from the workflow");
            if let Some(name) = service.name.yes() {
                finding.service(name);
            }
        }
    }
}

fn on_push(workflow: &Workflow) -> bool {
    workflow.events.iter().any(|event| event == "push")
}
