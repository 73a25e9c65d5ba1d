//! A build argument that another stage declares.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Dockerfile, Instruction, InstructionKind};
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A stage uses a build argument that it does not declare: one of the platform, or one that only another stage declares.
    ///
    /// ## Why it matters
    /// An `ARG` holds in its own stage, and `TARGETPLATFORM` and its like in those that name them. Elsewhere they are the empty
    /// string: the wrong binary is taken, a download has no version in its address, a condition takes its other branch.
    ///
    /// ## What to do
    /// Write `ARG NAME` in the stage, before the step.
    ///
    /// ## What it cannot know
    /// Variables that the base image sets; so this is a warning. Arguments before the first `FROM` are told by
    /// `arg-before-from`, names of frameworks by `arg-missing-for-build-var`.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine
    /// RUN if [ "$TARGETPLATFORM" = "linux/arm64" ]; then wget x/arm64; else wget x/amd64; fi
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// ARG TOOL_VERSION=1.2.3
    /// RUN npm install -g tool@$TOOL_VERSION
    /// FROM node:22
    /// RUN npm install -g tool@$TOOL_VERSION
    /// COPY --from=build /x /x
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM --platform=$BUILDPLATFORM golang:1.24 AS build
    /// ARG TARGETARCH
    /// RUN GOARCH=$TARGETARCH go build ./...
    /// FROM build
    /// RUN echo $TARGETARCH ${TARGETARCH:-x}
    /// ```
    ///
    /// A default hides it; on the usual machines that is what was meant, so that this is a note:
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM alpine
    /// RUN wget x/$(echo ${TARGETPLATFORM:-linux/amd64} | tr / -)
    /// ```
    ///
    /// An `ENV`, and the script's own variable:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// ARG TOOL_VERSION=1.2.3
    /// FROM node:22
    /// ENV TOOL_VERSION=2
    /// RUN npm install -g tool@$TOOL_VERSION && TARGETARCH=$(uname -m) && echo $TARGETARCH
    /// COPY --from=build /x /x
    /// ```
    "arg-not-in-stage", Warning, Build, since "0.3.0",
    sources: [
        "https://docs.docker.com/reference/dockerfile/#scope",
        "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
    ]
}

const PLATFORM: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for unset in file.unset_uses() {
            let name = &unset.name;
            let elsewhere = PLATFORM.contains(&name.as_str()) || declares(&file, name);
            let global = file.global_args.iter().any(|arg| arg.name.value == *name);
            // Names that frameworks and Railway give are told by `arg-missing-for-build-var`.
            let told_there =
                super::arg_missing_for_build_var::PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if !elsewhere || global || told_there || !told.insert((unset.stage, name.clone())) {
                continue;
            }
            let at = unset.instruction.span.start;
            let site = Site::new(file.path.clone(), unset.instruction.span);
            let here = Site::new(file.path.clone(), Span::new(at, at));
            out.at(site, format!("`${name}` is empty here: this stage does not declare it"))
                .service(&service.name)
                .help(format!("Write `ARG {name}` before this instruction"))
                .fix(Fix::edit(format!("Declare {name} in the stage"), here, format!("ARG {name}\n")));
        }
        for (name, instruction) in
            file.needed_stages().into_iter().flat_map(|number| defaulted(&file, number))
        {
            let at = instruction.span.start;
            let here = Site::new(file.path.clone(), Span::new(at, at));
            let message = format!("`{name}` always has its default here: this stage does not declare it");
            out.at(Site::new(file.path.clone(), instruction.span), message)
                .service(&service.name)
                .severity(Severity::Note)
                .help(format!("Write `ARG {name}` before this instruction"))
                .fix(Fix::edit(format!("Declare {name} in the stage"), here, format!("ARG {name}\n")));
        }
    }
}

/// Arguments of the platform that a RUN takes with a default although its stage does not declare them: the default is all
/// it ever gets.
fn defaulted(file: &Dockerfile, number: usize) -> Vec<(&'static str, &Instruction)> {
    let mut stages = vec![number];
    while let Some(base) = stages.last().and_then(|at| file.base_stage(*at)) {
        stages.push(base);
    }
    let instructions = || stages.iter().flat_map(|at| &file.stages[*at].instructions);
    let declared = |name: &str| {
        instructions().any(|each| match &each.kind {
            InstructionKind::Arg(args) => args.iter().any(|arg| arg.name.value == name),
            InstructionKind::Env(pairs) => pairs.iter().any(|(own, _)| own.value == name),
            _ => false,
        })
    };
    let mut found = Vec::new();
    for instruction in &file.stages[number].instructions {
        let InstructionKind::Run(run) = &instruction.kind else { continue };
        let Command::Shell(script) = &run.command else { continue };
        let used = PLATFORM.iter().filter(|name| script.value.contains(&format!("${{{name}:-")));
        found.extend(used.filter(|name| !declared(name)).map(|name| (*name, instruction)));
    }
    found
}

/// True when some stage declares the argument `name` and none sets a variable of that name.
fn declares(file: &Dockerfile, name: &str) -> bool {
    let mut found = false;
    for (_, instruction) in file.instructions() {
        match &instruction.kind {
            InstructionKind::Arg(args) => found |= args.iter().any(|arg| arg.name.value == name),
            InstructionKind::Env(pairs) if pairs.iter().any(|(own, _)| own.value == name) => return false,
            _ => {}
        }
    }
    found
}
