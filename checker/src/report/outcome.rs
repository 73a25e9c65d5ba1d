//! What became of a deployment, and how reliable deployments have been, as text and Markdown.

use std::fmt::Write;

use super::{diagnosis, escape};
use crate::diagnose::diagnose;
use crate::live::outcome::{Outcome, Proof, Rollback};
use crate::live::record::{End, RECOVERY_GOAL, Record, SUCCESS_GOAL, median};

/// What became of a deployment, for a log.
pub fn text(outcome: &Outcome) -> String {
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
pub fn markdown(outcome: &Outcome, rules_base: Option<&str>) -> String {
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
        let proof = match proof {
            Proof::Answered { url } => format!("{url} answered 200"),
            Proof::Logged { line } => format!("its log says “{}”", escape::shortened(line, 120)),
            Proof::Running { instances } => format!("{instances} instances run; nothing else can be asked"),
        };
        let cold =
            outcome.cold_start.map(|seconds| format!(", {seconds:.1} s after the start")).unwrap_or_default();
        lines.push(format!("Up: {proof}{cold}"));
    }
    if let Some(seconds) = outcome.watched {
        lines.push(format!("Watched for {seconds:.0} s: {} restarts", outcome.restarts));
    }
    if let Some(rollback) = &outcome.rollback {
        lines.push(rolled_back(rollback, outcome.url.as_ref()));
    }
    lines
}

fn rolled_back(rollback: &Rollback, url: Option<&String>) -> String {
    if rollback.deployment.is_empty() {
        return "Not rolled back: Railway keeps no earlier deployment to return to".into();
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
    format!("Rolling back to {kind}{commit} failed: {}", rollback.why(url))
}

/// The reliability record.
pub fn record_markdown(record: &Record) -> String {
    let Some(success) = record.success() else { return String::new() };
    let against = |good: bool| if good { "✅" } else { "❌" };
    let mut out = format!(
        "\n#### Reliability over {} deployments\n\n| | Found | Goal | |\n|---|---|---|---|\n",
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
