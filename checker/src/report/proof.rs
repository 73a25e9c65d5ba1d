//! What was proved in Docker, as text, Markdown and JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;
use crate::proof::{Proof, ServiceProof, Stage, Verdict};

/// Drills whose timeline is drawn in Markdown; the HTML report draws all.
const DRAWN: usize = 6;

fn mark(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓",
        Verdict::Failed(_) => "✗",
        Verdict::Unproven(_) => "?",
    }
}

/// What was seen and, where it proves nothing, why.
fn told(stage: &Stage) -> String {
    match &stage.verdict {
        Verdict::Unproven(why) => format!("not proved: {}; {why}", stage.seen),
        _ => stage.seen.clone(),
    }
}

/// For a terminal or a log.
pub(super) fn text(proof: &Proof, out: &mut String) {
    let _ = writeln!(out, "\nProved in Docker ({}):", proof.profile);
    if let Some(fault) = &proof.fault {
        let _ = writeln!(out, "  nothing: {}", escape::printable(fault));
    }
    for service in &proof.services {
        let _ = writeln!(out, "  {}", escape::printable(&service.service));
        for stage in &service.stages {
            let _ = writeln!(
                out,
                "    {} {:<15} {}",
                mark(&stage.verdict),
                stage.id,
                escape::printable(&told(stage))
            );
            for line in stage.excerpt.iter().filter(|_| matches!(stage.verdict, Verdict::Failed(_))) {
                let _ = writeln!(out, "        | {}", escape::printable(&escape::shortened(line, 200)));
            }
        }
    }
    for each in &proof.skipped {
        let _ = writeln!(
            out,
            "  {}: not proved, because {}",
            escape::printable(&each.service),
            escape::printable(&each.reason)
        );
    }
    if let Some(overhead) = proof.overhead {
        let _ = writeln!(out, "  overhead: {overhead} ms");
    }
}

/// For a comment or a summary. Without `detail` neither pictures nor excerpts.
pub(super) fn markdown(proof: &Proof, detail: bool, out: &mut String) {
    if let Some(fault) = &proof.fault {
        let _ = writeln!(
            out,
            "Nothing could be proved in Docker: {}.\n",
            escape::html(fault.trim_end_matches('.'))
        );
    }
    for service in &proof.services {
        let failed =
            service.stages.iter().filter(|stage| matches!(stage.verdict, Verdict::Failed(_))).count();
        let passed = service.stages.iter().filter(|stage| stage.verdict == Verdict::Passed).count();
        let open = if failed > 0 { " open" } else { "" };
        let name = escape::html(&service.service);
        let _ = writeln!(
            out,
            "<details{open}><summary>Proved in Docker: {name}, {passed} of {} stages as expected</summary>\n",
            service.stages.len()
        );
        stages(service, out);
        if detail {
            excerpts(service, out);
            picture(service, out);
        }
        out.push_str("</details>\n\n");
    }
    for each in proof.skipped.iter().take(20) {
        let _ = writeln!(
            out,
            "<sub>{} was not proved, because {}.</sub>\n",
            escape::html(&each.service),
            escape::prose(&each.reason)
        );
    }
}

fn stages(service: &ServiceProof, out: &mut String) {
    out.push_str("| | Stage | What was asked, and what was seen |\n|---|---|---|\n");
    for stage in &service.stages {
        let icon = match stage.verdict {
            Verdict::Passed => "✅",
            Verdict::Failed(_) => "❌",
            Verdict::Unproven(_) => "❔",
        };
        let help = stage.help.as_ref().map_or(String::new(), |help| format!("<br>→ {}", escape::prose(help)));
        let _ = writeln!(
            out,
            "| {icon} | {} | {}<br>{}{help} |",
            escape::html(&stage.id),
            escape::prose(&stage.question),
            escape::prose(&told(stage))
        );
    }
    out.push('\n');
}

/// The output of the first stage that failed: what comes later mostly follows from it.
fn excerpts(service: &ServiceProof, out: &mut String) {
    let failed = |stage: &&Stage| matches!(stage.verdict, Verdict::Failed(_)) && !stage.excerpt.is_empty();
    let Some(stage) = service.stages.iter().find(failed) else { return };
    let lines: Vec<String> = stage.excerpt.iter().map(|line| escape::shortened(line, 300)).collect();
    let _ = writeln!(out, "What {} wrote:\n", escape::html(&stage.id));
    out.push_str(&escape::fenced("text", &lines.join("\n")));
    out.push('\n');
}

/// A Mermaid picture of the drills, which GitHub draws.
fn picture(service: &ServiceProof, out: &mut String) {
    let drills: Vec<&Stage> =
        service.stages.iter().filter(|stage| !stage.moments.is_empty()).take(DRAWN).collect();
    if drills.is_empty() {
        return;
    }
    let mut body =
        format!("gantt\n  title {}\n  dateFormat x\n  axisFormat %M:%S\n", plain(&service.service));
    for stage in drills {
        let _ = writeln!(body, "  section {}", plain(&stage.id));
        for moment in stage.moments.iter().take(20) {
            let tag = if moment.good { "active" } else { "crit" };
            let what = plain(&moment.what);
            if moment.at == moment.until {
                let _ = writeln!(body, "  {what} :milestone, {tag}, {}, 0ms", moment.at);
            } else {
                let _ = writeln!(body, "  {what} :{tag}, {}, {}", moment.at, moment.until);
            }
        }
    }
    out.push_str(&escape::fenced("mermaid", &body));
    out.push('\n');
}

/// Text without anything that Mermaid reads as its own.
fn plain(text: &str) -> String {
    let kept = |char: char| if char.is_alphanumeric() || "-._×/ ".contains(char) { char } else { ' ' };
    let shown: String = text.chars().map(kept).take(40).collect();
    if shown.trim().is_empty() { "-".to_owned() } else { shown.trim().to_owned() }
}

/// As in `docs/report.schema.json`.
pub(super) fn document(proof: &Proof) -> Value {
    let stage = |stage: &Stage| {
        let (severity, reason) = match &stage.verdict {
            Verdict::Failed(severity) => (Some(severity.name()), None),
            Verdict::Unproven(reason) => (None, Some(reason)),
            Verdict::Passed => (None, None),
        };
        let moments: Vec<Value> = stage
            .moments
            .iter()
            .map(|each| json!({ "at": each.at, "until": each.until, "what": each.what, "good": each.good }))
            .collect();
        json!({
            "id": stage.id, "question": stage.question, "expectation": stage.expectation,
            "verdict": stage.verdict.name(), "severity": severity, "reason": reason, "seen": stage.seen,
            "help": stage.help, "rule": stage.rule, "path": stage.site.path, "missing": stage.missing,
            "excerpt": stage.excerpt, "milliseconds": stage.milliseconds, "moments": moments,
        })
    };
    let services: Vec<Value> = proof
        .services
        .iter()
        .map(|service| json!({ "service": service.service, "predicted": service.predicted, "context_bytes": service.context.0, "received_bytes": service.context.1, "stages": service.stages.iter().map(stage).collect::<Vec<_>>() }))
        .collect();
    json!({
        "profile": proof.profile, "fault": proof.fault, "overhead": proof.overhead, "services": services,
        "skipped": proof.skipped,
    })
}
