//! Variables that the program needs and nobody sets.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::service::Service;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program fails without a variable that the service does not have.
    ///
    /// ## Why it matters
    /// `os.environ["NAME"]` raises when the variable is not set: the process ends before it listens, is started again, and
    /// after ten times stays down.
    ///
    /// ## What to do
    /// Set the variable on the service, or give it a default in the program.
    ///
    /// ## What it cannot know
    /// The variables in the dashboard. It speaks only where `.railway/railway.ts` declares the service wholly, or
    /// `.github/preflight.toml` lists the variables that are set; for that list it is a warning.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", { start: "python main.py", env: { MODE: "x" } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- main.py
    /// import os
    /// print(os.environ["STRIPE_KEY"])
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, preserve, project, service } from "railway/iac";
    /// const web = service("web", { start: "python main.py", env: { STRIPE_KEY: preserve() } });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- main.py
    /// import os
    /// print(os.environ["STRIPE_KEY"], os.environ["PORT"], os.environ["RAILWAY_SERVICE_NAME"], os.getenv("OTHER"))
    /// ```
    ///
    /// Without a word on the variables nothing is known:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "python main.py"}}
    /// //- main.py
    /// import os
    /// print(os.environ["STRIPE_KEY"])
    /// ```
    "var-required-missing", Error, Start, since "0.2.0",
    sources: ["https://docs.railway.com/variables", "https://docs.railway.com/variables/reference"]
}

/// Names that every container has.
pub(super) const GIVEN: [&str; 9] =
    ["PORT", "PATH", "HOME", "HOSTNAME", "PWD", "USER", "SHELL", "LANG", "TERM"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for (read, severity) in missing(facts, service) {
            if is_redis(&read.name) {
                continue;
            }
            out.at(
                read.site.clone(),
                format!("the program fails without `{}`, which the service does not have", read.name),
            )
            .service(&service.name)
            .severity(severity)
            .help(format!("Set `{}` on the service, or give it a default", read.name));
        }
    }
}

/// True for a name that holds the address of Redis.
pub(super) fn is_redis(name: &str) -> bool {
    name.contains("REDIS") || matches!(name, "CELERY_BROKER_URL" | "CELERY_RESULT_BACKEND")
}

/// Required variables that nothing sets, each name once, and how bad that is.
pub(super) fn missing(
    facts: &Facts<'_>,
    service: &Service,
) -> Vec<(crate::facts::startup::VariableRead, Severity)> {
    let Some(names) = &service.variables else { return Vec::new() };
    let startup = facts.startup(service);
    let mut found: Vec<crate::facts::startup::VariableRead> = Vec::new();
    for read in startup.variables.iter().filter(|read| read.required && read.default.is_none()) {
        let name = read.name.as_str();
        let given =
            GIVEN.contains(&name) || name.starts_with("RAILWAY_") || names.iter().any(|own| own == name);
        if !given && !is_set_by_image(facts, service, name) && !found.iter().any(|other| other.name == name) {
            found.push(read.clone());
        }
    }
    let severity = if service.settings.complete { Severity::Error } else { Severity::Warning };
    found.into_iter().map(|read| (read, severity)).collect()
}

/// True when an `ENV` of the service's Dockerfile sets `name`.
pub(super) fn is_set_by_image(facts: &Facts<'_>, service: &Service, name: &str) -> bool {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    file.is_some_and(|file| {
        file.instructions().any(|(_, each)| match &each.kind {
            InstructionKind::Env(pairs) => pairs.iter().any(|(own, _)| own.value == name),
            _ => false,
        })
    })
}
