//! A start command without a shell does not expand variables.

use crate::facts::Facts;
use crate::facts::service::{Builder, Service};
use crate::facts::settings::{Key, Setting, Source};
use crate::facts::shell::{self, CommandLine};
use crate::finding::{Findings, Fix, Severity};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// The start command of an image holds a variable, but no shell is there to expand it.
    ///
    /// ## Why it matters
    /// Railway executes the start command of a Dockerfile or image service in exec form. `$PORT` reaches the program as
    /// those five characters: `Invalid value for '--port': '$PORT' is not a valid integer`. Railpack services do get a shell,
    /// so the same command worked until a Dockerfile was added.
    ///
    /// ## What to do
    /// Wrap the command: `sh -c 'exec uvicorn app:app --port $PORT'`. `exec` hands SIGTERM to the program.
    ///
    /// ## What it cannot know
    /// Whether the program expands variables itself, as Java's Spring does and scripts may: those are warnings.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "uvicorn app:app --host 0.0.0.0 --port $PORT"
    /// //- Dockerfile
    /// FROM python:3.12
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "java -jar app.jar --server.port=${PORT}"
    /// //- Dockerfile
    /// FROM eclipse-temurin:21
    /// ```
    ///
    /// Railpack starts a shell, and so may the command itself:
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "uvicorn app:app --host 0.0.0.0 --port $PORT"
    /// //- requirements.txt
    /// uvicorn
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "/bin/sh -c \"uvicorn app:app --port $PORT\""}}
    /// //- Dockerfile
    /// FROM python:3.12
    /// ```
    /// A config file in a directory that asks for another builder than the Dockerfile beside it: which of the two is used
    /// depends on the root directory, so it is a warning, and nothing when the command itself goes into the directory.
    ///
    /// ```repo,fires,warning
    /// //- api/railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "uvicorn main:app --port $PORT"}}
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// COPY main.py .
    /// //- api/main.py
    /// app = 1
    /// ```
    ///
    /// ```repo,passes
    /// //- api/railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "cd api && uvicorn main:app --port $PORT"}}
    /// //- api/Dockerfile
    /// FROM python:3.12
    /// COPY main.py .
    /// //- api/main.py
    /// app = 1
    /// ```
    "start-exec-form-variable", Error, Start, since "0.1.0",
    sources: [
        "https://docs.railway.com/deployments/start-command",
        "https://github.com/KonstantinMB/exploreyc/pull/43",
        "https://github.com/triangle-shows/triangle-shows/pull/33",
    ]
}

/// Programs that may expand variables in their own arguments.
const EXPANDERS: [&str; 8] = ["java", "sh", "bash", "ash", "npm", "pnpm", "yarn", "make"];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in exec_form(facts) {
        for setting in service.settings.every(Key::StartCommand) {
            let Some(command) = setting.value.yes().and_then(|value| value.text()) else { continue };
            let line = CommandLine::read(command);
            // A missing shell that shows earlier in the line is the other rule's.
            if line.shell_script().is_some() || line.shell_syntax().is_some() {
                continue;
            }
            let Some(first) = line.expansions.first() else { continue };
            let variable = &command[first.clone()];
            let program = line.program().rsplit('/').next().unwrap_or_default().to_owned();
            let message =
                format!("no shell expands `{variable}` here: `{program}` receives it as it is written");
            let finding = out.at(setting.site.clone(), message);
            finding.service(&service.name);
            if EXPANDERS.contains(&program.as_str()) || program.ends_with(".sh") {
                finding.severity(Severity::Warning);
            }
            suggest_shell(facts, service, setting, command, finding);
        }
    }
}

/// Services whose start command runs without a shell.
pub(super) fn exec_form<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f Service> {
    facts
        .services
        .iter()
        .filter(|service| matches!(service.builder, Known::Yes(Builder::Dockerfile | Builder::Image)))
}

/// Adds the help and, where the image has a shell and the file takes it, the edit.
pub(super) fn suggest_shell(
    facts: &Facts<'_>,
    service: &Service,
    setting: &Setting,
    command: &str,
    finding: &mut crate::finding::Finding,
) {
    let Some(wrapped) = shell::wrapped(command) else { return };
    finding.help(format!("Start a shell: `{wrapped}`"));
    if setting.source != Source::Iac && !without_shell(facts, service) {
        let quoted = serde_json::Value::from(wrapped).to_string();
        finding.fix(Fix::edit("Wrap the start command in a shell", setting.site.clone(), quoted));
    }
}

/// True when the image's base has no shell at all.
fn without_shell(facts: &Facts<'_>, service: &Service) -> bool {
    let file = service.dockerfile.yes().and_then(|choice| facts.dockerfiles.get(&choice.path));
    let base = file.and_then(|file| file.final_stage()).map(|stage| stage.base.value.to_lowercase());
    base.is_some_and(|base| base == "scratch" || base.contains("distroless"))
}
