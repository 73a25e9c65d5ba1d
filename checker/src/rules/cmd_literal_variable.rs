//! A variable in an exec-form command.

use crate::facts::Facts;
use crate::facts::dockerfile::{BuildStage, Command, InstructionKind, Spanned};
use crate::facts::settings::Key;
use crate::finding::{Findings, Fix, Severity, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// `CMD` or `ENTRYPOINT` in JSON form holds a variable that no shell expands.
    ///
    /// ## Why it matters
    /// The JSON form executes the program as it is. `"$PORT"` reaches it as those five characters: `Error: '$PORT' is not a
    /// valid port number`, and the container ends at once.
    ///
    /// ## What to do
    /// Use the shell form with `exec`, so that the variable is expanded and SIGTERM still reaches the program:
    /// `CMD exec uvicorn app:app --port $PORT`.
    ///
    /// ## What it cannot know
    /// Whether a program expands variables itself. It is an error for servers that are known not to and a variable in a
    /// port's or address's place, a warning elsewhere. A start command that a file sets replaces `CMD`; one in the dashboard
    /// is not seen.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "$PORT"]
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// ENTRYPOINT ["java", "-jar", "app.jar", "--server.port=${PORT}"]
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["sh", "-c", "exec uvicorn app:app --port $PORT"]
    /// ```
    ///
    /// The shell form expands, an earlier `CMD` does not count, and a start command replaces it:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["echo", "$PORT"]
    /// CMD exec uvicorn app:app --port $PORT
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "python main.py"}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// CMD ["uvicorn", "app:app", "--port", "$PORT"]
    /// ```
    "cmd-literal-variable", Error, Start, since "0.1.0",
    sources: ["https://docs.docker.com/reference/dockerfile/#shell-and-exec-form", "https://docs.railway.com/deployments/start-command"]
}

/// Servers whose port flag must be a number.
const SERVERS: [&str; 12] = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "streamlit",
    "flask",
    "next",
    "serve",
    "vite",
    "waitress-serve",
    "http-server",
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for (service, file) in facts.images() {
        if service.settings.get(Key::StartCommand).yes().is_some() {
            continue;
        }
        let Some(stage) = file.final_stage() else { continue };
        let (entrypoint, command) = effective(stage);
        let words: Vec<&Spanned<String>> =
            [entrypoint, command].into_iter().flatten().flat_map(|(words, _)| words).collect();
        if is_shell(&words) {
            continue;
        }
        let program = words.first().map_or("", |word| word.value.rsplit('/').next().unwrap_or(&word.value));
        let Some(word) = words.iter().skip(1).find(|word| has_variable(&word.value)) else { continue };
        let message =
            format!("`{program}` receives `{}` as it is written: the JSON form has no shell", word.value);
        let finding = out.at(Site::new(file.path.clone(), word.span), message);
        finding.service(&service.name);
        if !SERVERS.contains(&program) || entrypoint.is_some() && command.is_some() {
            finding.severity(Severity::Warning);
        }
        if let (Some((words, span)), None) | (None, Some((words, span))) = (entrypoint, command) {
            let spelled: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
            let line = format!("exec {}", spelled.join(" "));
            finding.help(format!("Use the shell form: `{line}`"));
            if spelled.iter().all(|word| is_plain(word)) {
                finding.fix(Fix::edit(
                    "Use the shell form with exec",
                    Site::new(file.path.clone(), span),
                    line,
                ));
            }
        }
    }
}

type Words<'d> = Option<(&'d [Spanned<String>], crate::span::Span)>;

/// The exec forms that count: the last of each; `CMD` only when no later `ENTRYPOINT` resets it.
fn effective(stage: &BuildStage) -> (Words<'_>, Words<'_>) {
    let (mut entrypoint, mut command): (Words<'_>, Words<'_>) = (None, None);
    for instruction in stage.instructions.iter().filter(|each| !each.onbuild) {
        let exec = |command: &'_ Command| matches!(command, Command::Exec(..));
        match &instruction.kind {
            InstructionKind::Entrypoint(each) => {
                entrypoint = if exec(each) { words(each) } else { None };
                command = None;
            }
            InstructionKind::Cmd(each) => command = words(each),
            _ => {}
        }
    }
    (entrypoint, command)
}

fn words(command: &Command) -> Words<'_> {
    match command {
        Command::Exec(words, span) => Some((words.as_slice(), *span)),
        Command::Shell(_) => None,
    }
}

fn is_shell(words: &[&Spanned<String>]) -> bool {
    let names = ["sh", "bash", "ash", "dash", "zsh", "envsubst"];
    words.iter().any(|word| {
        names.contains(&word.value.rsplit('/').next().unwrap_or(&word.value)) || word.value.ends_with(".sh")
    })
}

fn has_variable(word: &str) -> bool {
    word.match_indices('$').any(|(at, _)| {
        let rest = word.get(at + 1..).unwrap_or("");
        let name = rest.strip_prefix('{').unwrap_or(rest);
        name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
    })
}

/// True when the word means the same to a shell, its variable apart.
fn is_plain(word: &str) -> bool {
    word.chars().all(|char| char.is_ascii_alphanumeric() || "-_./:=$,@{}+".contains(char))
}
