//! Railpack runs one process of a Procfile.

use crate::facts::Facts;
use crate::facts::service::Builder;
use crate::finding::{Findings, Site};
use crate::known::Known;
use crate::rule::declare_rule;

declare_rule! {
    /// A `Procfile` names several processes, and one service runs one.
    ///
    /// ## Why it matters
    /// Railway runs one process a service. The others never start, and a `release:` line is not run before a deployment.
    ///
    /// ## What to do
    /// Make a service of each process with its own start command; move `release:` to `preDeployCommand`.
    ///
    /// ## What it cannot know
    /// Services that already exist in the dashboard with start commands of their own.
    ///
    /// ```repo,fires
    /// //- Procfile
    /// web: gunicorn app:app
    /// worker: celery -A app worker
    /// ```
    ///
    /// ```repo,passes
    /// //- Procfile
    /// web: gunicorn app:app
    /// ```
    "procfile-multi-process", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/platform/migrate-from-heroku"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let Some(procfile) = facts.procfiles.get("Procfile").filter(|file| file.processes.len() > 1) else {
        return;
    };
    for service in facts.services.iter().filter(|service| service.builder == Known::Yes(Builder::Railpack)) {
        let stated = service.settings.base.contains_key(&crate::facts::settings::Key::StartCommand);
        if stated || !service.roots.iter().any(String::is_empty) {
            continue;
        }
        let second = &procfile.processes[1];
        let names: Vec<String> =
            procfile.processes.iter().map(|process| format!("`{}`", process.name)).collect();
        let message = format!("one service runs one of {}; the others never start", names.join(", "));
        out.at(Site::new(procfile.path.clone(), second.span), message)
            .service(&service.name)
            .help("Make a service of each process; move `release` to `preDeployCommand`");
    }
}
