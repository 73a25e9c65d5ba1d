//! The container was put through a drill with its dependencies, and did not do what is expected.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The container was put through a drill with its dependencies, and did not do what is expected.
    ///
    /// ## Why it matters
    /// Redis starts beside the service, restarts, and is away for a minute now and then. A process that ends then uses up the restart
    /// policy, and one that does not come back does no work until somebody notices.
    ///
    /// ## What to do
    /// Start the health server first, try Redis again with growing waits for a minute at least, connect again after an outage, and end
    /// on SIGTERM.
    ///
    /// ## What it cannot know
    /// What the drill does not play. Where a service does not need Redis while it starts, no connection is expected. A drill that does
    /// not fit the service is left out with `skip` under `[prove.<service>]`. This rule speaks only when the action was asked to prove the
    /// deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- railway.json
    /// {"deploy": {"drainingSeconds": 30}}
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// config = "railway.json"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"drain","steps":[{"do":"terminate","at":1000,"until":31000,"outcome":"limit"}],"ended":31000}]}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- railway.json
    /// {"deploy": {"drainingSeconds": 30}}
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// config = "railway.json"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"drain","steps":[{"do":"terminate","at":1000,"until":1200,"outcome":"done"}],"ended":1200}]}]}
    /// ```
    "drill-failed", Warning, Run, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/restart-policy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
