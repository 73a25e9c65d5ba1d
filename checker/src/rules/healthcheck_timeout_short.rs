//! A health window that a slow start misses.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Setting, Source, Value};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `healthcheckTimeout` leaves less time than the program is likely to need.
    ///
    /// ## Why it matters
    /// The time is the whole window from the start of the container to the first 200, over all attempts and for every
    /// replica. A Java or machine-learning service, or one that migrates a database first, may take minutes on Railway's
    /// machines; one replica that is late fails the deployment.
    ///
    /// ## What to do
    /// Leave the setting out, or write 300, Railway's default.
    ///
    /// ## What it cannot know
    /// How long the program takes: it is not run. Under 180 seconds it is a warning for a program that is known to start
    /// slowly, and under 20 seconds for any.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/actuator/health"
    /// healthcheckTimeout = 100
    /// //- Dockerfile
    /// FROM eclipse-temurin:21-jre
    /// CMD ["java", "-jar", "app.jar"]
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/", "healthcheckTimeout": 10}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/", "healthcheckTimeout": 60}}
    /// ```
    ///
    /// Without a path nothing is probed:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "", "healthcheckTimeout": 5}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/actuator/health"
    /// healthcheckTimeout = 300
    /// //- Dockerfile
    /// FROM eclipse-temurin:21-jre
    /// CMD ["java", "-jar", "app.jar"]
    /// ```
    "healthcheck-timeout-short", Warning, Health, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://github.com/mnfst/llm-gateway/pull/1741",
    ]
}

/// Railway's default, in seconds.
const DEFAULT: &str = "300";
/// Distributions that load a model or a large library when they are imported.
const HEAVY: [&str; 10] = [
    "torch",
    "tensorflow",
    "transformers",
    "sentence-transformers",
    "easyocr",
    "paddleocr",
    "openai-whisper",
    "spacy",
    "jax",
    "ultralytics",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let probed = service.settings.every(Key::HealthcheckPath);
        if !probed
            .into_iter()
            .any(|setting| setting.value.yes().and_then(Value::text).is_some_and(|path| !path.is_empty()))
        {
            continue;
        }
        for setting in service.settings.every(Key::HealthcheckTimeout) {
            let Some(seconds) = seconds(setting) else { continue };
            let slow = slow_start(facts, service);
            let limit = if slow.is_some() { 180 } else { 20 };
            if seconds >= limit || seconds <= 0 {
                continue;
            }
            let message = match &slow {
                Some((what, _)) => format!("{what} may take longer than these {seconds} seconds to answer"),
                None => {
                    format!("the first answer must come within {seconds} seconds of the container's start")
                }
            };
            let finding = out.at(setting.site.clone(), message);
            finding
                .service(&service.name)
                .severity(Severity::Warning)
                .help(format!("Write {DEFAULT}, Railway's default"));
            if let Some((_, site)) = slow {
                finding.related(site, "this starts slowly");
            }
            if setting.source != Source::Preflight {
                let title = format!("Give the service {DEFAULT} seconds");
                finding.fix(Fix::edit(title, setting.site.clone(), DEFAULT));
            }
        }
    }
}

fn seconds(setting: &Setting) -> Option<i64> {
    match setting.value.yes()? {
        Value::Integer(seconds) => Some(*seconds),
        Value::Text(seconds) => seconds.trim().parse().ok(),
        _ => None,
    }
}

/// What is known to start slowly, and where that is written.
fn slow_start(facts: &Facts<'_>, service: &Service) -> Option<(&'static str, Site)> {
    if let Some(file) = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path)) {
        let stage = file.final_stage()?;
        let base = file.base_image(file.stages.len() - 1)?.to_lowercase();
        let java = ["temurin", "openjdk", "corretto", "zulu", "-jre", "-jdk", "wildfly", "tomcat"];
        let runs_java = stage.instructions.iter().any(|each| match &each.kind {
            InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                super::start_overrides_entrypoint::line(command).split_whitespace().next() == Some("java")
            }
            _ => false,
        });
        if runs_java || java.iter().any(|word| base.contains(word)) {
            return Some(("a Java program", Site::new(file.path.clone(), stage.base.span)));
        }
    }
    service.roots.iter().find_map(|root| {
        let project = facts.python_projects().get(root)?;
        let heavy =
            project.requirements.iter().find(|each| !each.optional && HEAVY.contains(&each.name.as_str()))?;
        Some(("a program that loads such a library", heavy.site.clone()))
    })
}
