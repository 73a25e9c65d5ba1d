//! The audit of what Railway holds, and what became of a deployment, as text and Markdown.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{diagnosis, escape};
use crate::diagnose::diagnose;
use crate::live::audit::{Audit, Item, Standing};
use crate::live::outcome::Outcome;
use crate::live::record::{End, RECOVERY_GOAL, Record, SUCCESS_GOAL, median};

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

/// What became of a deployment, for a log.
pub fn outcome_text(outcome: &Outcome) -> String {
    let mut out =
        format!("{} {}\n", if outcome.good() { "✓" } else { "✗" }, escape::printable(&outcome.headline()));
    for line in story(outcome) {
        let _ = writeln!(out, "  {}", escape::printable(&line));
    }
    if let Some(log) = outcome.log.as_ref().filter(|_| !outcome.good()) {
        out.push_str(&diagnosis::text(&diagnose(log)));
    }
    out
}

/// The same for a summary.
pub fn outcome_markdown(outcome: &Outcome, rules_base: Option<&str>) -> String {
    let sign = if outcome.good() { "✅" } else { "❌" };
    let mut out = format!("### {sign} {}\n\n", escape::html(&outcome.headline()));
    for line in story(outcome) {
        let _ = writeln!(out, "* {}", escape::html(&line));
    }
    if let Some(log) = outcome.log.as_ref().filter(|_| !outcome.good()) {
        let _ = write!(out, "\n#### Why\n\n{}", diagnosis::markdown(&diagnose(log), rules_base));
    }
    out.push_str(&record_markdown(&Record::of(&outcome.history)));
    out
}

fn story(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    let steps: Vec<String> =
        outcome.timeline.iter().map(|(status, seconds)| format!("{status} at {seconds:.0} s")).collect();
    if !steps.is_empty() {
        lines.push(steps.join(", "));
    }
    if let Some(proof) = &outcome.proof {
        let cold =
            outcome.cold_start.map(|seconds| format!(", {seconds:.1} s after the start")).unwrap_or_default();
        lines.push(format!("Up: {proof}{cold}"));
    }
    if let Some(seconds) = outcome.watched {
        lines.push(format!("Watched for {seconds:.0} s: {} restarts", outcome.restarts));
    }
    if let Some(rollback) = &outcome.rollback {
        lines.push(rolled_back(rollback));
    }
    lines
}

fn rolled_back(rollback: &crate::live::outcome::Rollback) -> String {
    if rollback.deployment.is_empty() {
        let reason = rollback.reason.as_deref().unwrap_or("there is no earlier deployment to return to");
        return format!("Not rolled back: {reason}");
    }
    let commit = rollback
        .commit
        .as_deref()
        .map_or_else(String::new, |commit| format!(" of {}", commit.chars().take(8).collect::<String>()));
    let kind = if rollback.verified {
        "the last verified deployment"
    } else {
        "the last successful deployment, which was not verified"
    };
    if rollback.up {
        let seconds = rollback.seconds.map(|seconds| format!(" after {seconds:.0} s")).unwrap_or_default();
        return format!("Rolled back to {kind}{commit}, which is up{seconds}");
    }
    format!(
        "Rolling back to {kind}{commit} failed: {}",
        rollback.reason.as_deref().unwrap_or("it did not come up")
    )
}

/// The reliability record.
pub fn record_markdown(record: &Record) -> String {
    let Some(success) = record.success() else { return String::new() };
    let against = |good: bool| if good { "✅" } else { "❌" };
    let mut out = format!(
        "\n#### Reliability, last {} deployments\n\n| | Found | Goal | |\n|---|---|---|---|\n",
        record.ends.len()
    );
    let _ = writeln!(
        out,
        "| Deployments that came up | {success:.1} % | {SUCCESS_GOAL} % | {} |",
        against(success >= SUCCESS_GOAL)
    );
    if let Some(middle) = median(&record.to_healthy) {
        let worst = record.to_healthy.last().copied().unwrap_or(middle);
        let _ = writeln!(out, "| Time to healthy, median and longest | {middle:.0} s, {worst:.0} s | – | |");
    }
    if let Some(middle) = median(&record.recoveries) {
        let worst = record.recoveries.last().copied().unwrap_or(middle);
        let _ = writeln!(
            out,
            "| Recovery, median and longest | {middle:.0} s, {worst:.0} s | {RECOVERY_GOAL:.0} s | {} |",
            against(worst < RECOVERY_GOAL)
        );
    }
    let trend: String = record.ends.iter().rev().map(|end| if *end == End::Up { "▇" } else { "▁" }).collect();
    let _ = writeln!(out, "\nOldest to newest: `{trend}`");
    out
}
