//! Shell syntax in the pre-deploy command.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::facts::shell::CommandLine;
use crate::finding::Findings;
use crate::rule::declare_rule;

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
                out.at(
                    setting.site.clone(),
                    format!("`{syntax}` needs a shell, and Railway may start none here"),
                )
                .service(&service.name)
                .help("Wrap the command in `sh -c '…'`");
            }
        }
    }
}
