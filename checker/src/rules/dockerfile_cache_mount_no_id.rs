//! A cache mount without an id is refused by Railway's builder.

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN --mount=type=cache` has no `id`, which Railway's builder refuses.
    ///
    /// ## Why it matters
    /// Railway reads the Dockerfile before any layer is built and stops with `flag '--mount=type=cache…' is missing an id
    /// argument`. BuildKit itself takes the target path as the id, so a local build passes.
    ///
    /// ## What to do
    /// Drop the mount: it only speeds a build up, and Railway's form of id, `s/<service id>-<target>`, ties the Dockerfile
    /// to one service.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the file.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// RUN --mount=target=/root/.cache/pip,type=cache pip install rq
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// RUN --mount=type=cache,id=s/3f9c2a10-0000-4000-8000-000000000000-/root/.cache/pip,target=/root/.cache/pip pip install rq
    /// CMD ["true"]
    /// ```
    "dockerfile-cache-mount-no-id", Error, Config, since "0.1.0",
    sources: [
        "https://docs.railway.com/builds/dockerfiles",
        "https://github.com/Agent-Field/agentfield/pull/150",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mounts = file.runs().flat_map(crate::facts::dockerfile::Run::mounts);
        for mount in mounts.filter(|mount| mount.kind == "cache" && mount.id.is_none()) {
            let site = Site::new(file.path.clone(), mount.span);
            out.at(site.clone(), "Railway refuses a cache mount without an `id`")
                .service(&service.name)
                .help("Drop the mount; it only speeds the build up")
                .fix(Fix::edit("Drop the cache mount", site, ""));
        }
    }
}
