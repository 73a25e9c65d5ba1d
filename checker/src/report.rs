//! The report: findings in order, what stayed unknown, and the verdict. Every output is a rendering of it.

pub mod annotations;
pub mod json;
pub mod markdown;
pub mod text;

use crate::finding::{Edit, Finding, Severity};
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
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// The lines it covers, at most five, each with its number.
    pub excerpt: Vec<(usize, String)>,
    /// Positions of `finding.related`, in order.
    pub related: Vec<Position>,
    /// The fix as a unified diff.
    pub diff: Option<String>,
    /// The edits of the fix, for tools.
    pub edits: Vec<Edit>,
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
    /// Settings with provenance, in reading order.
    pub settings: Vec<SettingRow>,
    /// Root directory, builder, Dockerfile and kind, each with a value or the reason it is unknown.
    pub facts: Vec<(&'static str, Result<String, String>)>,
    /// Counts by severity: errors, warnings, notes.
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
    /// One sentence: will it come up or not, and the one thing to do first.
    pub headline: String,
    /// The services.
    pub services: Vec<ServiceSummary>,
    /// Findings, worst and earliest first.
    pub findings: Vec<Reported>,
    /// How many files were looked at.
    pub files: usize,
}

impl Report {
    /// How many findings have `severity`.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|each| each.finding.severity == severity).count()
    }

    /// True when a finding is at least as bad as `threshold`.
    pub fn reaches(&self, threshold: Severity) -> bool {
        self.findings.iter().any(|each| each.finding.severity <= threshold)
    }
}
