//! An image that starts nothing.

use crate::facts::Facts;
use crate::facts::dockerfile::{Dockerfile, InstructionKind};
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The last stage has no `CMD` or `ENTRYPOINT`, and no file gives a start command.
    ///
    /// ## Why it matters
    /// `FROM scratch` and the distroless static images bring no command, so the container has nothing to execute and the
    /// deployment fails at its start.
    ///
    /// ## What to do
    /// Add `CMD ["/path/of/the/program"]` to the last stage.
    ///
    /// ## What it cannot know
    /// A start command set in the dashboard. Most other base images define a command of their own, which is rarely the
    /// service: those are not reported.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM golang:1.24 AS build
    /// RUN go build -o /app .
    /// CMD ["/app"]
    /// FROM scratch
    /// COPY --from=build /app /app
    /// ```
    ///
    /// A base image brings its own command:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM nginx:1.29
    /// COPY site /usr/share/nginx/html
    /// //- site/index.html
    /// hello
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM scratch
    /// COPY app /app
    /// ENTRYPOINT ["/app"]
    /// //- app
    /// ```
    "dockerfile-no-command", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/start-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let start = service.settings.get(Key::StartCommand);
        if start.yes().is_some() || !starts_nothing(&file) {
            continue;
        }
        let Some(stage) = file.final_stage() else { continue };
        let severity = if matches!(start, Known::No) { Severity::Error } else { Severity::Warning };
        out.at(
            Site::new(file.path.clone(), stage.span),
            "this image has no command, so the container cannot start",
        )
        .severity(severity)
        .service(&service.name)
        .help("Add a `CMD` to this stage");
    }
}

/// True when the last stage, and the stages it is built from down to an empty base, give no command.
fn starts_nothing(file: &Dockerfile) -> bool {
    let Some(mut stage) = file.stages.last() else { return false };
    for _ in 0..file.stages.len() {
        let commands =
            |kind: &InstructionKind| matches!(kind, InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_));
        if stage.instructions.iter().any(|each| commands(&each.kind)) {
            return false;
        }
        let base = stage.base.value.to_lowercase();
        let earlier =
            file.stages.iter().find(|other| other.name.as_ref().is_some_and(|name| name.value == base));
        match earlier {
            Some(other) => stage = other,
            None => return base == "scratch" || base.contains("distroless/static"),
        }
    }
    false
}
