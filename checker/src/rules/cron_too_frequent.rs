//! Cron runs less than five minutes apart.

use crate::facts::Facts;
use crate::facts::cron::Schedule;
use crate::facts::settings::Key;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// `cronSchedule` has two runs less than five minutes apart.
    ///
    /// ## Why it matters
    /// Five minutes is the shortest time between two runs that Railway allows.
    ///
    /// ## What to do
    /// Widen the schedule, or run a service that waits by itself.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the schedule; all runs of a day are looked at, across midnight too.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// cronSchedule = "1,3 * * * *"
    /// startCommand = "node job.js"
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// cronSchedule = "*/5 * * * *"
    /// startCommand = "node job.js"
    /// ```
    "cron-too-frequent", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/cron-jobs"]
}

/// Minutes (<https://docs.railway.com/cron-jobs>).
const SHORTEST: u32 = 5;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::CronSchedule) {
            let Some(text) = setting.value.yes().and_then(|value| value.text()) else { continue };
            let gap = Schedule::parse(text).ok().and_then(|schedule| schedule.shortest_gap());
            if let Some(gap) = gap.filter(|gap| *gap < SHORTEST) {
                let unit = if gap == 1 { "minute" } else { "minutes" };
                out.at(
                    setting.site.clone(),
                    format!("two runs are {gap} {unit} apart, and Railway allows no less than {SHORTEST}"),
                )
                .service(&service.name)
                .help("Widen the schedule");
            }
        }
    }
}
