//! A scheduled run that does not end.

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Source};
use crate::facts::shell::CommandLine;
use crate::finding::{Findings, Fix, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// A service with a `cronSchedule` runs a server or a worker that never exits.
    ///
    /// ## Why it matters
    /// Railway starts a cron service on its schedule and skips a run while the last one is still active; it ends none. A
    /// server or worker therefore runs once, and every later run is skipped without an error.
    ///
    /// ## What to do
    /// Drop the schedule from a service that shall always run, or start a command that does its work and exits.
    ///
    /// ## What it cannot know
    /// What a program does that it does not read. An error needs a command that is known to run for ever.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker", "cronSchedule": "0 * * * *"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- railway.toml
    /// [deploy]
    /// startCommand = "sh -c 'exec uvicorn app:app --port $PORT'"
    /// cronSchedule = "*/10 * * * *"
    /// ```
    ///
    /// A batch ends by itself, and so does a script:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "rq worker --burst", "cronSchedule": "0 * * * *"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "python job.py", "cronSchedule": "0 * * * *"}}
    /// //- job.py
    /// print("done")
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "timeout 300 celery -A app worker", "cronSchedule": "0 * * * *"}}
    /// ```
    "cron-never-exits", Error, Run, since "0.2.0",
    sources: ["https://docs.railway.com/cron-jobs"]
}

/// Programs that run until they are stopped.
const SERVERS: [&str; 9] =
    ["uvicorn", "gunicorn", "hypercorn", "daphne", "nginx", "caddy", "sidekiq", "puma", "rqworker"];
/// The same where a second word says so.
const WITH_WORD: [(&str, &str); 7] = [
    ("celery", "worker"),
    ("celery", "beat"),
    ("rq", "worker"),
    ("next", "start"),
    ("flask", "run"),
    ("streamlit", "run"),
    ("vite", "preview"),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let Some((_, schedule)) =
            service.settings.text(Key::CronSchedule).filter(|(text, _)| !text.trim().is_empty())
        else {
            continue;
        };
        let Some((program, severity)) = endless(facts, service) else { continue };
        let message = format!("{program} never exits, so Railway skips every run after the first");
        let finding = out.at(schedule.site.clone(), message);
        finding
            .service(&service.name)
            .severity(severity)
            .help("Delete `cronSchedule`, or start a command that does its work and exits");
        let config = facts.railway_configs.get(&schedule.site.path);
        let text = facts.snapshot.text(&schedule.site.path);
        if let (Source::ConfigFile, Some(config), Ok(text)) = (schedule.source, config, text)
            && let Some(edit) = config.without(&text.text, schedule.site.span)
        {
            finding.fix(Fix { title: "Delete the schedule".into(), edits: vec![edit] });
        }
    }
}

/// What runs for ever, and how certain that is.
fn endless(facts: &Facts<'_>, service: &Service) -> Option<(String, Severity)> {
    let (command, _) = service.settings.text(Key::StartCommand)?;
    let line = CommandLine::read(command);
    let script = line.shell_script().map(CommandLine::read);
    let words = script.as_ref().map_or(&line.words, |script| &script.words);
    let last = words.rsplit(|word| matches!(word.as_str(), "&&" | ";" | "||")).next().unwrap_or_default();
    let mut rest = last
        .iter()
        .map(String::as_str)
        .skip_while(|word| matches!(*word, "exec" | "env") || word.contains('='));
    let program = rest.next()?.rsplit('/').next()?;
    let rest: Vec<&str> = rest.collect();
    if rest.iter().any(|word| matches!(*word, "--burst" | "-b" if program.starts_with("rq"))) {
        return None;
    }
    let with_word = WITH_WORD.iter().any(|(name, word)| *name == program && rest.contains(word));
    if SERVERS.contains(&program) || with_word {
        return Some((format!("`{program}`"), Severity::Error));
    }
    let startup = facts.startup(service);
    startup.always_listens().then(|| ("a program that listens".to_owned(), Severity::Warning))
}
