//! The report as SARIF 2.1.0, within what GitHub's code scanning takes.

mod log;

use std::collections::BTreeMap;

use super::{Report, Reported, escape};
use crate::finding::{Edit, Severity, Site};
use crate::rules;
use crate::span::Position;
use log::{
    ArtifactChange, ArtifactLocation, Content, Driver, Fix, Invocation, Level, Location, Log, Message,
    Notification, PhysicalLocation, Region, Replacement, ReportingConfiguration, ReportingDescriptor, Result,
    Run, RunDetails, Tool,
};

/// Results that GitHub keeps of one run.
const RESULTS: usize = 5000;
/// Second places of a result; GitHub shows a hundred.
const RELATED: usize = 100;
/// Characters of a rule's description that GitHub takes.
const DESCRIPTION: usize = 1024;
/// Characters of one message: enough for every sentence of ours, whatever a file holds.
const MESSAGE: usize = 4096;
/// Name under which GitHub would compute a fingerprint itself; ours takes its place.
const FINGERPRINT: &str = "primaryLocationLineHash";
const ROOT: &str = "%SRCROOT%";

/// What the files and the rules are addressed by.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Path from the root of the repository to what was checked, with a slash at its end, or empty.
    pub prefix: String,
    /// Address of the rule pages, such as `https://github.com/o/r/blob/v1/docs/rules/`.
    pub rules_base: Option<String>,
}

/// The log as indented JSON text with a final newline. Beyond the first 5,000 findings it says how many are missing.
pub fn render(report: &Report, addresses: &Addresses) -> String {
    let shown = &report.findings[..report.findings.len().min(RESULTS)];
    let mut indexes = BTreeMap::new();
    let mut descriptors = Vec::new();
    for each in shown {
        indexes.entry(each.finding.rule).or_insert_with(|| {
            descriptors.push(descriptor(each.finding.rule, addresses));
            descriptors.len() - 1
        });
    }
    let run = Run {
        tool: Tool { driver: driver(descriptors) },
        automation_details: RunDetails { id: format!("preflight/{}", escape::percent(&addresses.prefix)) },
        invocations: vec![invocation(report.findings.len() - shown.len())],
        column_kind: "unicodeCodePoints",
        results: shown
            .iter()
            .map(|each| result(report, each, indexes[each.finding.rule], addresses))
            .collect(),
    };
    let log = Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn driver(rules: Vec<ReportingDescriptor>) -> Driver {
    Driver {
        name: "Preflight",
        information_uri: "https://github.com/preflight-action/preflight",
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules,
    }
}

fn invocation(left_out: usize) -> Invocation {
    let said = Notification {
        level: Level::Warning,
        message: Message::new(format!("{left_out} findings are left out; the JSON report has all of them.")),
    };
    let notifications = if left_out > 0 { vec![said] } else { Vec::new() };
    Invocation { execution_successful: true, tool_execution_notifications: notifications }
}

fn descriptor(id: &'static str, addresses: &Addresses) -> ReportingDescriptor {
    let rule = rules::find(id);
    let summary = escape::shortened(rule.map_or(id, crate::rule::Rule::summary), DESCRIPTION);
    // The examples are fixtures of tests: what they say is said in the sections before them.
    let markdown = rule.map_or_else(|| id.to_owned(), crate::rule::Rule::markdown);
    let markdown = markdown.split("```repo,").next().unwrap_or_default().trim_end().to_owned();
    ReportingDescriptor {
        id,
        name: id,
        short_description: Message::new(summary.clone()),
        full_description: Message::new(summary),
        help: Content { text: markdown.clone(), markdown },
        help_uri: addresses.rules_base.as_ref().map(|base| format!("{base}{id}.md")),
        default_configuration: ReportingConfiguration {
            level: level(rule.map_or(Severity::Warning, |rule| rule.severity)),
        },
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Note,
    }
}

fn result(report: &Report, each: &Reported, rule_index: usize, addresses: &Addresses) -> Result {
    let finding = &each.finding;
    let related = finding.related.iter().zip(&each.related).take(RELATED);
    let place = |at: &Site, region: Region| physical(&at.path, region, addresses);
    Result {
        rule_id: finding.rule,
        rule_index,
        level: level(finding.severity),
        message: Message::new(sentences(each)),
        locations: [Location {
            physical_location: place(&finding.site, region(each.start, each.end)),
            message: None,
        }],
        related_locations: related
            .map(|(related, at)| Location {
                physical_location: place(&related.site, region(*at, *at)),
                message: Some(Message::new(inert(&related.message))),
            })
            .collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, format!("{}:1", each.fingerprint))]),
        baseline_state: report.baseline.is_some().then_some(if each.known { "unchanged" } else { "new" }),
        fixes: fix(each, addresses).into_iter().collect(),
    }
}

/// What happens, for which service, and what to change.
fn sentences(each: &Reported) -> String {
    let finding = &each.finding;
    let service = finding.service.as_ref().map_or(String::new(), |service| format!(" (service {service})"));
    let help =
        finding.help.as_ref().map_or(String::new(), |help| format!(" {}.", help.trim_end_matches('.')));
    inert(&format!("{}{service}.{help}", finding.message))
}

/// Text that makes no link in a SARIF viewer and mentions nobody.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in escape::shortened(&escape::printable(text), MESSAGE).chars() {
        match char {
            '\\' | '[' | ']' => out.extend(['\\', char]),
            '@' => out.push_str("@\u{200b}"),
            char => out.push(char),
        }
    }
    out
}

fn physical(path: &str, region: Region, addresses: &Addresses) -> PhysicalLocation {
    PhysicalLocation { artifact_location: artifact(path, addresses), region }
}

fn artifact(path: &str, addresses: &Addresses) -> ArtifactLocation {
    ArtifactLocation { uri: escape::percent(&format!("{}{path}", addresses.prefix)), uri_base_id: ROOT }
}

fn region(start: Position, end: Position) -> Region {
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

fn fix(each: &Reported, addresses: &Addresses) -> Option<Fix> {
    let fix = each.finding.fix.as_ref()?;
    let mut changes: BTreeMap<&str, Vec<Replacement>> = BTreeMap::new();
    for (Edit { site, text }, (start, end)) in fix.edits.iter().zip(&each.edits) {
        let inserted_content = Message::new(text.clone());
        let replacement = Replacement { deleted_region: region(*start, *end), inserted_content };
        changes.entry(&site.path).or_default().push(replacement);
    }
    let change = |(path, replacements): (&str, Vec<Replacement>)| ArtifactChange {
        artifact_location: artifact(path, addresses),
        replacements,
    };
    Some(Fix {
        description: Message::new(inert(&fix.title)),
        artifact_changes: changes.into_iter().map(change).collect(),
    })
}
