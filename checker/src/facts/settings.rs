//! Effective settings with provenance: for every setting its value, the file and line it comes from, and whether it
//! survives the day Railway stops reading `railway.toml` and `railway.json`.

use std::collections::BTreeMap;

use crate::finding::Site;
use crate::known::Known;
use crate::snapshot::Day;

/// The day Railway stops reading `railway.toml` and `railway.json`
/// (<https://docs.railway.com/config-as-code>, read 2026-08-21).
pub const CONFIG_CUT_OFF: Day = Day { year: 2026, month: 12, day: 1 };

/// A setting that Railway knows, by its key in `railway.json` without the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the camel-case key of the same name")]
pub enum Key {
    Builder,
    BuildCommand,
    DockerfilePath,
    WatchPatterns,
    RailpackVersion,
    NixpacksConfigPath,
    NixpacksPlan,
    NixpacksVersion,
    BuildEnvironment,
    StartCommand,
    PreDeployCommand,
    PreDeployTimeoutSeconds,
    HealthcheckPath,
    HealthcheckTimeout,
    RestartPolicyType,
    RestartPolicyMaxRetries,
    NumReplicas,
    MultiRegionConfig,
    Region,
    CronSchedule,
    OverlapSeconds,
    DrainingSeconds,
    SleepApplication,
    LimitOverride,
    RequiredMountPath,
    RegistryCredentials,
    Ipv6EgressEnabled,
    Runtime,
    UseLegacyStacker,
    RootDirectory,
}

/// What a setting's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// A string or a list of strings.
    TextOrTexts,
    /// A whole number.
    Integer,
    /// A truth value.
    Bool,
    /// A table.
    Map,
}

impl Shape {
    /// The shape in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Texts => "a list of strings",
            Self::TextOrTexts => "a string or a list of strings",
            Self::Integer => "a whole number",
            Self::Bool => "true or false",
            Self::Map => "a table",
        }
    }

    /// True when `value` has this shape; null always fits, because it takes a setting back.
    pub fn fits(self, value: &Value) -> bool {
        let texts = |value: &Value| matches!(value, Value::List(items) if items.iter().all(|item| item.text().is_some()));
        match (self, value) {
            (_, Value::Null)
            | (Self::Text | Self::TextOrTexts, Value::Text(_))
            | (Self::Integer, Value::Integer(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Map, Value::Map(_)) => true,
            (Self::Texts | Self::TextOrTexts, value) => texts(value),
            _ => false,
        }
    }
}

/// Every setting with its section and key in `railway.json`, in reading order
/// (<https://docs.railway.com/config-as-code/reference>, and the types of Railway's command line 5.43.1). The root
/// directory is no key of that file; only the dashboard and `.railway/railway.ts` set it.
pub const KEYS: &[(Key, &str, &str, Shape)] = &[
    (Key::Builder, "build", "builder", Shape::Text),
    (Key::BuildCommand, "build", "buildCommand", Shape::Text),
    (Key::DockerfilePath, "build", "dockerfilePath", Shape::Text),
    (Key::WatchPatterns, "build", "watchPatterns", Shape::Texts),
    (Key::RailpackVersion, "build", "railpackVersion", Shape::Text),
    (Key::NixpacksConfigPath, "build", "nixpacksConfigPath", Shape::Text),
    (Key::NixpacksPlan, "build", "nixpacksPlan", Shape::Map),
    (Key::NixpacksVersion, "build", "nixpacksVersion", Shape::Text),
    (Key::BuildEnvironment, "build", "buildEnvironment", Shape::Text),
    (Key::StartCommand, "deploy", "startCommand", Shape::Text),
    (Key::PreDeployCommand, "deploy", "preDeployCommand", Shape::TextOrTexts),
    (Key::PreDeployTimeoutSeconds, "deploy", "preDeployTimeoutSeconds", Shape::Integer),
    (Key::HealthcheckPath, "deploy", "healthcheckPath", Shape::Text),
    (Key::HealthcheckTimeout, "deploy", "healthcheckTimeout", Shape::Integer),
    (Key::RestartPolicyType, "deploy", "restartPolicyType", Shape::Text),
    (Key::RestartPolicyMaxRetries, "deploy", "restartPolicyMaxRetries", Shape::Integer),
    (Key::NumReplicas, "deploy", "numReplicas", Shape::Integer),
    (Key::MultiRegionConfig, "deploy", "multiRegionConfig", Shape::Map),
    (Key::Region, "deploy", "region", Shape::Text),
    (Key::CronSchedule, "deploy", "cronSchedule", Shape::Text),
    (Key::OverlapSeconds, "deploy", "overlapSeconds", Shape::Integer),
    (Key::DrainingSeconds, "deploy", "drainingSeconds", Shape::Integer),
    (Key::SleepApplication, "deploy", "sleepApplication", Shape::Bool),
    (Key::LimitOverride, "deploy", "limitOverride", Shape::Map),
    (Key::RequiredMountPath, "deploy", "requiredMountPath", Shape::Text),
    (Key::RegistryCredentials, "deploy", "registryCredentials", Shape::Map),
    (Key::Ipv6EgressEnabled, "deploy", "ipv6EgressEnabled", Shape::Bool),
    (Key::Runtime, "deploy", "runtime", Shape::Text),
    (Key::UseLegacyStacker, "deploy", "useLegacyStacker", Shape::Bool),
    (Key::RootDirectory, "source", "rootDirectory", Shape::Text),
];

impl Key {
    /// The setting called `name` in `section` of a config file.
    pub fn find(section: &str, name: &str) -> Option<Self> {
        let found =
            KEYS.iter().find(|(_, known, key, _)| *known == section && *key == name && section != "source");
        found.map(|(key, ..)| *key)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, Shape) {
        KEYS.iter().find(|(key, ..)| *key == self).unwrap_or(&KEYS[0])
    }

