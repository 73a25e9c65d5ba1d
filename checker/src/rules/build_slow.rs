//! The image was built, but it took longer than five minutes.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The image was built, but it took longer than five minutes.
    ///
    /// ## Why it matters
    /// Every deployment, every rollback and every pull request waits for it.
    ///
    /// ## What to do
    /// Leave out of the context what the image does not need, and install dependencies in a layer of their own, before the sources
    /// are copied.
    ///
    /// ## What it cannot know
    /// How fast Railway's builders are, and what they have in their cache: the time is that of the runner, mostly without a cache. This
    /// rule speaks only when the action was asked to prove the deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"build","services":[{"service":"app","build":{"succeeded":true,"milliseconds":420000}}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"build","services":[{"service":"app","build":{"succeeded":true,"milliseconds":42000}}]}
    /// ```
    "build-slow", Warning, Build, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/troubleshooting/slow-deployments"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
