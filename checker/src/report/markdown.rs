//! The report as Markdown for a pull-request comment or a job summary: the verdict, what to do first, details folded.

use std::fmt::Write;

use super::{BaselineCounts, Report, Reported, ServiceSummary, Verdict, escape};
use crate::finding::Severity;

/// Marks the comment that belongs to Preflight, so that it is updated and not repeated.
pub const MARKER: &str = "<!-- preflight-report -->";

/// What a rendering may use.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Largest length in bytes; `0` is no limit.
    pub limit: usize,
    /// Address that a path is appended to for a link, such as `https://github.com/o/r/blob/<sha>/`.
    pub link_base: Option<String>,
    /// Address of the rule pages, such as `https://github.com/o/r/blob/v1/docs/rules/`.
    pub rules_base: Option<String>,
}

/// What is left out, step by step, when the text is too long.
#[derive(Debug, Clone, Copy)]
struct Detail {
    excerpts: bool,
    settings: bool,
    diffs: bool,
    most: usize,
}

const STEPS: [Detail; 6] = [
    Detail { excerpts: true, settings: true, diffs: true, most: usize::MAX },
    Detail { excerpts: true, settings: false, diffs: true, most: usize::MAX },
    Detail { excerpts: true, settings: false, diffs: false, most: 200 },
    Detail { excerpts: false, settings: false, diffs: false, most: 100 },
    Detail { excerpts: false, settings: false, diffs: false, most: 25 },
    Detail { excerpts: false, settings: false, diffs: false, most: 3 },
];

/// Renders the report within `layout.limit`, dropping detail step by step and saying how much is not shown.
pub fn render(report: &Report, layout: &Layout) -> String {
    let fits = |text: &String| layout.limit == 0 || text.len() <= layout.limit;
    let mut shown = STEPS.iter().map(|detail| whole(report, layout, *detail));
    let best = shown.find(fits);
    best.unwrap_or_else(|| {
        format!("{MARKER}\n### {}\n", escape::html(&escape::shortened(&report.headline, 200)))
    })
}

fn whole(report: &Report, layout: &Layout, detail: Detail) -> String {
    let mut out = format!("{MARKER}\n");
    let mark = match report.verdict {
        Verdict::WillFail => "❌",
        Verdict::AtRisk => "⚠️",
        Verdict::Clear => "✅",
        Verdict::NothingToCheck => "➖",
    };
    let _ = writeln!(out, "### {mark} {}\n", escape::html(&report.headline));
    if let Some(first) = &report.first {
        let _ = writeln!(out, "**First:** {}\n", escape::prose(first));
    }
    let (worst, rest): (Vec<&Reported>, Vec<&Reported>) =
        report.fresh().partition(|each| each.finding.severity == Severity::Error);
    let (worst, folded) = if worst.is_empty() { split_warnings(&rest) } else { (worst, rest) };
    table(&worst, layout, detail, &mut out);
    if !folded.is_empty() {
        let _ = writeln!(out, "<details><summary>{}</summary>\n", summary_line(&folded));
        table(&folded, layout, detail, &mut out);
        out.push_str("</details>\n\n");
    }
    if let Some(known) = report.baseline {
        accepted(report, known, layout, detail, &mut out);
    }
    if let Some(proof) = &report.proof {
        super::proof::markdown(proof, detail.excerpts, &mut out);
    }
    if detail.excerpts {
        places(report, detail, &mut out);
    }
    if detail.settings {
        settings(&report.services, layout, &mut out);
    }
    footer(report, &mut out);
    out
}

/// Without errors the warnings are what is read first.
fn split_warnings<'r>(rest: &[&'r Reported]) -> (Vec<&'r Reported>, Vec<&'r Reported>) {
    rest.iter().partition(|each| each.finding.severity == Severity::Warning)
}

