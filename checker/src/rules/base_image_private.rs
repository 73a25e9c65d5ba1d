//! A base image that needs a password.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The image is based on one in a registry that always asks for credentials.
    ///
    /// ## Why it matters
    /// Railway takes registry credentials for services that run an image, on the Pro plan. A `FROM` of a Dockerfile gets
    /// none, so the build ends with `failed to resolve source metadata` or `401 Unauthorized`.
    ///
    /// ## What to do
    /// Base it on a public image, or build elsewhere and deploy the image.
    ///
    /// ## What it cannot know
    /// Whether an image on a registry that has public ones is public. Only registries without anonymous access are reported,
    /// as a warning, because credentials for `FROM` are not documented either way.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM 123456789012.dkr.ecr.eu-west-1.amazonaws.com/base:1.0
    /// CMD ["/app"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM public.ecr.aws/docker/library/node:24
    /// CMD ["/app"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM ghcr.io/acme/base:1.0
    /// CMD ["/app"]
    /// ```
    "base-image-private", Warning, Build, since "0.2.0",
    sources: ["https://docs.railway.com/builds/private-registries"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        for number in file.needed_stages() {
            let base = &file.stages[number].base;
            let registry = base.value.split('/').next().unwrap_or_default();
            let amazon = registry.contains(".dkr.ecr.") && registry.ends_with(".amazonaws.com");
            if amazon || registry.ends_with(".azurecr.io") {
                out.at(
                    Site::new(file.path.clone(), base.span),
                    format!("`{registry}` gives no image without credentials"),
                )
                .service(&service.name)
                .help("Base it on a public image, or build elsewhere and deploy the image");
            }
        }
    }
}
