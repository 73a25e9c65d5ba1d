//! Several Dockerfiles, and a service that names none.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// Several Dockerfiles lie in the repository and nothing says which one a service is built from.
    ///
    /// ## Why it matters
    /// Without `dockerfilePath` every service of the repository builds the `Dockerfile` at its root: the worker comes up as
    /// the web application. The build log shows it: `found 'Dockerfile' at 'Dockerfile'`.
    ///
    /// ## What to do
    /// Name the file of each service: in `.railway/railway.ts`, in a config file a service, or in the variable
    /// `RAILWAY_DOCKERFILE_PATH`. State it for Preflight in `.github/preflight.toml` when it is in the dashboard.
    ///
    /// ## What it cannot know
    /// What the dashboard says; so this is a warning.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["uvicorn", "api:app"]
    /// //- backend/worker/Dockerfile
    /// FROM alpine
    /// CMD ["python", "-m", "worker"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "Dockerfile"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["uvicorn", "api:app"]
    /// //- worker/railway.json
    /// {"build": {"dockerfilePath": "worker/Dockerfile"}}
    /// //- worker/Dockerfile
    /// FROM alpine
    /// CMD ["python", "-m", "worker"]
    /// ```
    ///
    /// Dockerfiles for development and tests are not services:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- Dockerfile.dev
    /// FROM alpine
    /// CMD ["true"]
    /// //- .devcontainer/Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "dockerfile-wrong-for-service", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles", "https://docs.railway.com/deployments/monorepo"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let unnamed = facts.services.iter().filter(|service| {
        matches!(&service.dockerfile, Known::Yes(choice) if choice.site.is_none()) && service.config.is_none()
    });
    let root = facts.configured().find(|(service, config)| {
        config.directory().is_empty()
            && config.has_default_name()
            && !service.settings.base.contains_key(&Key::DockerfilePath)
    });
    let Some((rooted, config)) = root else { return };
    let Some(chosen) = rooted.dockerfile.yes() else { return };
    let others: Vec<&str> =
        unnamed.filter_map(|service| service.dockerfile.yes()).map(|choice| choice.path.as_str()).collect();
    if others.is_empty() {
        return;
    }
    let site = rooted
        .settings
        .base
        .get(&Key::Builder)
        .map_or_else(|| Site::file(config.path.clone()), |setting| setting.site.clone());
    let listed: Vec<String> = others.iter().take(3).map(|path| format!("`{path}`")).collect();
    let message = format!(
        "every service that names no Dockerfile builds `{}`; nothing here selects {}",
        chosen.path,
        listed.join(", ")
    );
    let finding = out.at(site, message);
    finding
        .severity(Severity::Warning)
        .service(&rooted.name)
        .help("Name each service's Dockerfile in `.railway/railway.ts` or in a config file of its own");
    for path in others.iter().take(3) {
        finding.related(Site::file(*path), "no service is known to build this");
    }
}
