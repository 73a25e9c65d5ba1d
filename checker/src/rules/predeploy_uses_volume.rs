//! A pre-deploy command that wants the volume.

use crate::facts::Facts;
use crate::facts::settings::{Key, Value};
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The pre-deploy command uses a path at which a volume is mounted.
    ///
    /// ## Why it matters
    /// The pre-deploy command runs in a container of its own, without volumes. It finds an empty directory or none, and what
    /// it writes there is gone when it ends.
    ///
    /// ## What to do
    /// Do it in the start command, before the program begins.
    ///
    /// ## What it cannot know
    /// What a script that it calls does, and volumes that only the dashboard knows.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data", "preDeployCommand": ["sqlite3 /data/app.db < schema.sql"]}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data", "preDeployCommand": ["npm run migrate"]}}
    /// ```
    ///
    /// A path that only begins alike is another:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"requiredMountPath": "/data", "preDeployCommand": ["cat /database/schema.sql"]}}
    /// ```
    "predeploy-uses-volume", Error, Start, since "0.2.0",
    sources: ["https://docs.railway.com/deployments/pre-deploy-command"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let mounts = super::replicas_with_volume::mounts(facts, service);
        if mounts.is_empty() {
            continue;
        }
        for setting in service.settings.every(Key::PreDeployCommand) {
            let commands: Vec<&str> = match setting.value.yes() {
                Some(Value::Text(command)) => vec![command],
                Some(Value::List(commands)) => commands.iter().filter_map(Value::text).collect(),
                _ => Vec::new(),
            };
            let used = mounts.iter().find(|(path, _)| commands.iter().any(|command| uses(command, path)));
            let Some((path, mount)) = used else { continue };
            let message = format!("the pre-deploy command runs without volumes, so `{path}` is empty there");
            out.at(setting.site.clone(), message)
                .service(&service.name)
                .related(mount.clone(), "the volume")
                .help("Do it in the start command, before the program begins");
        }
    }
}

fn uses(command: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    command.match_indices(path).any(|(at, _)| {
        let after = command[at + path.len()..].chars().next();
        let before = command[..at].chars().next_back();
        let begins = before.is_none_or(|char| !(char.is_alphanumeric() || "/._-".contains(char)));
        begins && after.is_none_or(|char| !(char.is_alphanumeric() || "._-".contains(char)))
    })
}
