//! A cron service has nothing to probe.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix};
use crate::rule::declare_rule;

declare_rule! {
    /// A service with a `cronSchedule` also has a `healthcheckPath`.
    ///
    /// ## Why it matters
    /// A cron service runs and exits; it does not listen. A probe of it can only fail.
    ///
    /// ## What to do
    /// Drop the path, or the schedule.
    ///
    /// ## What it cannot know
    /// What Railway does with the combination, which it does not document; so this is a warning.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"cronSchedule": "0 3 * * *", "healthcheckPath": "/health"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"cronSchedule": "0 3 * * *", "healthcheckPath": ""}}
    /// ```
    "healthcheck-with-cron", Warning, Health, since "0.1.0",
    sources: ["https://docs.railway.com/cron-jobs", "https://docs.railway.com/deployments/healthchecks"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let scheduled =
            service.settings.text(Key::CronSchedule).is_some_and(|(schedule, _)| !schedule.is_empty());
        let path = service.settings.text(Key::HealthcheckPath).filter(|(path, _)| !path.is_empty());
        if let (true, Some((_, setting))) = (scheduled, path) {
            let message = "a cron service exits after its work, so there is nothing to probe";
            let finding = out.at(setting.site.clone(), message);
            finding.service(&service.name).help("Drop the health path, or the schedule");
            let config = facts.railway_configs.get(&setting.site.path);
            let text = facts.snapshot.text(&setting.site.path);
            if let (Some(config), Ok(text)) = (config, text)
                && let Some(edit) = config.without(&text.text, setting.site.span)
            {
                finding.fix(Fix { title: "Drop the health path".into(), edits: vec![edit] });
            }
        }
    }
}
