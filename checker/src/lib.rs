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
pub mod observation;
pub mod order;
pub mod plan;
pub mod proof;
pub mod report;
pub mod rule;
pub mod rules;
pub mod snapshot;
pub mod span;
mod suppress;

use std::collections::BTreeMap;

use baseline::Baseline;
use config::{Config, ConfigError};
use facts::Facts;
use observation::Observations;
use plan::{Plan, Profile};
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
    check_observed(tree, options, None)
}

/// Judges `tree` together with what was seen when its plan was carried out.
///
/// # Errors
/// Everything that is wrong with the configuration or the baseline.
pub fn check_observed(
    tree: &dyn Tree,
    options: &Options,
    observations: Option<Observations>,
) -> Result<(Report, Config), Vec<ConfigError>> {
    let (snapshot, config) = open(tree, options)?;
    let mut facts = Facts::gather(&snapshot, &config);
    facts.observations = observations;
    let findings = facts.capped(rules::ALL.iter().flat_map(|rule| rule.run(&facts)).collect());
    let findings = findings.into_iter().filter_map(|finding| config.adjust(finding)).collect();
    let findings = suppress::apply(&snapshot, findings);
    let report = Report::new(&facts, &config, findings, Baseline::of(&snapshot)?);
    drop(facts);
    Ok((report, config))
}

/// For each root directory of a plan, the files that travel from it.
pub type Contexts = BTreeMap<String, Vec<String>>;

/// The smoke plan for `tree`: what the host is to do with Docker, and for each root directory the files that travel.
///
/// # Errors
/// Everything that is wrong with the configuration.
pub fn plan(
    tree: &dyn Tree,
    options: &Options,
    profile: Profile,
    only: &[String],
) -> Result<(Plan, Contexts), Vec<ConfigError>> {
    let (snapshot, config) = open(tree, options)?;
    let plan = plan::of(&Facts::gather(&snapshot, &config), profile, only);
    let roots = plan.services.iter().map(|service| {
        let sent = facts::build_context::sent(&snapshot, &service.root);
        (service.root.clone(), sent.into_iter().map(|entry| entry.path.clone()).collect())
    });
    let roots = roots.collect();
    Ok((plan, roots))
}

/// The frozen tree and the configuration it is judged by.
fn open<'t>(tree: &'t dyn Tree, options: &Options) -> Result<(Snapshot<'t>, Config), Vec<ConfigError>> {
    let mut snapshot = Snapshot::new(tree, options.today, Trigger::GitHub);
    let config = match &options.config {
        Some((path, text)) => Config::parse(&Text::decode(path, text.as_bytes())),
        None => Config::of(&snapshot),
    }?;
    snapshot.trigger = options.trigger.or(config.trigger).unwrap_or(Trigger::GitHub);
    Ok((snapshot, config))
}
