//! The audit of what Railway holds, as text and Markdown.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;
use crate::live::audit::{Audit, Item, Standing};

fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Wrong => "❌",
        Standing::Doubtful => "⚠️",
        Standing::Right => "✅",
        Standing::Shown => "·",
        Standing::Unknown => "?",
    }
}

fn headline(audit: &Audit) -> String {
    let [wrong, doubtful, unknown] =
        [Standing::Wrong, Standing::Doubtful, Standing::Unknown].map(|each| audit.count(each));
    let said = match (wrong, doubtful) {
        (0, 0) => "Railway holds what the repository expects".to_owned(),
        (0, doubtful) => format!("Railway holds what the repository expects; {doubtful} to look at"),
        (wrong, _) => format!("{wrong} of Railway's settings will fail the deployment or change it"),
    };
    if unknown == 0 { said } else { format!("{said}; {unknown} could not be read") }
}

/// The audit for a log: what is right is counted, the rest is shown.
pub fn audit_text(audit: &Audit) -> String {
    let mut out = format!("Railway, {}: {}\n", escape::printable(&audit.title), headline(audit));
    for item in &audit.items {
        let mut line = format!("  {} {}: {}", mark(item.standing), item.name, item.found);
        if !item.expected.is_empty() && item.standing != Standing::Right {
            let _ = write!(line, " (expected {}, {})", item.expected, item.place);
        }
        if !item.remark.is_empty() {
            let _ = write!(line, " – {}", item.remark);
        }
        let _ = writeln!(out, "{}", escape::shortened(&escape::printable(&line), 400));
    }
    for (question, answer) in &audit.questions {
        let _ = writeln!(out, "  {question} {}", escape::printable(answer));
    }
    out
}

/// The audit for a summary or a comment.
pub fn audit_markdown(audit: &Audit) -> String {
    let mut out = format!("### Railway: {}\n\n**{}**\n\n", escape::html(&audit.title), headline(audit));
    out.push_str("| | Item | Found | Expected | By | |\n|---|---|---|---|---|---|\n");
    for item in &audit.items {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            mark(item.standing),
            escape::html(&format!("{}: {}", item.group, item.name)),
            cell(&item.found),
            cell(&item.expected),
            cell(&item.place),
            escape::prose(&item.remark)
        );
    }
    if !audit.drift.is_empty() {
        out.push_str("\n#### Drift\n\n| Setting | Repository | IaC | Live | Effective | Verdict |\n|---|---|---|---|---|---|\n");
        for row in &audit.drift {
            let columns: Vec<String> =
                [row.key, &row.file, &row.iac, &row.live, &row.effective].map(cell).into();
            let _ = writeln!(out, "| {} | {} |", columns.join(" | "), escape::prose(&row.verdict));
        }
    }
    out.push_str("\n#### Open questions\n\n");
    for (question, answer) in &audit.questions {
        let _ = writeln!(out, "* **{question}** {}", escape::html(answer));
    }
    out
}

fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { escape::code(&escape::shortened(text, 120)) }
}

/// The audit as a JSON value.
pub fn audit_document(audit: &Audit) -> Value {
    let item = |item: &Item| {
        json!({
            "group": item.group, "name": item.name, "standing": item.standing.name(), "found": item.found,
            "expected": item.expected, "place": item.place, "remark": item.remark,
        })
    };
    let drift = audit.drift.iter().map(|row| {
        json!({
            "setting": row.key, "repository": row.file, "iac": row.iac, "live": row.live,
            "effective": row.effective, "verdict": row.verdict,
        })
    });
    json!({
        "title": audit.title,
        "wrong": audit.count(Standing::Wrong),
        "doubtful": audit.count(Standing::Doubtful),
        "items": audit.items.iter().map(item).collect::<Vec<_>>(),
        "drift": drift.collect::<Vec<_>>(),
        "questions": audit.questions.iter().map(|(question, answer)| json!({ "question": question, "answer": answer })).collect::<Vec<_>>(),
    })
}
