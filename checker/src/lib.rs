//! Judges from a repository's files whether its Railway deployment will come up.
//!
//! ```text
//! Tree ──▶ Snapshot ──▶ Facts ──▶ rules ──▶ findings ──▶ Report ──▶ text, Markdown, JSON, annotations
//!          snapshot.rs  facts/    rules/    finding.rs   report/
//! ```
//!
//! Facts in, findings out: no file, clock, network or environment is touched here; a [`snapshot::Tree`] hands files
//! in. To add a rule, read `rules/missing_dockerignore.rs`, one of the shortest, and copy it.

pub mod config;
pub mod facts;
pub mod finding;
pub mod fixture;
pub mod known;
pub mod report;
pub mod rule;
pub mod rules;
pub mod snapshot;
pub mod span;
mod suppress;

use config::Config;
use facts::Facts;
use report::Report;
use snapshot::{Day, Snapshot, Tree, Trigger};

/// What the host says besides the files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The day of the check.
    pub today: Day,
    /// How the code will travel to Railway.
    pub trigger: Trigger,
}

/// Judges `tree`.
pub fn check(tree: &dyn Tree, config: &Config, options: &Options) -> Report {
    let snapshot = Snapshot::new(tree, options.today, options.trigger);
    let facts = Facts::gather(&snapshot, config);
    let findings = rules::ALL.iter().flat_map(|rule| rule.run(&facts)).collect();
    Report::new(&facts, suppress::apply(&snapshot, findings))
}
