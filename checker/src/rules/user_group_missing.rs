//! A group that Alpine's `adduser` does not make.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::distribution::Family;
use crate::facts::dockerfile::{Command, Dockerfile, Instruction, InstructionKind};
use crate::facts::image::shell::{Simple, commands};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A file is given to a group that nothing makes: Alpine's `adduser -S` makes none.
    ///
    /// ## Why it matters
    /// On Alpine a system user that is made without `-G` belongs to `nogroup`. `chown app:app` then ends the build with
    /// `chown: unknown user/group app:app`, and `COPY --chown=app:app` with `unable to convert gid to uint32`.
    ///
    /// ## What to do
    /// Write `addgroup -S app && adduser -S app -G app`, or give the files to the user alone: `chown app`.
    ///
    /// ## What it cannot know
    /// Groups of base images of which it has not heard; those are passed over.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// WORKDIR /app
    /// RUN adduser --system --uid 1001 nextjs
    /// COPY . .
    /// RUN mkdir -p data && chown -R nextjs:nextjs data
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-alpine
    /// RUN adduser -S app
    /// COPY --chown=app:app a.py .
    /// CMD ["python", "a.py"]
    /// //- a.py
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine
    /// RUN addgroup -g 1001 -S nodejs && adduser -S nextjs -u 1001 -G nodejs
    /// COPY --chown=nextjs:nodejs a.js .
    /// CMD ["node", "a.js"]
    /// //- a.js
    /// ```
    ///
    /// A group of another name does not help:
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM alpine:3.22
    /// RUN addgroup -S web && adduser -S app && chown app:app /srv
    /// CMD ["true"]
    /// ```
    ///
    /// A user that is no system user gets its group, the base image's own, a number, the user alone, another base:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22-alpine AS one
    /// RUN adduser -D app && adduser -S tool && chown app:app /srv && chown node:node /opt && chown tool:1000 /mnt && chown tool /x
    /// FROM debian:12
    /// RUN adduser --system app && chown app:app /srv || true
    /// COPY --from=one /srv /srv
    /// CMD ["true"]
    /// ```
    "user-group-missing", Error, Build, since "0.3.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#copy---chown---chmod", "https://wiki.alpinelinux.org/wiki/Setting_up_a_new_user"]
}

/// Groups that Alpine has from the start, under names that people give to users.
const SYSTEM_GROUPS: [&str; 16] = [
    "root", "daemon", "adm", "mail", "news", "games", "ftp", "www-data", "users", "nobody", "nogroup", "ntp",
    "video", "audio", "cron", "node",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        let mut told = BTreeSet::new();
        for number in file.needed_stages() {
            let base = file.base_image(number).and_then(Family::of_image);
            if base != Some(Family::Alpine) {
                continue;
            }
            for (span, group) in given(&file.stages[number].instructions) {
                let lacks = lone_users(&file, number, span).contains(&group)
                    && !SYSTEM_GROUPS.contains(&group.as_str())
                    && !may_be_made(&file, number, &group);
                if lacks && told.insert((number, group.clone())) {
                    let message = format!(
                        "no command makes the group `{group}`, and `adduser -S` does not, so the build stops here"
                    );
                    out.at(Site::new(file.path.clone(), span), message)
                        .service(&service.name)
                        .help(format!("Write `addgroup -S {group}` and `adduser -S {group} -G {group}`"));
                }
            }
        }
    }
}

/// The stages that stage `number` is based on, and itself, with their commands up to `end`.
fn before(file: &Dockerfile, number: usize, end: usize) -> Vec<Simple> {
    let mut found = file.base_stage(number).map(|base| before(file, base, usize::MAX)).unwrap_or_default();
    let scripts = file.stages[number].instructions.iter().filter(|each| each.span.start <= end);
    found.extend(scripts.filter_map(script).flat_map(|text| commands(text, "", true)));
    found
}

fn script(instruction: &Instruction) -> Option<&str> {
    match &instruction.kind {
        InstructionKind::Run(run) => match &run.command {
            Command::Shell(text) => Some(&text.value),
            Command::Exec(..) => None,
        },
        _ => None,
    }
}

/// True when something may make the group in a way that cannot be read here.
fn may_be_made(file: &Dockerfile, number: usize, group: &str) -> bool {
    before(file, number, usize::MAX).iter().any(|command| match command.program() {
        "addgroup" | "groupadd" => command.words.iter().any(|word| word == group || word.contains('$')),
        "usermod" | "groupmod" | "useradd" => true,
        _ => command.words.iter().any(|word| word.contains("/etc/group")),
    })
}

/// System users without a group of their own, made before `span`.
fn lone_users(file: &Dockerfile, number: usize, span: Span) -> BTreeSet<String> {
    let made = before(file, number, span.start);
    let system = made.iter().filter(|command| command.program() == "adduser" && is_system(command));
    system.filter_map(|command| command.words.last().cloned()).collect()
}

fn is_system(command: &Simple) -> bool {
    let short = |word: &str, flag: char| {
        word.starts_with('-') && !word.starts_with("--") && word.len() <= 4 && word.contains(flag)
    };
    let has = |flag: char, long: &str| {
        command.words.iter().any(|word| short(word, flag) || word.split('=').next() == Some(long))
    };
    let last_is_name = command.words.last().is_some_and(|word| !word.starts_with('-') && !word.contains('$'));
    has('S', "--system") && !has('G', "--ingroup") && !command.has("--group") && last_is_name
}

/// Groups that `chown` and `--chown` name, with the place of the instruction.
fn given(instructions: &[Instruction]) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for instruction in instructions {
        let owners: Vec<String> = match &instruction.kind {
            InstructionKind::Copy(copy) | InstructionKind::Add(copy) => {
                copy.flag("chown").map(str::to_owned).into_iter().collect()
            }
            _ => script(instruction).map(owners).unwrap_or_default(),
        };
        let groups = owners.iter().filter_map(|owner| owner.split_once(':'));
        found.extend(groups.map(|(_, group)| (instruction.span, group.to_owned())));
    }
    found
}

fn owners(script: &str) -> Vec<String> {
    let calls = commands(script, "", true);
    let certain =
        calls.iter().filter(|each| each.program() == "chown" && !each.conditional && !each.tolerated);
    certain.filter_map(|each| each.plain().next().map(str::to_owned)).collect()
}
