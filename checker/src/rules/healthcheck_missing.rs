//! Railway is not told where to probe.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::service::{Kind, Service};
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// No file gives the service a `healthcheckPath`, so any container that starts counts as a success.
    ///
    /// ## Why it matters
    /// With no path Railway probes nothing, not even `/`: the deployment is active as soon as the container starts, and a
    /// program that dies a second later has already replaced the one that worked. A Dockerfile's `HEALTHCHECK` is not used.
    ///
    /// ## What to do
    /// Set `healthcheckPath` to a route that answers exactly 200 without redirect or login.
    ///
    /// ## What it cannot know
    /// The dashboard may hold a path. So this is a warning where the repository shows that a health route exists, and a note
    /// elsewhere; a cron service and an explicit empty path are never reported.
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// HEALTHCHECK CMD curl -f http://localhost:8080/health
    /// CMD ["python", "app.py"]
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.json
    /// {"deploy": {"startCommand": "node server.js"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health"}}
    /// ```
    ///
    /// An empty path switches the check off on purpose, and a cron service must have none:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": ""}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"cronSchedule": "0 3 * * *", "startCommand": "node job.js"}}
    /// ```
    "healthcheck-missing", Note, Health, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/healthchecks", "https://docs.railway.com/deployments/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in facts.services.iter().filter(|service| service.kind != Known::Yes(Kind::Cron)) {
        if service
            .settings
            .every(Key::HealthcheckPath)
            .any(|setting| setting.value != Known::Yes(Value::Null))
        {
            continue;
        }
        if service.settings.every(Key::CronSchedule).next().is_some() {
            continue;
        }
        let hint = health_route(facts, service);
        let message = match &hint {
            Some((_, route)) => format!(
                "Railway is not told to probe `{route}`: a container that starts and dies counts as deployed"
            ),
            None => {
                "no file gives a `healthcheckPath`: any container that starts counts as deployed".to_owned()
            }
        };
        let site =
            service.config.as_ref().map_or_else(|| service.origin.clone(), |path| Site::file(path.clone()));
        let finding = out.at(site, message);
        finding
            .service(&service.name)
            .help("Set `healthcheckPath` to a route that answers 200 without redirect or login");
        let config = service.config.as_ref().and_then(|path| facts.railway_configs.get(path));
        if let (Some((_, route)), Some(config)) = (&hint, config)
            && let Ok(text) = facts.snapshot.text(&config.path)
            && let Some(edit) = config.with(
                &text.text,
                Key::HealthcheckPath,
                &serde_json::Value::from(route.as_str()).to_string(),
            )
        {
            finding.fix(Fix { title: format!("Probe {route}"), edits: vec![edit] });
        }
        if let Some((site, _)) = hint {
            let severity = if service.selected { Severity::Warning } else { Severity::Note };
            finding.severity(severity).related(site, "the repository has a health route");
        }
    }
}

/// A health route that the Dockerfile's HEALTHCHECK or the program's own routes show.
fn health_route(facts: &Facts<'_>, service: &Service) -> Option<(Site, String)> {
    let startup = facts.startup(service);
    let names = ["health", "ready", "live", "ping", "status"];
    // A route with parameters is somebody's status and not the program's.
    let plain = |path: &str| !path.contains(['{', '<', ':', '*', '[']);
    let served = startup
        .routes
        .iter()
        .find(|route| route.get && plain(&route.path) && names.iter().any(|name| route.path.contains(name)));
    let from_program = served.map(|route| (route.site.clone(), route.path.clone()));
    from_program.or_else(|| from_image(facts, service))
}

fn from_image(facts: &Facts<'_>, service: &Service) -> Option<(Site, String)> {
    let choice = service.dockerfile.yes()?;
    let file = facts.dockerfiles.get(&choice.path)?;
    file.final_stage()?.instructions.iter().find_map(|each| match &each.kind {
        InstructionKind::Healthcheck(Some(command)) => {
            let text = facts.snapshot.text(&choice.path).ok()?;
            let route = route_in(command.span().of(&text.text))?;
            Some((Site::new(choice.path.clone(), each.span), route))
        }
        _ => None,
    })
}

/// The path of the first address in `command`.
fn route_in(command: &str) -> Option<String> {
    let address = command.split_once("://")?.1;
    let path = &address[address.find('/')?..];
    let end =
        path.find(|char: char| char.is_whitespace() || "'\"|;&)?]".contains(char)).unwrap_or(path.len());
    let path = &path[..end];
    (path.len() > 1).then(|| path.to_owned())
}
