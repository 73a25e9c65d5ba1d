//! A build argument that no stage sees.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// An `ARG` before the first `FROM` is used inside a stage that does not declare it again.
    ///
    /// ## Why it matters
    /// Such an argument holds in `FROM` lines only. Inside the stage it is the empty string, and the instruction goes on with
    /// that: `npm install -g tool@`, a `COPY` from the root, an address without a host.
    ///
    /// ## What to do
    /// Write `ARG NAME` once more in the stage; it takes the value from above.
    ///
    /// ## What it cannot know
    /// Variables that the base image sets. A name such as `NODE_VERSION` on a `node` image is taken for one of them.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// ARG TOOL=1.2.3
    /// FROM node:24
    /// RUN npm install -g tool@$TOOL
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// ARG TOOL=1.2.3
    /// ARG TAG=24
    /// FROM node:${TAG}
    /// ARG TOOL
    /// RUN npm install -g tool@$TOOL
    /// ```
    ///
    /// The base image sets some, a stage hands its own on, and a default of its own is a choice:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// ARG PYTHON_VERSION=3.12
    /// ARG MODE=x
    /// FROM python:${PYTHON_VERSION} AS base
    /// ARG MODE
    /// FROM base
    /// RUN echo $PYTHON_VERSION $MODE ${PYTHON_VERSION:-3}
    /// ```
    "arg-before-from", Warning, Build, since "0.2.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for unset in file.unset_uses() {
            let Some(arg) = file.global_args.iter().find(|arg| arg.name.value == unset.name) else {
                continue;
            };
            let base = file.base_image(unset.stage).unwrap_or_default();
            if base_sets(base, &unset.name) || !told.insert((unset.stage, unset.name.clone())) {
                continue;
            }
            let name = &unset.name;
            let at = unset.instruction.span.start;
            out.at(
                Site::new(file.path.clone(), unset.instruction.span),
                format!("`${name}` is empty here: its `ARG` stands before the first `FROM`"),
            )
            .service(&service.name)
            .related(Site::new(file.path.clone(), arg.name.span), "declared for `FROM` lines only")
            .help(format!("Write `ARG {name}` in this stage"))
            .fix(Fix::edit(
                format!("Declare {name} in the stage"),
                Site::new(file.path.clone(), Span::new(at, at)),
                format!("ARG {name}\n"),
            ));
        }
    }
}

/// True for a name that the base image is likely to set itself: `NODE_VERSION` of `node`.
fn base_sets(base: &str, name: &str) -> bool {
    let image = base.split([':', '@']).next().unwrap_or(base).to_ascii_lowercase();
    name.strip_suffix("_VERSION").is_some_and(|tool| image.contains(&tool.to_ascii_lowercase()))
        || (name.starts_with("YARN_") && image.contains("node"))
        || (name.starts_with("GOLANG_") || name.starts_with("GO_")) && image.contains("golang")
}
