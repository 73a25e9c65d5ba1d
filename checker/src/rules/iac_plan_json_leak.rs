//! A plan that prints values.

use crate::facts::Facts;
use crate::facts::workflow::StepAction;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A workflow prints `railway config plan --json` to its log.
    ///
    /// ## Why it matters
    /// Only the summaries of a plan are redacted. Its JSON holds the values of variables as they are, and a log is read by
    /// everybody who can read the repository.
    ///
    /// ## What to do
    /// Leave `--json` out, or write the output to a file that is not uploaded.
    ///
    /// ## What it cannot know
    /// Whether the values are secret, and what a later step does with a file.
    ///
    /// ```repo,fires
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: railway config plan --json
    /// ```
    ///
    /// ```repo,fires
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: |
    ///           npm ci
    ///           npx railway config plan --json | tee plan.json
    /// ```
    ///
    /// ```repo,passes
    /// //- .github/workflows/plan.yml
    /// on: pull_request
    /// jobs:
    ///   plan:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: |
    ///           railway config plan
    ///           railway config plan --json > plan.json
    ///           plan=$(railway config plan --json)
    ///           railway config plan --json | jq -r '.summary'
    /// ```
    "iac-plan-json-leak", Warning, Config, since "0.2.0",
    sources: ["https://github.com/railwayapp/cli"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for workflow in facts.workflows() {
        let Ok(text) = facts.snapshot.text(&workflow.path) else { continue };
        for step in workflow.steps.iter().filter(|step| step.action == StepAction::Plan) {
            let body = step.text.span.of(&text.text);
            let mut at = step.text.span.start;
            for line in body.split_inclusive('\n') {
                if prints(line)
                    && let Some(flag) = line.find(" --json")
                {
                    let site =
                        Site::new(workflow.path.clone(), Span::new(at + flag, at + flag + " --json".len()));
                    out.at(site.clone(), "the plan's JSON prints the values of variables to the log")
                        .help("Leave `--json` out, or write the output to a file")
                        .fix(Fix::edit("Leave out --json", site, ""));
                }
                at += line.len();
            }
        }
    }
}

fn prints(line: &str) -> bool {
    let goes_elsewhere =
        line.contains('>') || line.contains("$(") || line.contains('`') || line.contains("| jq");
    line.contains("config plan") && line.contains(" --json") && !goes_elsewhere
}
