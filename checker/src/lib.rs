//! Judges from a repository's files whether its Railway deployment will come up.
//!
//! ```text
//! Tree ──▶ Snapshot ──▶ Facts ──▶ rules ──▶ findings ──▶ Report ──▶ text, Markdown, JSON, annotations
//!          snapshot.rs  facts/    rules/    finding.rs   report/
//! ```
//!
//! Facts in, findings out: no file, clock, network or environment is touched here; a [`snapshot::Tree`] hands files
//! in. To add a rule, read `rules/missing_dockerignore.rs`, one of the shortest, and copy it.

pub mod baseline;
pub mod config;
pub mod diagnose;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod fixture;
pub mod known;
pub mod live;
pub mod migrate;
pub mod report;
pub mod rule;
pub mod rules;
pub mod snapshot;
pub mod span;
mod suppress;

use baseline::Baseline;
use config::{Config, ConfigError};
use facts::Facts;
use report::Report;
use snapshot::{Day, Snapshot, Text, Tree, Trigger};

/// What the host says besides the files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The day of the check.
    pub today: Day,
    /// How the code will travel to Railway; `None` leaves it to the configuration, and then to GitHub.
    pub trigger: Option<Trigger>,
    /// A configuration given by the host, in place of the tree's own: its path and its text.
    pub config: Option<(String, String)>,
}

/// Judges `tree`. The configuration comes back with the report, because it says when the check has failed.
///
/// # Errors
/// Everything that is wrong with the configuration or the baseline.
pub fn check(tree: &dyn Tree, options: &Options) -> Result<(Report, Config), Vec<ConfigError>> {
    let mut snapshot = Snapshot::new(tree, options.today, Trigger::GitHub);
    let config = match &options.config {
        Some((path, text)) => Config::parse(&Text::decode(path, text.as_bytes())),
        None => Config::of(&snapshot),
    }?;
    snapshot.trigger = options.trigger.or(config.trigger).unwrap_or(Trigger::GitHub);
    let facts = Facts::gather(&snapshot, &config);
    let findings = rules::ALL.iter().flat_map(|rule| rule.run(&facts)).map(|finding| facts.capped(finding));
    let findings = findings.filter_map(|finding| config.adjust(finding)).collect();
    let findings = suppress::apply(&snapshot, findings);
    let report = Report::new(&facts, &config, findings, Baseline::of(&snapshot)?);
    Ok((report, config))
}