fn summary_line(folded: &[&Reported]) -> String {
    let count = |severity: Severity, what: &str| {
        let count = folded.iter().filter(|each| each.finding.severity == severity).count();
        (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    let parts =
        [count(Severity::Error, "error"), count(Severity::Warning, "warning"), count(Severity::Note, "note")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn table(findings: &[&Reported], layout: &Layout, detail: Detail, out: &mut String) {
    if findings.is_empty() {
        return;
    }
    out.push_str("| | What happens, and what to change | Where |\n|---|---|---|\n");
    for each in findings.iter().take(detail.most) {
        let finding = &each.finding;
        let icon = match finding.severity {
            Severity::Error => "❌",
            Severity::Warning => "⚠️",
            Severity::Note => "ℹ️",
        };
        let mut cell = escape::sentence(&escape::prose(&finding.message));
        if let Some(help) = &finding.help {
            let _ = write!(cell, "<br>→ {}", escape::sentence(&escape::prose(help)));
        }
        let service =
            finding.service.as_ref().map_or(String::new(), |name| format!("<br>{}", escape::html(name)));
        let place = linked_place(each, layout);
        let rule = linked_rule(finding.rule, layout);
        let _ = writeln!(out, "| {icon} | {cell} | {place}{service}<br><sub>{rule}</sub> |");
    }
    if findings.len() > detail.most {
        let _ = writeln!(
            out,
            "\n{} more are in the job summary or the JSON report.",
            findings.len() - detail.most
        );
    }
    out.push('\n');
}

/// What the baseline accepts, folded.
fn accepted(report: &Report, known: BaselineCounts, layout: &Layout, detail: Detail, out: &mut String) {
    let findings: Vec<&Reported> = report.findings.iter().filter(|each| each.known).collect();
    let what = if findings.is_empty() { "nothing".to_owned() } else { summary_line(&findings) };
    let stale = match known.stale {
        0 => String::new(),
        1 => "; 1 entry is stale".to_owned(),
        count => format!("; {count} entries are stale"),
    };
    let _ = writeln!(out, "<details><summary>The baseline accepts {what}{stale}</summary>\n");
    table(&findings, layout, detail, out);
    out.push_str("</details>\n\n");
}

fn linked_place(each: &Reported, layout: &Layout) -> String {
    let path = &each.finding.site.path;
    let shown = escape::code(&format!("{path}:{}", each.start.line));
    match &layout.link_base {
        Some(base) => format!(
            "<a href=\"{}{}#L{}\">{shown}</a>",
            escape::html(base).replace("&#8203;", ""),
            escape::percent(path),
            each.start.line
        ),
        None => shown,
    }
}

pub(super) fn linked_rule(rule: &str, layout: &Layout) -> String {
    match &layout.rules_base {
        Some(base) => format!("<a href=\"{base}{rule}.md\">{rule}</a>"),
        None => rule.to_owned(),
    }
}

fn places(report: &Report, detail: Detail, out: &mut String) {
    let shown: Vec<&Reported> = report
        .fresh()
        .filter(|each| each.finding.severity != Severity::Note)
        .filter(|each| !each.excerpt.is_empty() || each.diff.is_some())
        .take(detail.most.min(50))
        .collect();
    if shown.is_empty() {
        return;
    }
    out.push_str("<details><summary>The lines, and patches where the change is mechanical</summary>\n\n");
    for each in shown {
        let place = escape::code(&format!("{}:{}", each.finding.site.path, each.start.line));
        let _ = writeln!(out, "{} {place}\n", escape::html(each.finding.rule));
        match &each.diff {
            Some(diff) if detail.diffs => out.push_str(&escape::fenced("diff", diff)),
            _ => {
                let lines: Vec<&str> = each.excerpt.iter().map(|(_, line)| line.as_str()).collect();
                out.push_str(&escape::fenced("", &lines.join("\n")));
            }
        }
        out.push('\n');
    }
    out.push_str("</details>\n\n");
}

fn settings(services: &[ServiceSummary], layout: &Layout, out: &mut String) {
    for service in services.iter().filter(|service| !service.settings.is_empty()).take(20) {
        let name = escape::html(&service.name);
        let _ = writeln!(
            out,
            "<details><summary>Settings Railway will use for {name}, and where each is written</summary>\n"
        );
        out.push_str("| Setting | Value | Written in | After 2026-12-01 |\n|---|---|---|---|\n");
        for row in &service.settings {
            let value = match &row.value {
                Ok(value) => escape::code(&escape::shortened(value, 120)),
                Err(reason) => format!("unknown: {}", escape::html(reason)),
            };
            let environment =
                row.environment.as_ref().map_or(String::new(), |name| format!(" in {}", escape::html(name)));
            let place = format!("{}:{}", row.path, row.line);
            let place = match &layout.link_base {
                Some(base) => format!(
                    "<a href=\"{}{}#L{}\">{}</a>",
                    escape::html(base).replace("&#8203;", ""),
                    escape::percent(&row.path),
                    row.line,
                    escape::code(&place)
                ),
                None => escape::code(&place),
            };
            let survives = if row.survives { "stays" } else { "no longer read" };
            let _ =
                writeln!(out, "| {}{environment} | {value} | {place} | {survives} |", escape::html(&row.key));
        }
        out.push_str("\n</details>\n\n");
    }
}

fn footer(report: &Report, out: &mut String) {
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let services = plural(report.services.len(), "service");
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        out,
        "<sub>Preflight {version} · {services} · {} · as deployed from {}</sub>",
        plural(report.files, "file"),
        report.trigger.name()
    );
}
