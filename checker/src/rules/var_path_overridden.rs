//! A variable that takes away the image's own.

use crate::facts::Facts;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A variable of the service replaces `PATH`, `LD_LIBRARY_PATH` or `HOME` of the image.
    ///
    /// ## Why it matters
    /// Railway sets the service's variables over those of the image. With a `PATH` of its own the container finds neither its
    /// shell nor its program: `executable file not found in $PATH`.
    ///
    /// ## What to do
    /// Delete the variable; extend `PATH` with `ENV` in the Dockerfile.
    ///
    /// ## What it cannot know
    /// The value. `PATH` is an error, the others are a warning; variables of the dashboard are not seen.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { env: { PATH: "/app/bin" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { env: { HOME: "/data" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { env: { PYTHONPATH: "/app", APP_HOME: "/data" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// ```
    "var-path-overridden", Error, Start, since "0.2.0",
    sources: ["https://github.com/praveen-ks-2001/hermes-agent-template/issues/12"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    for service in &iac.services {
        for variable in &service.variables {
            let name = variable.name.value.as_str();
            if !matches!(name, "PATH" | "LD_LIBRARY_PATH" | "HOME") {
                continue;
            }
            let message = format!("this takes the place of the `{name}` that the image sets");
            let finding = out.at(Site::new(iac.path.clone(), variable.name.span), message);
            finding.help(format!("Delete `{name}` here and set it with `ENV` in the Dockerfile"));
            if name != "PATH" {
                finding.severity(Severity::Warning);
            }
            if let Some(name) = service.name.yes() {
                finding.service(name);
            }
        }
    }
}
