//! The dashboard's checklist, item by item: what is there, what the repository expects, and the line that expects it.

mod redis;
mod variables;

use serde_json::Value;

use super::{Live, drift, expected, memory, questions, service_of, stored};
use crate::Options;
use crate::config::{Config, ConfigError};
use crate::facts::Facts;
use crate::facts::service::{Kind, Service};
use crate::facts::settings::{CONFIG_CUT_OFF, Key, Source};
use crate::snapshot::{Snapshot, Text, Tree, Trigger};

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The deployment will fail or will not be what was meant.
    Wrong,
    /// It may.
    Doubtful,
    /// As expected.
    Right,
    /// Nothing expects anything; shown because the checklist asks.
    Shown,
    /// Not known.
    Unknown,
}

impl Standing {
    /// Its lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Doubtful => "doubtful",
            Self::Right => "right",
            Self::Shown => "shown",
            Self::Unknown => "unknown",
        }
    }
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `Build`, `Deploy`, `Variables`, `Redis`, `Memory`.
    pub group: &'static str,
    /// What is asked.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// The value found.
    pub found: String,
    /// The value expected; empty when nothing expects one.
    pub expected: String,
    /// The line that expects it, `path:line`; empty likewise.
    pub place: String,
    /// What follows, or what to do.
    pub remark: String,
}

/// The whole audit.
#[derive(Debug, Clone)]
pub struct Audit {
    /// Service and environment.
    pub title: String,
    /// The items, in the order of the dashboard.
    pub items: Vec<Item>,
    /// Settings that differ between the repository, the infrastructure as code and Railway.
    pub drift: Vec<drift::Row>,
    /// Questions with their answers.
    pub questions: Vec<(&'static str, String)>,
}

impl Audit {
    /// How many items stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.items.iter().filter(|item| item.standing == standing).count()
    }
}

/// The settings of the checklist: group, key, name in the dashboard, and whether a difference decides the deployment.
const SETTINGS: &[(&str, Key, &str, bool)] = &[
    ("Build", Key::Builder, "Builder", true),
    ("Build", Key::DockerfilePath, "Dockerfile path", true),
    ("Build", Key::RootDirectory, "Root directory", true),
    ("Build", Key::WatchPatterns, "Watch paths", false),
    ("Build", Key::BuildCommand, "Build command", false),
    ("Deploy", Key::StartCommand, "Start command", true),
    ("Deploy", Key::PreDeployCommand, "Pre-deploy command", true),
    ("Deploy", Key::HealthcheckPath, "Healthcheck path", true),
    ("Deploy", Key::HealthcheckTimeout, "Healthcheck timeout", false),
    ("Deploy", Key::RestartPolicyType, "Restart policy", false),
    ("Deploy", Key::RestartPolicyMaxRetries, "Restart retries", false),
    ("Deploy", Key::NumReplicas, "Replicas", false),
    ("Deploy", Key::Region, "Region", false),
    ("Deploy", Key::MultiRegionConfig, "Regions", false),
    ("Deploy", Key::CronSchedule, "Cron schedule", true),
    ("Deploy", Key::SleepApplication, "Sleep", false),
    ("Deploy", Key::DrainingSeconds, "Draining", false),
    ("Deploy", Key::OverlapSeconds, "Overlap", false),
    ("Deploy", Key::LimitOverride, "Limits", false),
];

/// Judges `live` by the files of `tree`.
///
/// # Errors
/// Everything that is wrong with the configuration of Preflight.
pub fn of_tree(tree: &dyn Tree, options: &Options, live: &Live) -> Result<Audit, Vec<ConfigError>> {
    let snapshot = Snapshot::new(tree, options.today, Trigger::GitHub);
    let config = match &options.config {
        Some((path, text)) => Config::parse(&Text::decode(path, text.as_bytes())),
        None => Config::of(&snapshot),
    }?;
    Ok(audit(&Facts::gather(&snapshot, &config), live))
}

/// Judges `live` by the repository.
pub fn audit(facts: &Facts<'_>, live: &Live) -> Audit {
    let service = service_of(facts, live);
    let mut items: Vec<Item> = SETTINGS
        .iter()
        .map(|(group, key, name, weighty)| setting(facts, service, live, group, *key, name, *weighty))
        .collect();
    items.extend(variables::items(facts, service, live));
    items.extend(redis::items(live));
    items.push(memory::item(facts, live));
    if live.environment.unmerged_changes > 0 {
        let found = format!("{} staged changes", live.environment.unmerged_changes);
        items.push(Item {
            remark: "deploy or discard them: they are not in force".into(),
            ..item("Deploy", "Staged changes", Standing::Doubtful, found)
        });
    }
    Audit {
        title: format!("{} in {}", live.service.name, live.environment.name),
        items,
        drift: service.map(|service| drift::rows(facts, service, live)).unwrap_or_default(),
        questions: questions::answers(facts, live),
    }
}

