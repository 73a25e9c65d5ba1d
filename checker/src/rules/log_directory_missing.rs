//! A log file in a directory that is not there.

use crate::facts::Facts;
use crate::facts::chain::logs::{LogFile, log_files};
use crate::facts::chain::{Loader, Place, Reached, When};
use crate::facts::launch::{Delivered, Trace};
use crate::facts::settings::Key;
use crate::facts::startup::join;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A Python program logs into a file whose directory is neither in git nor made by anything.
    ///
    /// ## Why it matters
    /// Handlers of `logging` open their file at once and make no directory: `FileNotFoundError: [Errno 2] No such file or
    /// directory: '/app/logs/app.log'`, or of Django `ValueError: Unable to configure handler 'file'`. On the developer's machine
    /// the directory is there, and git does not keep it since it is empty or ignored.
    ///
    /// ## What to do
    /// Log to the console, which Railway keeps and shows; files of a container are gone with the next deployment. Or make the
    /// directory before: `os.makedirs("logs", exist_ok=True)`.
    ///
    /// ## What it cannot know
    /// Whether a volume is mounted there, which is why it warns. A handler under a condition or with `delay` is passed over, and so
    /// is everything where a module or the start command that names the directory makes some.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "gunicorn shop.wsgi"}}
    /// //- requirements.txt
    /// django
    /// //- shop/wsgi.py
    /// import os
    /// os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    /// application = object()
    /// //- shop/settings.py
    /// from pathlib import Path
    /// BASE_DIR = Path(__file__).resolve().parent.parent
    /// LOGGING = {
    ///     "version": 1,
    ///     "handlers": {
    ///         "file": {"class": "logging.FileHandler", "filename": BASE_DIR / "logs" / "django.log"},
    ///     },
    /// }
    /// //- .gitignore
    /// logs/
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// COPY . .
    /// CMD ["python", "bot.py"]
    /// //- bot.py
    /// import log
    /// from log import setup
    /// setup()
    /// //- log.py
    /// import logging
    /// from datetime import date
    /// def setup():
    ///     logging.basicConfig(level=1, handlers=[logging.FileHandler(f"logs/bot_{date.today()}.log")])
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "python bot.py"}}
    /// //- requirements.txt
    /// requests
    /// //- bot.py
    /// import os
    /// LOGGING = {"handlers": {"file": {"class": "logging.FileHandler", "filename": "logs/a.log"}}}
    /// if os.environ.get("PORT"):
    ///     LOGGING = {"handlers": {}}
    /// ```
    ///
    /// Kept in git, made by the image, made by the program, not called, under a condition, beside the program, opened later:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12-slim
    /// WORKDIR /app
    /// RUN mkdir -p /app/made
    /// COPY . .
    /// CMD ["python", "bot.py"]
    /// //- kept/.gitkeep
    /// //- bot.py
    /// import logging, os
    /// from logging.handlers import RotatingFileHandler
    /// import other
    /// logging.basicConfig(filename="bot.log")
    /// one = RotatingFileHandler("kept/a.log")
    /// two = logging.FileHandler(os.path.join("made", "a.log"))
    /// three = logging.FileHandler("later/a.log", delay=True)
    /// if os.environ.get("DEBUG"):
    ///     four = logging.FileHandler("debug/a.log")
    /// def unused():
    ///     return logging.FileHandler("unused/a.log")
    /// //- other.py
    /// import logging, os
    /// LOG_DIR = "own"
    /// os.makedirs(LOG_DIR, exist_ok=True)
    /// logging.basicConfig(filename=LOG_DIR + "/a.log")
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"build": {"builder": "NIXPACKS"}, "deploy": {"startCommand": "mkdir -p logs && python bot.py"}}
    /// //- requirements.txt
    /// requests
    /// //- bot.py
    /// import logging
    /// logging.basicConfig(filename="logs/a.log")
    /// ```
    "log-directory-missing", Warning, Start, since "0.3.0",
    sources: [
        "https://docs.python.org/3/library/logging.handlers.html#filehandler",
        "https://docs.djangoproject.com/en/stable/topics/logging/#configuring-logging",
        "https://docs.railway.com/guides/logs",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told: Vec<Site> = Vec::new();
    for delivered in facts.delivered() {
        let Some(service) = delivered.service(facts) else { continue };
        let traces = delivered.traces.iter().filter(|trace| trace.stated && !trace.build);
        for trace in traces.filter(|trace| trace.loader == Loader::Python) {
            for reached in trace.chain.modules.iter().filter(|each| each.when <= When::Main) {
                let Ok(text) = facts.snapshot.text(&reached.source) else { continue };
                let Some(module) = ["FileHandler", "basicConfig"]
                    .iter()
                    .any(|word| text.text.contains(word))
                    .then(|| facts.module(&reached.source))
                    .flatten()
                else {
                    continue;
                };
                // A configuration that is made anew or changed below is not followed.
                let changes =
                    ["LOGGING = ", "LOGGING[", "LOGGING."].map(|word| text.text.matches(word).count());
                if changes.iter().sum::<usize>() > 1 {
                    continue;
                }
                for file in log_files(&module) {
                    let site = Site::new(reached.source.clone(), file.span);
                    let called = |function: &String| {
                        super::name_not_defined::is_called(facts, trace, reached, function)
                    };
                    let Some(dir) = missing(delivered, trace, reached, &file) else { continue };
                    if told.contains(&site)
                        || !file.function.as_ref().is_none_or(called)
                        || is_made(facts, delivered, trace, &dir)
                    {
                        continue;
                    }
                    let message = format!(
                        "nothing makes `/{dir}`, so that no log file can be opened there and the program ends"
                    );
                    out.at(site.clone(), message).service(&service.name).help(
                        "Log to the console, which Railway keeps, or make the directory before with `os.makedirs`",
                    );
                    told.push(site);
                }
            }
        }
    }
}

/// The directory of the image that `file` lies in, when it is certainly not there.
fn missing(delivered: &Delivered<'_>, trace: &Trace, reached: &Reached, file: &LogFile) -> Option<String> {
    let beside = reached.place.rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut dir = match &file.dir {
        Place::Beside(path) => {
            let (mut at, mut path) = (beside, path.as_str());
            while let Some(rest) = path.strip_prefix("../") {
                (at, path) = (at.rsplit_once('/').map_or("", |(dir, _)| dir), rest);
            }
            join(at, path)
        }
        Place::Working(path) => {
            let program = delivered.programs.iter().find(|program| program.site == trace.site)?;
            join(&program.dir, path)
        }
    };
    let image = &delivered.image;
    let absent = image.presence(image.finished(), &dir).is_absent();
    dir.truncate(dir.trim_end_matches('/').len());
    (absent && !dir.contains("..")).then_some(dir)
}

/// True when something that is loaded or run before may make the directory.
fn is_made(facts: &Facts<'_>, delivered: &Delivered<'_>, trace: &Trace, dir: &str) -> bool {
    let name = dir.rsplit('/').next().unwrap_or(dir);
    let makes = |text: &str| text.contains(name) && (text.contains("mkdir") || text.contains("makedirs"));
    let said = |path: &str| facts.snapshot.text(path).is_ok_and(|text| makes(&text.text));
    let started = delivered.service(facts).and_then(|service| service.settings.text(Key::StartCommand));
    started.is_some_and(|(command, _)| makes(command) || command.contains(".sh"))
        || said(&trace.site.path)
        || trace.chain.modules.iter().any(|reached| said(&reached.source))
        || delivered.programs.iter().any(|program| program.words.iter().any(|word| word.contains("mkdir")))
}
