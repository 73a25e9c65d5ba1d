//! A reference that Railway does not read as one.

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::facts::railway_iac::VariableValue;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A value looks like a reference to another service's variable, but is not written as one.
    ///
    /// ## Why it matters
    /// Railway reads `${{Redis.REDIS_URL}}`. `${Redis.REDIS_URL}`, `{{Redis.REDIS_URL}}` and `$Redis.REDIS_URL` reach the
    /// program as they are, and it tries to connect to that text.
    ///
    /// ## What to do
    /// Write `${{Service.NAME}}`.
    ///
    /// ## What it cannot know
    /// Values in the dashboard, and whether the program itself takes such a template. Only `.railway/railway.ts` is read.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { REDIS_URL: "${Redis.REDIS_URL}" } });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// ```
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { REDIS_URL: '{{Redis.REDIS_URL}}' } });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { env: { A: "${{Redis.REDIS_URL}}", B: "${{ Redis.REDIS_URL }}/1", C: "${HOME}/x", D: "{{name}}" } });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// ```
    "var-syntax", Warning, Config, since "0.2.0",
    sources: ["https://docs.railway.com/variables/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    static WRONG: Pattern = Pattern::new(r"\$?\{{1,2}\s*([A-Za-z][\w -]*\.[A-Z][A-Z0-9_]*)\s*\}{1,2}", "{");
    let Some(iac) = &facts.iac else { return };
    let Ok(text) = facts.snapshot.text(&iac.path) else { return };
    for service in &iac.services {
        for variable in service.variables.iter().filter(|each| each.value == VariableValue::Literal) {
            let written = variable.name.span.of(&text.text);
            for found in WRONG.captures_iter(written) {
                let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
                if whole.as_str().starts_with("${{") && whole.as_str().ends_with("}}") {
                    continue;
                }
                let start = variable.name.span.start + whole.start();
                let site = Site::new(iac.path.clone(), Span::new(start, start + whole.len()));
                let meant = format!("${{{{{}}}}}", name.as_str().trim());
                let message = format!("Railway reads `{}` as plain text", whole.as_str());
                let finding = out.at(site.clone(), message);
                finding.help(format!("Write `{meant}`"));
                if !written.starts_with('`') {
                    finding.fix(Fix::edit("Write it as a reference", site, meant));
                }
                if let Some(name) = service.name.yes() {
                    finding.service(name);
                }
            }
        }
    }
}