    /// Its section in `railway.json`: `build` or `deploy`; `source` for the root directory.
    pub fn section(self) -> &'static str {
        self.row().1
    }

    /// Its key in `railway.json`.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// What its value looks like.
    pub fn shape(self) -> Shape {
        self.row().3
    }
}

/// The value of a setting as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An explicit null, which overrides the dashboard as any value does.
    Null,
    /// A list.
    List(Vec<Value>),
    /// A table or object.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The string, when it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as compact JSON.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Integer(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Bool(value) => (*value).into(),
            Self::Null => serde_json::Value::Null,
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(members) => members.iter().map(|(key, value)| (key.clone(), value.json())).collect(),
        }
    }
}

/// Who set a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// `railway.toml` or `railway.json`: no longer read from [`CONFIG_CUT_OFF`] on.
    ConfigFile,
    /// `.railway/railway.ts`: survives, but only the command line's `apply` carries it to Railway.
    Iac,
    /// `.github/preflight.toml`, the user's own word on what the dashboard says.
    Preflight,
}

/// One setting with its provenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value; `Unknown` when the file computes it.
    pub value: Known<Value>,
    /// Where the value is written (the value itself, not the key).
    pub site: Site,
    /// Which kind of file.
    pub source: Source,
}

impl Setting {
    /// Whether Railway still uses it after [`CONFIG_CUT_OFF`].
    pub fn survives(&self) -> bool {
        self.source != Source::ConfigFile
    }
}

/// The settings of one service: base values and what named environments change.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Values that hold in every environment that does not override them.
    pub base: BTreeMap<Key, Setting>,
    /// Overrides by environment name; `pr` is every pull-request environment.
    pub environments: BTreeMap<String, BTreeMap<Key, Setting>>,
    /// True when the service is wholly described in `.railway/railway.ts`, so that an absent setting is Railway's
    /// default and not the dashboard's secret.
    pub complete: bool,
}

impl Settings {
    /// The base value of `key`. Absent from the files means `Unknown`, because the dashboard may hold it, unless the
    /// files are known to be the whole truth.
    pub fn get(&self, key: Key) -> Known<&Setting> {
        match self.base.get(&key) {
            Some(setting) => Known::Yes(setting),
            None if self.complete => Known::No,
            None => Known::unknown("no file sets it, and the dashboard may"),
        }
    }

    /// The base value of `key` when it is a literal string.
    pub fn text(&self, key: Key) -> Option<(&str, &Setting)> {
        let setting = self.base.get(&key)?;
        Some((setting.value.yes()?.text()?, setting))
    }

    /// The base value of `key` and every environment's override of it.
    pub fn every(&self, key: Key) -> impl Iterator<Item = &Setting> {
        self.base.get(&key).into_iter().chain(self.environments.values().filter_map(move |set| set.get(&key)))
    }

    /// The value of `key` in a normal environment called `name`: its own block, then the base.
    pub fn in_environment(&self, name: &str, key: Key) -> Option<&Setting> {
        self.environments.get(name).and_then(|set| set.get(&key)).or_else(|| self.base.get(&key))
    }

    /// The value of `key` in a pull-request environment: its own block, then `pr`, then the block of the environment
    /// it was forked from, then the base (<https://docs.railway.com/config-as-code/reference>).
    pub fn in_pull_request(&self, name: &str, forked_from: &str, key: Key) -> Option<&Setting> {
        let own = |block: &str| self.environments.get(block).and_then(|set| set.get(&key));
        own(name).or_else(|| own("pr")).or_else(|| own(forked_from)).or_else(|| self.base.get(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        Setting {
            value: Known::Yes(Value::Text(text.into())),
            site: Site::file("railway.json"),
            source: Source::ConfigFile,
        }
    }

    fn settings() -> Settings {
        let block = |text: &str| BTreeMap::from([(Key::StartCommand, setting(text))]);
        Settings {
            base: block("base"),
            environments: BTreeMap::from([("pr".into(), block("pr")), ("staging".into(), block("staging"))]),
            complete: false,
        }
    }

    fn text(setting: Option<&Setting>) -> Option<&str> {
        setting?.value.yes()?.text()
    }

    #[test]
    fn an_environment_takes_its_own_block_and_then_the_base() {
        let settings = settings();
        assert_eq!(text(settings.in_environment("staging", Key::StartCommand)), Some("staging"));
        assert_eq!(text(settings.in_environment("production", Key::StartCommand)), Some("base"));
    }

    #[test]
    fn a_pull_request_takes_its_own_block_then_pr_then_the_forked_one_then_the_base() {
        let mut settings = settings();
        assert_eq!(text(settings.in_pull_request("app-pr-1", "staging", Key::StartCommand)), Some("pr"));
        settings
            .environments
            .insert("app-pr-1".into(), BTreeMap::from([(Key::StartCommand, setting("own"))]));
        assert_eq!(text(settings.in_pull_request("app-pr-1", "staging", Key::StartCommand)), Some("own"));
        settings.environments.retain(|name, _| name == "staging");
        assert_eq!(text(settings.in_pull_request("app-pr-1", "staging", Key::StartCommand)), Some("staging"));
        assert_eq!(text(settings.in_pull_request("app-pr-1", "production", Key::StartCommand)), Some("base"));
    }

    #[test]
    fn what_no_file_sets_is_unknown_unless_the_files_are_the_whole_truth() {
        let mut settings = settings();
        assert!(settings.get(Key::HealthcheckPath).is_unknown());
        settings.complete = true;
        assert!(settings.get(Key::HealthcheckPath).is_no());
    }
}
