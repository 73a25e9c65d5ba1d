//! A report read back from its JSON document, which may come from anyone: bounded, and nothing in it is trusted.

mod proof;

use serde_json::Value;

use super::{BaselineCounts, Report, Reported, ServiceSummary, Verdict, json::SCHEMA_VERSION};
use crate::finding::{Finding, Severity, Site};
use crate::rules;
use crate::snapshot::{Day, Trigger};
use crate::span::{Position, Span};

/// Most findings and services that are taken.
const ITEMS: usize = 1000;
/// Most characters of one text.
const CHARACTERS: usize = 2000;

/// Reads the document of `docs/report.schema.json`. Excerpts, fixes and settings are left behind; a rule must be one
/// of ours.
///
/// # Errors
/// Says what is missing or wrong.
pub fn read(text: &str) -> Result<Report, String> {
    let root: Value =
        serde_json::from_str(text).map_err(|error| format!("the report is not JSON: {error}"))?;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&string(&root, "schema_version")?) != major(SCHEMA_VERSION) {
        return Err("the report is of another version".into());
    }
    let name = string(&root, "verdict")?;
    let verdicts = [Verdict::WillFail, Verdict::AtRisk, Verdict::Clear, Verdict::NothingToCheck];
    let verdict =
        verdicts.into_iter().find(|verdict| verdict.name() == name).ok_or("the report has no verdict")?;
    let checked = root.get("checked").ok_or("the report says not what was checked")?;
    let mut report = Report {
        verdict,
        headline: String::new(),
        first: None,
        services: list(&root, "services")?.iter().map(service).collect::<Result<_, _>>()?,
        findings: list(&root, "findings")?.iter().map(finding).collect::<Result<_, _>>()?,
        baseline: root.get("baseline").filter(|value| value.is_object()).map(baseline).transpose()?,
        files: number(checked, "files")?,
        today: Day::parse(&string(checked, "date")?).ok_or("the report has no date")?,
        trigger: Trigger::parse(&string(checked, "trigger")?).ok_or("the report has no trigger")?,
        proof: root.get("proof").filter(|value| value.is_object()).map(proof::proof).transpose()?,
    };
    report.judge();
    if report.verdict != verdict {
        return Err("the report's verdict does not follow from its findings".into());
    }
    Ok(report)
}

fn service(value: &Value) -> Result<ServiceSummary, String> {
    Ok(ServiceSummary {
        name: string(value, "name")?,
        path: string(value, "path")?,
        line: number(value, "line")?,
        facts: Vec::new(),
        settings: Vec::new(),
        counts: [0; 3],
    })
}

fn baseline(value: &Value) -> Result<BaselineCounts, String> {
    let counts = [number(value, "error")?, number(value, "warning")?, number(value, "note")?];
    Ok(BaselineCounts { counts, stale: number(value, "stale")? })
}

fn finding(value: &Value) -> Result<Reported, String> {
    let id = string(value, "rule")?;
    let rule = rules::find(&id).ok_or("the report names a rule that does not exist")?;
    let severity = Severity::parse(&string(value, "severity")?).ok_or("a finding has no severity")?;
    let finding = Finding {
        rule: rule.id,
        severity,
        service: optional(value, "service")?,
        site: Site::new(string(value, "path")?, Span::START),
        message: string(value, "message")?,
        help: optional(value, "help")?,
        related: Vec::new(),
        fix: None,
    };
    let start = Position { line: number(value, "line")?, column: number(value, "column")? };
    let end = Position { line: number(value, "end_line")?, column: number(value, "end_column")? };
    Ok(Reported {
        finding,
        phase: rule.phase,
        start,
        end,
        excerpt: Vec::new(),
        related: Vec::new(),
        edits: Vec::new(),
        diff: None,
        suggestion: None,
        known: value.get("baseline") == Some(&Value::Bool(true)),
        fingerprint: String::new(),
    })
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], String> {
    let items =
        value.get(key).and_then(Value::as_array).ok_or_else(|| format!("the report has no list `{key}`"))?;
    Ok(&items[..items.len().min(ITEMS)])
}

fn string(value: &Value, key: &str) -> Result<String, String> {
    optional(value, key)?.ok_or_else(|| format!("the report has no `{key}`"))
}

fn optional(value: &Value, key: &str) -> Result<Option<String>, String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.chars().take(CHARACTERS).collect())),
        Some(_) => Err(format!("`{key}` is no text")),
    }
}

fn number(value: &Value, key: &str) -> Result<usize, String> {
    let number = value.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| format!("the report has no number `{key}`"))
}
