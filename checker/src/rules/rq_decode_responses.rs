//! rq with a client that turns bytes into text.

use crate::facts::Facts;
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// rq is given a Redis client that decodes responses.
    ///
    /// ## Why it matters
    /// rq stores jobs as pickled bytes. A client made with `decode_responses=True` tries to read them as UTF-8: the worker
    /// fails at its first job with `UnicodeDecodeError` or `'str' object has no attribute 'decode'`.
    ///
    /// ## What to do
    /// Give rq a client of its own without `decode_responses`; the rest of the program may keep the decoding one.
    ///
    /// ## What it cannot know
    /// Jobs that a JSON serializer stores. For a `Queue` that only adds jobs it is a warning.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {}
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// from rq import Worker
    /// conn = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    /// Worker(["default"], connection=conn).work()
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// from rq import Worker
    /// cache = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// Worker(["default"], connection=conn).work()
    /// ```
    "rq-decode-responses", Error, Run, since "0.1.0",
    sources: ["https://python-rq.org/docs/connections/"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for (_, site, message) in facts.startup(service).misuses.iter().filter(|(rule, ..)| *rule == RULE.id)
        {
            let finding = out.at(site.clone(), message.clone());
            finding.service(&service.name).help("Give rq a client without `decode_responses`");
            if message.contains("Queue") {
                finding.severity(Severity::Warning);
            }
        }
    }
}
