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
    /// What stood in the way, as [`Outcome::why`] knows it; empty when the status says enough.
    pub cause: String,
    /// What was seen of that: an answer, a status, a message of Railway.
    pub seen: Option<String>,
    /// Each status with the seconds since the start.
    pub timeline: Vec<(String, f64)>,
    /// Seconds from the live status to the first good answer.
    pub cold_start: Option<f64>,
    /// What proved that it is up.
    pub proof: Option<Proof>,
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

/// A proof that a deployment is up.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Proof {
    /// An address answered 200.
    Answered {
        /// The address.
        url: String,
    },
    /// The log has the line that was waited for.
    Logged {
        /// The line.
        line: String,
    },
    /// Railway says that instances run, and there is nothing to ask.
    Running {
        /// How many.
        instances: u32,
    },
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
    /// Why it did not come up, as in [`Outcome`].
    pub cause: String,
    /// What was seen of that.
    pub seen: Option<String>,
    /// Last status that Railway gave.
    pub status: String,
}

impl Rollback {
    /// Why it did not come up.
    pub fn why(&self, url: Option<&String>) -> String {
        let (cause, seen, status) = (self.cause.clone(), self.seen.clone(), self.status.clone());
        Outcome { cause, seen, status, url: url.cloned(), ..Outcome::default() }.why()
    }
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
        let reason = self.why();
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

    /// What stood in the way.
    pub fn why(&self) -> String {
        let seen = self.seen.as_deref().unwrap_or_default();
        let seconds = self.timeline.last().map(|(_, seconds)| *seconds).unwrap_or_default();
        match self.cause.as_str() {
            "held" if self.status == "NEEDS_APPROVAL" => "Railway waits for an approval, because the commit's author is no member of the workspace; approve it on the deployment's page".into(),
            "held" => "Railway waits for the checks of GitHub, and this workflow may be one of them; switch “Wait for CI” off for the service".into(),
            "skipped" => "Railway skipped it, because no changed file matches the watch paths or a check of GitHub failed".into(),
            "deadline" => format!("it has been {} since {seconds:.0} s after the start", self.status),
            "busy" => format!("another deployment is still {seen}"),
            "no-cli" => "the service has no repository, and the command line of Railway, which could upload the files, is not installed".into(),
            "upload" => format!("the command line of Railway failed to upload it: {seen}"),
            "no-answer" => format!("{} never answered 200, but {seen}", self.url.as_deref().unwrap_or("its address")),
            "no-marker" if seen.is_empty() => "its log does not say that the last stage of the start was reached".into(),
            "no-marker" => format!("its log never said “{seen}”"),
            "crashed" => "it came up and then crashed".into(),
            "ended" => "it came up and then ended by itself".into(),
            "restarting" if self.restarts == 1 => "it was restarted once while it was watched".into(),
            "restarting" => format!("it was restarted {} times while it was watched", self.restarts),
            "went-silent" => format!("it answered, and then no longer: {seen}"),
            "replaced" => "another deployment took its place while it was verified".into(),
            _ if !seen.is_empty() => seen.to_owned(),
            _ => format!("its status is {}", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_of_the_host_has_its_sentence() {
        let causes = [
            "held",
            "skipped",
            "deadline",
            "busy",
            "no-cli",
            "upload",
            "no-answer",
            "no-marker",
            "crashed",
            "ended",
            "restarting",
            "went-silent",
            "replaced",
            "refused",
        ];
        let mut sentences: Vec<String> = causes
            .map(|cause| {
                Outcome { cause: cause.into(), status: "WAITING".into(), ..Outcome::default() }.why()
            })
            .into();
        sentences.sort();
        sentences.dedup();
        assert_eq!(sentences.len(), causes.len());
    }
}
