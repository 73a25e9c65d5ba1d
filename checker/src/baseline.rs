//! The baseline: findings that an old repository has accepted, so that a check fails on new ones only.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

use crate::config::ConfigError;
use crate::facts::document::{self, Node, NodeKind};
use crate::finding::{Finding, Findings, Severity, Site};
use crate::report::{Report, Reported};
use crate::rules::baseline_stale;
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

/// Where the baseline is kept.
pub const PATH: &str = ".github/preflight-baseline.json";
const VERSION: &str = "1";

/// The baseline of a tree.
#[derive(Debug)]
pub(crate) struct Baseline {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    rule: String,
    path: String,
    severity: Severity,
    span: Span,
}

impl Baseline {
    /// Reads the file at [`PATH`], when there is one.
    pub(crate) fn of(snapshot: &Snapshot<'_>) -> Result<Option<Self>, Vec<ConfigError>> {
        match snapshot.text(PATH) {
            Ok(text) => parse(&text).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Marks the findings that the baseline holds, unless one has become worse; a finding for every entry that holds
    /// nothing any more.
    pub(crate) fn mark(mut self, findings: &mut [Reported]) -> Vec<Finding> {
        for each in findings {
            let fits = |entry: &Entry| entry.rule == each.finding.rule;
            if self.entries.get(&each.fingerprint).is_some_and(fits)
                && let Some(entry) = self.entries.remove(&each.fingerprint)
            {
                each.known = entry.severity <= each.finding.severity;
            }
        }
        let mut stale = Findings::new(baseline_stale::RULE.id, baseline_stale::RULE.severity);
        for entry in self.entries.values() {
            let message = format!("`{}` is not found in {} any more", entry.rule, entry.path);
            stale
                .at(Site::new(PATH, entry.span), message)
                .help("Run `preflight baseline` again, and commit the file");
        }
        stale.into_vec()
    }
}

/// The baseline that holds every finding of `report`, one a line, so that changes merge well.
pub fn render(report: &Report) -> String {
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .filter(|each| each.finding.rule != baseline_stale::RULE.id)
        .map(|each| {
            let entry = serde_json::json!({
                "path": each.finding.site.path,
                "rule": each.finding.rule,
                "severity": each.finding.severity,
                "fingerprint": each.fingerprint,
            });
            format!("    {entry}")
        })
        .collect();
    lines.sort();
    let mut out = String::new();
    let body = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
    let _ = write!(out, "{{\n  \"version\": \"{VERSION}\",\n  \"findings\": [{body}]\n}}\n");
    out
}

fn parse(text: &Rc<Text>) -> Result<Baseline, Vec<ConfigError>> {
    let wrong = |span: Span, message: &str| {
        let at = text.position(span.start);
        let message = format!("{}:{}:{}: {message}", text.path, at.line, at.column);
        vec![ConfigError { message }]
    };
    let root = document::json(&text.text).map_err(|error| wrong(error.span, &error.value))?;
    if root.get("version").and_then(Node::text) != Some(VERSION) {
        return Err(wrong(root.span, "this is no baseline of version 1: run `preflight baseline` again"));
    }
    let list = root.get("findings").filter(|node| matches!(node.kind, NodeKind::List(_)));
    let list = list.ok_or_else(|| wrong(root.span, "a baseline has a list `findings`"))?;
    let mut entries = BTreeMap::new();
    for item in list.items() {
        let (fingerprint, entry) = entry(item).ok_or_else(|| {
            wrong(item.span, "an entry of a baseline has `path`, `rule`, `severity` and `fingerprint`")
        })?;
        entries.insert(fingerprint, entry);
    }
    Ok(Baseline { entries })
}

fn entry(item: &Node) -> Option<(String, Entry)> {
    let word = |key: &str| item.get(key)?.text().map(str::to_owned);
    let severity = Severity::parse(&word("severity")?)?;
    let entry = Entry { rule: word("rule")?, path: word("path")?, severity, span: item.span };
    Some((word("fingerprint")?, entry))
}
