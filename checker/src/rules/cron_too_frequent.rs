//! Cron runs less than five minutes apart.

use crate::facts::Facts;
use crate::facts::cron::Schedule;
use crate::facts::settings::{Key, Source};
use crate::finding::{Findings, Fix};
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
                let finding = out.at(
                    setting.site.clone(),
                    format!("two runs are {gap} {unit} apart, and Railway allows no less than {SHORTEST}"),
                );
                finding.service(&service.name).help("Widen the schedule");
                if let Some(wider) = wider(text).filter(|_| setting.source != Source::Preflight) {
                    let quoted = serde_json::Value::from(wider).to_string();
                    finding.fix(Fix::edit("Run every five minutes", setting.site.clone(), quoted));
                }
            }
        }
    }
}

/// The schedule with five minutes between its runs, when it runs all the time.
fn wider(text: &str) -> Option<String> {
    let (minutes, rest) = text.trim().split_once(' ')?;
    (minutes == "*" || minutes.starts_with("*/")).then(|| format!("*/{SHORTEST} {rest}"))
}
