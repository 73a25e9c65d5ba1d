//! A variable that the build does not get.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A build step uses a variable of the service that its stage does not declare with `ARG`.
    ///
    /// ## Why it matters
    /// Railway hands the service's variables to a Dockerfile build as build arguments. A stage that does not declare one sees
    /// the empty string: the commit in the version is missing, the address in the bundle is `undefined`.
    ///
    /// ## What to do
    /// Write `ARG NAME` in the stage, before the step.
    ///
    /// ## What it cannot know
    /// Variables of the base image, and names that only the dashboard knows. Names that Railway gives, names that frameworks
    /// write into the bundle, and names that your files say are set are judged.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24
    /// RUN echo "$RAILWAY_GIT_COMMIT_SHA" > version.txt
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:24 AS build
    /// ARG VITE_TITLE
    /// ENV VITE_API_URL=$VITE_API_URL
    /// FROM nginx:1.27
    /// COPY --from=build /app /usr/share/nginx/html
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// ARG RAILWAY_GIT_COMMIT_SHA
    /// RUN echo "$RAILWAY_GIT_COMMIT_SHA" > version.txt
    /// ```
    ///
    /// A shell's own names, defaults, and what runs later are no variables of the build:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// RUN for f in *.txt; do echo $f; done && echo ${RAILWAY_GIT_COMMIT_SHA:-none} && echo '$RAILWAY_PROJECT_ID'
    /// CMD echo $RAILWAY_SERVICE_NAME
    /// ```
    "arg-missing-for-build-var", Warning, Build, since "0.2.0",
    sources: ["https://docs.railway.com/builds/dockerfiles"]
}

/// Beginnings of names that Railway gives or that a framework's build reads.
pub(super) const PREFIXES: [&str; 8] = [
    "RAILWAY_",
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "NUXT_PUBLIC_",
    "EXPO_PUBLIC_",
    "GATSBY_",
    "VUE_APP_",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for unset in file.unset_uses() {
            let name = &unset.name;
            let stated = service.variables.as_ref().is_some_and(|names| names.contains(name));
            let global = file.global_args.iter().any(|arg| arg.name.value == *name);
            let judged = stated || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if !judged || global || !told.insert((unset.stage, name.clone())) {
                continue;
            }
            let at = unset.instruction.span.start;
            out.at(
                Site::new(file.path.clone(), unset.instruction.span),
                format!("`${name}` is empty here: the stage does not declare it"),
            )
            .service(&service.name)
            .help(format!("Write `ARG {name}` before this instruction"))
            .fix(Fix::edit(
                format!("Declare {name} in the stage"),
                Site::new(file.path.clone(), Span::new(at, at)),
                format!("ARG {name}\n"),
            ));
        }
    }
}
