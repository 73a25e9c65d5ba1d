//! The report for a terminal or a log: verdict first, then each finding with its lines.

use std::fmt::Write;

use super::{Report, Reported, Verdict, escape};
use crate::finding::Severity;

/// Renders the report. With `colour` it holds ANSI escape sequences of ours; none ever comes from a file.
pub fn render(report: &Report, colour: bool) -> String {
    let paint = Paint { colour };
    let mut out = String::new();
    let (mark, style) = match report.verdict {
        Verdict::WillFail => ("✗", RED),
        Verdict::AtRisk => ("!", YELLOW),
        Verdict::Clear => ("✓", GREEN),
        Verdict::NothingToCheck => ("-", BOLD),
    };
    let _ = writeln!(out, "{} {}", paint.with(style, mark), paint.with(BOLD, &report.headline));
    if let Some(first) = &report.first {
        let _ = writeln!(out, "  First: {}", escape::printable(first));
    }
    for each in report.fresh() {
        out.push('\n');
        finding(each, &paint, &mut out);
    }
    if let Some(proof) = &report.proof {
        super::proof::text(proof, &mut out);
    }
    closing(report, &mut out);
    out
}

const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const GREEN: &str = "1;32";
const BLUE: &str = "1;34";
const BOLD: &str = "1";

struct Paint {
    colour: bool,
}

impl Paint {
    fn with(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn finding(each: &Reported, paint: &Paint, out: &mut String) {
    let finding = &each.finding;
    let style = match finding.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => BLUE,
    };
    let head = paint.with(style, &format!("{}[{}]", finding.severity.name(), finding.rule));
    let _ = writeln!(out, "{head}: {}", escape::printable(&finding.message));
    let width = each.excerpt.last().map_or(1, |(line, _)| line.to_string().len());
    let bar = paint.with(BLUE, "|");
    let blank = " ".repeat(width);
    let service = finding
        .service
        .as_ref()
        .map_or(String::new(), |name| format!("  (service {})", escape::printable(name)));
    let place =
        format!("{}:{}:{}", escape::printable(&finding.site.path), each.start.line, each.start.column);
    let _ = writeln!(out, "{blank}{} {place}{service}", paint.with(BLUE, "-->"));
    for (number, line) in &each.excerpt {
        let shown = escape::printable(line);
        let _ = writeln!(out, "{} {bar} {shown}", paint.with(BLUE, &format!("{number:>width$}")));
        if *number == each.start.line {
            let _ = writeln!(out, "{blank} {bar} {}", paint.with(style, &underline(each, line)));
        }
    }
    for (related, at) in finding.related.iter().zip(&each.related) {
        let path = escape::printable(&related.site.path);
        let _ = writeln!(out, "{blank} = {path}:{}: {}", at.line, escape::printable(&related.message));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(out, "{blank} = {} {}", paint.with(GREEN, "fix:"), escape::printable(help));
    }
}

/// Carets under the marked part of the first line, at the place its printable form has it.
fn underline(each: &Reported, line: &str) -> String {
    let from = each.start.column.saturating_sub(1);
    let to = if each.end.line == each.start.line { each.end.column - 1 } else { line.chars().count() };
    let width =
        |chars: usize| escape::printable(&line.chars().take(chars).collect::<String>()).chars().count();
    let (from, to) = (width(from), width(to));
    format!("{}{}", " ".repeat(from), "^".repeat((to.saturating_sub(from)).max(1)))
}

fn closing(report: &Report, out: &mut String) {
    let [errors, warnings, notes] = report.counts();
    let names: Vec<String> = report.services.iter().map(|service| escape::printable(&service.name)).collect();
    let services = match names.len() {
        0 => "no service".to_owned(),
        1..=6 => format!("{} ({})", plural(names.len(), "service"), names.join(", ")),
        count => plural(count, "service"),
    };
    let counts = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")].join(", ");
    let _ = writeln!(out, "\n{counts}; {services}, {} looked at.", plural(report.files, "file"));
    if let Some(known) = report.baseline {
        let [errors, warnings, notes] = known.counts;
        let counts = [plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")].join(", ");
        let stale = match known.stale {
            0 => String::new(),
            1 => "; 1 entry is stale".to_owned(),
            count => format!("; {count} entries are stale"),
        };
        let _ = writeln!(out, "Accepted by the baseline: {counts}{stale}.");
    }
    if !report.findings.is_empty() {
        out.push_str("`preflight explain <rule>` says why a rule is right, and how to allow a finding.\n");
    }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
