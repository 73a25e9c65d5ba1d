//! ioredis on a network that has only IPv6.

use crate::facts::Facts;
use crate::facts::startup::Address;
use crate::finding::{Findings, Fix, Severity};
use crate::rule::declare_rule;

declare_rule! {
    /// An ioredis client does not ask for both address families.
    ///
    /// ## Why it matters
    /// ioredis looks names up for IPv4 only. In environments that Railway created before 16 October 2025 the private network
    /// has IPv6 addresses only, and the client fails with `getaddrinfo ENOTFOUND redis.railway.internal`.
    ///
    /// ## What to do
    /// Add `?family=0` to the URL or `family: 0` to the options.
    ///
    /// ## What it cannot know
    /// When the environment was created; later ones have both families. So it is a note, and a warning only where a private
    /// name is written in the source.
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const Redis = require("ioredis");
    /// const redis = new Redis(process.env.REDIS_URL);
    /// ```
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const Redis = require("ioredis");
    /// const redis = new Redis(process.env.REDIS_URL, { family: 0 });
    /// const other = new Redis(`${process.env.REDIS_URL}?family=0`);
    /// ```
    ///
    /// Other clients are not affected:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const { createClient } = require("redis");
    /// createClient({ url: process.env.REDIS_URL });
    /// ```
    ///
    /// `family: 4` asks for what is the default:
    ///
    /// ```repo,fires,note
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "index.js"]
    /// //- index.js
    /// const Redis = require("ioredis");
    /// const redis = new Redis(process.env.REDIS_URL, { family: 4 });
    /// ```
    "redis-ioredis-family", Note, Start, since "0.1.0",
    sources: [
        "https://docs.railway.com/databases/troubleshooting/enotfound-redis-railway-internal",
        "https://docs.railway.com/networking/private-networking/library-configuration",
    ]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        let startup = facts.startup(service);
        for client in startup
            .clients
            .iter()
            .filter(|client| client.library == "ioredis" && matches!(client.family, None | Some(4)))
        {
            let severity = match &client.address {
                Address::Literal(text, _) | Address::Default(_, text, _)
                    if text.contains(".railway.internal") =>
                {
                    Severity::Warning
                }
                Address::Literal(..) => continue,
                _ => Severity::Note,
            };
            let finding = out.at(
                client.site.clone(),
                "ioredis looks up IPv4 addresses only, which older Railway environments lack",
            );
            finding
                .severity(severity)
                .service(&service.name)
                .help("Add `family: 0` to the options, or `?family=0` to the URL");
            let edit = super::bullmq_max_retries::option_edit(facts, &client.site, "family: 0");
            if let Some(edit) = edit.filter(|_| client.family.is_none()) {
                finding.fix(Fix { title: "Look up both kinds of addresses".into(), edits: vec![edit] });
            }
        }
    }
}
