//! Railway looks for `Dockerfile`, spelt so.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The Dockerfile is spelt in another case, and nothing names it.
    ///
    /// ## Why it matters
    /// Railway looks for a file named `Dockerfile`. `dockerfile` or `DockerFile` is passed over and the service is built by
    /// Railpack instead, if it can be.
    ///
    /// ## What to do
    /// Rename the file to `Dockerfile`, or name it in `dockerfilePath`.
    ///
    /// ## What it cannot know
    /// Whether the dashboard or `RAILWAY_DOCKERFILE_PATH` names the file: so it is an error only when the config file asks
    /// for the builder DOCKERFILE and names no path, and a warning otherwise.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"build": {"builder": "DOCKERFILE"}}
    /// //- dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"dockerfilePath": "dockerfile"}}
    /// //- dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "dockerfile-name-case", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for path in facts.dockerfiles.keys() {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == "Dockerfile" || !name.eq_ignore_ascii_case("Dockerfile") {
            continue;
        }
        let named = facts.services.iter().any(|service| {
            service.dockerfile.yes().is_some_and(|choice| choice.path == *path && choice.site.is_some())
        });
        let proper =
            if directory.is_empty() { "Dockerfile".to_owned() } else { format!("{directory}/Dockerfile") };
        if named || facts.dockerfiles.contains_key(&proper) {
            continue;
        }
        let asks = |service: &&crate::facts::service::Service| {
            service
                .settings
                .text(Key::Builder)
                .is_some_and(|(name, _)| name.eq_ignore_ascii_case("DOCKERFILE"))
                && service.dockerfile.is_no()
                && service.roots.iter().any(|root| root == directory)
        };
        let asking = facts.services.iter().find(asks);
        let finding = out
            .at(Site::file(path.clone()), format!("Railway looks for `Dockerfile` and passes over `{name}`"));
        finding.help("Rename the file to `Dockerfile`");
        if let Some(service) = asking {
            finding.severity(Severity::Error).service(&service.name);
        }
    }
}
