//! The report as JSON: the document that `docs/report.schema.json` describes.

use serde::Serialize;
use serde_json::{Value, json};

use super::{BaselineCounts, Report, Reported, ServiceSummary};
use crate::finding::Severity;

/// Version of the document's shape; a change that could break a reader raises the first number.
pub const SCHEMA_VERSION: &str = "1.1";

/// The whole document.
#[derive(Debug, Serialize)]
struct Document<'r> {
    schema_version: &'static str,
    verdict: &'static str,
    headline: &'r str,
    first: Option<&'r str>,
    checked: Checked,
    counts: Counts,
    baseline: Option<Value>,
    services: Vec<Value>,
    findings: Vec<Item<'r>>,
    proof: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Checked {
    files: usize,
    trigger: &'static str,
    date: String,
    preflight: &'static str,
}

#[derive(Debug, Serialize)]
struct Counts {
    error: usize,
    warning: usize,
    note: usize,
}

#[derive(Debug, Serialize)]
struct Item<'r> {
    rule: &'static str,
    severity: Severity,
    phase: &'static str,
    service: Option<&'r str>,
    path: &'r str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'r str,
    help: Option<&'r str>,
    related: Vec<Value>,
    fix: Option<Value>,
    fingerprint: &'r str,
    baseline: bool,
}

/// The report as a JSON value.
pub fn document(report: &Report) -> Value {
    let [error, warning, note] = report.counts();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        verdict: report.verdict.name(),
        headline: &report.headline,
        first: report.first.as_deref(),
        checked: Checked {
            files: report.files,
            trigger: report.trigger.name(),
            date: report.today.to_string(),
            preflight: env!("CARGO_PKG_VERSION"),
        },
        counts: Counts { error, warning, note },
        baseline: report.baseline.map(baseline),
        services: report.services.iter().map(service).collect(),
        findings: report.findings.iter().map(item).collect(),
        proof: report.proof.as_ref().map(super::proof::document),
    };
    serde_json::to_value(document).unwrap_or(Value::Null)
}

/// The report as indented JSON text with a final newline.
pub fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&document(report)).unwrap_or_default();
    text.push('\n');
    text
}

fn baseline(known: BaselineCounts) -> Value {
    let [error, warning, note] = known.counts;
    json!({ "error": error, "warning": warning, "note": note, "stale": known.stale })
}

fn service(service: &ServiceSummary) -> Value {
    let known = |value: &Result<String, String>| match value {
        Ok(value) => json!({ "known": true, "value": value }),
        Err(reason) => json!({ "known": false, "reason": reason }),
    };
    let facts: serde_json::Map<String, Value> =
        service.facts.iter().map(|(name, value)| ((*name).to_owned(), known(value))).collect();
    let settings: Vec<Value> = service
        .settings
        .iter()
        .map(|row| {
            let (value, unknown) = match &row.value {
                Ok(value) => (serde_json::from_str(value).unwrap_or(Value::Null), None),
                Err(reason) => (Value::Null, Some(reason)),
            };
            json!({
                "key": row.key, "environment": row.environment, "value": value, "unknown": unknown,
                "path": row.path, "line": row.line, "survives_cut_off": row.survives,
            })
        })
        .collect();
    let [error, warning, note] = service.counts;
    json!({
        "name": service.name, "path": service.path, "line": service.line, "facts": facts, "settings": settings,
        "counts": { "error": error, "warning": warning, "note": note },
    })
}

fn item(each: &Reported) -> Item<'_> {
    let finding = &each.finding;
    let related = finding.related.iter().zip(&each.related).map(|(related, at)| {
        json!({ "path": related.site.path, "line": at.line, "column": at.column, "message": related.message })
    });
    let fix = finding.fix.as_ref().map(|fix| {
        let edits: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| json!({
                "path": edit.site.path, "start": edit.site.span.start, "end": edit.site.span.end, "text": edit.text,
            }))
            .collect();
        json!({ "title": fix.title, "edits": edits, "diff": each.diff })
    });
    Item {
        rule: finding.rule,
        severity: finding.severity,
        phase: each.phase.name(),
        service: finding.service.as_deref(),
        path: &finding.site.path,
        line: each.start.line,
        column: each.start.column,
        end_line: each.end.line,
        end_column: each.end.column,
        message: &finding.message,
        help: finding.help.as_deref(),
        related: related.collect(),
        fix,
        fingerprint: &each.fingerprint,
        baseline: each.known,
    }
}
