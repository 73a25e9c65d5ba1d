//! GitHub annotations: most important first, for the host to cut to the limit of a step.

use serde::Serialize;

use super::{Report, Reported, escape};
use crate::finding::Severity;

/// The runner cuts an annotation's message at 4,096 characters (actions/runner, `_maxIssueMessageLength`).
const MESSAGE_LIMIT: usize = 4096;

/// One annotation; the host escapes it for the channel it uses.
#[derive(Debug, Serialize)]
pub struct Annotation {
    /// `error`, `warning` or `notice`.
    pub level: &'static str,
    /// The rule.
    pub title: String,
    /// What is wrong and what to change.
    pub message: String,
    /// File.
    pub path: String,
    /// One-based line.
    pub line: usize,
    /// Last line.
    pub end_line: usize,
    /// One-based column.
    pub column: usize,
    /// Last column.
    pub end_column: usize,
}

/// Every new finding as an annotation, in the report's order.
pub fn all(report: &Report) -> Vec<Annotation> {
    report.fresh().map(annotation).collect()
}

fn annotation(each: &Reported) -> Annotation {
    let finding = &each.finding;
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let service = finding.service.as_ref().map_or(String::new(), |service| format!(" ({service})"));
    let help = finding.help.as_ref().map_or(String::new(), |help| format!("\n{}", escape::printable(help)));
    let message = format!("{}{}{help}", escape::printable(&finding.message), escape::printable(&service));
    Annotation {
        level,
        title: format!("Preflight: {}", finding.rule),
        message: escape::shortened(&message, MESSAGE_LIMIT),
        path: finding.site.path.clone(),
        line: each.start.line,
        end_line: each.end.line,
        column: each.start.column,
        end_column: each.end.column,
    }
}

impl Annotation {
    /// The workflow command that the runner turns into this annotation, with its line end. Nothing in it can end the
    /// command early or begin another.
    pub fn command(&self) -> String {
        let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
        format!(
            "::{} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
            self.level,
            property(&self.path),
            self.line,
            self.end_line,
            self.column,
            self.end_column,
            property(&self.title),
            data(&self.message)
        )
    }
}
