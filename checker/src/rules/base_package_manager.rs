//! A package manager that the base image does not have.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::distribution::Family;
use crate::facts::launch::Delivered;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// A `RUN` calls the package manager of another distribution than the base image's.
    ///
    /// ## Why it matters
    /// Alpine has `apk`, Debian and Ubuntu have `apt-get`: the other one ends the build with
    /// `/bin/sh: apk: not found` or `apt-get: not found`.
    ///
    /// ## What to do
    /// Use the base image's own package manager and its names of the packages, or another base image.
    ///
    /// ## What it cannot know
    /// Images of which it has not heard are passed over, and so is a call under a condition.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM ollama/ollama
    /// RUN apk add --no-cache curl
    /// CMD ["serve"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-alpine AS base
    /// FROM base
    /// RUN apt-get update && apt-get install -y git
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// RUN apk add git
    /// FROM python:3.12-slim
    /// RUN apt-get update && apt-get install -y git
    /// CMD ["python"]
    /// ```
    ///
    /// Both ways in one script, a name that tells nothing, text:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// RUN if command -v apt-get; then apt-get update; else apk update; fi && echo apt-get install
    /// RUN (apt-get update || apk update) && which apt-get || true
    /// FROM someone/node
    /// RUN apk add git || apt-get install git
    /// CMD ["node"]
    /// ```
    "base-package-manager", Error, Build, since "0.3.0",
    sources: [
        "https://github.com/docker-library/official-images/tree/master/library",
        "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told = BTreeSet::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        for (site, program, family) in foreign(delivered) {
            if !told.insert(site.clone()) {
                continue;
            }
            let message = format!(
                "`{program}` is not in the base image, which is {}, so the build stops here",
                family.name()
            );
            out.at(site, message)
                .service(&service.name)
                .help(format!("Use `{}`, with its own names of the packages", family.manager()));
        }
    }
}

/// The calls of a foreign package manager: where, which, and what the base image is.
fn foreign(delivered: &Delivered<'_>) -> Vec<(crate::finding::Site, String, Family)> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages().into_iter().filter(|_| image.dockerfile.is_some()) {
        let Some(family) = image.reference(stage).and_then(Family::of_image) else { continue };
        for (_, layer, commands) in image.runs(stage) {
            let certain = commands.iter().filter(|command| !command.conditional && !command.tolerated);
            found.extend(
                certain
                    .filter(|command| is_foreign(family, command.program()))
                    .map(|command| (layer.site.clone(), command.program().to_owned(), family)),
            );
        }
    }
    found
}

fn is_foreign(family: Family, program: &str) -> bool {
    match family {
        Family::Debian => matches!(program, "apk" | "yum" | "dnf" | "microdnf"),
        Family::Alpine => matches!(program, "apt-get" | "apt" | "yum" | "dnf" | "microdnf"),
    }
}
