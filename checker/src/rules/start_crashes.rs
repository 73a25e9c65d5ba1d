//! The container was started with everything it needs, and it ended.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The container was started with everything it needs, and it ended.
    ///
    /// ## Why it matters
    /// Railway starts it again until the restart policy is used up; the deployment is then marked as crashed.
    ///
    /// ## What to do
    /// Read the last lines of its log, which the report shows. A start command is executed without a shell and over the image's entry
    /// point.
    ///
    /// ## What it cannot know
    /// Whether a system that is not provided, or the value of a variable, is the cause: where the log or the sources speak of one, the
    /// stage is reported as unproven. This rule speaks only when the action was asked to prove the deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"ready","exits":[{"at":400,"status":3}],"ended":5000}]}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"ready","ended":5000}]}]}
    /// ```
    "start-crashes", Error, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/restart-policy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
