//! What Railway holds against what the repository expects. The host records, read-only; everything is judged here.

pub mod audit;
pub mod drift;
mod expected;
mod memory;
pub mod outcome;
mod questions;
pub mod record;
mod stored;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::facts::Facts;
use crate::facts::service::Service;

/// What the host recorded of one service in one environment. A section that could not be read is `None`, and
/// `unavailable` says why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Live {
    /// Name of the project.
    pub project: String,
    /// Plan of the project: `free`, `trial`, `hobby`, `pro`.
    pub plan: Option<String>,
    /// The environment.
    pub environment: Environment,
    /// The service.
    pub service: Named,
    /// Settings as the API's service instance has them: camel-case keys.
    pub stored: Option<BTreeMap<String, Value>>,
    /// The service's part of the environment's configuration: `build`, `deploy`, `source`.
    pub config: Option<Value>,
    /// What the latest deployment runs with: `build`, `deploy`.
    pub manifest: Option<Value>,
    /// The config file that the latest deployment read.
    pub config_file: Option<String>,
    /// The variables, by name and state; never a value.
    pub variables: Option<Vec<Variable>>,
    /// `REDIS_URL` with its secret replaced.
    pub redis_url: Option<String>,
    /// Services of the environment that look like Redis.
    pub redis: Option<Vec<Redis>>,
    /// Memory limit of the container in bytes.
    pub memory_bytes: Option<u64>,
    /// Section to reason, for what could not be read.
    pub unavailable: BTreeMap<String, String>,
}

/// An environment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// True for a pull request's own.
    pub ephemeral: bool,
    /// Changes that were staged and not deployed.
    pub unmerged_changes: u64,
}

/// A thing with a name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One variable.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// `set`, `sealed`, `empty`, `localhost`, `unresolved`, or `unread` where only the name is known.
    pub state: String,
    /// What it refers to, such as `Redis.REDIS_URL`.
    pub references: Vec<String>,
}

/// A Redis service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Redis {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: Option<String>,
    /// Where its volume is mounted; `None` when it has none.
    pub volume: Option<String>,
    /// Services whose variables refer to it.
    pub used_by: Vec<String>,
    /// State of its latest deployment.
    pub status: Option<String>,
}

impl Live {
    /// Why `section` is not known.
    fn reason(&self, section: &str) -> String {
        self.unavailable.get(section).cloned().unwrap_or_else(|| "it was not recorded".into())
    }
}

/// The service of the repository that `live` is: by its name, or the only one.
pub(crate) fn service_of<'f>(facts: &'f Facts<'_>, live: &Live) -> Option<&'f Service> {
    let named = |service: &&Service| service.name.eq_ignore_ascii_case(&live.service.name);
    facts.services.iter().find(named).or_else(|| match facts.services.as_slice() {
        [only] => Some(only),
        many => {
            let mut selected = many.iter().filter(|service| service.selected);
            selected.next().filter(|_| selected.next().is_none())
        }
    })
}