pub(super) fn item(
    group: &'static str,
    name: impl Into<String>,
    standing: Standing,
    found: impl Into<String>,
) -> Item {
    Item {
        group,
        name: name.into(),
        standing,
        found: found.into(),
        expected: String::new(),
        place: String::new(),
        remark: String::new(),
    }
}

fn setting(
    facts: &Facts<'_>,
    service: Option<&Service>,
    live: &Live,
    group: &'static str,
    key: Key,
    name: &str,
    weighty: bool,
) -> Item {
    let found = match stored::stored(live, key) {
        Ok(found) => found,
        Err(reason) => return Item { remark: reason, ..item(group, name, Standing::Unknown, "") },
    };
    let mut row = item(group, name, Standing::Shown, shown(&found));
    let wanted = service.and_then(|service| expected::of(facts, service, key, &live.environment.name));
    let Some(wanted) = wanted else {
        remark_on(facts, service, live, key, &found, &mut row);
        return row;
    };
    row.expected = shown(&wanted.value);
    row.place.clone_from(&wanted.place);
    row.standing = Standing::Right;
    if wanted.value == found {
        return row;
    }
    let bad = if weighty { Standing::Wrong } else { Standing::Doubtful };
    (row.standing, row.remark) = match wanted.source {
        Source::ConfigFile if facts.snapshot.today < CONFIG_CUT_OFF => {
            (Standing::Doubtful, format!("the file decides until {CONFIG_CUT_OFF}, then the dashboard does"))
        }
        Source::ConfigFile => (bad, "the file is no longer read; set this in Railway".into()),
        Source::Iac => (bad, "run `railway config apply`".into()),
        Source::Preflight => (bad, "set this in Railway, or correct the configuration".into()),
    };
    row
}

/// What is worth saying of a value that nothing expects.
fn remark_on(
    facts: &Facts<'_>,
    service: Option<&Service>,
    live: &Live,
    key: Key,
    found: &Value,
    row: &mut Item,
) {
    let kind = service.and_then(|service| service.kind.yes().copied());
    match (key, kind) {
        (Key::HealthcheckPath, _) if found.is_null() => {
            row.remark = "without one a container that starts counts as healthy".into();
        }
        (Key::DockerfilePath | Key::RootDirectory, _) if is_lost(facts, live, key, found) => {
            row.standing = Standing::Wrong;
            row.remark = "the repository has nothing there".into();
        }
        (Key::DrainingSeconds, Some(Kind::Worker)) if found.as_u64() == Some(0) => {
            row.standing = Standing::Doubtful;
            row.remark = "jobs are killed at once when a new deployment takes over".into();
        }
        (Key::SleepApplication, Some(Kind::Worker)) if found.as_bool() == Some(true) => {
            row.standing = Standing::Doubtful;
            row.remark = "a sleeping worker takes no jobs".into();
        }
        (Key::RestartPolicyType, Some(Kind::Worker)) if found == "NEVER" => {
            row.standing = Standing::Doubtful;
            row.remark = "a worker that ends once stays down".into();
        }
        _ => {}
    }
}

/// True when a place that Railway builds from is not in the repository. Reports disagree whether a Dockerfile is looked
/// for below the root directory, so it must be missing in both places; and only where one is certainly wanted.
fn is_lost(facts: &Facts<'_>, live: &Live, key: Key, found: &Value) -> bool {
    let Some(path) = found.as_str() else { return false };
    let is_there = |path: &str| {
        let below = format!("{}/", path.trim_end_matches('/'));
        facts.snapshot.entries().iter().any(|entry| entry.path == path || entry.path.starts_with(&below))
    };
    let root = stored::stored(live, Key::RootDirectory).ok();
    let root = root.as_ref().and_then(Value::as_str).unwrap_or_default();
    if key == Key::RootDirectory {
        return !is_there(path);
    }
    let wanted = stored::stored(live, Key::Builder).is_ok_and(|builder| builder == "DOCKERFILE");
    wanted && !is_there(path) && !is_there(&format!("{}/{path}", root.trim_end_matches('/')))
}

/// A value for people: text bare, the rest as JSON, nothing as a dash.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
