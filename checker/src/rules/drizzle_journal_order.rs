//! Migrations of Drizzle that are older than the one before them.

use crate::facts::Facts;
use crate::facts::document::{Node, NodeKind};
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// A migration of Drizzle has an earlier time than one before it, so that a database that has that one never gets it.
    ///
    /// ## Why it matters
    /// Drizzle's migrator compares times, not names: it runs what is newer than the newest migration that the database knows
    /// and passes over the rest without a word. The next migration, or the program, then ends with `relation "…" does not
    /// exist` or `column … does not exist` on the deployed database, while an empty one takes them all. It comes of branches
    /// that are merged late, of times written by hand, and of a clock that is ahead.
    ///
    /// ## What to do
    /// Raise `when` of the later entries in `meta/_journal.json` above the earlier ones.
    ///
    /// ## What it cannot know
    /// Which migrations your database has: where it has all of them already, the order does no harm. So it is a warning.
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"startCommand": "node index.js"}}
    /// //- drizzle/meta/_journal.json
    /// {"version": "7", "dialect": "postgresql", "entries": [
    ///   {"idx": 0, "when": 1785905780049, "tag": "0000_users"},
    ///   {"idx": 1, "when": 1785805780049, "tag": "0001_orders"}
    /// ]}
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"startCommand": "node index.js"}}
    /// //- drizzle/meta/_journal.json
    /// {"version": "7", "dialect": "postgresql", "entries": [
    ///   {"idx": 0, "when": 1785805780049, "tag": "0000_users"},
    ///   {"idx": 1, "when": 1785905780049, "tag": "0001_orders"}
    /// ]}
    /// ```
    "drizzle-journal-order", Warning, Start, since "0.3.0",
    sources: ["https://orm.drizzle.team/docs/migrations", "https://github.com/drizzle-team/drizzle-orm/issues/5316"]
}

/// Entries at the end that are judged; what is older has most likely been seen to.
const RECENT: usize = 5;

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let journals = facts.snapshot.entries().iter().filter(|entry| entry.path.ends_with("meta/_journal.json"));
    for entry in journals.filter(|_| !facts.services.is_empty()) {
        let Some(journal) = facts.config_document(&entry.path) else { continue };
        let mut newest: Option<(i64, &str)> = None;
        let mut last = None;
        let entries = journal.get("entries").map_or(&[][..], Node::items);
        for (at, each) in entries.iter().enumerate() {
            let (Some(when), Some(tag)) = (each.get("when"), each.get("tag").and_then(Node::text)) else {
                break;
            };
            let NodeKind::Integer(time) = when.kind else { break };
            match newest.filter(|(newest, _)| time <= *newest) {
                Some((_, before)) => last = Some((at, when.span, tag, before)),
                None => newest = Some((time, tag)),
            }
        }
        let recent = last.filter(|(at, ..)| at + RECENT >= entries.len());
        let Some((_, span, tag, before)) = recent else { continue };
        let message =
            format!("`{tag}` is not newer than `{before}`, so a database that has that one never gets it");
        out.at(Site::new(entry.path.clone(), span), message)
            .help(format!("Raise `when` of `{tag}` above that of `{before}`"));
    }
}
