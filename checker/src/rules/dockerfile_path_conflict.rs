//! Two settings that name different Dockerfiles.

use crate::facts::Facts;
use crate::facts::railway_iac::VariableValue;
use crate::facts::settings::Key;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `RAILWAY_DOCKERFILE_PATH` and `dockerfilePath` name different files.
    ///
    /// ## Why it matters
    /// Both choose the Dockerfile of a service, and Railway does not document which one wins.
    ///
    /// ## What to do
    /// Keep one of the two.
    ///
    /// ## What it cannot know
    /// A variable that is set in the dashboard.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", {
    ///   build: { dockerfilePath: "Dockerfile" },
    ///   env: { RAILWAY_DOCKERFILE_PATH: "web/Dockerfile" },
    /// });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// //- web/Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, service } from "railway/iac";
    /// const web = service("web", {
    ///   build: { dockerfilePath: "./Dockerfile" },
    ///   env: { RAILWAY_DOCKERFILE_PATH: "/Dockerfile" },
    /// });
    /// export default defineRailway(() => project("p", { resources: [web] }));
    /// //- Dockerfile
    /// FROM alpine
    /// CMD ["true"]
    /// ```
    "dockerfile-path-conflict", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(iac) = &facts.iac else { return };
    let Ok(text) = facts.snapshot.text(&iac.path) else { return };
    for declared in &iac.services {
        let origin = Site::new(iac.path.clone(), declared.span);
        let Some(service) = facts.services.iter().find(|service| service.origin == origin) else { continue };
        let Some((stated, setting)) = service.settings.text(Key::DockerfilePath) else { continue };
        let literal = declared.variables.iter().find(|variable| {
            variable.name.value == "RAILWAY_DOCKERFILE_PATH" && variable.value == VariableValue::Literal
        });
        let Some(variable) = literal else { continue };
        // A path needs no escapes, so the text between the quotes is the value; a constant's name is not a path.
        let written = variable.name.span.of(&text.text);
        let Some(path) =
            written.strip_prefix(['"', '\'', '`']).and_then(|rest| rest.strip_suffix(['"', '\'', '`']))
        else {
            continue;
        };
        if plain(path) == plain(stated) {
            continue;
        }
        out.at(
            Site::new(iac.path.clone(), variable.name.span),
            format!("`RAILWAY_DOCKERFILE_PATH` says `{path}`, `dockerfilePath` says `{stated}`"),
        )
        .service(&service.name)
        .related(setting.site.clone(), "the other choice")
        .help("Keep one of the two");
    }
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_matches('/')
}
