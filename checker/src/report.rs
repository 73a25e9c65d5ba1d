//! The report: findings in order, what stayed unknown, and the verdict. Every output is a rendering of it.

pub mod annotations;
mod build;
pub mod diagnosis;
pub mod diff;
mod escape;
pub mod html;
pub mod json;
pub mod live;
pub mod markdown;
pub mod migration;
pub mod outcome;
mod proof;
pub mod read;
pub mod sarif;
pub mod suggestion;
pub mod text;

use crate::finding::{Finding, Severity};
use crate::rule::Phase;
use crate::snapshot::{Day, Trigger};
use crate::span::Position;

/// What a person wants to know first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// At least one error: the deployment will not come up.
    WillFail,
    /// Warnings only.
    AtRisk,
    /// Nothing above a note.
    Clear,
    /// Nothing in the tree says how Railway would deploy it.
    NothingToCheck,
}

impl Verdict {
    /// Its name in JSON and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::WillFail => "will-fail",
            Self::AtRisk => "at-risk",
            Self::Clear => "clear",
            Self::NothingToCheck => "nothing-to-check",
        }
    }
}

/// A finding with everything a rendering needs, so that no rendering reads files.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The finding.
    pub finding: Finding,
    /// When in a deployment it shows.
    pub phase: Phase,
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// The lines it covers, at most five, each with its number.
    pub excerpt: Vec<(usize, String)>,
    /// Positions of `finding.related`, in order.
    pub related: Vec<Position>,
    /// Positions of the edits of `finding.fix`, in order: where each begins and ends.
    pub edits: Vec<(Position, Position)>,
    /// The fix as a unified diff.
    pub diff: Option<String>,
    /// The fix as whole lines of one file.
    pub suggestion: Option<suggestion::Suggestion>,
    /// True when the baseline holds it: it is counted apart and fails nothing.
    pub known: bool,
    /// Sixteen hexadecimal digits that stay the same while the finding's line moves.
    pub fingerprint: String,
}

/// What the baseline holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaselineCounts {
    /// Findings that it accepts: errors, warnings, notes.
    pub counts: [usize; 3],
    /// Entries that accept nothing any more.
    pub stale: usize,
}

/// One service as the report shows it.
#[derive(Debug, Clone)]
pub struct ServiceSummary {
    /// Its name.
    pub name: String,
    /// Where it was found.
    pub path: String,
    /// One-based line of that place.
    pub line: usize,
    /// What is known of it: (name, value, or the reason it is unknown).
    pub facts: Vec<(&'static str, Result<String, String>)>,
    /// Settings with provenance, in reading order.
    pub settings: Vec<SettingRow>,
    /// Counts of new findings by severity: errors, warnings, notes.
    pub counts: [usize; 3],
}

/// One effective setting.
#[derive(Debug, Clone)]
pub struct SettingRow {
    /// Key as in `railway.json`.
    pub key: String,
    /// Environment of an override; `None` is the base.
    pub environment: Option<String>,
    /// Value as compact JSON, or the reason it is unknown.
    pub value: Result<String, String>,
    /// File.
    pub path: String,
    /// One-based line.
    pub line: usize,
    /// Whether it survives 2026-12-01.
    pub survives: bool,
}

/// Everything there is to say.
#[derive(Debug, Clone)]
pub struct Report {
    /// The judgement.
    pub verdict: Verdict,
    /// One sentence: will it come up or not.
    pub headline: String,
    /// The one thing to do first, with its place.
    pub first: Option<String>,
    /// The services.
    pub services: Vec<ServiceSummary>,
    /// Findings, worst and earliest first.
    pub findings: Vec<Reported>,
    /// What the baseline accepts; `None` without one.
    pub baseline: Option<BaselineCounts>,
    /// How many files were looked at.
    pub files: usize,
    /// The day of the check.
    pub today: Day,
    /// How the code would travel.
    pub trigger: Trigger,
    /// What was proved in Docker; `None` when nothing was tried.
    pub proof: Option<crate::proof::Proof>,
}

impl Report {
    /// Findings that no baseline accepts; verdict, counts and failure are about them.
    pub fn fresh(&self) -> impl Iterator<Item = &Reported> {
        self.findings.iter().filter(|each| !each.known)
    }

    /// How many new findings have `severity`.
    pub fn count(&self, severity: Severity) -> usize {
        self.fresh().filter(|each| each.finding.severity == severity).count()
    }

    /// New errors, warnings and notes.
    pub fn counts(&self) -> [usize; 3] {
        [Severity::Error, Severity::Warning, Severity::Note].map(|severity| self.count(severity))
    }

    /// True when a new finding is at least as bad as `threshold`.
    pub fn reaches(&self, threshold: Severity) -> bool {
        self.fresh().any(|each| each.finding.severity <= threshold)
    }
}
