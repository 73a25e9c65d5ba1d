//! Workers that stay down after their first failure.

use crate::facts::Facts;
use crate::facts::service::Kind;
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Fix};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A queue worker is never restarted.
    ///
    /// ## Why it matters
    /// With the restart policy NEVER one lost connection ends the worker for good; jobs pile up until somebody deploys.
    ///
    /// ## What to do
    /// Set `restartPolicyType` to `ON_FAILURE`, Railway's default.
    ///
    /// ## What it cannot know
    /// Whether the worker is meant to take one batch and end; a cron schedule says that better.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker", "restartPolicyType": "NEVER"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker", "restartPolicyType": "ON_FAILURE"}}
    /// ```
    ///
    /// A migration or a scheduled job ends by itself:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "python manage.py migrate", "restartPolicyType": "NEVER"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "rq worker --burst", "restartPolicyType": "NEVER"}}
    /// ```
    "restart-never-worker", Warning, Run, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/restart-policy"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.kind == Known::Yes(Kind::Worker)) {
        let command = service.settings.text(Key::StartCommand).map_or("", |(command, _)| command);
        if command.contains("burst") {
            continue;
        }
        for setting in service.settings.every(Key::RestartPolicyType) {
            let word = setting.value.yes().and_then(Value::text);
            if !word.is_some_and(|word| word.eq_ignore_ascii_case("NEVER")) {
                continue;
            }
            out.at(setting.site.clone(), "this worker is never started again after a failure")
                .service(&service.name)
                .help("Write `ON_FAILURE`")
                .fix(Fix::edit("Restart the worker on failure", setting.site.clone(), "\"ON_FAILURE\""));
        }
    }
}
