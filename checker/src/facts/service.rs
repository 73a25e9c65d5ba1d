//! The services of a repository: which there are, where each was found, and what Railway will do with it.

use crate::facts::Facts;
use crate::facts::settings::Settings;
use crate::finding::Site;
use crate::known::Known;

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

/// The Dockerfile a service is built from, and the root directories under which that choice is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileChoice {
    /// Path in the tree; a key of [`Facts::dockerfiles`] unless it is missing.
    pub path: String,
    /// Where the choice is written; `None` when Railway finds the file by its name.
    pub site: Option<Site>,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name as Railway shows it, or one made from the place it was found.
    pub name: String,
    /// What made us believe that this service exists.
    pub origin: Site,
    /// Every root directory that is possible (`""` is the repository); exactly one when it is stated somewhere.
    /// A rule about files reports an error only when the defect is there under every one of them.
    pub roots: Vec<String>,
    /// The config file that applies to it: a key of [`Facts::railway_configs`].
    pub config: Option<String>,
    /// Its settings in every environment the files name.
    pub settings: Settings,
    /// What builds it.
    pub builder: Known<Builder>,
    /// Its Dockerfile. `Yes` may name a file that does not exist: that is a finding, not a fact to hide.
    pub dockerfile: Known<DockerfileChoice>,
    /// What it is for.
    pub kind: Known<Kind>,
}

/// Finds the services of a repository. `.github/preflight.toml` overrides what is found.
pub fn discover(_facts: &Facts<'_>) -> Vec<Service> {
    Vec::new()
}
