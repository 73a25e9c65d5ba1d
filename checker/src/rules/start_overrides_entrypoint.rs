//! A start command that goes around the entry point.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, Dockerfile, InstructionKind};
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A start command replaces an `ENTRYPOINT` that prepares the container.
    ///
    /// ## Why it matters
    /// Railway runs the start command in place of `ENTRYPOINT` and `CMD`. A script that waits for a database, migrates it or
    /// writes a configuration is not run, although `docker run image command` runs it.
    ///
    /// ## What to do
    /// Begin the start command with the entry point, or delete the start command.
    ///
    /// ## What it cannot know
    /// Whether the script's work matters to this command.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app:app"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// ENTRYPOINT ["./docker-entrypoint.sh"]
    /// CMD ["gunicorn", "app:app"]
    /// //- docker-entrypoint.sh executable
    /// #!/bin/sh
    /// python manage.py migrate
    /// exec "$@"
    /// ```
    ///
    /// An init process prepares nothing, and a start command may name the script itself:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "gunicorn app:app"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENTRYPOINT ["/usr/bin/tini", "--"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "./docker-entrypoint.sh gunicorn app:app"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// ENTRYPOINT ["./docker-entrypoint.sh"]
    /// //- docker-entrypoint.sh executable
    /// #!/bin/sh
    /// exec "$@"
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// ENTRYPOINT ["./docker-entrypoint.sh"]
    /// ```
    ///
    /// A script that the image's command runs first:
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "supervisord -c /etc/supervisord.conf"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["/bin/bash", "-c", "/app/setup.sh && supervisord -c /etc/supervisord.conf"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "bash -c '/app/setup.sh && supervisord -c /etc/supervisord.conf'"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["/bin/bash", "-c", "/app/setup.sh && supervisord -c /etc/supervisord.conf"]
    /// ```
    ///
    /// Another program altogether:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A tasks worker"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["/bin/bash", "-c", "/app/setup.sh && gunicorn app:app"]
    /// ```
    "start-overrides-entrypoint", Warning, Start, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/start-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        prepared(service, &file, out);
        let last = file.stages.len().checked_sub(1);
        let mut stage = last;
        let mut entrypoint = None;
        while let (Some(at), None) = (stage, entrypoint) {
            entrypoint = file.stages[at].instructions.iter().rev().find_map(|each| match &each.kind {
                InstructionKind::Entrypoint(command) => Some((command, each.span)),
                _ => None,
            });
            stage = file.base_stage(at);
        }
        let Some((command, span)) = entrypoint else { continue };
        let line = line(command);
        let Some(script) = line.split([' ', '"', '\'']).find(|word| is_script(word)) else { continue };
        let name = script.rsplit('/').next().unwrap_or(script);
        for setting in service.settings.every(Key::StartCommand) {
            let start = setting.value.yes().and_then(Value::text).unwrap_or_default();
            if start.trim().is_empty() || start.contains(name) {
                continue;
            }
            out.at(
                setting.site.clone(),
                format!("this command runs in place of `{script}`, so the script is not run"),
            )
            .service(&service.name)
            .related(Site::new(file.path.clone(), span), "the entry point")
            .help(format!("Begin the command with `{script}`, or delete it"));
        }
    }
}

/// A script that the image's command runs before its program, and a start command that runs the program alone.
fn prepared(service: &Service, file: &Dockerfile, out: &mut Findings) {
    let commands = file.final_stage().into_iter().flat_map(|stage| stage.instructions.iter().rev());
    let found = commands.into_iter().find_map(|each| match &each.kind {
        InstructionKind::Cmd(command) => Some((line(command), each.span)),
        _ => None,
    });
    let Some((command, span)) = found else { return };
    let Some((before, after)) = command.split_once("&&") else { return };
    let Some(script) = before.split([' ', '"', '\'']).find(|word| word.ends_with(".sh")) else { return };
    let name = script.rsplit('/').next().unwrap_or(script);
    let Some(program) = after.split_whitespace().find(|word| *word != "exec").filter(|word| word.len() > 2)
    else {
        return;
    };
    for setting in service.settings.every(Key::StartCommand) {
        let start = setting.value.yes().and_then(Value::text).unwrap_or_default();
        if start.contains(program) && !start.contains(name) {
            out.at(
                setting.site.clone(),
                format!("this command runs in place of the image's, which runs `{script}` first"),
            )
            .service(&service.name)
            .related(Site::new(file.path.clone(), span), "the image's command")
            .help(format!("Run `{script}` first, or delete the start command"));
        }
    }
}

/// The command as one line.
pub(super) fn line(command: &Command) -> String {
    match command {
        Command::Shell(text) => text.value.clone(),
        Command::Exec(words, _) => words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" "),
    }
}

fn is_script(word: &str) -> bool {
    word.ends_with(".sh") || word.rsplit('/').next().is_some_and(|name| name.contains("entrypoint"))
}
