//! Keys that Railway does not read.

use crate::facts::Facts;
use crate::facts::railway_config::UnknownKey;
use crate::facts::settings::KEYS;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A key of the config file is not one that Railway reads.
    ///
    /// ## Why it matters
    /// Railway passes over keys it does not know, without a word. A misspelt `healthcheckPath` means no health gate; a
    /// `dockerfile` key means that the default Dockerfile is built.
    ///
    /// ## What to do
    /// Use the key the message names, or delete the line. Only settings of `build` and `deploy` are read, at the top level
    /// and under `environments.<name>`.
    ///
    /// ## What it cannot know
    /// Whether the value is also set in the dashboard, where it would take effect. So this is a warning, and a note where
    /// the key carries no weight.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"dockerFilePath": "docker/Dockerfile"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheck = "/health"
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [build]
    /// dockerfilePath = "Dockerfile"
    /// [build.args]
    /// MODE = "slim"
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.json
    /// {"name": "app", "deploy": {"startCommand": "node server.js"}}
    /// ```
    ///
    /// Keys of exported configurations, and blocks of environments, are known:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"$schema": "https://railway.com/railway.schema.json", "build": {"buildEnvironment": "V3"},
    ///  "deploy": {"runtime": "V2", "useLegacyStacker": false}, "environments": {"pr": {"deploy": {"numReplicas": 1}}}}
    /// ```
    "config-unknown-key", Warning, Config, since "0.1.0",
    sources: [
        "https://docs.railway.com/config-as-code/reference",
        "https://github.com/vignesh07/clawdbot-railway-template/pull/153",
    ]
}

/// Known confusions: (section, key written, section and key meant).
const CONFUSIONS: [(&str, &str, &str, &str); 14] = [
    ("deploy", "healthcheck", "deploy", "healthcheckPath"),
    ("deploy", "healthCheckPath", "deploy", "healthcheckPath"),
    ("deploy", "healthCheckTimeout", "deploy", "healthcheckTimeout"),
    ("deploy", "watchPatterns", "build", "watchPatterns"),
    ("build", "startCommand", "deploy", "startCommand"),
    ("deploy", "buildCommand", "build", "buildCommand"),
    ("deploy", "releaseCommand", "deploy", "preDeployCommand"),
    ("deploy", "dockerfilePath", "build", "dockerfilePath"),
    ("build", "dockerfile", "build", "dockerfilePath"),
    ("build", "dockerFile", "build", "dockerfilePath"),
    ("build", "dockerFilePath", "build", "dockerfilePath"),
    ("deploy", "restartPolicy", "deploy", "restartPolicyType"),
    ("deploy", "replicas", "deploy", "numReplicas"),
    ("build", "healthcheckPath", "deploy", "healthcheckPath"),
];

/// Keys whose loss changes the build or the deployment, though Railway has no key of that meaning: (key, what to do).
const WEIGHTY: [(&str, &str); 9] = [
    ("args", "Declare each with ARG in the Dockerfile and set it as a variable of the service"),
    ("buildArgs", "Declare each with ARG in the Dockerfile and set it as a variable of the service"),
    (
        "dockerBuildTarget",
        "Railway builds the last stage: put the wanted one last, or in a Dockerfile of its own",
    ),
    ("target", "Railway builds the last stage: put the wanted one last, or in a Dockerfile of its own"),
    ("release", "Write the command as `deploy.preDeployCommand`"),
    ("volumes", "Attach a volume in the dashboard or in `.railway/railway.ts`"),
    ("mounts", "Attach a volume in the dashboard or in `.railway/railway.ts`"),
    ("root", "Set the root directory in the service's settings or in `.railway/railway.ts`"),
    ("rootDirectory", "Set the root directory in the service's settings or in `.railway/railway.ts`"),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, config) in facts.configured() {
        for unknown in config.unknown.iter().filter(|unknown| !belongs_elsewhere(unknown)) {
            let path = unknown.path.join(".");
            let site = Site::new(config.path.clone(), unknown.key.span);
            let message = format!("Railway does not read `{path}`");
            let meant = meant(unknown);
            let finding = out.at(site.clone(), message);
            finding
                .service(&service.name)
                .severity(Severity::Note)
                .help("Delete the key, or set it where Railway reads it");
            let Some((section, key)) = meant else {
                if let Some((_, help)) = WEIGHTY.iter().find(|(known, _)| *known == unknown.key.value) {
                    finding.severity(Severity::Warning).help(*help);
                }
                continue;
            };
            finding.severity(Severity::Warning).help(format!("Write `{section}.{key}`"));
            if unknown.path.iter().rev().nth(1).is_some_and(|above| above == section) {
                let quote = if config.path.ends_with(".json") { "\"" } else { "" };
                finding.fix(Fix::edit(
                    format!("Rename the key to {key}"),
                    site,
                    format!("{quote}{key}{quote}"),
                ));
            }
        }
    }
}

/// Blocks that rules of their own speak about.
fn belongs_elsewhere(unknown: &UnknownKey) -> bool {
    super::config_variables_block::is_variables(unknown)
        || super::config_multi_service_syntax::is_services(unknown)
}

/// The section and key that was probably meant.
fn meant(unknown: &UnknownKey) -> Option<(&'static str, &'static str)> {
    let written = unknown.key.value.as_str();
    let section = unknown.path.iter().rev().nth(1).map_or("", String::as_str);
    if let Some((_, _, section, key)) =
        CONFUSIONS.iter().find(|(known, key, ..)| *known == section && *key == written)
    {
        return Some((section, key));
    }
    let plain =
        |key: &str| key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let same = KEYS.iter().find(|(_, known, key, _)| *known != "source" && plain(key) == plain(written));
    same.map(|(_, section, key, _)| (*section, *key))
}
