//! A shell variable that ends with its RUN.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Instruction, InstructionKind};
use crate::facts::image::shell::commands;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A variable that one `RUN` sets is used in a later one.
    ///
    /// ## Why it matters
    /// Each `RUN` is a shell of its own: what it sets or exports is gone at its end. The later step sees the empty string and
    /// goes on with it: `npm install -g tool@`, the newest version instead of the pinned one, a path from the root.
    ///
    /// ## What to do
    /// Set it with `ARG` or `ENV`, or use it in the same `RUN`.
    ///
    /// ## What it cannot know
    /// Variables that the base image or the service sets under the same name; so this is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// COPY package.json .
    /// RUN TOOL_VERSION="$(node -p "require('./package.json').version")"
    /// RUN npm install -g tool@$TOOL_VERSION
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// ENV TOOL_VERSION=2
    /// RUN export TOOL_VERSION=3 && npm install -g tool@$TOOL_VERSION
    /// RUN npm install -g tool@$TOOL_VERSION
    /// ```
    ///
    /// Set again, a default, a name that every shell has, text in single quotes:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22
    /// RUN export A=1 B=2 PATH=$PATH:/x && echo $A
    /// RUN A=2; echo $A ${B:-3} $PATH '$B'
    /// ```
    "run-variable-lost", Warning, Build, since "0.3.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#run", "https://docs.docker.com/reference/dockerfile/#env"]
}

/// Names that shells and systems set by themselves.
const EVERYWHERE: [&str; 10] =
    ["PATH", "HOME", "PWD", "OLDPWD", "USER", "SHELL", "HOSTNAME", "IFS", "LANG", "DEBIAN_FRONTEND"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for unset in file.unset_uses() {
            let name = &unset.name;
            if EVERYWHERE.contains(&name.as_str())
                || !matches!(unset.instruction.kind, InstructionKind::Run(_))
                || file.global_args.iter().any(|arg| arg.name.value == *name)
            {
                continue;
            }
            let before = &file.stages[unset.stage].instructions;
            let earlier = before.iter().take_while(|each| each.span.start < unset.instruction.span.start);
            let Some(setter) = earlier.filter(|each| sets(each, name)).last() else { continue };
            if told.insert((unset.stage, name.clone())) {
                let message = format!("`${name}` is empty here: the `RUN` that sets it is over");
                out.at(Site::new(file.path.clone(), unset.instruction.span), message)
                    .service(&service.name)
                    .related(Site::new(file.path.clone(), setter.span), "it is set for this instruction only")
                    .help(format!("Set it with `ENV {name}=…`, or use it in the same `RUN`"));
            }
        }
    }
}

/// True when `instruction` is a RUN whose script sets `name` for itself, and not for one command alone.
fn sets(instruction: &Instruction, name: &str) -> bool {
    let InstructionKind::Run(run) = &instruction.kind else { return false };
    let Command::Shell(script) = &run.command else { return false };
    let begin = format!("{name}=");
    let exported = commands(&script.value, "", true)
        .iter()
        .any(|each| each.program() == "export" && each.words.iter().any(|word| word.starts_with(&begin)));
    let steps = script.value.split(['\n', ';']).flat_map(|line| line.split("&&")).map(str::trim_start);
    exported || steps.filter_map(|step| step.strip_prefix(&begin)).any(is_alone)
}

/// True when nothing but the value follows an assignment, so that it is none for a single command.
fn is_alone(value: &str) -> bool {
    match value.trim_end().strip_prefix('"').or_else(|| value.trim_end().strip_prefix('\'')) {
        Some(quoted) => quoted.ends_with(['"', '\'']),
        None => value.starts_with("$(") || value.starts_with('`') || !value.trim_end().contains(' '),
    }
}
