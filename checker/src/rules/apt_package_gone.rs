//! Packages that the distribution no longer has.

use crate::facts::Facts;
use crate::facts::debian::{self, Release};
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A build step installs a Debian or Ubuntu package that the base image's release does not have.
    ///
    /// ## Why it matters
    /// `apt-get install` stops at the first such name: `E: Package 'libgl1-mesa-glx' has no installation candidate`. A tag such
    /// as `python:3.11-slim` moves to the next release of Debian by itself, so the build breaks although nothing changed.
    ///
    /// ## What to do
    /// Install the package that took its place, or name the release in the tag: `python:3.11-slim-bookworm`.
    ///
    /// ## What it cannot know
    /// Other package sources that the step adds, and images whose release their name does not tell.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.11-slim
    /// RUN apt-get update && apt-get install -y libgl1-mesa-glx curl
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM debian:bookworm-slim
    /// RUN apt-get update && \
    ///     apt-get install -y --no-install-recommends \
    ///       netcat
    /// CMD ["true"]
    /// ```
    ///
    /// The release in the tag counts, a word outside of the installation does not, and what may fail may:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.11-slim-bookworm
    /// RUN apt-get update && apt-get install -y libgl1-mesa-glx
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.11-slim
    /// RUN echo libgl1-mesa-glx && apt-get install -y libgl1 && (apt-get install -y wkhtmltopdf || true)
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM alpine:3.22
    /// RUN apk add netcat-openbsd
    /// CMD ["true"]
    /// ```
    "apt-package-gone", Error, Build, since "0.2.0",
    sources: ["https://packages.debian.org/", "https://www.debian.org/releases/trixie/release-notes/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Ok(text) = facts.snapshot.text(&file.path) else { continue };
        for number in file.needed_stages() {
            let base = file.base_image(number).unwrap_or_default();
            let Some(release) = Release::of_image(base) else { continue };
            for instruction in &file.stages[number].instructions {
                let InstructionKind::Run(run) = &instruction.kind else { continue };
                let Command::Shell(script) = &run.command else { continue };
                let adds_source = ["add-apt-repository", "sources.list", "dpkg -i"];
                if adds_source.iter().any(|word| script.value.contains(word)) {
                    continue;
                }
                for name in installed(&script.value) {
                    let Some(gone) = debian::gone(release, name) else { continue };
                    let site = Site::new(file.path.clone(), place(&text.text, instruction.span, name));
                    let message =
                        format!("{} has no package `{name}`, so the build stops here", release.name());
                    let finding = out.at(site.clone(), message);
                    finding.service(&service.name);
                    if gone.is_empty() {
                        finding.help("Do without it, or name an older release in the tag of the image");
                    } else {
                        finding.help(format!("Install `{gone}`"));
                        if site.span != instruction.span {
                            finding.fix(Fix::edit(format!("Install {gone}"), site, gone));
                        }
                    }
                }
            }
        }
    }
}

/// Names that `apt-get install` and `apt install` of `script` are given, where their failure stops the step.
pub(super) fn installed(script: &str) -> Vec<&str> {
    let commands =
        script.split([';', '\n']).filter(|line| !line.contains("||")).flat_map(|line| line.split("&&"));
    commands
        .filter(|command| {
            let words: Vec<&str> = command.split_whitespace().collect();
            let apt = words.iter().position(|word| matches!(*word, "apt-get" | "apt" | "aptitude"));
            apt.is_some_and(|at| words[at..].contains(&"install"))
        })
        .flat_map(|command| command.split_whitespace().skip_while(|word| *word != "install").skip(1))
        .filter(|word| !word.starts_with('-') && !word.contains(['$', '>', '|', '"', '\'']))
        .map(|word| word.split(['=', ':']).next().unwrap_or(word))
        .collect()
}

/// Where `name` stands as a word of its own inside `span`.
pub(super) fn place(text: &str, span: Span, name: &str) -> Span {
    let inside = span.of(text);
    let alone = |at: &usize| {
        let edge =
            |char: Option<char>| char.is_none_or(|char| !(char.is_alphanumeric() || "._+-".contains(char)));
        edge(inside[..*at].chars().next_back()) && edge(inside[*at + name.len()..].chars().next())
    };
    let found = inside.match_indices(name).map(|(at, _)| at).filter(alone).last();
    found.map_or(span, |at| Span::new(span.start + at, span.start + at + name.len()))
}
