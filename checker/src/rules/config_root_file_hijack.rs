//! One config file that every service of the repository takes.

use crate::facts::Facts;
use crate::facts::service::{Kind, Service};
use crate::facts::settings::{Key, Setting};
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A config file at the root gives every service of the repository the same start command or health check.
    ///
    /// ## Why it matters
    /// Railway applies the root's `railway.toml` or `railway.json` to each service that names no config file of its own.
    /// A worker then runs the web server's command, or waits for a health check that it never answers.
    ///
    /// ## What to do
    /// Give each service a config file of its own and set its config path, or describe the services in
    /// `.railway/railway.ts`; leave at the root only what holds for all.
    ///
    /// ## What it cannot know
    /// Which services exist, and whether they name other config files: a Procfile with several processes or a worker's
    /// Dockerfile is only a sign of it.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app:app"}}
    /// //- Procfile
    /// web: gunicorn app:app
    /// worker: celery -A tasks worker
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// healthcheckPath = "/health"
    /// //- Dockerfile
    /// FROM python:3.13
    /// CMD ["uvicorn", "app:app"]
    /// //- Dockerfile.worker
    /// FROM python:3.13
    /// CMD ["rq", "worker"]
    /// ```
    ///
    /// One service, and a worker with a config file of its own:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app:app"}}
    /// //- Procfile
    /// release: python manage.py migrate
    /// web: gunicorn app:app
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app:app"}}
    /// //- railway.worker.json
    /// {"build": {"dockerfilePath": "Dockerfile.worker"}, "deploy": {"startCommand": "celery -A tasks worker"}}
    /// //- Dockerfile.worker
    /// FROM python:3.13
    /// CMD ["celery"]
    /// //- Procfile
    /// web: gunicorn app:app
    /// worker: celery -A tasks worker
    /// ```
    "config-root-file-hijack", Warning, Config, since "0.1.0",
    sources: [
        "https://github.com/aks129/HealthClawGuardrails/pull/24",
        "https://github.com/sseshachala/conductai/pull/17",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let root = facts.services.iter().find(|service| {
        service.config.as_deref().is_some_and(|path| matches!(path, "railway.toml" | "railway.json"))
    });
    let Some((service, setting, what)) = root.and_then(imposed) else { return };
    let others: Vec<(Site, &str)> = processes(facts).chain(workers(facts)).collect();
    let Some((_, first)) = others.first() else { return };
    let message = format!("every service without a config file of its own takes its {what}, `{first}` too");
    let finding = out.at(setting.site.clone(), message);
    finding.severity(Severity::Warning).service(&service.name).help(
        "Give each service a config file of its own, or describe the services in `.railway/railway.ts`",
    );
    for (site, name) in others.iter().take(3) {
        finding.related(site.clone(), format!("`{name}` seems to be another service"));
    }
}

/// The settings of the root file that another service would not want.
fn imposed(service: &Service) -> Option<(&Service, &Setting, &'static str)> {
    let of = |key: Key| service.settings.text(key).filter(|(text, _)| !text.trim().is_empty());
    match (of(Key::StartCommand), of(Key::HealthcheckPath)) {
        (Some((_, setting)), Some(_)) => Some((service, setting, "start command and health check")),
        (Some((_, setting)), None) => Some((service, setting, "start command")),
        (None, Some((_, setting))) => Some((service, setting, "health check")),
        (None, None) => None,
    }
}

/// Processes of the Procfile that are neither the web service nor a release step, when no other config file speaks for
/// one.
fn processes<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = (Site, &'f str)> {
    let configured = facts.railway_configs.len() > 1;
    let file = facts.procfiles.get("Procfile").filter(|_| !configured);
    file.into_iter().flat_map(|file| {
        let others =
            file.processes.iter().filter(|process| !matches!(process.name.as_str(), "web" | "release"));
        others.map(|process| (Site::new(file.path.clone(), process.span), process.name.as_str()))
    })
}

/// Workers with a Dockerfile that no config file selects.
fn workers<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = (Site, &'f str)> {
    let unconfigured = facts.services.iter().filter(|service| {
        service.config.is_none() && !service.selected && service.kind == Known::Yes(Kind::Worker)
    });
    unconfigured.map(|service| (service.origin.clone(), service.name.as_str()))
}
