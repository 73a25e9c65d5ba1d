//! More than one pre-deploy command.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// `preDeployCommand` lists more than one command.
    ///
    /// ## Why it matters
    /// The setting is a list for historical reasons, and Railway takes at most one item: the deployment is refused with
    /// `deploy.preDeployCommand: Array must contain at most 1 element(s)` before anything is built.
    ///
    /// ## What to do
    /// Put the steps into one script of the repository and name that, or join them in `sh -c '… && …'`.
    ///
    /// ## What it cannot know
    /// Nothing: the list is in the file.
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "python main.py"
    /// preDeployCommand = ["python manage.py migrate", "python manage.py collectstatic --noinput"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.toml
    /// [deploy]
    /// preDeployCommand = ["sh -c 'python manage.py migrate && python manage.py collectstatic --noinput'"]
    /// ```
    ///
    /// A string, an empty list, null:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"preDeployCommand": []}, "environments": {"pr": {"deploy": {"preDeployCommand": null}}}}
    /// //- api/railway.json
    /// {"deploy": {"preDeployCommand": "npm run migrate"}}
    /// ```
    "predeploy-several-commands", Error, Config, since "0.3.0",
    sources: ["https://docs.railway.com/deployments/pre-deploy-command", "https://docs.railway.com/config-as-code/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for setting in service.settings.every(Key::PreDeployCommand) {
            let Some(Value::List(items)) = setting.value.yes() else { continue };
            if items.len() > 1 {
                let message = format!("{} pre-deploy commands, and Railway takes one at most", items.len());
                out.at(setting.site.clone(), message)
                    .service(&service.name)
                    .help("Put the steps into one script, or join them in `sh -c '… && …'`");
            }
        }
    }
}
