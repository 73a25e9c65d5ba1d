//! What became of a deployment that the host made.

use serde::Deserialize;

use super::record::Deployment;

/// What the host did and saw.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Name of the service.
    pub service: String,
    /// Name of the environment.
    pub environment: String,
    /// The commit.
    pub commit: String,
    /// Id of the deployment; empty when none was made.
    pub deployment: String,
    /// Its page at Railway.
    pub page: Option<String>,
    /// Where the service answers.
    pub url: Option<String>,
    /// `deployed`, `already`, `failed`, `unverified`, `stuck`, `refused`, `cancelled`.
    pub result: String,
    /// Last status that Railway gave.
    pub status: String,
    /// Why, when it is not `deployed`.
    pub reason: Option<String>,
    /// Each status with the seconds since the start.
    pub timeline: Vec<(String, f64)>,
    /// Seconds from the live status to the first good answer.
    pub cold_start: Option<f64>,
    /// What proved that it is up.
    pub proof: Option<String>,
    /// Seconds it was watched after that, and how many instances were restarted meanwhile.
    pub watched: Option<f64>,
    /// Restarts while it was watched.
    pub restarts: u32,
    /// What was put back in its place.
    pub rollback: Option<Rollback>,
    /// Log of the failed deployment.
    pub log: Option<String>,
    /// The history, this deployment included.
    pub history: Vec<Deployment>,
}

/// A return to an earlier deployment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Rollback {
    /// Id of the deployment that was restored.
    pub deployment: String,
    /// Its commit.
    pub commit: Option<String>,
    /// True when it had been verified by us.
    pub verified: bool,
    /// True when it came up again.
    pub up: bool,
    /// Seconds until it did.
    pub seconds: Option<f64>,
    /// Why there was none, or why it did not come up.
    pub reason: Option<String>,
}

impl Outcome {
    /// True when the commit runs and was verified.
    pub fn good(&self) -> bool {
        matches!(self.result.as_str(), "deployed" | "already")
    }

    /// One sentence.
    pub fn headline(&self) -> String {
        let what = format!("{} in {}", self.service, self.environment);
        let commit: String = self.commit.chars().take(8).collect();
        let reason = self.reason.clone().unwrap_or_else(|| format!("its status is {}", self.status));
        match self.result.as_str() {
            "deployed" => format!("{commit} is live and verified: {what}"),
            "already" => format!("{commit} was live already: {what}"),
            "cancelled" => format!("The deployment of {commit} was cancelled: {what}"),
            "refused" => format!("{commit} was not deployed to {what}: {reason}"),
            "stuck" => format!("{commit} did not come up in time: {what}: {reason}"),
            "unverified" => format!("{commit} was deployed and does not work: {what}: {reason}"),
            _ => format!("{commit} failed to deploy: {what}: {reason}"),
        }
    }
}
