//! A start command without a shell knows no shell syntax.

use crate::facts::Facts;
use crate::facts::settings::Key;
use crate::facts::shell::CommandLine;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The start command of an image uses shell syntax, but no shell is there to read it.
    ///
    /// ## Why it matters
    /// Railway executes the start command of a Dockerfile or image service in exec form: its first word is a program and the
    /// rest its arguments. `cd`, `export`, `exec` and `VAR=x` are no programs (``The executable `cd` could not be found``), and
    /// `&&`, `|` or `>` become arguments.
    ///
    /// ## What to do
    /// Wrap the command: `sh -c 'cd app && exec node server.js'`, or use `WORKDIR` and `ENV` in the Dockerfile.
    ///
    /// ## What it cannot know
    /// Nothing is needed beyond the files once it is known that a Dockerfile is built.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "cd backend && uvicorn app:app"
    /// //- Dockerfile
    /// FROM python:3.12
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "NODE_ENV=production node server.js"}}
    /// //- Dockerfile
    /// FROM node:22
    /// ```
    ///
    /// Railpack starts a shell; operators inside a quoted argument are text:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "cd backend && uvicorn app:app"}}
    /// //- requirements.txt
    /// uvicorn
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "bash -lc 'cd app && node server.js'"}}
    /// //- Dockerfile
    /// FROM node:22
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "node -e 'a && b'"}}
    /// //- Dockerfile
    /// FROM node:22
    /// ```
    "start-shell-syntax", Error, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/start-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in super::start_exec_form_variable::exec_form(facts) {
        for setting in service.settings.every(Key::StartCommand) {
            let Some(command) = setting.value.yes().and_then(|value| value.text()) else { continue };
            let line = CommandLine::read(command);
            let Some(syntax) = line.shell_syntax() else { continue };
            let message = if line.program() == syntax {
                format!(
                    "`{syntax}` needs a shell, and Railway starts none here: there is no program of that name"
                )
            } else {
                format!(
                    "`{syntax}` needs a shell, and Railway starts none here: it becomes an argument of `{}`",
                    line.program()
                )
            };
            let finding = out.at(setting.site.clone(), message);
            finding.service(&service.name);
            super::start_exec_form_variable::suggest_shell(facts, service, setting, command, finding);
        }
    }
}
