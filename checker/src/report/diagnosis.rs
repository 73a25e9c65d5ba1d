//! A diagnosis as text, JSON and Markdown.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;
use crate::diagnose::{Diagnosis, Verdict};

/// For a terminal or a log.
pub fn text(diagnosis: &Diagnosis) -> String {
    let mark = match diagnosis.verdict {
        Verdict::Found(_) => "✗",
        Verdict::Unknown => "?",
        Verdict::Healthy => "✓",
    };
    let mut out = format!("{mark} {}  [{}]\n", escape::printable(&diagnosis.title), diagnosis.id());
    let width = diagnosis.evidence.last().map_or(1, |line| line.number.to_string().len());
    for line in &diagnosis.evidence {
        let shown = escape::shortened(&escape::printable(&line.text), 400);
        let _ = writeln!(out, "{:>width$} | {shown}", line.number);
    }
    if let Some(fix) = diagnosis.fix() {
        let _ = writeln!(out, "  fix: {fix}");
    }
    if let Some(rule) = diagnosis.rule() {
        let _ = writeln!(out, "  rule: {rule}, which finds this before the merge");
    }
    for (cause, line) in &diagnosis.also {
        let _ = writeln!(out, "  also in the log, line {}: {}", line.number, cause.titled(None));
    }
    for (name, value) in &diagnosis.context {
        let _ = writeln!(out, "  {name}: {}", escape::printable(value));
    }
    out
}

/// The diagnosis as a JSON value.
pub fn document(diagnosis: &Diagnosis) -> Value {
    let lines = |lines: &[crate::diagnose::Evidence]| -> Vec<Value> {
        lines.iter().map(|line| json!({ "line": line.number, "text": line.text })).collect()
    };
    let also = diagnosis.also.iter().map(|(cause, line)| json!({ "cause": cause.id, "line": line.number }));
    let context = diagnosis.context.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "schema_version": "1.0",
        "cause": diagnosis.id(),
        "title": diagnosis.title,
        "fix": diagnosis.fix(),
        "rule": diagnosis.rule(),
        "evidence": lines(&diagnosis.evidence),
        "also": also.collect::<Vec<_>>(),
        "context": context.collect::<Vec<_>>(),
        "lines": diagnosis.lines,
    })
}

/// The diagnosis as indented JSON text.
pub fn json(diagnosis: &Diagnosis) -> String {
    let mut text = serde_json::to_string_pretty(&document(diagnosis)).unwrap_or_default();
    text.push('\n');
    text
}

/// For a summary or a comment.
pub fn markdown(diagnosis: &Diagnosis, rules_base: Option<&str>) -> String {
    let mut out = format!("**{}**\n\n", escape::prose(&diagnosis.title));
    if !diagnosis.evidence.is_empty() {
        let lines: Vec<String> = diagnosis
            .evidence
            .iter()
            .map(|line| format!("{:>5} | {}", line.number, escape::shortened(&line.text, 400)))
            .collect();
        out.push_str(&escape::fenced("text", &lines.join("\n")));
        out.push('\n');
    }
    if let Some(fix) = diagnosis.fix() {
        let _ = writeln!(out, "**Fix:** {}.", escape::prose(fix));
    }
    if let Some(rule) = diagnosis.rule() {
        let shown =
            rules_base.map_or_else(|| escape::code(rule), |base| format!("[{rule}]({base}{rule}.md)"));
        let _ = writeln!(out, "**Rule:** {shown} finds this before the merge.");
    }
    let also: Vec<String> = diagnosis
        .also
        .iter()
        .map(|(cause, line)| format!("{} (line {})", escape::code(cause.id), line.number))
        .collect();
    if !also.is_empty() {
        let _ = writeln!(out, "**Also in the log:** {}.", also.join(", "));
    }
    for (name, value) in &diagnosis.context {
        let _ = writeln!(out, "* {name}: {}", escape::code(value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;

    #[test]
    fn hostile_lines_stay_inert() {
        let log =
            "ModuleNotFoundError: No module named '</details> @team [x](http://y)'\n\u{1b}]8;;http://x\n";
        let diagnosis = diagnose(log);
        let shown = markdown(&diagnosis, None);
        let before = shown.split("```").next().unwrap_or_default();
        assert!(
            !before.contains("</details>") && !before.contains("@team") && !before.contains("]("),
            "{before}"
        );
        assert!(!text(&diagnosis).contains('\u{1b}'));
    }

    #[test]
    fn json_has_every_part() {
        let value = document(&diagnose("dockerfile invalid: docker VOLUME at Line 3\n"));
        assert_eq!(value["cause"], "dockerfile-volume-instruction");
        assert_eq!(value["rule"], "dockerfile-volume-instruction");
        assert_eq!(value["evidence"][0]["line"], 1);
    }
}
