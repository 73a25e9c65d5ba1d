//! More replicas than any plan has.

use crate::facts::Facts;
use crate::facts::settings::{Key, Setting, Value};
use crate::finding::{Findings, Fix};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The replicas of a service add up to more than Railway allows on any plan.
    ///
    /// ## Why it matters
    /// Railway refuses more than 50 replicas of one service, counted over all its regions.
    ///
    /// ## What to do
    /// Lower the number.
    ///
    /// ## What it cannot know
    /// Which plan the workspace is on: Free takes 1, Trial 2, Hobby 6, Pro 42, and none takes more than 50. Only what is
    /// above 50 is reported.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"multiRegionConfig": {"us-west2": {"numReplicas": 30}, "us-east4-eqdc4a": {"numReplicas": 30}}}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// numReplicas = 60
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"multiRegionConfig": {"us-west2": {"numReplicas": 25}, "us-east4-eqdc4a": {"numReplicas": 25}}}}
    /// ```
    "replicas-over-plan", Error, Config, since "0.2.0",
    sources: ["https://docs.railway.com/pricing/plans", "https://github.com/railwayapp/cli"]
}

/// The most that any plan has.
const LIMIT: i64 = 50;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let settings = &service.settings;
        for setting in settings.every(Key::NumReplicas).chain(settings.every(Key::MultiRegionConfig)) {
            let Some(total) = total(setting).filter(|total| *total > LIMIT) else { continue };
            let finding = out.at(
                setting.site.clone(),
                format!("{total} replicas are more than the {LIMIT} that Railway allows on any plan"),
            );
            finding.service(&service.name).help(format!("Take {LIMIT} replicas at most over all regions"));
            if matches!(setting.value, Known::Yes(Value::Integer(_))) {
                let title = format!("Take {LIMIT} replicas");
                finding.fix(Fix::edit(title, setting.site.clone(), LIMIT.to_string()));
            }
        }
    }
}

/// The replicas that `setting`, a number or a table of regions, adds up to.
pub(super) fn total(setting: &Setting) -> Option<i64> {
    match setting.value.yes()? {
        Value::Integer(number) => Some(*number),
        Value::Map(regions) => regions
            .values()
            .map(|region| match region {
                Value::Integer(number) => Some(*number),
                Value::Map(inner) => match inner.get("numReplicas").or(inner.get("count")) {
                    Some(Value::Integer(number)) => Some(*number),
                    None => Some(1),
                    Some(_) => None,
                },
                _ => None,
            })
            .sum(),
        _ => None,
    }
}
