//! The dashboard's checklist, item by item: what is there, what the repository expects, and the line that expects it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Live, Variable, drift, expected, memory, questions, service_of, stored};
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
    items.extend(variables(facts, service, live));
    items.extend(redis(live));
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
        remark_on(service, key, &found, &mut row);
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
fn remark_on(service: Option<&Service>, key: Key, found: &Value, row: &mut Item) {
    let kind = service.and_then(|service| service.kind.yes().copied());
    match (key, kind) {
        (Key::HealthcheckPath, _) if found.is_null() => {
            row.remark = "without one a container that starts counts as healthy".into();
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

/// A value for people: text bare, the rest as JSON, nothing as a dash.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Names that Railway itself provides.
fn is_provided(name: &str) -> bool {
    name.starts_with("RAILWAY_") || matches!(name, "PORT" | "PATH" | "HOME" | "HOSTNAME" | "PWD" | "USER")
}

struct Need {
    place: String,
    required: bool,
    defaulted: bool,
}

/// The variables the repository speaks of.
fn needs(facts: &Facts<'_>, service: &Service) -> BTreeMap<String, Need> {
    let mut needs = BTreeMap::new();
    let place = |path: &str, offset: usize| {
        let line = facts.snapshot.text(path).map_or(1, |text| text.position(offset).line);
        format!("{path}:{line}")
    };
    for read in &facts.startup(service).variables {
        let need = Need {
            place: place(&read.site.path, read.site.span.start),
            required: read.required,
            defaulted: read.default.is_some(),
        };
        needs.entry(read.name.clone()).or_insert(need);
    }
    for name in service.variables.iter().flatten() {
        let origin = &service.origin;
        let need = Need { place: place(&origin.path, origin.span.start), required: true, defaulted: false };
        needs.entry(name.clone()).or_insert(need);
    }
    for file in facts.env_files().values().filter(|file| file.is_example) {
        for name in &file.names {
            let need = Need { place: place(&file.path, name.span.start), required: false, defaulted: false };
            needs.entry(name.value.clone()).or_insert(need);
        }
    }
    needs.retain(|name, _| !is_provided(name));
    needs
}

fn variables(facts: &Facts<'_>, service: Option<&Service>, live: &Live) -> Vec<Item> {
    let Some(set) = &live.variables else {
        return vec![Item {
            remark: live.reason("variables"),
            ..item("Variables", "Variables", Standing::Unknown, "")
        }];
    };
    let needs = service.map(|service| needs(facts, service)).unwrap_or_default();
    let mut items: Vec<Item> = needs.iter().map(|(name, need)| needed(name, need, set)).collect();
    for variable in set.iter().filter(|variable| !needs.contains_key(&variable.name)) {
        let mut row = item("Variables", variable.name.clone(), Standing::Shown, state(variable));
        match variable.name.as_str() {
            "PORT" => row.remark = "set by hand: right only when the program listens there".into(),
            "PATH" | "LD_LIBRARY_PATH" | "HOME" => {
                (row.standing, row.remark) = (Standing::Wrong, "replaces the image's own: delete it".into());
            }
            _ if variable.state == "unresolved" => {
                (row.standing, row.remark) =
                    (Standing::Wrong, "its reference names nothing in this environment".into());
            }
            _ => {}
        }
        items.push(row);
    }
    items
}

fn needed(name: &str, need: &Need, set: &[Variable]) -> Item {
    let found = set.iter().find(|variable| variable.name == name);
    let mut row = item("Variables", name, Standing::Right, found.map_or_else(|| "missing".to_owned(), state));
    row.expected = if need.required { "set".into() } else { "set, or its default".into() };
    row.place.clone_from(&need.place);
    let (standing, remark) = match found.map(|variable| variable.state.as_str()) {
        None if need.required => (Standing::Wrong, "the program fails without it"),
        None if need.defaulted => (Standing::Shown, "the program has a default"),
        None => (Standing::Doubtful, "the repository names it and the service lacks it"),
        Some("empty") => (Standing::Wrong, "it is set to nothing"),
        Some("localhost") => (Standing::Wrong, "it points at the container itself"),
        Some("unresolved") => (Standing::Wrong, "its reference names nothing in this environment"),
        Some("sealed") => (Standing::Right, "sealed: its value is not read"),
        Some(_) => (Standing::Right, ""),
    };
    (row.standing, row.remark) = (standing, remark.into());
    if name == "REDIS_URL" && found.is_none() && need.defaulted {
        (row.standing, row.remark) = (
            Standing::Wrong,
            "its default points at the container itself: set `${{Redis.REDIS_URL}}`".into(),
        );
    }
    row
}

fn state(variable: &Variable) -> String {
    match (variable.state.as_str(), variable.references.first()) {
        ("set" | "unread", Some(reference)) => format!("refers to {reference}"),
        ("unread", None) => "set, not read".into(),
        (state, _) => state.to_owned(),
    }
}

fn redis(live: &Live) -> Vec<Item> {
    let Some(all) = &live.redis else {
        return vec![Item {
            remark: live.reason("redis"),
            ..item("Redis", "Redis service", Standing::Unknown, "")
        }];
    };
    let mut items = Vec::new();
    let url = live.redis_url.clone();
    if all.is_empty() && url.as_deref().is_some_and(|url| url.contains(".railway.internal")) {
        items.push(Item {
            remark: "the address is private, and no service of this environment answers to it".into(),
            ..item("Redis", "Redis service", Standing::Wrong, "none in this environment")
        });
    }
    for redis in all {
        let mut row = item(
            "Redis",
            redis.name.clone(),
            Standing::Right,
            redis.image.clone().unwrap_or_else(|| "a service".into()),
        );
        if redis.status.as_deref().is_some_and(|status| matches!(status, "FAILED" | "CRASHED" | "REMOVED")) {
            row.standing = Standing::Wrong;
            row.remark = format!("its latest deployment is {}", redis.status.as_deref().unwrap_or_default());
        }
        items.push(row);
        let mut volume = item(
            "Redis",
            format!("{} volume", redis.name),
            Standing::Right,
            redis.volume.clone().unwrap_or_else(|| "none".into()),
        );
        if redis.volume.is_none() {
            (volume.standing, volume.remark) = (Standing::Doubtful, "jobs are lost when it restarts".into());
        }
        items.push(volume);
        let shared = item(
            "Redis",
            format!("{} used by", redis.name),
            Standing::Shown,
            if redis.used_by.is_empty() { "nobody by reference".into() } else { redis.used_by.join(", ") },
        );
        items.push(shared);
    }
    if let Some(url) = url {
        let public = url.contains(".proxy.rlwy.net");
        let standing = if public { Standing::Doubtful } else { Standing::Shown };
        let remark = if public { "leaves through the public network; use the private address" } else { "" };
        items.push(Item { remark: remark.into(), ..item("Redis", "REDIS_URL", standing, url) });
    }
    items
}

#[cfg(test)]
mod tests;
