//! A program without the address of its Redis.

use crate::facts::Facts;
use crate::finding::Findings;
use crate::rule::declare_rule;

declare_rule! {
    /// The program needs the address of Redis, and the service has no variable that holds it.
    ///
    /// ## Why it matters
    /// A Redis service in the same project is not enough: its address reaches another service only through a reference
    /// variable. Without one the program raises `KeyError: 'REDIS_URL'` and ends.
    ///
    /// ## What to do
    /// Set `REDIS_URL` to `${{Redis.REDIS_URL}}`; in `.railway/railway.ts` write `REDIS_URL: redis.env.REDIS_URL`.
    ///
    /// ## What it cannot know
    /// The variables in the dashboard. It speaks only where `.railway/railway.ts` declares the service wholly, or
    /// `.github/preflight.toml` lists the variables that are set; for that list it is a warning.
    ///
    /// ```repo,fires
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const jobs = service("jobs", { start: "python main.py" });
    /// export default defineRailway(() => project("p", { resources: [redis("Redis"), jobs] }));
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- .github/preflight.toml
    /// [services.jobs]
    /// variables = ["DATABASE_URL"]
    /// start-command = "python main.py"
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// ```
    ///
    /// ```repo,passes
    /// //- .railway/railway.ts
    /// import { defineRailway, project, redis, service } from "railway/iac";
    /// const queue = redis("Redis");
    /// const jobs = service("jobs", { start: "python main.py", env: { REDIS_URL: queue.env.REDIS_URL } });
    /// export default defineRailway(() => project("p", { resources: [queue, jobs] }));
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.environ["REDIS_URL"]).ping()
    /// ```
    "redis-url-missing", Error, Start, since "0.2.0",
    sources: ["https://docs.railway.com/databases/redis", "https://docs.railway.com/variables/reference"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for (read, severity) in super::var_required_missing::missing(facts, service) {
            if !super::var_required_missing::is_redis(&read.name) {
                continue;
            }
            let message = format!("the program needs `{}`, and the service does not have it", read.name);
            out.at(read.site.clone(), message)
                .service(&service.name)
                .severity(severity)
                .help(format!("Set `{}` to `${{{{Redis.REDIS_URL}}}}`", read.name));
        }
    }
}
