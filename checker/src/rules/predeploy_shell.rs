//! Shell syntax in the pre-deploy command.

use crate::facts::Facts;
use crate::facts::settings::{Key, Setting, Source, Value};
use crate::facts::shell::{CommandLine, wrapped};
use crate::finding::{Edit, Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The pre-deploy command of an image uses shell syntax.
    ///
    /// ## Why it matters
    /// A pre-deploy command that cannot be started stops the deployment with `Pre-deploy command failed` and an empty log.
    ///
    /// ## What to do
    /// Wrap it: `sh -c 'cd app && npm run migrate'`.
    ///
    /// ## What it cannot know
    /// Whether Railway starts a shell for it, which is not documented; so this is a warning, and only for images.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"preDeployCommand": ["cd api && npm run migrate"]}}
    /// //- Dockerfile
    /// FROM node:22
    /// CMD ["node", "server.js"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"preDeployCommand": ["sh -c 'cd api && npm run migrate'"]}}
    /// //- Dockerfile
    /// FROM node:22
    /// CMD ["node", "server.js"]
    /// ```
    "predeploy-shell", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/pre-deploy-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in super::start_exec_form_variable::exec_form(facts) {
        for setting in service.settings.every(Key::PreDeployCommand) {
            let commands: Vec<&str> = match setting.value.yes() {
                Some(Value::Text(command)) => vec![command],
                Some(Value::List(commands)) => commands.iter().filter_map(Value::text).collect(),
                _ => continue,
            };
            for command in commands {
                let line = CommandLine::read(command);
                let Some(syntax) = line.shell_syntax() else { continue };
                let finding = out.at(
                    setting.site.clone(),
                    format!("`{syntax}` needs a shell, and Railway may start none here"),
                );
                finding.service(&service.name).help("Wrap the command in `sh -c '…'`");
                if let Some(edit) = wrapping(facts, setting, command) {
                    finding.fix(Fix { title: "Wrap the command in a shell".into(), edits: vec![edit] });
                }
            }
        }
    }
}

/// The edit that wraps `command` where the config file writes it in double quotes.
fn wrapping(facts: &Facts<'_>, setting: &Setting, command: &str) -> Option<Edit> {
    let text =
        facts.snapshot.text(&setting.site.path).ok().filter(|_| setting.source == Source::ConfigFile)?;
    let written = serde_json::Value::from(command).to_string();
    let at = setting.site.span.of(&text.text).find(&written)? + setting.site.span.start;
    let wrapped = serde_json::Value::from(wrapped(command)?).to_string();
    let site = Site::new(setting.site.path.clone(), Span::new(at, at + written.len()));
    Some(Edit { site, text: wrapped })
}
