//! Packages that Alpine no longer has, or never had.

use crate::facts::Facts;
use crate::facts::distribution::alpine_release;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `apk add` names a package that the release of Alpine does not have.
    ///
    /// ## Why it matters
    /// `ERROR: unable to select packages: openssl1.1-compat (no such package)`, and the build ends. A tag such as
    /// `node:20-alpine` moves to a newer Alpine by itself, so that a Dockerfile which built for years stops building.
    ///
    /// ## What to do
    /// Install what took the package's place, or name an older Alpine in the tag.
    ///
    /// ## What it cannot know
    /// The packages of Alpine beyond a short list; a repository that the Dockerfile adds, after which it is silent.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:20-alpine
    /// RUN apk add --no-cache libc6-compat openssl1.1-compat
    /// CMD ["node"]
    /// ```
    ///
    /// A name of Debian's:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-alpine
    /// RUN apk update && \
    ///     apk add build-essential
    /// CMD ["python"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:20-alpine3.18
    /// RUN apk add --no-cache openssl1.1-compat python3
    /// CMD ["node"]
    /// ```
    ///
    /// An old image that stays as it is, another repository, a failure that is passed over:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:14-alpine
    /// RUN apk add python2
    /// FROM alpine
    /// RUN apk add --repository=http://dl-cdn.alpinelinux.org/alpine/v3.15/community python2
    /// RUN apk add openssl1.1-compat || true
    /// FROM alpine:3.20
    /// RUN apk add --virtual build-essential build-base
    /// CMD ["true"]
    /// ```
    "apk-package-gone", Error, Build, since "0.3.0",
    sources: ["https://pkgs.alpinelinux.org/packages", "https://wiki.alpinelinux.org/wiki/Release_Notes_for_Alpine_3.19.0"]
}

/// A package: its name, the first release `3.n` without it (0: it is a name of another distribution), what to install.
const GONE: &[(&str, u32, &str)] = &[
    ("openssl1.1-compat", 19, "openssl"),
    ("openssl1.1-compat-dev", 19, "openssl-dev"),
    ("openssl1.1-compat-libs", 19, "openssl"),
    ("python2", 16, "python3"),
    ("python2-dev", 16, "python3-dev"),
    ("python", 12, "python3"),
    ("nodejs-npm", 15, "npm"),
    ("php7", 16, "php83"),
    ("php7-fpm", 16, "php83-fpm"),
    ("mongodb", 10, ""),
    ("build-essential", 0, "build-base"),
    ("python3-pip", 0, "py3-pip"),
    ("python3-venv", 0, "python3"),
    ("libssl-dev", 0, "openssl-dev"),
    ("libgl1-mesa-glx", 0, "mesa-gl"),
    ("libglib2.0-0", 0, "glib"),
    ("dnsutils", 0, "bind-tools"),
    ("apt-transport-https", 0, ""),
    ("libmysqlclient-dev", 0, "mariadb-dev"),
    ("default-libmysqlclient-dev", 0, "mariadb-dev"),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let Ok(text) = facts.snapshot.text(&file.path) else { continue };
        for number in file.needed_stages() {
            let Some(release) = file.base_image(number).and_then(alpine_release) else { continue };
            for instruction in &file.stages[number].instructions {
                let InstructionKind::Run(run) = &instruction.kind else { continue };
                let Command::Shell(script) = &run.command else { continue };
                if script.value.contains("://")
                    || script.value.contains("--repository")
                    || script.value.contains("/etc/apk")
                {
                    continue;
                }
                for name in added(&script.value) {
                    let Some((_, since, instead)) =
                        GONE.iter().find(|(gone, since, _)| *gone == name && release >= *since)
                    else {
                        continue;
                    };
                    let span = super::apt_package_gone::place(&text.text, instruction.span, name);
                    let site = Site::new(file.path.clone(), span);
                    let message = match since {
                        0 => format!("Alpine has no package `{name}`, so the build stops here"),
                        since => {
                            format!("Alpine has no package `{name}` since 3.{since}, so the build stops here")
                        }
                    };
                    let finding = out.at(site.clone(), message);
                    finding.service(&service.name);
                    if instead.is_empty() {
                        finding.help("Do without it, or use another base image");
                    } else {
                        finding.help(format!("Install `{instead}`"));
                        if site.span != instruction.span {
                            finding.fix(Fix::edit(format!("Install {instead}"), site, *instead));
                        }
                    }
                }
            }
        }
    }
}

/// The packages that `apk add` names in `script`, where its failure counts.
fn added(script: &str) -> Vec<&str> {
    let lines =
        script.split([';', '\n']).filter(|line| !line.contains("||")).flat_map(|line| line.split("&&"));
    let calls = lines.filter(|command| {
        let mut words = command.split_whitespace();
        words.next() == Some("apk") && words.any(|word| word == "add")
    });
    calls
        .flat_map(|command| {
            let words = command.split_whitespace().skip_while(|word| *word != "add").skip(1);
            // `-t name` names a group of packages.
            words.scan("", |before, word| Some((std::mem::replace(before, word), word)))
        })
        .filter(|(before, _)| !matches!(*before, "-t" | "--virtual"))
        .map(|(_, word)| word)
        .filter(|word| !word.starts_with('-') && !word.contains(['$', '>', '|', '"', '\'', '@']))
        .map(|word| word.split(['=', '<', '~']).next().unwrap_or(word))
        .collect()
}
