//! Retries that end before Redis is up.

use crate::facts::Facts;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program tries Redis again, but gives up before a usual cold start is over.
    ///
    /// ## Why it matters
    /// A Redis that starts beside the service, or moves to another host, is away for tens of seconds. A budget below that
    /// turns the retry into a slower crash, which costs one of the 10 restarts Railway makes by default.
    ///
    /// ## What to do
    /// Let the waits add up to a minute or more: five waits of 2, 4, 8, 16 and 32 seconds are 62 seconds.
    ///
    /// ## What it cannot know
    /// The time that each attempt itself takes, and waits that are computed from something unknown (they count as one
    /// second). Below 30 seconds it is a warning, below 60 a note.
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, sys, time, redis
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// for attempt in range(5):
    ///     try:
    ///         conn.ping()
    ///         break
    ///     except redis.ConnectionError:
    ///         time.sleep(2)
    /// else:
    ///     sys.exit(1)
    /// ```
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// from tenacity import retry, stop_after_attempt, wait_fixed
    /// @retry(stop=stop_after_attempt(10), wait=wait_fixed(5))
    /// def connect():
    ///     redis.from_url(os.environ["REDIS_URL"]).ping()
    /// connect()
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, sys, time, redis
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// for attempt in range(1, 6):
    ///     try:
    ///         conn.ping()
    ///         break
    ///     except redis.ConnectionError:
    ///         time.sleep(2 ** attempt)
    /// else:
    ///     sys.exit(1)
    /// ```
    ///
    /// No retry at all is another rule's, and one without an end has no budget:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// ```
    "redis-retry-budget", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/deployments/restart-policy"]
}

/// Seconds a cold start of Redis may take: the wait that five doublings from 2 s reach.
const COLD_START: f64 = 60.0;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let Some(outage) = facts.startup(service).outage() else { continue };
        let Some(seconds) = outage.seconds.filter(|seconds| *seconds < COLD_START) else { continue };
        if !outage.ends || (outage.attempts <= 1 && seconds < super::redis_no_retry::RETRY_SECONDS) {
            continue;
        }
        let message = format!(
            "the program gives Redis up after {seconds:.0} seconds of waiting; a cold start often takes longer"
        );
        let finding = out.at(outage.site.clone(), message);
        finding.service(&service.name).help("Let the waits add up to a minute or more");
        if seconds >= COLD_START / 2.0 {
            finding.severity(Severity::Note);
        }
        if let Some(end) = outage.end.filter(|end| *end != outage.site) {
            finding.related(end, "here the process ends");
        }
    }
}
