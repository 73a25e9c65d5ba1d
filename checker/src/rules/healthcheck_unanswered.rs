//! The container was started and probed as Railway does, and never answered 200.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::proof;
use crate::rule::declare_rule;

declare_rule! {
    /// The container was started and probed as Railway does, and never answered 200.
    ///
    /// ## Why it matters
    /// Railway probes until the healthcheck's time is over, then throws the deployment away: `1/1 replicas never became healthy`.
    ///
    /// ## What to do
    /// Listen on the port of the variable `PORT` on every address, allow the host `healthcheck.railway.app`, and answer the path itself
    /// with 200: no redirect, no credentials.
    ///
    /// ## What it cannot know
    /// What an answer of 5xx or a slow start would become with more time: these are warnings. This rule speaks only when the action was
    /// asked to prove the deployment in Docker.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// config = "railway.json"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"ready","probes":[{"from":300,"to":60000,"count":200,"status":404}],"ended":60000}]}]}
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["/usr/bin/server"]
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// //- .github/preflight.toml
    /// [services.app]
    /// dockerfile = "Dockerfile"
    /// config = "railway.json"
    /// //- <observations>
    /// {"profile":"quick","services":[{"service":"app","drills":[{"id":"ready","probes":[{"from":300,"to":3000,"count":20,"status":200}],"ended":3000}]}]}
    /// ```
    "healthcheck-unanswered", Error, Health, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    proof::report(facts, RULE.id, out);
}
