//! Cron expressions that Railway does not take.

use crate::facts::Facts;
use crate::facts::cron::Schedule;
use crate::facts::settings::Key;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// `cronSchedule` is not a cron expression of the form Railway takes.
    ///
    /// ## Why it matters
    /// Railway takes five fields of numbers, `*`, lists, ranges and steps, in UTC. Shorthands such as `@daily`, names of
    /// months and a field for seconds are not among them.
    ///
    /// ## What to do
    /// Write minute, hour, day of the month, month and weekday.
    ///
    /// ## What it cannot know
    /// Railway's documentation says both 0-6 and 0-7 for weekdays; 7 is accepted here.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// cronSchedule = "@daily"
    /// startCommand = "node job.js"
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// cronSchedule = "0 0 3 * * *"
    /// startCommand = "node job.js"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// cronSchedule = "*/15 3-5 1,15 * 7"
    /// startCommand = "node job.js"
    /// ```
    "cron-syntax", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/cron-jobs"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::CronSchedule) {
            let Some(text) =
                setting.value.yes().and_then(|value| value.text()).filter(|text| !text.is_empty())
            else {
                continue;
            };
            if let Err(why) = Schedule::parse(text) {
                out.at(setting.site.clone(), format!("Railway does not take this schedule: {why}"))
                    .service(&service.name)
                    .help("Write minute, hour, day of the month, month and weekday, in UTC");
            }
        }
    }
}
