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
