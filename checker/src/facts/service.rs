//! The services of a repository: which there are, where each was found, and what Railway will do with it.

mod discover;
mod doubt;
mod from_iac;
mod kind;
#[cfg(test)]
mod tests;

use crate::facts::settings::Settings;
use crate::finding::Site;
use crate::known::Known;

pub use discover::discover;

/// What builds the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builder {
    /// A Dockerfile: commands run in exec form, without a shell.
    Dockerfile,
    /// Railpack: commands run in a shell.
    Railpack,
    /// Nixpacks, the predecessor of Railpack.
    Nixpacks,
    /// A prebuilt image: nothing of the repository is built.
    Image,
}

/// What a service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Answers requests.
    Web,
    /// Takes jobs from a queue.
    Worker,
    /// Runs on a schedule and exits.
    Cron,
}

/// The Dockerfile a service is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileChoice {
    /// Path in the tree; a key of [`crate::facts::Facts::dockerfiles`] unless it is missing or named oddly.
    pub path: String,
    /// Where the choice is written; `None` when Railway finds the file by its name.
    pub site: Option<Site>,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name as Railway shows it, or one made from the place it was found. Unique in a report.
    pub name: String,
    /// What made us believe that this service exists.
    pub origin: Site,
    /// True when something says that it is deployed to Railway: a setting, or a file that Railway finds by itself. A
    /// Dockerfile that merely lies in the repository makes a service that is not selected, whose errors are warnings; so
    /// does a config file in a directory that asks for another builder than the Dockerfile beside it.
    pub selected: bool,
    /// Every root directory that is possible (`""` is the repository); exactly one when it is stated somewhere.
    /// A rule about files reports an error only when the defect is there under every one of them.
    pub roots: Vec<String>,
    /// The config file that applies to it: a key of [`crate::facts::Facts::railway_configs`].
    pub config: Option<String>,
    /// Its settings in every environment the files name.
    pub settings: Settings,
    /// What builds it.
    pub builder: Known<Builder>,
    /// Its Dockerfile. `Yes` may name a file that does not exist: that is a finding, not a fact to hide.
    pub dockerfile: Known<DockerfileChoice>,
    /// What it is for.
    pub kind: Known<Kind>,
    /// Names of variables that `.github/preflight.toml` or `.railway/railway.ts` says are set; `None` is not told.
    pub variables: Option<Vec<String>>,
}
