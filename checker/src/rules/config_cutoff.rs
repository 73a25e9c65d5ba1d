//! The day config files stop being read.

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{CONFIG_CUT_OFF, Key, Setting};
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The service depends on `railway.toml` or `railway.json`, which Railway reads until 2026-12-01 only.
    ///
    /// ## Why it matters
    /// From that day on each setting of the file falls back to what the dashboard says, or to Railway's default: no health
    /// gate, no start command, the Dockerfile at the root. Nothing fails at once; the next deployment is simply another one.
    /// `.railway/railway.ts` takes the file's place, but Railway reads it only when `railway config apply` is run.
    ///
    /// ## What to do
    /// Carry the settings over to `.railway/railway.ts`, run `railway config plan` and `railway config apply`, then delete the
    /// file. Railway's own `railway config migrate` drops restart policy, draining, overlap, sleep and environments.
    ///
    /// ## What it cannot know
    /// Whether the dashboard already holds the same values.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// ```
    ///
    /// ```repo,fires,error,today=2026-12-01
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// ```
    ///
    /// A file that sets nothing has nothing to lose:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"$schema": "https://railway.com/railway.schema.json"}
    /// ```
    "config-cutoff", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/config-as-code", "https://docs.railway.com/infrastructure-as-code"]
}

/// Settings whose loss changes whether the deployment comes up.
const WEIGHTY: [Key; 6] = [
    Key::DockerfilePath,
    Key::StartCommand,
    Key::HealthcheckPath,
    Key::PreDeployCommand,
    Key::BuildCommand,
    Key::CronSchedule,
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let past = facts.snapshot.today >= CONFIG_CUT_OFF;
    let depending: Vec<_> = facts.configured().filter(|(service, _)| !lost(service).is_empty()).collect();
    for (at, (service, config)) in depending.iter().enumerate() {
        // Before the day, one finding reminds of all files.
        if at > 0 && !past {
            break;
        }
        let lost = lost(service);
        let names: Vec<String> =
            lost.iter().map(|(key, _)| format!("`{}` ({})", key.name(), instead(**key))).collect();
        let weighty = lost.iter().any(|(key, setting)| {
            WEIGHTY.contains(key) && setting.value.yes().is_some_and(|value| value.text() != Some(""))
        });
        let since = if past {
            "Railway no longer reads this file".to_owned()
        } else {
            format!("Railway stops reading this file on {CONFIG_CUT_OFF}")
        };
        let message = format!(
            "{since}: the dashboard decides, and where it holds nothing, what stands in brackets: {}",
            names.join(", ")
        );
        let severity = if past && weighty { Severity::Error } else { Severity::Warning };
        let finding = out.at(Site::file(config.path.clone()), message);
        finding
            .severity(severity)
            .service(&service.name)
            .help("Carry the settings over to `.railway/railway.ts` and run `railway config apply`");
        for (_, other) in depending.iter().skip(1).filter(|_| !past) {
            finding.related(Site::file(other.path.clone()), "this file too");
        }
    }
}

/// What Railway takes where nothing is stored.
fn instead(key: Key) -> &'static str {
    match key {
        Key::Builder => "a `Dockerfile` at the root, else Railpack",
        Key::DockerfilePath => "`Dockerfile`",
        Key::StartCommand => "the command of the image",
        Key::HealthcheckPath => "no healthcheck, so what starts counts as healthy",
        Key::HealthcheckTimeout => "300",
        Key::RestartPolicyType => "ON_FAILURE",
        Key::RestartPolicyMaxRetries => "10",
        Key::NumReplicas | Key::MultiRegionConfig => "one replica",
        Key::OverlapSeconds => "0",
        Key::DrainingSeconds => "0, so work in flight is killed at once",
        Key::SleepApplication => "never asleep",
        Key::WatchPatterns => "every change deploys",
        _ => "none",
    }
}

/// The settings that only the file holds.
fn lost(service: &Service) -> Vec<(&Key, &Setting)> {
    service.settings.base.iter().filter(|(_, setting)| !setting.survives()).collect()
}
