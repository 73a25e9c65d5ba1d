//! BullMQ with a client that gives up.

use crate::facts::Facts;
use crate::facts::javascript_source::with_option;
use crate::finding::{Edit, Findings, Fix, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// BullMQ's `Worker` is given an ioredis client without `maxRetriesPerRequest: null`.
    ///
    /// ## Why it matters
    /// A worker waits in a blocking command, which ioredis abandons after 20 retries by default. BullMQ refuses such a
    /// client when the worker is made: `BullMQ: Your redis options maxRetriesPerRequest must be null`.
    ///
    /// ## What to do
    /// Make the client with `maxRetriesPerRequest: null`, or hand BullMQ plain options and let it make its own.
    ///
    /// ## What it cannot know
    /// Options that are computed. BullMQ before version 5 only warned, so it is an error when `package.json` asks for 5 or
    /// later. A `Queue` that only adds jobs is never reported.
    ///
    /// ```repo,fires
    /// //- railway.json
    /// {}
    /// //- package.json
    /// {"dependencies": {"bullmq": "^5.34.0"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "worker.js"]
    /// //- worker.js
    /// const { Worker } = require("bullmq");
    /// const IORedis = require("ioredis");
    /// const connection = new IORedis(process.env.REDIS_URL);
    /// new Worker("jobs", async () => {}, { connection });
    /// ```
    ///
    /// ```repo,passes
    /// //- package.json
    /// {"dependencies": {"bullmq": "^5.34.0"}}
    /// //- Dockerfile
    /// FROM node:24
    /// COPY . .
    /// CMD ["node", "worker.js"]
    /// //- worker.js
    /// const { Queue, Worker } = require("bullmq");
    /// const IORedis = require("ioredis");
    /// const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
    /// new Worker("jobs", async () => {}, { connection });
    /// new Queue("other", { connection: new IORedis(process.env.REDIS_URL) });
    /// new Worker("plain", async () => {}, { connection: { url: process.env.REDIS_URL } });
    /// ```
    "bullmq-max-retries", Error, Start, since "0.1.0",
    sources: ["https://docs.bullmq.io/guide/connections", "https://docs.railway.com/guides/bullmq"]
}

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for service in &facts.services {
        for (_, site, message) in facts.startup(service).misuses.iter().filter(|(rule, ..)| *rule == RULE.id)
        {
            let finding = out.at(site.clone(), message.clone());
            finding.service(&service.name).help("Add `maxRetriesPerRequest: null` to the client's options");
            if let Some(edit) = option_edit(facts, site, "maxRetriesPerRequest: null") {
                finding.fix(Fix { title: "Never give a command up".into(), edits: vec![edit] });
            }
            if !refuses(facts, site) {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The edit that adds `option` to the call at `site`.
pub(super) fn option_edit(facts: &Facts<'_>, site: &Site, option: &str) -> Option<Edit> {
    let text = facts.snapshot.text(&site.path).ok()?;
    let (at, added) = with_option(site.span.of(&text.text), option)?;
    let start = site.span.start + at;
    Some(Edit { site: Site::new(site.path.clone(), Span::new(start, start)), text: added })
}

/// True when the nearest `package.json` asks for BullMQ 5 or later.
fn refuses(facts: &Facts<'_>, site: &Site) -> bool {
    let mut dir = site.path.as_str();
    while !dir.is_empty() {
        dir = dir.rsplit_once('/').map_or("", |(dir, _)| dir);
        let path = if dir.is_empty() { "package.json".to_owned() } else { format!("{dir}/package.json") };
        let Ok(text) = facts.snapshot.text(&path) else { continue };
        let Some((_, rest)) = text.text.split_once("\"bullmq\"") else { continue };
        let version =
            rest.split('"').nth(1).unwrap_or_default().trim_start_matches(['^', '~', '>', '=', 'v', ' ']);
        return version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .is_some_and(|major: u32| major >= 5);
    }
    false
}
