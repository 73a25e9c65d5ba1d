//! A script for Bash that `sh` reads.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::distribution::Family;
use crate::facts::dockerfile::Command;
use crate::facts::image::shell::{Simple, commands};
use crate::facts::image::{Image, Presence, View};
use crate::facts::launch::{Delivered, Target};
use crate::facts::posix_shell::{Foreign, Posix, foreign};
use crate::facts::startup::unwrapped;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A script or a `RUN` uses what only Bash knows, and `sh` reads it.
    ///
    /// ## Why it matters
    /// `sh` is dash in images of Debian and Ubuntu, and BusyBox's shell on Alpine. `<<<` and arrays end both of them with
    /// `Syntax error: redirection unexpected` or `Syntax error: "(" unexpected`; dash also knows no `source`
    /// (`sh: 1: source: not found`), no `set -o pipefail` (`Illegal option -o pipefail`) and no `${x//a/b}`
    /// (`Bad substitution`). The build stops, or the container ends before the program is started.
    ///
    /// ## What to do
    /// Start the script with `bash` (on Alpine after `apk add bash`), give it `#!/usr/bin/env bash`, or set
    /// `SHELL ["/bin/bash", "-c"]` before the `RUN`. Or write it for `sh`: `.` for `source`, `echo … |` for `<<<`.
    ///
    /// ## What it cannot know
    /// What a condition decides. So only what certainly ends the shell is reported: syntax that does not parse, and what is
    /// reached in any case. `[[ … ]]` in an `if` is merely false in dash, and passed over.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-slim
    /// COPY start.sh .
    /// CMD ["sh", "start.sh"]
    /// //- start.sh
    /// #!/bin/bash
    /// read -r host port <<< "$ADDRESS"
    /// exec node server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// RUN python -m venv /venv
    /// RUN source /venv/bin/activate && pip install flask
    /// CMD ["flask", "run"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-alpine
    /// COPY --chmod=755 start.sh /start.sh
    /// ENTRYPOINT ["/start.sh"]
    /// //- start.sh
    /// #!/bin/sh
    /// args=(--port 8000)
    /// exec python -m http.server "${args[@]}"
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD source /venv/bin/activate && flask run
    /// ```
    ///
    /// Bash itself, what `sh` knows on Alpine, and what is behind a condition:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine AS one
    /// RUN set -o pipefail && source /etc/profile && true
    /// FROM debian:12 AS two
    /// SHELL ["/bin/bash", "-c"]
    /// RUN source /etc/profile && set -o pipefail && a=(1)
    /// FROM debian:12
    /// COPY --from=one /x /x
    /// COPY --from=two /x /y
    /// COPY --chmod=755 a.sh b.sh c.sh ./
    /// RUN bash -c "source /etc/profile && a=(1)" && ./a.sh
    /// RUN sh b.sh
    /// CMD ["bash", "c.sh"]
    /// //- a.sh
    /// #!/usr/bin/env bash
    /// a=(1)
    /// //- b.sh
    /// #!/bin/bash
    /// if [ -z "$BASH_VERSION" ]; then exec bash "$0" "$@"; fi
    /// a=(1)
    /// //- c.sh
    /// a=(1)
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM debian:12
    /// RUN ln -sf /bin/bash /bin/sh
    /// RUN source /etc/profile && true
    /// CMD ["true"]
    /// ```
    "bash-syntax-in-sh", Error, Start, since "0.3.0",
    sources: [
        "https://wiki.ubuntu.com/DashAsBinSh",
        "https://docs.docker.com/reference/dockerfile/#shell",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let mut told = BTreeSet::new();
        let found = built(facts, delivered).into_iter().chain(started(facts, delivered));
        for Ended { site, related, text, foreign, shell, certain } in found {
            if !told.insert(site.clone()) {
                continue;
            }
            let written = text.get(foreign.at.clone()).unwrap_or_default().trim();
            let message =
                format!("`{written}` is Bash, and `sh` is {} here: `{}`", shell.name(), foreign.says);
            let finding = out.at(site, message);
            finding.service(&service.name).help(match shell {
                Posix::Dash => "Run it with `bash`, or write it for `sh`",
                Posix::Ash => "Install `bash` and run it with that, or write it for `sh`",
            });
            if let Some(related) = related {
                finding.related(related, "`sh` reads it because of this");
            }
            if !certain {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// A script that ends too early.
struct Ended {
    site: Site,
    related: Option<Site>,
    text: String,
    foreign: Foreign,
    shell: Posix,
    certain: bool,
}

/// What `sh` is in a stage; `None` when it is not known or was replaced.
fn shell_of(image: &Image<'_>, stage: usize) -> Option<Posix> {
    if image.dockerfile.is_none() {
        return Some(Posix::Dash);
    }
    let reference = image.reference(stage)?;
    let replaced =
        image.runs(stage).into_iter().flat_map(|(_, _, list)| list).any(|command| {
            command.words.iter().any(|word| word.ends_with("bin/sh") || word.contains("dash"))
        });
    // A release to come has another dash.
    if replaced || ["sid", "testing", "forky", "unstable"].iter().any(|word| reference.contains(word)) {
        return None;
    }
    Some(match Family::of_image(reference)? {
        Family::Debian => Posix::Dash,
        Family::Alpine => Posix::Ash,
    })
}

/// What ends `text` when `shell` reads it; `None` too when it hands itself over to Bash.
fn ends(text: &str, shell: Posix) -> Option<Foreign> {
    let hands_over =
        text.contains("exec bash") || text.contains("bin/bash \"$0\"") || text.contains("bash \"$0\"");
    if hands_over { None } else { foreign(text, shell) }
}

fn in_file(facts: &Facts<'_>, source: &str, shell: Posix) -> Option<(Site, String, Foreign)> {
    let text = facts.snapshot.text(source).ok()?;
    let found = ends(&text.text, shell)?;
    let site = Site::new(source, Span::new(found.at.start, found.at.end));
    Some((site, text.text.clone(), found))
}

/// Every RUN that `sh` ends at, and every script that it starts.
fn built(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<Ended> {
    let image = &delivered.image;
    let mut found = Vec::new();
    for stage in image.built_stages().into_iter().filter(|_| image.dockerfile.is_some()) {
        let Some(shell) = shell_of(image, stage) else { continue };
        let own = image.stages.get(stage).is_some_and(|stage| stage.shell.is_some());
        for (view, layer, _) in image.runs(stage).into_iter().filter(|(view, ..)| view.stage == stage) {
            let Some(run) = image.run(layer) else { continue };
            let Command::Shell(written) = &run.command else { continue };
            let document = run.heredocs.first().filter(|_| written.value.trim_start().starts_with("<<"));
            let text = document.map_or(written.value.as_str(), |document| document.body.as_str());
            let other = text.starts_with("#!") && !is_for_sh(text);
            if let Some(foreign) = ends(text, shell).filter(|_| !own && !other) {
                let text = text.to_owned();
                found.push(Ended {
                    site: layer.site.clone(),
                    related: None,
                    text,
                    foreign,
                    shell,
                    certain: true,
                });
                continue;
            }
            let list = commands(text, &layer.workdir, true);
            let scripts = list.iter().filter_map(|command| script(facts, image, view, command));
            found.extend(scripts.filter_map(|(source, certain)| {
                let (site, text, foreign) = in_file(facts, &source, shell)?;
                Some(Ended { site, related: Some(layer.site.clone()), text, foreign, shell, certain })
            }));
        }
    }
    found
}

/// The script of the tree that `command` has `sh` read, and whether its failure certainly stops the build.
fn script(facts: &Facts<'_>, image: &Image<'_>, view: View, command: &Simple) -> Option<(String, bool)> {
    let words = unwrapped(&command.words);
    let first = words.first()?;
    let by_name = is_sh(first);
    let written = if by_name { words.get(1).filter(|word| !word.starts_with('-'))? } else { first };
    if !by_name && !written.contains('/') {
        return None;
    }
    let found = image.presence(view, &command.place(written)?);
    let Presence::File { source: Some(source), .. } = found else { return None };
    let text = facts.snapshot.text(&source).ok()?;
    let certain = !command.conditional && !command.tolerated;
    (by_name || is_for_sh(&text.text)).then_some((source, certain))
}

/// Every command and script that is started and that `sh` ends at.
fn started(facts: &Facts<'_>, delivered: &Delivered<'_>) -> Vec<Ended> {
    let image = &delivered.image;
    let Some(stage) = image.stages.len().checked_sub(1) else { return Vec::new() };
    let Some(shell) = shell_of(image, stage) else { return Vec::new() };
    let mut found = Vec::new();
    let by_image = image.dockerfile.is_some();
    for program in &delivered.programs {
        let first = program.words.first().map_or("", String::as_str);
        match &program.target {
            Target::File { by, .. } if (by == "sh" && is_sh(first)) || by.is_empty() => {
                let Some((source, _)) = delivered.copied(program) else { continue };
                let direct = by.is_empty();
                if direct && !facts.snapshot.text(&source).is_ok_and(|text| is_for_sh(&text.text)) {
                    continue;
                }
                found.extend(in_file(facts, &source, shell).map(|(site, text, foreign)| Ended {
                    site,
                    related: Some(program.site.clone()),
                    text,
                    foreign,
                    shell,
                    certain: program.firm && by_image,
                }));
            }
            Target::Other if is_sh(first) => {
                let at = program.words.iter().position(|word| word.starts_with('-') && word.ends_with('c'));
                let Some(text) = at.and_then(|at| program.words.get(at + 1)) else { continue };
                found.extend(ends(text, shell).map(|foreign| Ended {
                    site: program.site.clone(),
                    related: None,
                    text: text.clone(),
                    foreign,
                    shell,
                    certain: program.firm && by_image,
                }));
            }
            _ => {}
        }
    }
    let own = image.last().filter(|own| own.shell.is_none());
    let command = own.and_then(|own| own.entrypoint.as_ref().or(own.command.as_ref()));
    if let Some((Command::Shell(text), site)) = command
        && let Some(foreign) = ends(&text.value, shell)
        && delivered.programs.iter().any(|program| program.effective && program.site == *site)
    {
        let (site, text) = (site.clone(), text.value.clone());
        found.push(Ended { site, related: None, text, foreign, shell, certain: true });
    }
    found
}

fn is_sh(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "dash" | "ash"))
}

/// True when the first line says that `sh` reads the script.
fn is_for_sh(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let program = first.strip_prefix("#!").map(|line| line.trim().trim_start_matches("/usr/bin/env").trim());
    program.and_then(|line| line.split_whitespace().next()).is_some_and(is_sh)
}
