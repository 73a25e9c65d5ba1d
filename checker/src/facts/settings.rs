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
