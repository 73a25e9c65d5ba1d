//! The distribution's own pip refuses to install.

use crate::facts::Facts;
use crate::facts::debian::Release;
use crate::facts::distribution::{Family, alpine_release, official_tag};
use crate::facts::image::Image;
use crate::facts::image::shell::Simple;
use crate::facts::launch::Delivered;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A `RUN` installs with the pip of Debian, Ubuntu or Alpine into the Python of the system.
    ///
    /// ## Why it matters
    /// Since Debian 12, Ubuntu 23.04 and Alpine 3.19 that Python belongs to the distribution, and pip ends the build with
    /// `error: externally-managed-environment`, with `--user` too. The images of Python bring one of their own, which does not.
    ///
    /// ## What to do
    /// Make a virtual environment before (`python3 -m venv /opt/venv`, and `/opt/venv/bin` first in `PATH`), or say
    /// `--break-system-packages`, which harms nothing in an image that is only for the program.
    ///
    /// ## What it cannot know
    /// Images of which it has not heard, and versions of Node from before 2024. A Dockerfile that speaks of virtual environments,
    /// conda, pyenv or a configuration of pip is passed over.
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22-bookworm
    /// RUN apt-get update && apt-get install -y --no-install-recommends python3-pip
    /// RUN pip3 install --no-cache-dir requests
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// ```repo,fires,error
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// RUN apk add --no-cache python3 py3-pip && python3 -m pip install --user requests
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-bookworm
    /// RUN apt-get update && apt-get install -y python3-pip python3-venv
    /// RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install requests
    /// ENV PATH=/opt/venv/bin:$PATH
    /// RUN pip install flask
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// An older release, the image of Python, another place, and a failure that is passed over:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM ubuntu:22.04 AS old
    /// RUN apt-get update && apt-get install -y python3-pip && pip3 install requests
    /// FROM node:20.1-alpine3.17 AS older
    /// COPY --from=old /etc/hostname /
    /// RUN apk add py3-pip && pip3 install requests
    /// FROM python:3.12-bookworm AS own
    /// COPY --from=older /etc/hostname /
    /// RUN apt-get update && apt-get install -y python3-pip && pip3 install requests
    /// FROM debian:12
    /// COPY --from=own /etc/hostname /
    /// RUN apt-get update && apt-get install -y python3-pip
    /// RUN pip3 install --target /app requests
    /// RUN pip3 install requests --break-system-packages
    /// RUN pip3 install yt-dlp || apt-get install -y yt-dlp
    /// RUN pip3 install tqdm || true
    /// CMD ["sleep", "1"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM debian:12
    /// ENV PIP_BREAK_SYSTEM_PACKAGES=1
    /// RUN apt-get update && apt-get install -y python3-pip
    /// RUN pip3 install requests
    /// CMD ["sleep", "1"]
    /// ```
    "pip-externally-managed", Error, Build, since "0.3.0",
    sources: [
        "https://packaging.python.org/en/latest/specifications/externally-managed-environments/",
        "https://www.debian.org/releases/bookworm/amd64/release-notes/ch-information.en.html#python3-pep-668",
    ]
}

/// Words of a Dockerfile that has another Python, or a pip that is told to go on.
const FREE: [&str; 10] = [
    "venv",
    "virtualenv",
    "VIRTUAL_ENV",
    "conda",
    "pyenv",
    "EXTERNALLY-MANAGED",
    "BREAK_SYSTEM_PACKAGES",
    "pip.conf",
    "pip config",
    "pip3 config",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told: Vec<Site> = Vec::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let text = delivered.image.dockerfile.as_ref().and_then(|file| facts.snapshot.text(&file.path).ok());
        let Some(text) = text.filter(|text| !FREE.iter().any(|word| text.text.contains(word))) else {
            continue;
        };
        for site in refused(delivered) {
            if told.contains(&site) {
                continue;
            }
            let message = "pip refuses to install here (`externally-managed-environment`): this Python belongs to the distribution";
            let finding = out.at(site.clone(), message);
            finding.service(&service.name);
            finding.help("Install into a virtual environment, or add `--break-system-packages`");
            let written = site.span.of(&text.text);
            let mut calls = ["pip install", "pip3 install"]
                .iter()
                .flat_map(|call| written.match_indices(call).map(move |(at, _)| at + call.len()));
            if let (Some(at), None) = (calls.next(), calls.next()) {
                let place = Span::new(site.span.start + at, site.span.start + at);
                let place = Site::new(site.path.clone(), place);
                finding.fix(Fix::edit("Install all the same", place, " --break-system-packages"));
            }
            told.push(site);
        }
    }
}

/// The instructions in which the pip that an earlier command brought is told to install.
fn refused(delivered: &Delivered<'_>) -> Vec<Site> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages().into_iter().filter(|stage| is_managed(image, *stage)) {
        let mut brought = false;
        for (_, layer, commands) in image.runs(stage) {
            for command in commands {
                brought |= matches!(command.program(), "apt-get" | "apt" | "apk")
                    && command.plain().any(|word| matches!(word, "python3-pip" | "py3-pip"));
                if brought && !command.conditional && !command.tolerated && installs(command) {
                    found.push(layer.site.clone());
                }
            }
        }
    }
    found
}

/// True when the base of the stage is a release whose Python refuses.
fn is_managed(image: &Image<'_>, stage: usize) -> bool {
    let Some(reference) = image.reference(stage) else { return false };
    if official_tag(reference, "python").is_some() {
        return false;
    }
    match Family::of_image(reference) {
        Some(Family::Alpine) => alpine_release(reference).is_some_and(|minor| minor >= 19),
        Some(Family::Debian) => Release::of_image(reference)
            .map_or_else(|| is_late_node(reference), |release| release >= Release::Bookworm),
        None => false,
    }
}

/// True for an image of Node without a release in its tag, of a version that was made for Debian 12 from the start.
fn is_late_node(reference: &str) -> bool {
    let Some(tag) = official_tag(reference, "node") else { return false };
    let named = ["bullseye", "buster", "stretch"].iter().any(|word| tag.contains(word));
    let major = tag.split(['-', '.']).next().unwrap_or_default();
    let late =
        matches!(major, "lts" | "latest" | "slim") || major.parse().is_ok_and(|major: u32| major >= 21);
    !named && late
}

/// True for an installation of pip into the Python that runs it.
fn installs(command: &Simple) -> bool {
    let pip = match command.words.first().map_or("", String::as_str) {
        "pip" | "pip3" => true,
        "python3" | "python" => {
            command.words.get(1).is_some_and(|word| word == "-m")
                && command.words.get(2).is_some_and(|word| word == "pip")
        }
        _ => false,
    };
    let elsewhere = |word: &String| {
        word == "-t"
            || ["--target", "--prefix", "--root", "--break-system-packages", "--python", "--dry-run"]
                .iter()
                .any(|option| word.starts_with(option))
    };
    pip && command.has("install") && !command.words.iter().any(elsewhere)
}
