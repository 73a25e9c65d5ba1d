//! A base image that changes by itself.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image is based on `latest`, or on an image without a tag.
    ///
    /// ## Why it matters
    /// The next deployment may be built on another major version although nothing in the repository changed.
    ///
    /// ## What to do
    /// Name a version: `python:3.13-slim`.
    ///
    /// ## What it cannot know
    /// Whether the image has versions at all. A tag that a build argument gives is not judged.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node
    /// CMD ["node", "index.js"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// FROM localhost:5000/nginx:latest
    /// COPY --from=build /app /usr/share/nginx/html
    /// ```
    ///
    /// A digest, an earlier stage, `scratch` and a computed tag are no loose tags:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// ARG TAG
    /// FROM node:$TAG AS base
    /// FROM base AS build
    /// FROM node@sha256:0123456789012345678901234567890123456789012345678901234567890123 AS other
    /// FROM scratch
    /// COPY --from=build /app /app
    /// COPY --from=other /b /b
    /// CMD ["/app"]
    /// ```
    "base-image-unpinned", Note, Build, since "0.2.0",
    sources: ["https://docs.docker.com/build/building/best-practices/#pin-base-image-versions"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for number in file.needed_stages() {
            let stage = &file.stages[number];
            let base = stage.base.value.as_str();
            let loose = !base.contains('$')
                && !base.contains('@')
                && !base.is_empty()
                && base != "scratch"
                && file.base_stage(number).is_none()
                && tag(base).is_none_or(|tag| tag == "latest");
            if loose {
                out.at(
                    Site::new(file.path.clone(), stage.base.span),
                    format!("`{base}` is another image whenever a new version appears"),
                )
                .service(&service.name)
                .help("Name a version");
            }
        }
    }
}

/// What follows the colon of the last part; a colon before it belongs to a registry's port.
fn tag(image: &str) -> Option<&str> {
    image.rsplit('/').next()?.split_once(':').map(|(_, tag)| tag)
}
