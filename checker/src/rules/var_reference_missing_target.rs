//! A reference to what is not there.

use crate::facts::Facts;
use crate::facts::railway_iac::{Iac, VariableValue};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A reference variable names a service that `.railway/railway.ts` does not declare.
    ///
    /// ## Why it matters
    /// A reference that does not resolve gives the empty string, and the program fails as if the variable were not set. Names
    /// are compared letter by letter.
    ///
    /// ## What to do
    /// Write the name as the service has it, or declare the service.
    ///
    /// ## What it cannot know
    /// Services that another file of the project declares, so this is a warning; with a name that differs only in case it is
    /// an error.
    ///
    /// ```repo,fires,error
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { REDIS_URL: "${{redis.REDIS_URL}}" } });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { REDIS_URL: "${{ Redis.REDIS_URL }}" } });
    /// export default defineRailway(() => project("p", { resources: [jobs] }));
    /// ```
    ///
    /// Shared variables, own ones and declared services are there:
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { A: "${{ Redis.REDIS_URL }}", B: "${{shared.KEY}}", C: "${{A}}-x", D: "$${{x.y}}" } });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// ```
    "var-reference-missing-target", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/variables", "https://docs.railway.com/variables/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = facts.iac.as_ref().filter(|iac| iac.open.is_none() && iac.error.is_none()) else {
        return;
    };
    let Ok(text) = facts.snapshot.text(&iac.path) else { return };
    let Some(names) = names(iac) else { return };
    for service in &iac.services {
        for variable in service.variables.iter().filter(|each| each.value == VariableValue::Literal) {
            let written = variable.name.span.of(&text.text);
            for target in targets(written).filter(|target| !names.contains(target)) {
                let near = names.iter().find(|name| name.eq_ignore_ascii_case(target));
                let message = format!("no service is called `{target}`, so this reference is empty");
                let finding = out.at(Site::new(iac.path.clone(), variable.name.span), message);
                finding.help(near.map_or_else(
                    || format!("Declare `{target}`, or write the name of a service that exists"),
                    |near| format!("Write `{near}`"),
                ));
                if near.is_some() {
                    finding.severity(Severity::Error);
                }
                if let Some(name) = service.name.yes() {
                    finding.service(name);
                }
            }
        }
    }
}

/// The names of all resources; `None` when one of them is computed.
fn names(iac: &Iac) -> Option<Vec<&str>> {
    let services = iac.services.iter().map(|each| each.name.yes());
    let databases = iac.databases.iter().map(|each| each.name.yes());
    let buckets = iac.buckets.iter().map(|(name, _)| name.yes());
    services.chain(databases).chain(buckets).map(|name| name.map(String::as_str)).collect()
}

/// Services that references of `text` name.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("${{").filter_map(move |(at, _)| {
        let body = text[at + 3..].split("}}").next()?.trim();
        let (service, _) = body.split_once('.')?;
        let escaped = text[..at].ends_with('$');
        (!escaped && service != "shared" && !service.contains(['(', ' '])).then_some(service)
    })
}
