//! A variable that Railway's Redis no longer has.

use crate::facts::Facts;
use crate::finding::{Findings, Fix, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The program reads `REDIS_PRIVATE_URL`, which Railway's Redis no longer offers.
    ///
    /// ## Why it matters
    /// Older templates had it beside `REDIS_URL`. Today `REDIS_URL` is the private address and `REDIS_PUBLIC_URL` the public
    /// one; a reference to the old name resolves to nothing.
    ///
    /// ## What to do
    /// Read `REDIS_URL`.
    ///
    /// ## What it cannot know
    /// A service from an old template, or a variable of that name set by hand. Nothing is reported where the program reads
    /// `REDIS_URL` too, as a fallback.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.environ["REDIS_PRIVATE_URL"])
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM python:3.12
    /// COPY . .
    /// CMD ["python", "main.py"]
    /// //- main.py
    /// import os, redis
    /// redis.from_url(os.getenv("REDIS_PRIVATE_URL") or os.environ["REDIS_URL"])
    /// ```
    "redis-private-url-legacy", Warning, Start, since "0.1.0",
    sources: ["https://docs.railway.com/databases/redis", "https://github.com/kortix-ai/suna/pull/2070"]
}

const LEGACY: &str = "REDIS_PRIVATE_URL";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        let named = |name: &str| startup.variables.iter().any(|read| read.name == name);
        let set = service.variables.as_ref().is_some_and(|names| names.iter().any(|name| name == LEGACY));
        if named("REDIS_URL") || set {
            continue;
        }
        for read in startup.variables.iter().filter(|read| read.name == LEGACY) {
            let finding = out.at(
                read.site.clone(),
                "Railway's Redis has no `REDIS_PRIVATE_URL`; its private address is `REDIS_URL`",
            );
            finding.service(&service.name).help("Read `REDIS_URL`");
            let Ok(text) = facts.snapshot.text(&read.site.path) else { continue };
            let place = super::apt_package_gone::place(&text.text, read.site.span, LEGACY);
            if place != read.site.span {
                finding.fix(Fix::edit(
                    "Read REDIS_URL",
                    Site::new(read.site.path.clone(), place),
                    "REDIS_URL",
                ));
            }
        }
    }
}
