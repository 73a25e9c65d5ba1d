//! Railway's builder takes cache mounts only.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN --mount` is of a type that Railway's builder refuses.
    ///
    /// ## Why it matters
    /// Only `type=cache` is taken. `bind` (also the meaning of a mount without a type), `secret`, `ssh` and `tmpfs` stop the
    /// build before its first layer: `is missing a type=cache argument (other mount types are not supported)`. The pattern
    /// that uv's own guide shows, a bind mount of the lockfile beside a cache mount, is the commonest case.
    ///
    /// ## What to do
    /// Replace a bind mount by `COPY` of the same files; pass a secret as a Railway variable and read it with `ARG` in a
    /// stage that is not the last.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the file.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM ghcr.io/astral-sh/uv:debian
    /// RUN --mount=source=uv.lock,target=uv.lock uv sync --locked
    /// CMD ["true"]
    /// ```
    ///
    /// `COPY --from` is no mount:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine AS build
    /// RUN touch /app
    /// FROM alpine
    /// COPY --from=build /app /app
    /// CMD ["true"]
    /// ```
    "dockerfile-mount-type-unsupported", Error, Config, since "0.1.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for mount in
            file.runs().flat_map(crate::facts::dockerfile::Run::mounts).filter(|mount| mount.kind != "cache")
        {
            let help = match mount.kind.as_str() {
                "bind" => "Copy the files with `COPY` instead",
                "secret" => "Read the secret with `ARG` in a stage that is not the last",
                _ => "Run the command without the mount",
            };
            let message = format!("Railway refuses mounts of type `{}`; only `cache` is taken", mount.kind);
            out.at(Site::new(file.path.clone(), mount.span), message).service(&service.name).help(help);
        }
    }
}
