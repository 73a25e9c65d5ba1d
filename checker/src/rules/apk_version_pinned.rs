//! A revision of an Alpine package that will not stay.

use crate::facts::Facts;
use crate::facts::image::shell::Simple;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// An exact revision of an Alpine package is asked for.
    ///
    /// ## Why it matters
    /// Alpine keeps only the newest revision of a package in each release. When the next one appears, the old one is deleted,
    /// and the build ends with `ERROR: unable to select packages: … breaks: world[ca-certificates=20251003-r0]`.
    ///
    /// ## What to do
    /// Leave the revision out, or ask for what you need with `~`: `ca-certificates~20251003`. Pin the base image by its digest
    /// where the same packages matter.
    ///
    /// ## What it cannot know
    /// When the revision goes; so this is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine:3.22
    /// RUN apk add --no-cache ca-certificates=20251003-r0
    /// CMD ["true"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine:3.22
    /// RUN apk add --no-cache 'ca-certificates>20240101' nodejs~22 curl
    /// CMD ["true"]
    /// ```
    "apk-version-pinned", Warning, Build, since "0.3.0",
    sources: ["https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered().iter().filter(|each| each.image.dockerfile.is_some()) {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        for stage in delivered.image.built_stages() {
            let runs = delivered.image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage);
            for (_, layer, list) in runs {
                let adds = list.iter().filter(|command| command.program() == "apk" && command.has("add"));
                let Some(word) = adds.flat_map(Simple::plain).find(|word| is_pinned(word)) else {
                    continue;
                };
                let message = format!(
                    "Alpine deletes `{word}` when the next revision appears, and the build stops then"
                );
                out.at(Site::new(file.path.clone(), layer.site.span), message)
                    .service(&service.name)
                    .help("Leave the revision out");
            }
        }
    }
}

/// True for `name=1.2.3-r0`.
fn is_pinned(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, version)| {
        !name.is_empty()
            && !name.contains(['>', '<', '~', '$'])
            && version.rsplit_once("-r").is_some_and(|(_, number)| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
    })
}
