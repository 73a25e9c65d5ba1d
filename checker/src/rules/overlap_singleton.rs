//! Two of what there may be only one of.

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Setting, Source, Value};
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// A scheduler that must run once is given replicas or an overlap between deployments.
    ///
    /// ## Why it matters
    /// `celery beat`, `rqscheduler` and clock processes hand out every job themselves. Two of them hand out every job twice,
    /// for the whole overlap or for ever.
    ///
    /// ## What to do
    /// Set `overlapSeconds` to 0 and keep one replica.
    ///
    /// ## What it cannot know
    /// A lock that the scheduler takes. Even with 0 the old one may live a moment longer than the new one's start.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app beat", "numReplicas": 2}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "rqscheduler --url $REDIS_URL"
    /// overlapSeconds = 20
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app beat", "numReplicas": 1, "overlapSeconds": 0}}
    /// ```
    ///
    /// Workers may be many; a beat with a lock in Redis takes care of itself:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker", "numReplicas": 4}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app beat -S redbeat.RedBeatScheduler", "numReplicas": 2}}
    /// ```
    "overlap-singleton", Warning, Run, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/deployment-teardown"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let Some(scheduler) = scheduler(service) else { continue };
        for setting in service.settings.every(Key::NumReplicas) {
            if let Some(Value::Integer(2..)) = setting.value.yes() {
                report(
                    service,
                    setting,
                    "1",
                    &format!("each of these replicas of {scheduler} hands out every job"),
                    out,
                );
            }
        }
        for setting in service.settings.every(Key::OverlapSeconds) {
            let overlaps = match setting.value.yes() {
                Some(Value::Integer(seconds)) => *seconds > 0,
                Some(Value::Text(seconds)) => seconds.trim().parse::<u32>().is_ok_and(|seconds| seconds > 0),
                _ => false,
            };
            if overlaps {
                let message = format!("during the overlap two processes of {scheduler} hand out every job");
                report(service, setting, "0", &message, out);
            }
        }
    }
}

fn report(service: &Service, setting: &Setting, literal: &str, message: &str, out: &mut Findings) {
    let finding = out.at(setting.site.clone(), message);
    finding.service(&service.name).help(format!("Write {literal}"));
    if setting.source != Source::Preflight {
        finding.fix(Fix::edit(format!("Write {literal}"), setting.site.clone(), literal));
    }
}

/// The scheduler that the start command runs, when it takes no lock.
fn scheduler(service: &Service) -> Option<&'static str> {
    let (command, _) = service.settings.text(Key::StartCommand)?;
    let words: Vec<&str> = command.split_whitespace().collect();
    let has = |word: &str| words.iter().any(|each| each.rsplit('/').next() == Some(word));
    if command.to_ascii_lowercase().contains("redbeat") {
        return None;
    }
    match () {
        () if has("celery") && (has("beat") || (has("worker") && (has("-B") || has("--beat")))) => {
            Some("`celery beat`")
        }
        () if has("rqscheduler") => Some("`rqscheduler`"),
        () if has("clockwork") => Some("`clockwork`"),
        () => None,
    }
}
