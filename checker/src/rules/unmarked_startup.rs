//! A worker whose log does not say how far it came.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A worker's log has no numbered stages of start-up.
    ///
    /// ## Why it matters
    /// When a deployment does not come up, the log is all there is. Lines such as `[STAGE 3/6] connecting to Redis` show in
    /// seconds which stage was reached; without them the cause is guessed from a traceback, if there is one.
    ///
    /// ## What to do
    /// Log one line with a number and the total before each stage.
    ///
    /// ## What it cannot know
    /// Texts that are composed at run time. Two lines with `1/6`-like numbers are enough.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// from rq import Worker
    /// print("starting")
    /// Worker(["default"], connection=redis.from_url(os.environ["REDIS_URL"])).work()
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import logging, os, redis
    /// from rq import Worker
    /// logger = logging.getLogger("worker")
    /// logger.info("[STAGE 1/2] connecting to %s", "Redis")
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// logger.info("[STAGE 2/2] taking jobs")
    /// Worker(["default"], connection=conn).work()
    /// ```
    ///
    /// A program that serves requests shows by its answers how far it came:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["gunicorn", "main:app"]
    /// //- main.py
    /// from flask import Flask
    /// app = Flask(__name__)
    /// ```
    "unmarked-startup", Note, Start, since "0.1.0",
    sources: ["https://docs.railway.com/observability/logs"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let Some((_, site)) = startup.work_loop().filter(|(_, site)| startup.files.contains(&site.path))
        else {
            continue;
        };
        if startup.log_texts().filter(|text| has_stage(text)).count() >= 2 {
            continue;
        }
        out.at(
            Site::file(site.path.clone()),
            "the log of this worker does not say which stage of its start-up it reached",
        )
        .service(&service.name)
        .help("Log a line such as `[STAGE 1/6] …` before each stage")
        .related(site.clone(), "the last stage: jobs are taken");
    }
}

/// True for a text with a number of a total: `3/6`, also with holes to be filled.
fn has_stage(text: &str) -> bool {
    text.match_indices('/').any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + 1..).and_then(|tail| tail.chars().next());
        let counts = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
        counts(before) && counts(after)
    })
}
