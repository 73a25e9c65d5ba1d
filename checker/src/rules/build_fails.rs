//! The image was built as Railway would, and the build failed.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The image was built as Railway would, and the build failed.
    ///
    /// ## Why it matters
    /// No image, no deployment. Railway shows the same lines in the build log.
    ///
    /// ## What to do
    /// Change what the finding names: it leads the failure back to the line of the Dockerfile and, where a file was lost, to the COPY, the
    /// ignore pattern or the requirement that lost it.
    ///
    /// ## What it cannot know
    /// Why a registry or the network failed: such a failure is reported as unproven, not as an error. This rule speaks only when
    /// the action was asked to prove the deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// WORKDIR /app
    /// COPY start.sh .
    /// CMD ["/app/start.sh"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"build","services":[{"service":"app","build":{"succeeded":false,"milliseconds":900,"log":["#6 [3/3] COPY start.sh .","#6 ERROR: \"/start.sh\" not found: not found","failed to compute cache key: \"/start.sh\" not found: not found"]}}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// WORKDIR /app
    /// COPY start.sh .
    /// CMD ["/app/start.sh"]
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// //- <observations>
    /// {"profile":"build","services":[{"service":"app","build":{"succeeded":true,"milliseconds":900}}]}
    /// ```
    "build-fails", Error, Build, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
