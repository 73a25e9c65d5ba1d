//! Two services cannot share a Dockerfile with cache mounts.

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// One Dockerfile with a cache mount is built by two or more services.
    ///
    /// ## Why it matters
    /// Railway accepts a cache id only when it begins with the id of the service that is being built. One file holds one
    /// id, so for all services but one the build is refused before it starts.
    ///
    /// ## What to do
    /// Drop the cache mounts from the shared Dockerfile.
    ///
    /// ## What it cannot know
    /// Services that exist only in the dashboard and build the same file.
    ///
    /// ```repo,fires
    /// //- .github/preflight.toml
    /// [services.web]
    /// dockerfile = "Dockerfile"
    /// [services.worker]
    /// dockerfile = "Dockerfile"
    /// //- Dockerfile
    /// FROM node:22
    /// RUN --mount=type=cache,id=s/3f9c2a10-0000-4000-8000-000000000000-/root/.npm,target=/root/.npm npm ci
    /// CMD ["true"]
    /// ```
    ///
    /// One service alone is fine:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// RUN --mount=type=cache,id=s/3f9c2a10-0000-4000-8000-000000000000-/root/.npm,target=/root/.npm npm ci
    /// CMD ["true"]
    /// ```
    "dockerfile-cache-mount-multi-service", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut builders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (service, file) in facts.images() {
        builders.entry(file.path.clone()).or_default().push(&service.name);
    }
    for (path, services) in builders.iter().filter(|(_, services)| services.len() > 1) {
        let Some(file) = facts.dockerfiles.get(path) else { continue };
        for mount in
            file.runs().flat_map(crate::facts::dockerfile::Run::mounts).filter(|mount| mount.kind == "cache")
        {
            let message =
                format!("{} build this file, and a cache id fits one service only", services.join(" and "));
            let site = Site::new(path.clone(), mount.span);
            out.at(site.clone(), message)
                .service(services.join(", "))
                .help("Drop the mount; it only speeds the build up")
                .fix(Fix::edit("Drop the cache mount", site, ""));
        }
    }
}
