//! One refused connection ends the program.

use crate::facts::Facts;
use crate::facts::service::Service;
use crate::facts::settings::{Key, Value};
use crate::facts::startup::{End, Outage, Startup};
use crate::finding::{Findings, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// The program ends when its first connection to Redis fails.
    ///
    /// ## Why it matters
    /// Railway starts services side by side: nothing makes Redis come up first on a push or a redeploy. A program that
    /// exits after one refused connection is restarted at most 10 times by default; quick exits use them up in about
    /// fifteen seconds, and then the deployment is `CRASHED` although Redis answers a moment later.
    ///
    /// ## What to do
    /// Try again with growing waits that last a minute or more, and start the health server before the first attempt.
    ///
    /// ## What it cannot know
    /// Whether Redis happens to be up already. It is an error only when every course of the program was followed to its
    /// end, nothing answers HTTP before, and either the program is a worker that itself decides to exit or the files set
    /// a health path; it is a warning where a library's exception ends it or where some course is not known to end.
    /// redis-py from version 6 makes three quick attempts of its own, which wait a few seconds.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, sys, redis
    /// from rq import Queue, Worker
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// try:
    ///     conn.ping()
    /// except redis.ConnectionError:
    ///     sys.exit(1)
    /// Worker([Queue("default", connection=conn)], connection=conn).work()
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// import { createClient } from "redis";
    /// await createClient({ url: process.env.REDIS_URL }).connect();
    /// ```
    ///
    /// A loop, also one in a function of another module or in a decorator, is a retry:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// from connection import connect
    /// connect()
    /// //- connection.py
    /// import os, time, redis
    /// def connect():
    ///     conn = redis.from_url(os.environ["REDIS_URL"])
    ///     while True:
    ///         try:
    ///             conn.ping()
    ///             return conn
    ///         except redis.RedisError:
    ///             time.sleep(5)
    /// ```
    ///
    /// Making a client does not connect, and a failure that is only logged ends nothing:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis, time
    /// conn = redis.from_url(os.environ["REDIS_URL"])
    /// try:
    ///     conn.ping()
    /// except Exception as error:
    ///     print("redis is away", error)
    /// while True:
    ///     time.sleep(60)
    /// ```
    /// BullMQ waits for its connection and tries again for ever:
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health", "startCommand": "node index.js"}}
    /// //- package.json
    /// {"dependencies": {"bullmq": "^5.34.0"}}
    /// //- index.js
    /// import { Queue, Worker } from "bullmq";
    /// const connection = { url: process.env.REDIS_URL };
    /// const queue = new Queue("reports", { connection });
    /// new Worker("reports", async () => {}, { connection });
    /// void queue.upsertJobScheduler("daily", { pattern: "0 7 * * *" }, { name: "report" });
    /// await queue.add("first", {});
    /// ```
    "redis-no-retry", Error, Start, since "0.1.0",
    sources: [
        "https://docs.railway.com/deployments/restart-policy",
        "https://docs.railway.com/deployments/deployment-actions",
    ]
}

/// Waiting that counts as a retry, even when a library makes it out of sight: ioredis tries for 10.5 s by default.
pub(super) const RETRY_SECONDS: f64 = 5.0;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let Some(outage) = startup.outage() else { continue };
        let retries = outage.attempts > 1 || outage.seconds.is_none_or(|seconds| seconds >= RETRY_SECONDS);
        if outage.seconds.is_none() || retries {
            continue;
        }
        let certain = outage.ends && outage.listens_never_first && decides(&startup, &outage, service);
        let message = if outage.ends {
            "one refused connection to Redis ends the program: it is restarted 10 times at most, then the deployment has crashed"
        } else {
            "one refused connection to Redis may end the program, and no further attempt is made"
        };
        let finding = out.at(outage.site.clone(), message);
        finding
            .service(&service.name)
            .help("Try again with growing waits for a minute or more before giving up");
        if !certain {
            finding.severity(Severity::Warning);
        }
        if let Some(end) = outage.end.filter(|end| *end != outage.site) {
            finding.related(end, "here the process ends");
        }
    }
}

/// True when the program itself gives up for good, or a probe is waiting for it.
fn decides(startup: &Startup, outage: &Outage, service: &Service) -> bool {
    let exits = startup.down.iter().any(|course| {
        matches!(&course.end, End::Exit(status, site)
        if *status != Some(0) && outage.end.as_ref() == Some(site))
    });
    (exits && startup.work_loop().is_some()) || probed(service)
}

/// True when some file sets a health path.
pub(super) fn probed(service: &Service) -> bool {
    service
        .settings
        .every(Key::HealthcheckPath)
        .any(|setting| setting.value.yes().and_then(Value::text).is_some_and(|path| !path.is_empty()))
}
