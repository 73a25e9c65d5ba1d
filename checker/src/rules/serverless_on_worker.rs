//! A worker that is put to sleep.

use crate::facts::Facts;
use crate::facts::service::Kind;
use crate::facts::settings::{Key, Source, Value};
use crate::finding::{Findings, Fix};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A queue worker may be put to sleep.
    ///
    /// ## Why it matters
    /// Railway stops a service with `sleepApplication` after ten minutes without outgoing traffic and wakes it for a request.
    /// Nobody sends requests to a worker, so once asleep it takes no more jobs; while it holds a connection to its queue it
    /// never sleeps, and the setting saves nothing.
    ///
    /// ## What to do
    /// Set `sleepApplication` to false.
    ///
    /// ## What it cannot know
    /// Whether something wakes the worker by HTTP.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker", "sleepApplication": true}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker", "sleepApplication": false}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "uvicorn app:app", "sleepApplication": true}}
    /// ```
    "serverless-on-worker", Warning, Run, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/serverless"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.kind == Known::Yes(Kind::Worker)) {
        for setting in service.settings.every(Key::SleepApplication) {
            if setting.value != Known::Yes(Value::Bool(true)) {
                continue;
            }
            let finding =
                out.at(setting.site.clone(), "a sleeping worker takes no jobs, and no request wakes it");
            finding.service(&service.name).help("Set `sleepApplication` to false");
            if setting.source != Source::Preflight {
                finding.fix(Fix::edit("Keep the worker awake", setting.site.clone(), "false"));
            }
        }
    }
}
