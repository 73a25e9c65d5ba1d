//! Jobs that a deployment kills.

use crate::facts::Facts;
use crate::facts::service::Kind;
use crate::facts::settings::{Key, Source, Value};
use crate::finding::{Findings, Fix, Severity};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A queue worker gets no time to finish its job when it is replaced.
    ///
    /// ## Why it matters
    /// Railway sends SIGTERM and, with the default of 0 draining seconds, SIGKILL at once. A job that runs at that moment is
    /// lost or runs twice.
    ///
    /// ## What to do
    /// Set `drainingSeconds` to the time your longest job takes.
    ///
    /// ## What it cannot know
    /// The dashboard's value, and whether jobs may be killed safely. So a missing setting is a note; an explicit 0, or a
    /// service that `.railway/railway.ts` describes wholly, is a warning.
    ///
    /// ```repo,fires,note
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker"}}
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "rq worker high"
    /// drainingSeconds = 0
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker", "drainingSeconds": 30}}
    /// ```
    ///
    /// A web service and a scheduled job have nothing to drain; a variable says it as well:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "uvicorn app:app"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const jobs = service("jobs", { start: "celery -A tasks worker", env: { RAILWAY_DEPLOYMENT_DRAINING_SECONDS: "60" } });
    /// export default defineRailway(() => project("p", { resources: [jobs] }));
    /// ```
    "draining-zero", Note, Run, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/reference", "https://docs.railway.com/variables/reference"]
}

/// Seconds the fix gives.
const SECONDS: &str = "30";
const VARIABLE: &str = "RAILWAY_DEPLOYMENT_DRAINING_SECONDS";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.kind == Known::Yes(Kind::Worker)) {
        let stated = service.settings.base.get(&Key::DrainingSeconds);
        let zero = stated.filter(|setting| match setting.value.yes() {
            Some(Value::Integer(seconds)) => *seconds == 0,
            Some(Value::Text(seconds)) => seconds.trim() == "0",
            _ => false,
        });
        let by_variable =
            service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == VARIABLE));
        if by_variable || (stated.is_some() && zero.is_none()) {
            continue;
        }
        let config = service.config.as_ref().and_then(|path| facts.railway_configs.get(path));
        if zero.is_none() && config.is_none() && !service.settings.complete {
            continue;
        }
        let site = zero.map_or_else(|| service.origin.clone(), |setting| setting.site.clone());
        let message = "this worker is killed at once when it is replaced, in the middle of a job";
        let finding = out.at(site, message);
        finding.service(&service.name).help("Set `drainingSeconds` to the time your longest job takes");
        if zero.is_some() || service.settings.complete {
            finding.severity(Severity::Warning);
        }
        let title = format!("Give the worker {SECONDS} seconds");
        match (zero, config) {
            (Some(setting), _) if setting.source != Source::Preflight => {
                finding.fix(Fix::edit(title, setting.site.clone(), SECONDS));
            }
            (None, Some(config)) => {
                let text = facts.snapshot.text(&config.path).ok();
                let edit = text.and_then(|text| config.with(&text.text, Key::DrainingSeconds, SECONDS));
                if let Some(edit) = edit {
                    finding.fix(Fix { title, edits: vec![edit] });
                }
            }
            _ => {}
        }
    }
}
