//! As many processes as the machine has cores.

use crate::facts::Facts;
use crate::facts::dockerfile::InstructionKind;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Source};
use crate::finding::{Edit, Findings, Fix, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// A Celery worker is started without `--concurrency`.
    ///
    /// ## Why it matters
    /// Celery then starts one process for each core it sees, and a container on Railway sees the cores of the machine: 32 or 48
    /// processes in a service with one or two gigabytes. It is killed for its memory: `WorkerLostError … signal 9 (SIGKILL)`.
    ///
    /// ## What to do
    /// Write `--concurrency=2`, or as many as the service's memory allows.
    ///
    /// ## What it cannot know
    /// A limit that the application sets in a way it does not read. `worker_concurrency` in the usual places is seen.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker -l info"}}
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["celery", "-A", "app", "worker"]
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker -l info -c 4"}}
    /// ```
    ///
    /// Threads and greenlets have a size of their own, beat starts no processes, and the application may say it:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker --pool=solo"}}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "celery -A app worker"}}
    /// //- app/celery.py
    /// from celery import Celery
    /// app = Celery("app")
    /// app.conf.worker_concurrency = 2
    /// ```
    "worker-concurrency-unbounded", Warning, Run, since "0.2.0",
    sources: ["https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency"]
}

/// What the fix gives.
const FLAG: &str = "--concurrency=2";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let limited = std::cell::OnceCell::new();
    for service in &facts.services {
        let Some((command, site, edit)) = command(facts, service) else { continue };
        if !is_unbounded(&command) || *limited.get_or_init(|| application_limits(facts)) {
            continue;
        }
        let by_variable = service.variables.as_ref().is_some_and(|names| {
            names
                .iter()
                .any(|name| matches!(name.as_str(), "CELERYD_CONCURRENCY" | "CELERY_WORKER_CONCURRENCY"))
        });
        if by_variable {
            continue;
        }
        let finding = out.at(site, "this worker starts one process for each core of Railway's machine");
        finding.service(&service.name).help(format!("Write `{FLAG}`, or as many as the memory allows"));
        if let Some(edit) = edit {
            finding.fix(Fix { title: "Start two processes".into(), edits: vec![edit] });
        }
    }
}

/// The command that the service runs, its place, and the edit that adds the flag.
fn command(facts: &Facts<'_>, service: &Service) -> Option<(String, Site, Option<Edit>)> {
    if let Some((text, setting)) = service.settings.text(Key::StartCommand) {
        let written = facts.snapshot.text(&setting.site.path).ok()?;
        let at = setting
            .site
            .span
            .of(&written.text)
            .find(" worker")
            .map(|at| setting.site.span.start + at + " worker".len());
        let edit = at.filter(|_| setting.source != Source::Preflight).map(|at| Edit {
            site: Site::new(setting.site.path.clone(), Span::new(at, at)),
            text: format!(" {FLAG}"),
        });
        return Some((text.to_owned(), setting.site.clone(), edit));
    }
    let path = &service.dockerfile.yes()?.path;
    let file = facts.dockerfiles.get(path)?;
    let (command, span) =
        file.final_stage()?.instructions.iter().rev().find_map(|each| match &each.kind {
            InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                Some((command, each.span))
            }
            _ => None,
        })?;
    let text = facts.snapshot.text(path).ok()?;
    let line = super::start_overrides_entrypoint::line(command);
    let shell = matches!(command, crate::facts::dockerfile::Command::Shell(_));
    let word = if shell { " worker" } else { "\"worker\"" };
    let at = span.of(&text.text).find(word).map(|at| span.start + at + word.len());
    let added = if shell { format!(" {FLAG}") } else { format!(", \"{FLAG}\"") };
    let edit = at.map(|at| Edit { site: Site::new(path.clone(), Span::new(at, at)), text: added });
    Some((line, Site::new(path.clone(), span), edit))
}

fn is_unbounded(command: &str) -> bool {
    let words: Vec<&str> =
        command.split([' ', '\'', '"', '\t', '\n']).filter(|word| !word.is_empty()).collect();
    let celery = words.iter().position(|word| word.rsplit('/').next() == Some("celery"));
    let Some(rest) = celery.map(|at| &words[at..]).filter(|rest| rest.contains(&"worker")) else {
        return false;
    };
    let limits = |word: &&str| {
        word.starts_with("--concurrency")
            || word.starts_with("--autoscale")
            || (word.starts_with("-c") && !word.starts_with("-co"))
            || word.contains("CONCURRENCY")
    };
    let other_pool = rest.iter().enumerate().any(|(at, word)| {
        let named =
            word.strip_prefix("--pool=").or_else(|| word.strip_prefix("-P").filter(|rest| !rest.is_empty()));
        let next = matches!(*word, "--pool" | "-P").then(|| rest.get(at + 1).copied()).flatten();
        named.or(next).is_some_and(|pool| pool != "prefork" && pool != "processes")
    });
    !rest.iter().any(limits) && !other_pool
}

/// True when the application says how many processes there are.
fn application_limits(facts: &Facts<'_>) -> bool {
    let usual = ["celery", "settings", "config", "tasks", "worker", "base", "production", "__init__"];
    facts.snapshot.entries().iter().any(|entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        let wanted =
            name.strip_suffix(".py").is_some_and(|stem| usual.iter().any(|word| stem.contains(word)));
        wanted
            && facts.snapshot.text(&entry.path).is_ok_and(|text| {
                ["worker_concurrency", "CELERY_WORKER_CONCURRENCY", "CELERYD_CONCURRENCY"]
                    .iter()
                    .any(|word| text.text.contains(word))
            })
    })
}
