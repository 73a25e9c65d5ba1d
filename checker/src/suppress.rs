//! Allowances: `# preflight: allow <rule>[, <rule>…] -- reason` in a comment on the finding's line or right above it.

use std::rc::Rc;

use crate::finding::{Finding, Findings, Site};
use crate::rules::{self, allowance_malformed, allowance_unused};
use crate::snapshot::{Snapshot, Text};
use crate::span::Span;

const MARK: &str = "preflight: allow";

/// One allowance found in a file.
struct Allowance {
    text: Rc<Text>,
    span: Span,
    rules: Vec<String>,
    /// One-based lines it covers: its own and the next that is not a comment.
    lines: [usize; 2],
    used: bool,
}

/// Drops the findings that a comment allows; adds one for every allowance that is malformed or allows nothing.
/// Only files that some fact was read from are searched.
pub(crate) fn apply(snapshot: &Snapshot<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut malformed = Findings::new(allowance_malformed::RULE.id, allowance_malformed::RULE.severity);
    let mut allowances = Vec::new();
    for text in snapshot.loaded() {
        allowances.extend(in_text(&text, &mut malformed));
    }
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let allowed = allowances.iter_mut().find(|allowance| allowance.covers(&finding));
        match allowed {
            Some(allowance) => allowance.used = true,
            None => kept.push(finding),
        }
    }
    let mut unused = Findings::new(allowance_unused::RULE.id, allowance_unused::RULE.severity);
    for allowance in allowances.iter().filter(|allowance| !allowance.used) {
        let site = Site::new(allowance.text.path.clone(), allowance.span);
        let message =
            format!("nothing here is found by {}, so this allows nothing", quoted(&allowance.rules));
        unused.at(site, message).help("Delete the comment, or move it to the line it is about");
    }
    kept.extend(malformed.into_vec());
    kept.extend(unused.into_vec());
    kept
}

impl Allowance {
    fn covers(&self, finding: &Finding) -> bool {
        finding.site.path == self.text.path
            && self.rules.iter().any(|rule| rule == finding.rule)
            && self.lines.contains(&self.text.position(finding.site.span.start).line)
    }
}

fn quoted(rules: &[String]) -> String {
    rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(" or ")
}

fn in_text(text: &Rc<Text>, malformed: &mut Findings) -> Vec<Allowance> {
    let mut found = Vec::new();
    for (at, _) in text.text.match_indices(MARK) {
        let line = text.line_at(at);
        let before = text.text.get(line.start..at).unwrap_or("");
        if !["#", "//", "/*", "<!--", ";"].iter().any(|comment| before.contains(comment)) {
            continue;
        }
        let span = Span::new(at, line.end);
        let body = text.text.get(at + MARK.len()..line.end).unwrap_or("");
        match names(body) {
            Ok(rules) => {
                let number = text.position(at).line;
                found.push(Allowance {
                    text: Rc::clone(text),
                    span,
                    rules,
                    lines: [number, next_code_line(text, number)],
                    used: false,
                });
            }
            Err(why) => {
                let site = Site::new(text.path.clone(), span);
                malformed.at(site, why).help("Write it as `preflight: allow <rule> -- <reason>`");
            }
        }
    }
    found
}

fn names(body: &str) -> Result<Vec<String>, String> {
    let (names, reason) = body.split_once("--").ok_or("this allowance gives no reason")?;
    let reason = reason.trim().trim_end_matches("-->").trim_end_matches("*/").trim();
    if reason.is_empty() {
        return Err("this allowance gives no reason".into());
    }
    let names: Vec<String> =
        names.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match names.iter().find(|name| rules::find(name).is_none()) {
        Some(name) => Err(format!("there is no rule `{name}`")),
        None if names.is_empty() => Err("this allowance names no rule".into()),
        None => Ok(names),
    }
}

fn next_code_line(text: &Text, after: usize) -> usize {
    let is_code = |line: usize| {
        let body = text.lines.line_span(&text.text, line).map_or("", |span| span.of(&text.text)).trim();
        !(body.is_empty() || body.starts_with('#') || body.starts_with("//"))
    };
    (after + 1..=text.lines.count()).find(|line| is_code(*line)).unwrap_or(after)
}
