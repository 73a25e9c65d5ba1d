//! SIGTERM that never reaches the program.

use crate::facts::Facts;
use crate::facts::dockerfile::{Command, InstructionKind};
use crate::facts::service::{Kind, Service};
use crate::facts::settings::Key;
use crate::facts::startup::words;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::known::Known;
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The container's first process is a shell or package manager that does not hand SIGTERM on.
    ///
    /// ## Why it matters
    /// Railway stops the old deployment with SIGTERM to the first process and SIGKILL when the draining time is over. A shell
    /// that runs several commands keeps the signal to itself, and so do npm, pnpm and yarn: the job in hand is cut off.
    ///
    /// ## What to do
    /// Let `exec` replace the shell, or start the program itself: `CMD ["node", "worker.js"]`.
    ///
    /// ## What it cannot know
    /// How long jobs take, and whether losing one matters: a warning for workers, a note elsewhere. A single simple command
    /// is replaced by the shells of Debian and Alpine themselves and is not reported.
    ///
    /// ```repo,fires,warning
    /// //- worker/Dockerfile
    /// FROM node:24
    /// CMD ["npm", "run", "worker"]
    /// ```
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD alembic upgrade head && uvicorn app:app --host 0.0.0.0 --port $PORT
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD alembic upgrade head && exec uvicorn app:app --host 0.0.0.0 --port $PORT
    /// ```
    ///
    /// ```repo,passes
    /// //- worker/Dockerfile
    /// FROM python:3.12
    /// CMD celery -A tasks worker
    /// ```
    ///
    /// An init process hands signals to its whole group when it is told to:
    ///
    /// ```repo,passes
    /// //- worker/Dockerfile
    /// FROM node:24
    /// ENTRYPOINT ["tini", "-g", "--"]
    /// CMD ["npm", "run", "worker"]
    /// ```
    "cmd-signal-swallowed", Note, Run, since "0.1.0",
    sources: [
        "https://docs.railway.com/deployments/troubleshooting/nodejs-sigterm-handling",
        "https://docs.docker.com/reference/build-checks/json-args-recommended/",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        if service.settings.get(Key::StartCommand).yes().is_some() {
            continue;
        }
        let Some(stage) = file.final_stage() else { continue };
        let commands = stage.instructions.iter().filter(|each| !each.onbuild);
        let commands: Vec<(&Command, bool)> = commands
            .filter_map(|each| match &each.kind {
                InstructionKind::Cmd(command) => Some((command, false)),
                InstructionKind::Entrypoint(command) => Some((command, true)),
                _ => None,
            })
            .collect();
        // An entry point decides by itself what becomes of signals.
        let [.., (command, false)] = commands.as_slice() else { continue };
        if commands.iter().any(|(_, entrypoint)| *entrypoint) {
            continue;
        }
        let Some(swallower) = swallower(command) else { continue };
        let finding = out.at(
            Site::new(file.path.clone(), command.span()),
            format!("{swallower} is the first process and does not hand SIGTERM to the program"),
        );
        finding.service(&service.name).help("Start the program itself, with `exec` where a shell is needed");
        if let (Command::Shell(script), Ok(text)) = (command, facts.snapshot.text(&file.path))
            && let Some(at) = last_program(script.span.of(&text.text))
        {
            let start = script.span.start + at;
            let place = Site::new(file.path.clone(), Span::new(start, start));
            finding.fix(Fix::edit("Hand the process over with exec", place, "exec "));
        }
        if is_worker(facts, service) {
            finding.severity(Severity::Warning);
        }
    }
}

/// Where the last command of a chain of `&&` begins, when nothing else joins its commands.
fn last_program(script: &str) -> Option<usize> {
    let chain = script.contains("&&") && !script.contains([';', '|', '\\', '\n', '(']);
    let at = script.rfind("&&").filter(|_| chain && !script.replace("&&", "").contains('&'))? + 2;
    let blank = script[at..].len() - script[at..].trim_start().len();
    Some(at + blank)
}

fn is_worker(facts: &Facts<'_>, service: &Service) -> bool {
    service.kind == Known::Yes(Kind::Worker) || facts.startup(service).work_loop().is_some()
}

/// What stands between the signal and the program.
fn swallower(command: &Command) -> Option<&'static str> {
    let words = match command {
        Command::Exec(all, _) => {
            let plain: Vec<String> = all.iter().map(|word| word.value.clone()).collect();
            match plain.as_slice() {
                [shell, flag, script] if shell.ends_with("sh") && flag.ends_with('c') => words(script),
                _ => plain,
            }
        }
        Command::Shell(text) => words(&text.value),
    };
    let operators = ["&&", ";", "|", "||", "&"];
    if words.iter().any(|word| operators.contains(&word.as_str())) {
        return (!words.iter().any(|word| word == "exec")).then_some("a shell");
    }
    match words.first()?.rsplit('/').next()? {
        "npm" => Some("npm"),
        "pnpm" => Some("pnpm"),
        "yarn" => Some("yarn"),
        _ => None,
    }
}
