//! A command that looks like the exec form and is none.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::settings::Key;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A `CMD`, `ENTRYPOINT` or `RUN` in brackets is no JSON, so a shell gets it as it is written.
    ///
    /// ## Why it matters
    /// The exec form is a JSON array of strings. With single quotes, a comma too few or too many, `\$`, or text behind the
    /// bracket it is none, and the builder says nothing: it takes the shell form. The shell then looks for a program called
    /// `[npm,`: `/bin/sh: 1: [npm,: not found`, and the container or the build ends.
    ///
    /// ## What to do
    /// Write double quotes, a comma between the words and none at the end, and only the escapes that JSON has.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the file. A test such as `RUN [ -f x ] && …` is a command and left alone, and so is a command
    /// that a start command replaces.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// COPY . .
    /// CMD ['node', 'server.js']
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM node:22
    /// COPY . .
    /// ENTRYPOINT [ "node", 'server.js' ]
    /// //- server.js
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// RUN ["pip" "install", "flask"]
    /// CMD ["sh", "-c", "flask run --port \$PORT"]
    /// ```
    ///
    /// JSON, tests of a shell, and a command that is not run:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:22 AS build
    /// RUN [ -d /x ] || mkdir /x
    /// RUN [[ "$A" = "b" ]] || true
    /// CMD ['never', 'run']
    /// FROM node:22
    /// RUN [ "echo", "a" ]
    /// RUN [ "$A" = "b" ] || true
    /// ENTRYPOINT []
    /// CMD [ "node", "-e", "[\"a\"]" ]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "node server.js"}}
    /// //- Dockerfile
    /// FROM node:22
    /// COPY . .
    /// CMD ['node', 'server.js']
    /// //- server.js
    /// ```
    "exec-form-not-json", Error, Start, since "0.3.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#exec-form"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        let mut found: Vec<(Site, &str, String, bool)> = Vec::new();
        for number in file.needed_stages() {
            for each in &file.stages[number].instructions {
                if let InstructionKind::Run(run) = &each.kind
                    && let Some(slip) = slip(&run.command, false)
                {
                    found.push((Site::new(file.path.clone(), each.span), slip, "the build".to_owned(), true));
                }
            }
        }
        let stage = delivered.image.last().filter(|_| service.settings.text(Key::StartCommand).is_none());
        for (command, site) in stage.iter().flat_map(|stage| stage.entrypoint.iter().chain(&stage.command)) {
            if let Some(slip) = slip(command, true) {
                // An entry point of the repository may do what it likes with its arguments.
                let entry = stage.and_then(|stage| stage.entrypoint.as_ref());
                let certain = entry.is_none_or(|(_, place)| place == site);
                found.push((site.clone(), slip, "the container".to_owned(), certain));
            }
        }
        for (site, slip, what, certain) in found {
            let message =
                format!("{slip}, so this is no JSON: a shell looks for a program `[` and {what} ends");
            let finding = out.at(site, message);
            finding
                .service(&service.name)
                .help("Write it as JSON: double quotes, and one comma between words");
            if !certain {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// What keeps a command in brackets from being JSON; `None` when it is a command for a shell. With `starts` nothing but
/// a program makes sense, so that blanks behind the bracket are no sign of a test.
fn slip(command: &Command, starts: bool) -> Option<&'static str> {
    let Command::Shell(text) = command else { return None };
    let text = text.value.trim();
    let inner = text.strip_prefix('[')?;
    let joined = inner.starts_with(['"', '\'', '“', '‘', '”', '’', '`'])
        || inner.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '/');
    let list = starts
        && inner.starts_with(char::is_whitespace)
        && inner.trim_start().starts_with(['"', '\'', '“', '‘'])
        && inner.contains(',')
        && text.ends_with(']');
    if !joined && !list {
        return None;
    }
    Some(if inner.contains(['“', '”', '‘', '’']) {
        "its quotes are typographic"
    } else if inner.trim_start().starts_with('\'') {
        "its words stand in single quotes"
    } else if has_wrong_escape(inner) {
        "it has an escape that JSON does not know"
    } else if inner.contains(", '") || inner.contains(",'") {
        "a word stands in single quotes"
    } else if !text.ends_with(']') {
        "there is more behind the bracket"
    } else if inner.trim_end_matches(']').trim_end().ends_with(',') {
        "it has a comma behind the last word"
    } else {
        "a quote or a comma is missing"
    })
}

/// True for a backslash before something that JSON does not escape.
fn has_wrong_escape(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && !chars.next().is_some_and(|next| "\"\\/bfnrtu".contains(next)) {
            return true;
        }
    }
    false
}
