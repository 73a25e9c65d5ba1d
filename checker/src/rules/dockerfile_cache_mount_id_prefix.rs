//! A cache id must begin with the service's own id.

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A cache mount's `id` does not begin with the service's id, or holds a variable.
    ///
    /// ## Why it matters
    /// Railway wants `id=s/<service id>-<target path>` and refuses other ids while it reads the Dockerfile: `is missing the
    /// cacheKey prefix from its id`. It does not expand variables there, so one in the id is always wrong.
    ///
    /// ## What to do
    /// Drop the mount, or write the service's own id (dashboard: press Cmd/Ctrl+K, "Copy Service ID").
    ///
    /// ## What it cannot know
    /// The service's id, and whether the service is still on the older builder that accepted any id: a bare id is
    /// therefore a warning. A prefix of the right form is taken to be the right one.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// RUN --mount=type=cache,id=npm,target=/root/.npm npm ci
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22
    /// ARG RAILWAY_SERVICE_ID
    /// RUN --mount=type=cache,id=s/${RAILWAY_SERVICE_ID}-/root/.npm,target=/root/.npm npm ci
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// RUN --mount=type=cache,id=s/3f9c2a10-0000-4000-8000-000000000000-/root/.npm,target=/root/.npm npm ci
    /// CMD ["true"]
    /// ```
    "dockerfile-cache-mount-id-prefix", Warning, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for mount in
            file.runs().flat_map(crate::facts::dockerfile::Run::mounts).filter(|mount| mount.kind == "cache")
        {
            let Some(id) = mount.id else { continue };
            let (message, severity) = if id.contains('$') {
                (
                    format!("Railway does not expand variables in a cache id, so it refuses `{id}`"),
                    Severity::Error,
                )
            } else if has_service_prefix(&id) {
                continue;
            } else {
                (
                    format!(
                        "Railway wants the cache id to begin with `s/<service id>-`, and this one is `{id}`"
                    ),
                    Severity::Warning,
                )
            };
            let site = Site::new(file.path.clone(), mount.span);
            out.at(site.clone(), message)
                .severity(severity)
                .service(&service.name)
                .help("Drop the mount, or begin the id with this service's own id")
                .fix(Fix::edit("Drop the cache mount", site, ""));
        }
    }
}

/// `s/` and a UUID and a dash.
fn has_service_prefix(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("s/") else { return false };
    let uuid: Vec<&str> = rest.splitn(6, '-').collect();
    let lengths: Vec<usize> = uuid.iter().take(5).map(|part| part.len()).collect();
    uuid.len() == 6
        && lengths == [8, 4, 4, 4, 12]
        && uuid[..5].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
